import { expect, test } from 'vitest';
import { settle } from '../../src/flashback/carry-out.ts';
import { BOUNDS } from '../../src/flashback/prepare.ts';
import { failureOf } from '../backup/support.ts';
import { describeOnServers, type TestServer } from '../support/servers.ts';
import { contentOf, happen, prepare, undo } from './support.ts';

const ROWS = 2_000;
const BARE = `CREATE TABLE bare (word VARCHAR(20), n INT, f FLOAT);
  INSERT INTO bare SELECT CONCAT('w', seq % 900), NULLIF(seq % 7, 0), seq / 3 FROM numbers`;
const KEYED = `CREATE TABLE keyed (id INT PRIMARY KEY, n INT, other INT UNIQUE);
  INSERT INTO keyed SELECT seq, 1, NULLIF(seq, 5) FROM numbers`;

async function setUp(server: TestServer, tables: string): Promise<string> {
  const database = await server.createDatabase('large');
  const digits = Array.from({ length: 10 }, (_, digit) => `SELECT ${digit} AS d`).join(' UNION ALL ');
  await server.sql(
    `CREATE TABLE numbers (seq INT PRIMARY KEY);
     INSERT INTO numbers SELECT a.d + 10 * b.d + 100 * c.d + 1000 * e.d FROM (${digits}) a, (${digits}) b, (${digits}) c, (SELECT 0 AS d UNION SELECT 1) e;
     ${tables}`,
    database,
  );
  return database;
}

describeOnServers(
  'many rows undone',
  (server) => {
    test.each([
      ['deleted, without a key', BARE, 'DELETE FROM bare', ''],
      ['deleted, without a key, and others since', BARE, 'DELETE FROM bare', "INSERT INTO bare VALUES ('w1', 1, 1)"],
      ['updated, of a table with keys', KEYED, 'UPDATE keyed SET n = 2', ''],
    ])('%s, each looked at a few times', async (_, tables, work, since) => {
      const database = await setUp(server(), tables);
      const before = await contentOf(server(), database);
      const happened = await happen(server(), database, work);
      if (since) await server().sql(since, database);
      const reads: number[] = [];
      expect(await undo(server(), database, happened, 'stop', BOUNDS, (read) => reads.push(read))).toEqual([]);
      // Each row with each other would be millions.
      expect(reads[0]).toBeGreaterThan(ROWS);
      expect(reads[0]).toBeLessThan(ROWS * 100);
      if (since) await server().sql("DELETE FROM bare WHERE word = 'w1' AND n = 1 AND f = 1", database);
      expect(await contentOf(server(), database)).toEqual(before);
    });

    test('conflicts of thousands are left out together', async () => {
      const database = await setUp(server(), KEYED);
      const happened = await happen(server(), database, 'UPDATE keyed SET n = 2');
      await server().sql('UPDATE keyed SET n = 3 WHERE id <> 4', database);
      await prepare(server(), database, happened, BOUNDS, async ({ undo: prepared }, session) => {
        const sent: string[] = [];
        const counted = {
          ...session,
          execute: (sql: string) => {
            sent.push(sql);
            return session.execute(sql);
          },
        };
        const { conflicts, left } = await settle(prepared, 'theirs', counted);
        expect(conflicts.length).toBe(ROWS - 1);
        expect(conflicts.every(({ by }) => by[0] === happened.places[0])).toBe(true);
        expect([...left.values()].map(({ length }) => length)).toEqual([0, 0, 1, 1]);
        expect(sent.length).toBeLessThanOrEqual(4);
      });
    });

    test('floats that look alike are told apart without a key', async () => {
      const database = await server().createDatabase('large');
      await server().sql('CREATE TABLE bare (f FLOAT); INSERT INTO bare VALUES (1.2345678)', database);
      const happened = await happen(server(), database, 'INSERT INTO bare VALUES (1.2345677)');
      await server().sql('DELETE FROM bare ORDER BY f + 0e0 LIMIT 1', database);
      expect((await undo(server(), database, happened)).map(({ reason }) => reason)).toEqual([
        'it was changed or deleted since',
      ]);
    });

    test('what MariaDB would look for row by row is bounded', async () => {
      const database = await setUp(server(), BARE);
      await server().sql('INSERT INTO bare SELECT a.* FROM bare a, numbers b WHERE b.seq < 30', database);
      const happened = await happen(server(), database, 'UPDATE bare SET f = -1 LIMIT 2000');
      if (server().kind === 'mysql') {
        await prepare(server(), database, happened, BOUNDS, async ({ undo: { tables } }) => {
          expect(tables[0]?.images.now.length).toBe(2000);
        });
        return;
      }
      expect(await failureOf(undo(server(), database, happened))).toMatchObject({
        message:
          'rows of bare cannot be undone: it has no key, and 2000 of them would each be looked for in more than 25000 rows',
        exitCode: 5,
        next: 'gateway-migrate restore --leave-out PLACE (brings back everything but this), or gateway-migrate restore --until PLACE (everything after it is lost)',
      });
    });
  },
  { binlog: true },
);
