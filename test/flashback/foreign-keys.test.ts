import { expect, test } from 'vitest';
import type { Transaction } from '../../src/binlog/transaction.ts';
import type { Effects } from '../../src/flashback/collect.ts';
import { BOUNDS } from '../../src/flashback/prepare.ts';
import { type Copied, withCopied } from '../../src/flashback/unlogged/copied.ts';
import { failureOf, takeBackup } from '../backup/support.ts';
import { describeOnServers } from '../support/servers.ts';
import { contentOf, happen, undo } from './support.ts';

/** Every way in which one row takes others along. */
const SHOP = `
  CREATE TABLE top (id INT PRIMARY KEY, name VARCHAR(20), note TEXT);
  CREATE TABLE middle (id INT PRIMARY KEY AUTO_INCREMENT, top_id INT NOT NULL, name VARCHAR(20),
    FOREIGN KEY (top_id) REFERENCES top (id) ON DELETE CASCADE ON UPDATE CASCADE);
  CREATE TABLE low (id INT PRIMARY KEY, middle_id INT NULL, amount DECIMAL(12,4), at DATETIME(6) NULL, body MEDIUMBLOB, f FLOAT,
    doubled DECIMAL(14,4) AS (amount * 2) STORED, shout VARCHAR(30) AS (CONCAT('low ', id)) VIRTUAL, UNIQUE (middle_id, id),
    FOREIGN KEY (middle_id) REFERENCES middle (id) ON DELETE CASCADE);
  CREATE TABLE loose (id INT PRIMARY KEY, low_id INT NULL, name VARCHAR(20), UNIQUE (low_id),
    FOREIGN KEY (low_id) REFERENCES low (id) ON DELETE SET NULL);
  CREATE TABLE keyless (top_id INT NULL, word VARCHAR(20), FOREIGN KEY (top_id) REFERENCES top (id) ON DELETE CASCADE ON UPDATE CASCADE);
  CREATE TABLE pairs (a INT, b CHAR(3), text VARCHAR(20), PRIMARY KEY (a, b));
  CREATE TABLE of_pairs (a INT, b CHAR(3), n INT, PRIMARY KEY (a, b, n),
    FOREIGN KEY (a, b) REFERENCES pairs (a, b) ON DELETE CASCADE ON UPDATE CASCADE);
  CREATE TABLE below_pairs (id INT PRIMARY KEY, a INT NULL, b CHAR(3) NULL, n INT NULL,
    FOREIGN KEY (a, b, n) REFERENCES of_pairs (a, b, n) ON DELETE SET NULL ON UPDATE CASCADE);
  CREATE TABLE tree (id INT PRIMARY KEY, up INT NULL, name VARCHAR(20), FOREIGN KEY (up) REFERENCES tree (id) ON DELETE CASCADE);
  CREATE TABLE hens (id INT PRIMARY KEY, egg_id INT NULL);
  CREATE TABLE eggs (id INT PRIMARY KEY, hen_id INT NULL, FOREIGN KEY (hen_id) REFERENCES hens (id) ON DELETE CASCADE);
  ALTER TABLE hens ADD FOREIGN KEY (egg_id) REFERENCES eggs (id) ON DELETE CASCADE;
  CREATE TABLE counted (what VARCHAR(20) PRIMARY KEY, n INT NOT NULL);
  INSERT INTO top VALUES (1, 'one', 'x'), (2, 'two', NULL), (3, 'three', 'z'), (4, 'four', ''), (5, 'five', NULL), (6, 'six', 'y');
  INSERT INTO middle VALUES (1, 1, 'a'), (2, 1, 'b'), (3, 2, 'c'), (4, 3, 'd'), (5, 5, 'e'), (6, 6, 'f');
  INSERT INTO low (id, middle_id, amount, at, body, f) VALUES (1, 1, 1.5, '2026-01-02 03:04:05.678901', x'00ff10', 0.1), (2, 2, NULL, NULL, NULL, NULL),
    (3, 3, -7.0001, '1000-01-01', REPEAT('b', 700), 3.4e38), (4, NULL, 0, NULL, '', -0.0), (5, 5, 5, NULL, NULL, 5), (6, 6, 6, NULL, NULL, 6);
  INSERT INTO loose VALUES (1, 1, 'a'), (2, 2, 'b'), (3, 3, 'c'), (4, NULL, 'd');
  INSERT INTO keyless VALUES (1, 'same'), (1, 'same'), (2, 'same'), (2, NULL), (NULL, 'same');
  INSERT INTO pairs VALUES (1, 'x', 'one x'), (1, 'y', 'one y'), (2, 'x', NULL);
  INSERT INTO of_pairs VALUES (1, 'x', 1), (1, 'x', 2), (1, 'y', 1), (2, 'x', 9);
  INSERT INTO below_pairs VALUES (1, 1, 'x', 1), (2, 1, 'x', 2), (3, 2, 'x', 9), (4, NULL, 'x', 1);
  INSERT INTO tree VALUES (1, NULL, 'root'), (2, 1, 'a'), (3, 2, 'b'), (4, 3, 'c'), (5, 1, 'd'), (6, NULL, 'other');
  INSERT INTO hens VALUES (1, NULL), (2, NULL), (3, NULL);
  INSERT INTO eggs VALUES (1, 1), (2, 2), (3, 3);
  UPDATE hens SET egg_id = MOD(id, 2) + 1 WHERE id < 3;
  INSERT INTO counted VALUES ('low', 0)`;
const TRIGGER = `CREATE TRIGGER count_low AFTER INSERT ON low FOR EACH ROW UPDATE counted SET n = n + 1 WHERE what = 'low'`;

/** One transaction each, every one on what the one before has left. */
const ACCIDENTS: readonly (readonly [string, string])[] = [
  ['a table that leads to itself', 'DELETE FROM tree WHERE id = 1'],
  ['a circle of two tables', 'DELETE FROM hens WHERE id = 1'],
  ['a composite key that children have as a part of theirs', "UPDATE pairs SET b = 'z' WHERE a = 1 AND b = 'y'"],
  ['a composite key, deleted', 'DELETE FROM pairs WHERE a = 1'],
  ['three levels of CASCADE, and SET NULL below', 'DELETE FROM top WHERE id = 2'],
  [
    'children changed by the transaction before they went',
    "BEGIN; UPDATE low SET amount = 9; UPDATE middle SET name = 'changed' WHERE id = 1; DELETE FROM low WHERE id = 2; DELETE FROM top WHERE id = 1; INSERT INTO top VALUES (1, 'new', NULL); COMMIT",
  ],
  ['ON UPDATE CASCADE', 'UPDATE top SET id = id + 100 ORDER BY id DESC'],
  ['a parent that is replaced by itself', "REPLACE INTO top VALUES (105, 'fünf', NULL)"],
  ['parents and children in one statement', 'DELETE top, middle FROM top JOIN middle ON middle.top_id = top.id'],
  ['a parent without children', 'DELETE FROM top WHERE id = 104'],
  ['all of it', 'DELETE FROM top'],
];
/** MySQL refuses the first, and takes the second for nothing. */
const OF_MARIADB: typeof ACCIDENTS = [
  ['a key that was changed goes on to the children of children', "UPDATE pairs SET b = 'q' WHERE a = 2 AND b = 'x'"],
  ['a parent that is there again as it was', "REPLACE INTO top VALUES (3, 'three', 'since the backup')"],
];

/** What the application did since the rows of `ACCIDENT` went. */
const ACCIDENT =
  'BEGIN; DELETE FROM middle WHERE id IN (2, 5); DELETE FROM low WHERE id IN (1, 3, 6); UPDATE top SET id = 20 WHERE id = 2; COMMIT';
const SINCE = `INSERT INTO low (id, middle_id) VALUES (2, NULL); UPDATE loose SET name = 'mine' WHERE id = 1;
  DELETE FROM loose WHERE id = 3; UPDATE middle SET top_id = 3 WHERE id = 3; DELETE FROM top WHERE id = 5`;
const CONFLICTS = [
  { table: 'low', key: 'id=2', reason: 'a row that came since has its id: middle_id NULL instead of 2' },
  { table: 'loose', key: 'id=1', reason: "it was changed since: name 'mine' instead of 'a'" },
  { table: 'loose', key: 'id=3', reason: 'it was deleted since' },
  { table: 'middle', key: 'id=3', reason: 'it was changed since: top_id 3 instead of 20' },
  { table: 'middle', key: 'id=5', reason: 'the row of top that it belongs to is gone' },
];

describeOnServers(
  'what foreign keys did, undone',
  (server) => {
    const setUp = async () => {
      const database = await server().createDatabase('keys');
      await server().sql(SHOP, database);
      await server().sql(TRIGGER, database);
      const backup = await takeBackup(server(), server().target(database));
      await server().sql(
        "UPDATE top SET note = 'since the backup' WHERE id = 3; DELETE FROM middle WHERE id = 4",
        database,
      );
      return { database, backup };
    };

    test('as if it never was, of several transactions at once', { timeout: 120_000 }, async () => {
      const { database, backup } = await setUp();
      const before = await contentOf(server(), database);
      const works = [...(server().kind === 'mysql' ? [] : OF_MARIADB), ...ACCIDENTS].map(([, work]) => work);
      const happened = await happen(server(), database, ...works);
      expect(await contentOf(server(), database)).not.toEqual(before);
      expect(await undo(server(), database, { ...happened, backup })).toEqual([]);
      expect(await contentOf(server(), database)).toEqual(before);
    });

    test('a row that the application has changed since is never overwritten', { timeout: 120_000 }, async () => {
      const { database, backup } = await setUp();
      const before = await contentOf(server(), database);
      const happened = { ...(await happen(server(), database, ACCIDENT)), backup };
      await server().sql(SINCE, database);
      const now = await contentOf(server(), database);
      const met = await undo(server(), database, happened);
      expect(met.map(({ by: _, ...one }) => one)).toEqual(expect.arrayContaining(CONFLICTS));
      expect(await contentOf(server(), database)).toEqual(now);
      await undo(server(), database, happened, 'theirs');
      const after = await contentOf(server(), database);
      for (const { table, key } of CONFLICTS) {
        const isIt = (row: string) => row.startsWith(`{"id":${key.slice(3)},`);
        expect(after[table]?.filter(isIt)).toEqual(now[table]?.filter(isIt));
      }
      // What nothing is in the way of is back all the same.
      expect(after.low?.find((row) => row.startsWith('{"id":3,'))).toBe(
        before.low?.find((row) => row.startsWith('{"id":3,')),
      );
    });

    test('keys that were changed between the transactions', { timeout: 120_000 }, async () => {
      if (server().kind === 'mysql') return;
      const { database, backup } = await setUp();
      const one = await happen(server(), database, 'DELETE FROM top WHERE id = 1');
      await server().sql(
        'ALTER TABLE counted ADD COLUMN top_id INT, ADD FOREIGN KEY (top_id) REFERENCES top (id) ON DELETE SET NULL',
        database,
      );
      const other = await happen(server(), database, 'DELETE FROM top WHERE id = 2');
      const both = { from: one.from, places: [...one.places, ...other.places], backup };
      const failure = await failureOf(undo(server(), database, both));
      expect(failure.message.split('undone by its rows: ')[1]).toBe(
        'foreign keys were changed between the transactions, and what they did is not logged',
      );
    });
  },
  // As MySQL was before it logged what its keys do; MariaDB does not know the setting.
  { binlog: true, args: ['--loose-innodb-native-foreign-keys=ON'] },
);

test('a copy that is not whole is not taken for what foreign keys did', async () => {
  const transaction = { file: 'binlog.000001', start: 4, committed: { micros: 0 } } as Transaction;
  const none: Effects = { tables: [], touched: [], hasLoggedCascades: false, description: undefined };
  const take = (transactions: Copied['transactions'], bounds = BOUNDS) => {
    const copied = { database: 'copy', tables: ['kids'], keys: [], transactions };
    const named = { database: 'copy', ignoresCase: false };
    return withCopied(none, copied, [transaction], named, bounds, new AbortController().signal);
  };
  const counts = { back: 0, off: 0, now: 0, was: 0 };
  const place = 'binlog.000001:4';
  expect(await take([{ place, range: undefined, counts: [counts] }])).toEqual(none);
  await expect(take([])).rejects.toThrow('the copy of the moment before binlog.000001:4 was not made');
  await expect(take([{ place, range: undefined, counts: [{ ...counts, back: 1 }] }])).rejects.toThrow(
    'the binary log does not have all rows of kids that foreign keys changed',
  );
  await expect(
    take([{ place, range: undefined, counts: [{ ...counts, back: 2 }] }], { ...BOUNDS, rows: 1 }),
  ).rejects.toThrow('with what foreign keys did it is more than can be undone in one transaction: 1 rows');
});
