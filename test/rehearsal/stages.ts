import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { loadConfig } from '../../src/config/load.ts';
import { readMigrations } from '../../src/migrations/files.ts';
import type { Migration } from '../../src/migrations/types.ts';
import { connect } from '../../src/mysql/connect.ts';
import { type Rehearsed, rehearse } from '../../src/rehearsal/rehearse.ts';
import { readSnapshot } from '../../src/schema/snapshot.ts';
import { systemExec } from '../../src/system/exec.ts';
import { withSession } from '../schema/sessions.ts';
import type { TestServer } from '../support/servers.ts';

export interface Given {
  /** Runs on a fresh production first. */
  readonly production?: string;
  /** Migration files by version (`0001`), each as the text of its file. */
  readonly files: Readonly<Record<string, string>>;
  readonly config?: Record<string, unknown>;
  /** PATH, where server programs are looked for. */
  readonly path?: string;
}

/** Rehearses files on a database of their own, and says what is left of both databases. */
export async function rehearseFiles(server: TestServer, given: Given): Promise<Rehearsed & { database: string }> {
  const database = await server.createDatabase('prod');
  if (given.production) await server.sql(given.production, database);
  return { ...(await rehearseOn(server, database, given)), database };
}

export async function rehearseOn(server: TestServer, database: string, given: Omit<Given, 'production'>) {
  const dir = mkdtempSync(join(tmpdir(), 'gateway-rehearsal-'));
  onTestFinished(() => rmSync(dir, { recursive: true, force: true }));
  const migrations = await writeMigrations(dir, given.files);
  const target = server.target(database);
  const file = join(dir, 'gateway-migrate.config.json');
  const settings = { database: { socket: server.socket, name: database, user: 'root' }, ...given.config };
  writeFileSync(file, JSON.stringify(settings));
  const config = await loadConfig({ file, cwd: dir, env: {} });
  const production = await connect(target);
  const snapshot = await withSession(server, database, (session) => readSnapshot(session, database));
  return rehearse({
    config,
    production,
    snapshot,
    migrations,
    keep: false,
    exec: systemExec,
    env: given.path === undefined ? process.env : { PATH: given.path },
    signal: new AbortController().signal,
    part: async (_id, _title, body) => void (await body()),
  });
}

export async function writeMigrations(
  dir: string,
  files: Readonly<Record<string, string>>,
): Promise<readonly Migration[]> {
  for (const [version, text] of Object.entries(files)) writeFileSync(join(dir, `${version}_step.sql`), text);
  const { migrations, problems } = await readMigrations(dir);
  if (problems.length > 0) throw new Error(JSON.stringify(problems));
  return migrations;
}

/** `-- migrate:up` and `-- migrate:down` of a file. */
export function file(up: string, down: string): string {
  return `-- migrate:up\n${up}\n-- migrate:down\n${down}\n`;
}

export async function databasesOf(server: TestServer): Promise<string[]> {
  return withSession(server, 'mysql', async (session) => {
    const rows = await session.query<{ name: string }>('SELECT SCHEMA_NAME AS name FROM information_schema.SCHEMATA');
    return rows.map((row) => row.name);
  });
}
