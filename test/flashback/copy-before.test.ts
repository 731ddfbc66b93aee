import { expect, test } from 'vitest';
import { BOUNDS } from '../../src/flashback/prepare.ts';
import { readLoggedRows } from '../../src/flashback/unlogged/images.ts';
import { failureOf, takeBackup } from '../backup/support.ts';
import { copySince, endOfLog } from '../binlog/support.ts';
import { describeOnServers, type TestServer } from '../support/servers.ts';
import { type Accident, contentOf, happen, prepare, undo } from './support.ts';

const FAMILY = `
  CREATE TABLE parents (id INT PRIMARY KEY);
  CREATE TABLE kids (id INT PRIMARY KEY, parent_id INT, n INT, KEY (n),
    CONSTRAINT belongs FOREIGN KEY (parent_id) REFERENCES parents (id) ON DELETE CASCADE);
  CREATE TABLE others (id INT PRIMARY KEY, parent_id INT, CONSTRAINT meets FOREIGN KEY (parent_id) REFERENCES parents (id));
  INSERT INTO parents VALUES (1), (2), (3);
  INSERT INTO kids VALUES (1, 1, NULL), (2, 2, NULL), (3, 3, NULL);
  INSERT INTO others VALUES (1, NULL)`;
/** Half a megabyte of children. */
const MANY = `INSERT INTO kids SELECT PARENT * 1000 + id, PARENT, NULL, REPEAT('x', 1000)
  FROM (WITH RECURSIVE many (id) AS (SELECT 1 UNION ALL SELECT id + 1 FROM many WHERE id < 500) SELECT id FROM many) m`;
const ACCIDENT = 'DELETE FROM parents WHERE id = 1';

async function whyNot(server: TestServer, database: string, happened: Accident): Promise<string | undefined> {
  const lost = await contentOf(server, database);
  const failure = await failureOf(undo(server, database, happened));
  expect(failure).toMatchObject({ exitCode: 5, production: 'unchanged' });
  expect(await contentOf(server, database)).toEqual(lost);
  return failure.message.split('undone by its rows: ')[1];
}

describeOnServers(
  'the copy of the moment before',
  (server) => {
    const setUp = async (more?: string) => {
      const database = await server().createDatabase('copied');
      await server().sql(FAMILY, database);
      if (more !== undefined) await server().sql(more, database);
      return { database, backup: await takeBackup(server(), server().target(database)) };
    };

    test.each([
      ['before the accident', true],
      ['since', false],
    ])(
      'is what counts when a key was dropped %s, also for whoever looks again',
      {
        timeout: 120_000,
      },
      async (_, isBefore) => {
        const { database, backup } = await setUp();
        const migration = () => server().sql('ALTER TABLE others DROP FOREIGN KEY meets', database);
        const before = await contentOf(server(), database);
        if (isBefore) await migration();
        const happened = { ...(await happen(server(), database, ACCIDENT)), backup };
        if (!isBefore) await migration();
        const look = () => prepare(server(), database, happened, BOUNDS, async ({ undo: { tables } }) => tables.length);
        // What the first look has repeated in its copy is in the log.
        expect([await look(), await look()]).toEqual([2, 2]);
        expect(await undo(server(), database, happened)).toEqual([]);
        expect(await contentOf(server(), database)).toEqual(before);
      },
    );

    test.each([
      ['kids', 'ADD CONSTRAINT more FOREIGN KEY (n) REFERENCES parents (id) ON DELETE CASCADE'],
      ['others', 'ADD CONSTRAINT more FOREIGN KEY (parent_id) REFERENCES parents (id) ON DELETE CASCADE'],
    ])(
      'has every key of production, or what a key of %s did is not known',
      { timeout: 120_000 },
      async (table, add) => {
        const { database, backup } = await setUp();
        await server().sql(`SET sql_log_bin = 0; ALTER TABLE ${table} ${add}`, database);
        const happened = { ...(await happen(server(), database, ACCIDENT)), backup };
        expect(await whyNot(server(), database, happened)).toBe(
          `the copy of the moment before lacks a foreign key that production has: ${table} to parents (ON DELETE CASCADE)`,
        );
        await server().sql(`SET sql_log_bin = 0; ALTER TABLE ${table} DROP FOREIGN KEY more`, database);
        if (table === 'kids') return;
        // One that the log has of the time since did nothing.
        await server().sql(`ALTER TABLE ${table} ${add}`, database);
        expect(await undo(server(), database, happened)).toEqual([]);
      },
    );

    test('holds the rows exactly, or what foreign keys did with them is not told', { timeout: 120_000 }, async () => {
      const { database, backup } = await setUp();
      const happened = await happen(server(), database, ACCIDENT);
      const losing = (table: string) => {
        const losses = [{ table, column: 'n', type: 'json', rows: 2 }];
        return { ...happened, backup: { ...backup, manifest: { ...backup.manifest, losses } } };
      };
      expect(await whyNot(server(), database, losing('kids'))).toBe(
        'foreign keys lead to kids, which the backup does not hold exactly: 2 values of kids.n come back with strings for the dates, times or bytes in their JSON',
      );
      expect(await undo(server(), database, losing('others'))).toEqual([]);
    });

    test('is read up to the bytes that are held in memory, and no further', { timeout: 120_000 }, async () => {
      const { database, backup } = await setUp(
        `ALTER TABLE kids ADD COLUMN note TEXT; ${MANY.replaceAll('PARENT', '1')}`,
      );
      const happened = { ...(await happen(server(), database, ACCIDENT)), backup };
      const bounds = { ...BOUNDS, bytes: 100_000 };
      const failure = await failureOf(undo(server(), database, happened, 'stop', bounds));
      expect(failure.message.split('undone by its rows: ')[1]).toBe(
        'with what foreign keys did it is more than can be undone in one transaction: 0 MB of rows',
      );
      const from = await endOfLog(server());
      await server().sql(MANY.replaceAll('PARENT', '2'), database);
      let told = 0;
      const onBytes = (bytes: number) => {
        told += bytes;
        if (told > 20_000) throw new Error('enough');
      };
      const named = { database, ignoresCase: false };
      const { signal } = new AbortController();
      const reading = readLoggedRows(await copySince(server(), from), named, () => true, onBytes, signal);
      await expect(reading).rejects.toThrow('enough');
      expect(told).toBeLessThan(60_000);
    });

    test('is not made where it would put too much aside', { timeout: 120_000 }, async () => {
      const { database, backup } = await setUp(
        `ALTER TABLE kids ADD COLUMN note TEXT; ${MANY.replaceAll('PARENT', '1')}`,
      );
      const works = [ACCIDENT, 'DELETE FROM parents WHERE id = 2', 'DELETE FROM parents WHERE id = 3'];
      const happened = { ...(await happen(server(), database, ...works)), backup };
      const why = await whyNot(server(), database, { ...happened, mostKept: 1_000_000 });
      expect(why?.replace(/\d+ MB of/, 'MANY MB of')).toBe(
        "to find what foreign keys did to kids, MANY MB of rows would be put aside in production's log: more than 1 MB",
      );
      expect(await undo(server(), database, happened)).toEqual([]);
    });

    test('has no keys into other databases: they would act on live rows, and live rows on the copy', {
      timeout: 120_000,
    }, async () => {
      const elsewhere = await server().createDatabase('elsewhere');
      await server().sql('CREATE TABLE users (id INT PRIMARY KEY); INSERT INTO users VALUES (7), (8)', elsewhere);
      const { database, backup } = await setUp(
        `ALTER TABLE kids ADD CONSTRAINT of_user FOREIGN KEY (n) REFERENCES ${elsewhere}.users (id) ON DELETE SET NULL;
         UPDATE kids SET n = 7 WHERE id = 2`,
      );
      const happened = { ...(await happen(server(), database, ACCIDENT)), backup };
      const early = { at: 'load', sql: `DELETE FROM ${elsewhere}.users WHERE id = 8` } as const;
      await expect(undo(server(), database, { ...happened, meanwhile: early })).rejects.toThrow(
        `rows of ${elsewhere}.users went or changed during the load, and rows of the copy with them`,
      );
      const late = { at: 2, sql: `DELETE FROM ${elsewhere}.users WHERE id = 7` };
      expect(await undo(server(), database, { ...happened, meanwhile: late })).toEqual([]);
      expect((await contentOf(server(), database)).kids).toEqual([
        '{"id":1,"parent_id":1,"n":null}',
        '{"id":2,"parent_id":2,"n":null}',
        '{"id":3,"parent_id":3,"n":null}',
      ]);
      await server().sql(`DROP DATABASE ${database}; DROP DATABASE ${elsewhere}`);
    });
  },
  // As MySQL was before it logged what its keys do; MariaDB does not know the setting.
  { binlog: true, args: ['--loose-innodb-native-foreign-keys=ON'] },
);
