import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect } from '../../../src/mysql/connect.ts';
import { type BenchCase, rounds } from '../case.ts';
import { compete } from '../contest.ts';
import type { Figure } from '../figures.ts';
import type { BenchServer } from '../servers.ts';
import { createTables } from '../tables.ts';

const MIGRATIONS = 500;
const DATABASE = 'rehearsed';

/** `test` of 500 pending migrations on 500 tables, a column and an index each; against the client that only applies them. */
export const rehearse500: BenchCase = {
  name: 'rehearse-500',
  async *run({ root, servers }) {
    for (const server of servers) {
      const figures = await measure(root, server);
      yield { title: `500 migrations on 500 tables, ${server.label}`, baseline: APPLYING, figures };
    }
  },
};

const APPLYING = 'the client, applying them once';

async function measure(root: string, server: BenchServer): Promise<Figure[]> {
  const dir = mkdtempSync(join(tmpdir(), 'gateway-bench-'));
  try {
    writeSite(dir, server);
    const fresh = async (database: string) => {
      const session = await (await connect(server.root.target('mysql'))).open({ database: null });
      await createTables(session, database, MIGRATIONS + 1).finally(() => session.close());
    };
    await fresh(DATABASE);
    return await compete(
      [
        {
          name: APPLYING,
          file: server.client,
          args: ['--no-defaults', `--socket=${server.socket}`, '--user=root', 'applied'],
          input: join(dir, 'all.sql'),
          prepare: () => fresh('applied'),
        },
        {
          name: 'gateway-migrate test',
          file: process.execPath,
          args: [join(root, 'bin/gateway-migrate.js'), 'test'],
          cwd: dir,
        },
      ],
      rounds(3),
    );
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}

function writeSite(dir: string, server: BenchServer): void {
  mkdirSync(join(dir, 'migrations'));
  const ups = Array.from({ length: MIGRATIONS }, (_, index) => {
    const table = `t${index + 1}`;
    const up = `ALTER TABLE ${table} ADD COLUMN note VARCHAR(100) NULL, ADD INDEX note (company_id, note);`;
    const down = `ALTER TABLE ${table} DROP INDEX note, DROP COLUMN note;`;
    const version = String(index + 1).padStart(4, '0');
    writeFileSync(join(dir, 'migrations', `${version}_note.sql`), `-- migrate:up\n${up}\n-- migrate:down\n${down}\n`);
    return up;
  });
  writeFileSync(join(dir, 'all.sql'), ups.join('\n'));
  writeFileSync(
    join(dir, 'gateway-migrate.config.json'),
    JSON.stringify({ database: { socket: server.socket, name: DATABASE, user: 'root' }, logs: 'logs' }),
  );
}
