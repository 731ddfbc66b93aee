import { readdirSync, readFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { expect, it, test } from 'vitest';
import { dumpDatabase } from '../../../src/backup/dump/dump.ts';
import { verifyBackup } from '../../../src/backup/file/verify.ts';
import { type Exec, systemExec } from '../../../src/system/exec.ts';
import { Secret } from '../../../src/system/secret.ts';
import { describeOnServers, type TestServer } from '../../support/servers.ts';
import { clientsOf, contextFor, failureOf, runScript, temporaryFolder } from '../support.ts';

/** The first table is more than the pipe holds: the dump program stands at it until its rows are read. */
const TABLES = `
CREATE TABLE 0_large (id INT PRIMARY KEY, content LONGBLOB);
INSERT INTO 0_large VALUES (1, REPEAT('0123456789abcdef', 131072));
CREATE TABLE orders (id INT PRIMARY KEY, total INT);
INSERT INTO orders VALUES (1, 10), (2, 20), (3, 30), (4, 40);
CREATE TABLE _orders_gho LIKE orders;
INSERT INTO _orders_gho SELECT * FROM orders WHERE id < 3;
CREATE TABLE zones (id INT PRIMARY KEY) PARTITION BY HASH (id) PARTITIONS 2;
CREATE PROCEDURE p() COMMENT 'old' SELECT 1;
`;
const CUT_OVER =
  'INSERT IGNORE INTO _orders_gho SELECT * FROM orders; RENAME TABLE orders TO _orders_del, _orders_gho TO orders';

/** What somebody does in the middle of a dump, and what is told of it. */
const DISTURBANCES: readonly (readonly [string, string, string])[] = [
  [
    'the cut-over of gh-ost',
    CUT_OVER,
    'table _orders_del was added, table _orders_gho is gone, table orders was made anew or altered (RENAME, TRUNCATE, ALTER)',
  ],
  ['TRUNCATE', 'TRUNCATE orders', 'table orders was made anew or altered (RENAME, TRUNCATE, ALTER)'],
  ['DROP TABLE', 'DROP TABLE orders', 'table orders is gone'],
  ['an index', 'ALTER TABLE orders ADD INDEX by_total (total)', 'table orders was changed'],
  ['a column', 'ALTER TABLE orders ADD note TEXT', 'table orders was changed'],
  ['a rebuild', 'ALTER TABLE orders FORCE', 'table orders was made anew or altered (RENAME, TRUNCATE, ALTER)'],
  [
    'a partition',
    'ALTER TABLE zones TRUNCATE PARTITION p1',
    'table zones was made anew or altered (RENAME, TRUNCATE, ALTER)',
  ],
  ['a table', 'CREATE TABLE later (id INT)', 'table later was added'],
  ['a trigger', 'CREATE TRIGGER t BEFORE INSERT ON orders FOR EACH ROW SET NEW.total = 1', 'trigger t was added'],
  ['a procedure', 'CREATE PROCEDURE q() SELECT 2', 'procedure q was added'],
  ['a procedure that is another now', "ALTER PROCEDURE p COMMENT 'new'", 'procedure p was changed'],
  ['a view', 'CREATE VIEW v AS SELECT * FROM orders', 'view v was added'],
];

/** In the middle of the first table: the snapshot is taken. */
const BEGUN_BYTES = 256 * 1024;

/** Runs each of `sql` in the middle of a dump, one after another. */
function disturbing(server: TestServer, database: string, sql: readonly string[]): Exec {
  const left = [...sql];
  return {
    ...systemExec,
    read: async (command, options) => {
      const program = await systemExec.read(command, options);
      async function* chunks() {
        let bytes = 0;
        let next = left.shift();
        for await (const chunk of program.chunks) {
          bytes += chunk.length;
          yield chunk;
          if (next === undefined || bytes < BEGUN_BYTES) continue;
          await server.sql(next, database);
          next = undefined;
        }
      }
      return { ...program, chunks: chunks() };
    },
  };
}

describeOnServers(
  'a dump that DDL runs into',
  (server) => {
    async function take(sql: readonly string[], changes = {}) {
      const database = await server().createDatabase();
      await runScript(server(), database, TABLES);
      const context = await contextFor({ ...server().target(database), ...changes });
      const file = `${temporaryFolder()}/it.sql.gz`;
      const request = { file, compression: 'gzip' as const, clients: await clientsOf(server()), stepId: 'backup' };
      const exec = disturbing(server(), database, sql);
      const taken = dumpDatabase(request, { ...context, exec });
      const notes = () =>
        context.events.flatMap((event) =>
          event.type === 'note' && event.level === 'warning' ? [event.text.replaceAll(database, 'DB')] : [],
        );
      return { database, file, taken, notes };
    }

    it.each(DISTURBANCES)('is made once more: %s', async (_, sql, told) => {
      const { file, taken, notes } = await take([sql]);
      const manifest = await taken;
      expect(notes()).toEqual([`DB is dumped once more: somebody changed the database while it was dumped: ${told}`]);
      expect(await verifyBackup(file)).toEqual({ manifest, problems: [] });
      if (sql === CUT_OVER) expect(manifest.tables.find(({ name }) => name === 'orders')?.rows).toBe(4);
      expect(gunzipSync(readFileSync(file)).includes('by_total')).toBe(sql.includes('by_total'));
      expect(readdirSync(dirname(file))).toHaveLength(2);
    });

    // On MySQL it waits until the dump has ended.
    it('is made once more: ALTER DATABASE', async () => {
      if (server().kind === 'mysql') return;
      const { taken, notes } = await take(['ALTER DATABASE CHARACTER SET latin1']);
      await taken;
      expect(notes()).toEqual([expect.stringMatching(/dumped: the database's character set was changed$/)]);
    });

    it('is made once more when what was changed was changed back', async () => {
      const both = 'ALTER TABLE orders ADD INDEX by_total (total); ALTER TABLE orders DROP INDEX by_total';
      const { file, taken, notes } = await take([`${both}; CREATE TABLE gone (id INT); DROP TABLE gone`]);
      await taken;
      expect(notes()).toHaveLength(1);
      const quiet = await take(['CREATE VIEW gone AS SELECT 1 AS x; DROP VIEW gone']);
      await quiet.taken;
      expect(quiet.notes()).toEqual([
        expect.stringMatching(
          /^DB is dumped once more: somebody changed the database while it was dumped: CREATE .*VIEW/,
        ),
      ]);
      expect(gunzipSync(readFileSync(file)).includes('by_total')).toBe(false);
    });

    it('is none when it happens twice', async () => {
      const add = (name: string) => `ALTER TABLE orders ADD ${name} INT`;
      const { database, file, taken } = await take([add('one'), add('two'), add('three')]);
      const failure = await failureOf(taken);
      expect({ what: failure.message, state: failure.state, next: failure.next, code: failure.exitCode }).toEqual({
        what: `the backup of ${database} failed: somebody changed the database while it was dumped: table orders was changed`,
        state: 'production is as it was before',
        next: 'the same command again, when nobody runs DDL (gh-ost, pt-online-schema-change, another tool)',
        code: 2,
      });
      expect(readdirSync(dirname(file))).toEqual([]);
    });

    test('takes no notice of rows, temporary tables, statistics and other databases', async () => {
      const other = await server().createDatabase();
      const rows = `INSERT INTO orders VALUES (5, 5); CREATE TEMPORARY TABLE s (id INT); DROP TEMPORARY TABLE s; ANALYZE TABLE orders;
        CREATE TABLE ${other}.t (id INT); INSERT INTO ${other}.t VALUES (1); TRUNCATE ${other}.t; DROP TABLE ${other}.t`;
      const { taken, notes } = await take([rows]);
      expect((await taken).tables.find(({ name }) => name === 'orders')?.rows).toBe(4);
      expect(notes()).toEqual([]);
    });

    test('says so where nobody can tell: no right to the binary log', async () => {
      await server().sql(
        "CREATE USER IF NOT EXISTS reader@localhost IDENTIFIED BY 'x'; GRANT SELECT, SHOW VIEW, TRIGGER, EVENT, CREATE ROUTINE, ALTER ROUTINE, EXECUTE ON *.* TO reader@localhost",
      );
      const account = { user: 'reader', password: new Secret('x') };
      const { taken, notes } = await take(['CREATE VIEW gone AS SELECT 1 AS x; DROP VIEW gone'], account);
      await taken;
      expect(notes()).toEqual([
        'DDL ran on this server during the dump, and the binary log cannot be asked about what: DB is defined as it was before',
      ]);
      const truncated = await take(['ALTER TABLE orders ADD INDEX by_total (total)'], account);
      await truncated.taken;
      expect(truncated.notes()).toHaveLength(1);
    });
  },
  { binlog: true },
);
