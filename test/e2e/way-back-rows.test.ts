import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { readManifest } from '../../src/backup/file/manifest.ts';
import { connect, type Session } from '../../src/mysql/connect.ts';
import { describeOnServers } from '../support/servers.ts';
import { createProduction, type JsonObject, lastOf, type Production } from './production.ts';

const GATE = 'production is written to here';
const WAITS = `-- migrate:up
UPDATE gate SET n = GET_LOCK('${GATE}', 50);
-- migrate:down
UPDATE gate SET n = 0;
`;
const FAILS = '-- migrate:up\nALTER TABLE gate ADD COLUMN n INT;\n';
const PLANS = 'CREATE TABLE T (id INT PRIMARY KEY, name VARCHAR(20), price DECIMAL(8,2) DEFAULT 1.5)';
const SEEDED = { up: `${PLANS}; INSERT INTO T (id, name) VALUES (1, 'free'), (2, 'paid')`, down: 'DROP TABLE T' };
const SHOPS = "CREATE TABLE T (id INT PRIMARY KEY, name VARCHAR(20)); INSERT INTO T VALUES (1, 'a'), (2, 'b')";
const added = (column: string) => ({
  stood: SHOPS,
  up: `ALTER TABLE T ADD COLUMN c ${column}`,
  down: 'ALTER TABLE T DROP COLUMN c',
});

interface Case {
  readonly what: string;
  /** `T` is a table of the case's own. */
  readonly stood?: string;
  readonly up: string;
  readonly down: string;
  /** What the application writes between the migration and the failure. */
  readonly writes?: string;
  /** A piece of the saved rows; undefined: none are. */
  readonly saved?: string;
  /** The table, where it is another one. */
  readonly of?: string;
}

const CASES: readonly Case[] = [
  { what: 'no row but the migration’s own', ...SEEDED },
  { what: 'one row more', ...SEEDED, writes: "INSERT INTO T VALUES (3, 'new', 2)", saved: 'new' },
  {
    what: 'as many rows, one of them another',
    ...SEEDED,
    writes: "DELETE FROM T WHERE id = 1; INSERT INTO T VALUES (9, 'new', 2)",
    saved: 'new',
  },
  { what: 'a row that was changed', ...SEEDED, writes: 'UPDATE T SET price = 9.5 WHERE id = 2', saved: '9.50' },
  {
    what: 'a letter of another case',
    ...SEEDED,
    writes: "UPDATE T SET name = 'FREE' WHERE id = 1",
    saved: 'FREE',
  },
  {
    what: 'rows of a table that was empty, dropped under another name',
    up: PLANS,
    down: 'RENAME TABLE T TO T_old; DROP TABLE T_old',
    writes: "INSERT INTO T VALUES (1, 'new', 2)",
    saved: 'new',
  },
  { what: 'a column that nobody filled', ...added("VARCHAR(20) NOT NULL DEFAULT 'none'") },
  { what: 'a column without a default that nobody filled', ...added('INT NOT NULL') },
  {
    what: 'a column of text',
    ...added("VARCHAR(20) NOT NULL DEFAULT 'none'"),
    writes: "UPDATE T SET c = 'None' WHERE id = 2",
    saved: 'None',
  },
  { what: 'a column without a default', ...added('INT NOT NULL'), writes: 'UPDATE T SET c = 77', saved: '77' },
  { what: 'the last digit of a FLOAT', ...added('FLOAT DEFAULT 1'), writes: 'UPDATE T SET c = 1.0000001', saved: '1,' },
  { what: 'a column that was NULL', ...added('DATE'), writes: "UPDATE T SET c = '2026-01-02'", saved: '2026-01-02' },
  {
    what: 'a column that only a down section of a person drops',
    ...added('INT'),
    down: 'ALTER TABLE T ADD COLUMN other INT, DROP c; ALTER TABLE T DROP COLUMN other',
    writes: 'UPDATE T SET c = 4711',
    saved: '4711',
  },
  {
    what: 'a row that the way back deletes',
    stood: SHOPS,
    up: "INSERT INTO T VALUES (3, 'c')",
    down: 'DELETE FROM T WHERE id = 3',
    writes: "UPDATE T SET name = 'new' WHERE id = 3",
    saved: 'new',
  },
  {
    what: 'rows that follow one that the way back deletes',
    stood: `${SHOPS}; CREATE TABLE T_lines (id INT PRIMARY KEY, shop INT, FOREIGN KEY (shop) REFERENCES T (id) ON DELETE CASCADE)`,
    up: "INSERT INTO T VALUES (3, 'c')",
    down: 'DELETE FROM T WHERE id = 3',
    writes: 'INSERT INTO T_lines VALUES (815, 3)',
    saved: '815',
    of: 'T_lines',
  },
  {
    what: 'digits that the way back cuts off',
    stood: 'CREATE TABLE T (id INT PRIMARY KEY, c DECIMAL(10,2)); INSERT INTO T VALUES (1, 1.25)',
    up: 'ALTER TABLE T MODIFY c DECIMAL(12,4)',
    down: 'ALTER TABLE T MODIFY c DECIMAL(10,2)',
    writes: 'UPDATE T SET c = 1.2345',
    saved: '1.2345',
  },
];

async function waitsFor(lock: string, session: Session): Promise<boolean> {
  const sql = "SELECT 1 FROM information_schema.PROCESSLIST WHERE STATE = 'User lock' AND INFO LIKE ?";
  return (await session.query(sql, [`UPDATE%'${lock}'%`])).length > 0;
}

/** Runs a deploy to the gate, does something there, and opens the gate. */
async function atTheGate(
  production: Production,
  during: (session: Session, deploy: ChildProcess) => Promise<void>,
): Promise<JsonObject | undefined> {
  const session = await (await connect(production.server.target(production.database))).open({ purpose: 'migration' });
  try {
    const [lock] = await session.query<{ got: number }>(`SELECT GET_LOCK('${GATE}', 0) AS got`);
    expect(Number(lock?.got)).toBe(1);
    const deploy = production.start(['deploy', '--yes', '--json', '--skip-backup']);
    let output = '';
    deploy.stdout?.on('data', (chunk: Buffer) => {
      output += chunk.toString();
    });
    const closed = once(deploy, 'close');
    await vi.waitUntil(() => waitsFor(GATE, session), { timeout: 60_000, interval: 50 });
    await during(session, deploy);
    await session.query(`SELECT RELEASE_LOCK('${GATE}')`);
    await closed;
    return output.split('\n').flatMap((line) => (line.includes('"run.finished"') ? [JSON.parse(line)] : []))[0];
  } finally {
    await session.close();
  }
}

const STANDING = 'CREATE TABLE gate (n INT); INSERT INTO gate VALUES (0)';

describeOnServers('the way back of a deploy that fails, while the application writes', (server) => {
  let production: Production;
  let last: JsonObject;
  let saved: readonly string[];

  const onTable = (index: number, sql = '') => sql.replaceAll(/\bT(?=\b|_)/g, `t${index}`);

  /** One deploy for all, written to when the migrations in front of the one that fails are done. */
  beforeAll(async () => {
    production = await createProduction(server());
    await server().sql('SET GLOBAL log_bin_trust_function_creators = 1');
    await production.sql(STANDING);
    for (const [index, { stood, up, down }] of CASES.entries()) {
      if (stood) await production.sql(onTable(index, stood));
      const text = onTable(index, `-- migrate:up\n${up};\n-- migrate:down\n${down};\n`);
      production.migration(`${index + 1}_case.sql`, text);
    }
    production.migration('98_waits.sql', WAITS);
    production.migration('99_fails.sql', FAILS);
    const finished = await atTheGate(production, async (session) => {
      for (const [index, { writes }] of CASES.entries()) {
        for (const sql of onTable(index, writes).split('; ').filter(Boolean)) await session.execute(sql);
      }
    });
    last = finished as JsonObject;
    saved = last.saved ? (await readManifest(String(last.saved))).tables.map(({ name }) => name) : [];
  }, 120_000);
  afterAll(() => production?.remove());

  test('ends as before, and no table stays closed', async () => {
    const told = JSON.stringify(last.error);
    expect([last.exitCode, last.production, told]).toEqual([2, 'unchanged', expect.not.stringMatching(/way back/)]);
    const closing = 'SELECT TRIGGER_NAME FROM information_schema.TRIGGERS WHERE TRIGGER_SCHEMA = DATABASE()';
    expect(await production.query(closing)).toEqual([]);
  });

  test.each(CASES.map((one, index) => ({ ...one, index })))('saves $what', ({ index, saved: piece, of = 'T' }) => {
    const table = onTable(index, of);
    expect([table, saved.includes(table)]).toEqual([table, piece !== undefined]);
    if (piece === undefined) return;
    const rows = gunzipSync(readFileSync(String(last.saved))).toString();
    const insert = rows.split('\n').findIndex((line) => line.startsWith(`INSERT INTO \`${table}\` VALUES`));
    expect(
      rows
        .split('\n')
        .slice(insert, insert + 8)
        .join('\n'),
    ).toContain(piece);
  });

  test('the next deploy offers them, and puts them back', async () => {
    production.migration('99_fails.sql', undefined);
    const offered = await production.run('deploy', '--dry-run', '--json');
    expect(offered.stdout).toContain(String(last.saved));
    const back = lastOf(await production.run('deploy', '--yes', '--json', '--skip-backup', '--with-saved-rows'));
    expect([back.exitCode, back.error]).toEqual([0, undefined]);
    const table = onTable(
      CASES.findIndex(({ what }) => what === 'as many rows, one of them another'),
      'T',
    );
    expect(await production.query(`SELECT id, name FROM ${table} ORDER BY id`)).toEqual([
      { id: 1, name: 'free' },
      { id: 2, name: 'paid' },
      { id: 9, name: 'new' },
    ]);
  }, 60_000);

  test('killed on its way, its folders lost: what resume takes away is saved again', async () => {
    const other = await createProduction(server());
    try {
      await other.sql(STANDING);
      other.migration('1_seeded.sql', `-- migrate:up\n${SEEDED.up};\n-- migrate:down\n${SEEDED.down};\n`);
      other.migration('98_waits.sql', WAITS.replace('n = 0', "n = 0 * GET_LOCK('back', 50)"));
      other.migration('99_fails.sql', FAILS);
      await atTheGate(other, async (session, deploy) => {
        await session.execute("INSERT INTO T VALUES (3, 'acknowledged', 1)");
        await session.query("SELECT GET_LOCK('back', 0)");
        await session.query(`SELECT RELEASE_LOCK('${GATE}')`);
        await vi.waitUntil(() => waitsFor('back', session), { timeout: 60_000, interval: 50 });
        const gone = once(deploy, 'close');
        deploy.kill('SIGKILL');
        await gone;
      });
      expect(await other.query('SELECT name FROM T WHERE id = 3')).toEqual([{ name: 'acknowledged' }]);
      for (const folder of ['.gateway-migrate', 'backups']) rmSync(join(other.dir, folder), { recursive: true });
      const ended = lastOf(await other.run('resume', '--yes', '--json'));
      expect([ended.exitCode, ended.error]).toEqual([0, undefined]);
      expect(gunzipSync(readFileSync(String(ended.saved))).toString()).toContain("(3,'acknowledged',1.00)");
    } finally {
      other.remove();
    }
  }, 60_000);
});
