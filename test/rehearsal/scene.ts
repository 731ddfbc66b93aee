import { readFileSync } from 'node:fs';
import { readMigrations } from '../../src/migrations/files.ts';
import { parseMigrationText } from '../../src/migrations/parse.ts';
import type { Migration } from '../../src/migrations/types.ts';
import { connect, type Session } from '../../src/mysql/connect.ts';
import { type Flavor, parseFlavor } from '../../src/mysql/flavor.ts';
import { readSnapshot } from '../../src/schema/snapshot.ts';
import type { Snapshot } from '../../src/schema/types.ts';
import type { TestServer } from '../support/servers.ts';

export const PARENTS = readFileSync(new URL('../fixtures/parents.sql', import.meta.url), 'utf8');
export const TENANT = { table: 'companies', column: 'company_id', onDelete: 'CASCADE' };

/** A production, a clone of its schema, and migrations that were applied to the clone. */
export interface Scene {
  readonly migrations: readonly Migration[];
  readonly before: Snapshot;
  readonly after: Snapshot;
  readonly flavor: Flavor;
  /** Reads production. */
  readonly production: Session;
  readonly clone: Session;
  close(): Promise<void>;
}

export interface Staging {
  /** Production's schema; `rows` is run in production alone. */
  readonly schema: string;
  readonly rows?: string;
  readonly migrations: readonly Migration[];
}

export function migration(version: string, text: string): Migration {
  return parseMigrationText(text, { version, name: 'change', baseName: `${version}_change`, checksum: 'v1:0' });
}

export async function sixMigrations(): Promise<readonly Migration[]> {
  return (await readMigrations(new URL('../../migrations', import.meta.url).pathname)).migrations;
}

export async function stage(server: TestServer, { schema, rows, migrations }: Staging): Promise<Scene> {
  const [name, copy] = [await server.createDatabase('production'), await server.createDatabase('clone')];
  await server.sql(schema, name);
  await server.sql(schema, copy);
  if (rows) await server.sql(rows, name);
  const production = await (await connect(server.target(name))).open();
  const clone = await (await connect(server.target(copy))).open();
  const before = await readSnapshot(production, name);
  for (const { text } of migrations.flatMap(({ up }) => up)) await clone.execute(text);
  const after = await readSnapshot(clone, copy);
  const close = async () => {
    await Promise.all([production.close(), clone.close()]);
  };
  const flavor = parseFlavor(server.kind === 'mariadb' ? `${server.version}-MariaDB` : server.version);
  return { migrations, before, after, flavor, production, clone, close };
}
