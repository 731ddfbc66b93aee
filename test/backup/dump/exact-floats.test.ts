import { readFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { ExactFloats } from '../../../src/backup/dump/floats/exact-floats.ts';
import { findFloatTables } from '../../../src/backup/dump/floats/float-tables.ts';
import { verifyBackup } from '../../../src/backup/file/verify.ts';
import { loadBackup } from '../../../src/backup/load/load.ts';
import { loadInParallel } from '../../../src/backup/load/load-parallel.ts';
import { loadTables } from '../../../src/backup/load/load-tables.ts';
import { proveBackup } from '../../../src/backup/proof/proof.ts';
import { connect, type Session } from '../../../src/mysql/connect.ts';
import { quoteName } from '../../../src/mysql/quote.ts';
import { proofPlaces } from '../../../src/private-server/proof/places.ts';
import { serversDir } from '../../support/installed.ts';
import { describeOnServers } from '../../support/servers.ts';
import { clientsOf, contextFor, runScript, takeBackup } from '../support.ts';

/** A table each, with rows whose FLOAT a dump tells otherwise. `lost`: values that no key finds again. */
const CASES: readonly {
  readonly title: string;
  readonly sql: string;
  readonly lost?: number;
  readonly only?: string;
}[] = [
  {
    title: 'a place on earth',
    sql: 'CREATE TABLE T (id INT PRIMARY KEY, f FLOAT); INSERT INTO T VALUES (1, 52.520008), (2, 1.5), (3, NULL)',
  },
  {
    title: 'whole numbers, tiny and huge ones, negative ones',
    sql: 'CREATE TABLE T (id BIGINT UNSIGNED PRIMARY KEY, f FLOAT); INSERT INTO T VALUES (1, 16777215), (2, -1234567), (3, 1.2345678e-38), (4, 3.4028234e38), (18446744073709551615, -7.0064923e-45), (6, 0)',
  },
  {
    title: 'several columns, one of which is NOT NULL, and one with digits behind the point',
    sql: 'CREATE TABLE T (id INT PRIMARY KEY, a FLOAT NOT NULL, b FLOAT UNSIGNED, c FLOAT(10,6), d DOUBLE, e FLOAT(30,2)); INSERT INTO T VALUES (1, 52.520008, 13.404954, 52.520008, 0.1, 123456789.12), (2, 0.1, 13.404954, 1, 0.2, 1), (3, 0.1234567, NULL, NULL, NULL, NULL)',
  },
  {
    title: 'a key of text in a collation that knows no case, of bytes, of several columns',
    sql: "CREATE TABLE T (a VARCHAR(20) CHARACTER SET latin1, b VARBINARY(8), c DECIMAL(10,2), f FLOAT, PRIMARY KEY (a, b, c)); INSERT INTO T VALUES ('Müll''er', x'002701', 1.50, 52.520008), ('müll', x'5c', -1, 52.520012), ('', '', 0, 52.520012)",
  },
  {
    title: 'a key of time',
    sql: "CREATE TABLE T (at TIMESTAMP(3) NOT NULL, d DATE NOT NULL, f FLOAT, UNIQUE KEY (at, d)); INSERT INTO T VALUES ('2026-03-01 12:00:00.123', '2026-01-01', 52.520008), ('2026-07-01 12:00:00.123', '2026-01-01', 52.520008)",
  },
  {
    title: 'no primary key, but a unique one without NULL behind one with',
    sql: 'CREATE TABLE T (a INT, b INT NOT NULL, f FLOAT, UNIQUE KEY (a), UNIQUE KEY (b)); INSERT INTO T VALUES (NULL, 1, 52.520008), (NULL, 2, 52.520008)',
  },
  {
    title: 'a column that would take the time of the UPDATE, and one that is computed',
    sql: "CREATE TABLE T (id INT PRIMARY KEY, f FLOAT, g DOUBLE AS (f * 2) STORED, at TIMESTAMP NULL DEFAULT NULL ON UPDATE CURRENT_TIMESTAMP, KEY (g)); INSERT INTO T (id, f, at) VALUES (1, 52.520008, '2020-01-01 00:00:00'), (2, 1, NULL)",
  },
  {
    title: 'triggers that count and refuse',
    sql: `CREATE TABLE T (id INT PRIMARY KEY, f FLOAT); INSERT INTO T VALUES (1, 52.520008);
      CREATE TRIGGER refuse_T BEFORE UPDATE ON T FOR EACH ROW SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'no'`,
  },
  {
    title: 'names that have to be quoted',
    sql: 'CREATE TABLE T (`a b` INT PRIMARY KEY, `f``é` FLOAT, `select` FLOAT); INSERT INTO T VALUES (1, 52.520008, 16777215)',
  },
  {
    title: 'more rows than are read at a time',
    sql: 'CREATE TABLE T (id INT, k VARCHAR(9), f FLOAT, PRIMARY KEY (k, id)); INSERT INTO T WITH RECURSIVE n AS (SELECT 1 AS i UNION ALL SELECT i + 1 FROM n WHERE i < 990) SELECT a.i, b.i, 52 + (a.i * 13 + b.i) / 100003 FROM n a JOIN n b ON b.i <= 6',
  },
  {
    title: 'no key',
    sql: 'CREATE TABLE T (id INT, f FLOAT, KEY (id)); INSERT INTO T VALUES (1, 52.520008), (1, 1)',
    lost: 1,
  },
  {
    title: 'a key of a part of a text',
    sql: "CREATE TABLE T (k VARCHAR(20) NOT NULL, f FLOAT, UNIQUE KEY (k(3))); INSERT INTO T VALUES ('abcd', 52.520008)",
    lost: 1,
  },
  {
    title: 'a key of the value itself',
    sql: 'CREATE TABLE T (f FLOAT PRIMARY KEY); INSERT INTO T VALUES (52.520008)',
    lost: 1,
  },
  {
    title: 'past rows',
    only: 'mariadb',
    sql: 'CREATE TABLE T (id INT PRIMARY KEY, f FLOAT) WITH SYSTEM VERSIONING; INSERT INTO T VALUES (1, 52.520008); UPDATE T SET f = 13.404954',
    lost: 1,
  },
];

/** Exact values, and all else, of one table. */
async function contents(session: Session, database: string, table: string) {
  const columns = await session.query<{ name: string; type: string }>(
    'SELECT column_name AS name, data_type AS type FROM information_schema.columns WHERE table_schema = ? AND table_name = ? ORDER BY ordinal_position',
    [database, table],
  );
  const list = columns.map(({ name, type }) =>
    type === 'float' ? `${quoteName(name)} + 0e0` : `HEX(${quoteName(name)})`,
  );
  const rows = await session.query(
    `SELECT CONCAT_WS('|', ${list.map((one) => `COALESCE(${one}, 'NULL')`).join(', ')}) AS r FROM ${database}.${table}`,
  );
  return rows.map(({ r }) => String(r)).sort();
}
describeOnServers('FLOAT with more than six digits', (server) => {
  const cases = () =>
    CASES.map((one, index) => ({ ...one, table: `t${index}` })).filter(({ only }) => !only || only === server().kind);
  const lostCases = () => cases().filter(({ lost }) => lost !== undefined);
  const before = new Map<string, string[]>();
  let session: Session;
  let taken: Awaited<ReturnType<typeof takeBackup>>;

  beforeAll(async () => {
    const database = await server().createDatabase();
    session = await (await connect(server().target(database))).open();
    const texts = cases().map(({ sql, table }) => sql.replaceAll(/\bT\b|(?<=refuse_)T/g, table));
    await runScript(server(), database, texts.join(';\n'));
    for (const { table } of cases()) before.set(table, await contents(session, database, table));
    taken = await takeBackup(server(), server().target(database));
  }, 120_000);
  afterAll(() => session.close());

  async function differences(into: string) {
    const found: string[] = [];
    for (const { table, title } of cases()) {
      const after = await contents(session, into, table);
      if (JSON.stringify(after) !== JSON.stringify(before.get(table))) found.push(title);
    }
    return found;
  }

  it.each<[string, (into: string) => Promise<void>]>([
    [
      'our own load',
      async (into) =>
        loadBackup(
          taken.file,
          server().target(into),
          await clientsOf(server()),
          'load',
          await contextFor(server().target(into)),
        ),
    ],
    [
      'several clients, with keys built later',
      async (into) => {
        const place = { target: server().target(into), clients: await clientsOf(server()) };
        await loadInParallel(taken, place, await contextFor(place.target), { deferFromBytes: 0 });
      },
    ],
    [
      'single tables',
      async (into) => {
        const place = { target: server().target(into), clients: await clientsOf(server()) };
        await loadTables(taken, place, 'load', await contextFor(place.target));
      },
    ],
    ['the stock client', (into) => runScript(server(), into, gunzipSync(readFileSync(taken.file)).toString('utf8'))],
  ])(
    'comes back exactly: %s',
    async (_, load) => {
      const into = await server().createDatabase();
      await load(into);
      expect(await differences(into)).toEqual(lostCases().map(({ title }) => title));
    },
    60_000,
  );

  it('what no key finds again is told and noted; nothing else is', () => {
    const losses = lostCases().map(({ table, lost }) => ({ table, column: 'f', type: 'float', rows: lost }));
    expect(taken.manifest.losses).toEqual(losses);
    expect(taken.context.notes().filter((note) => note.includes('six digits'))).toHaveLength(losses.length);
  });

  it('is proven by exact value, and the file is whole', async () => {
    expect((await verifyBackup(taken.file)).problems).toEqual([]);
    const env = { GATEWAY_MIGRATE_CLIENTS: server().binDir, TMPDIR: serversDir() };
    const withPlace = proofPlaces({ env, backupDir: dirname(taken.file), production: taken.context.server });
    expect(await proveBackup(taken.file, 'prove', withPlace, taken.context)).toMatchObject({ differences: [] });
  }, 120_000);

  it('what changes while the dump begins keeps its six digits, is counted, and told', async () => {
    const database = await server().createDatabase();
    await runScript(
      server(),
      database,
      'CREATE TABLE t (id INT PRIMARY KEY, f FLOAT, g FLOAT); INSERT INTO t VALUES (1, 52.520008, 52.520008), (2, 52.520008, 1), (3, 52.520008, 1), (4, 1, 1)',
    );
    const production = await connect(server().target(database));
    const other = await production.open();
    const floats = await ExactFloats.begin(production, await findFloatTables(production, other));
    if (!floats) throw new Error('nothing to tell');
    // The same six digits; gone; new; another value of a row that loses nothing.
    await other.query('UPDATE t SET f = 52.520012 WHERE id = 1');
    await other.query('DELETE FROM t WHERE id = 2');
    await other.query('INSERT INTO t VALUES (5, 1, 13.404954)');
    await floats.dumpHasBegun();
    await other.query('UPDATE t SET f = 1');
    let sql = '';
    for await (const text of floats.behindRows('t')) sql += text;
    // Nothing is locked by what was read.
    await other.query('SET SESSION lock_wait_timeout = 1');
    await other.query('ALTER TABLE t ADD COLUMN h INT');
    await floats.close();
    await other.close();
    expect(sql.split('\n').filter((line) => line.startsWith('UPDATE'))).toEqual([
      'UPDATE `t` SET `f` = CASE WHEN `id` = 3 AND `f` = 52.52000045776367e0 THEN 52.5200080871582e0 ELSE `f` END WHERE `id` IN (3);',
    ]);
    expect(floats.untold).toEqual([
      { table: 't', column: 'f', type: 'float', rows: 2 },
      { table: 't', column: 'g', type: 'float', rows: 2 },
    ]);
  });
});
