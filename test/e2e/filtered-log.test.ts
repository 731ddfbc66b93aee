import { afterAll, beforeAll, expect, test } from 'vitest';
import { madeOf, readStanding } from '../../src/backup/dump/standing.ts';
import { readDoubts } from '../../src/binlog/judgement/doubts.ts';
import { readNamedDatabase } from '../../src/binlog/subject.ts';
import { connect } from '../../src/mysql/connect.ts';
import { describeOnServers } from '../support/servers.ts';
import { createProduction, lastOf, type Production } from './production.ts';

const SHOP = `CREATE TABLE t (id INT PRIMARY KEY, a INT); CREATE TABLE u (id INT PRIMARY KEY);
  INSERT INTO t VALUES (1, 1), (2, 2), (3, 3)`;

/** With another database in use, `SHOP` being ours: none of it is in the log. */
const UNLOGGED: readonly [what: string, work: string, names: string][] = [
  ['rows alone', 'INSERT INTO SHOP.t VALUES (9, 9)', ''],
  ['an ALTER', 'ALTER TABLE SHOP.t ADD b INT', 'table t'],
  ['a TRUNCATE', 'TRUNCATE SHOP.u', 'table u'],
  ['a new table', 'CREATE TABLE SHOP.v (id INT PRIMARY KEY)', 'table v'],
  ['a DROP', 'DROP TABLE SHOP.u', 'table u'],
  ['a routine', 'CREATE PROCEDURE SHOP.p() SELECT 1', 'procedure p'],
  ['a trigger', 'CREATE TRIGGER SHOP.tr BEFORE INSERT ON SHOP.t FOR EACH ROW SET NEW.a = 5', 'trigger tr'],
  ['an event', 'CREATE EVENT SHOP.ev ON SCHEDULE AT NOW() + INTERVAL 1 YEAR DO SELECT 1', 'event ev'],
  ['a view', 'CREATE VIEW SHOP.vi AS SELECT 1', 'view vi'],
];

describeOnServers(
  'a log that leaves other databases out',
  (server) => {
    let production: Production;
    beforeAll(async () => {
      await server().sql('CREATE DATABASE elsewhere; CREATE TABLE elsewhere.p (id INT PRIMARY KEY)');
      await server().sql('INSERT INTO elsewhere.p VALUES (1), (2)');
      production = await createProduction(server());
      await production.sql(SHOP);
      const log = server().kind === 'mysql' ? 'REPLICATION_APPLIER' : 'BINLOG MONITOR, BINLOG REPLAY';
      for (const host of ['localhost', '127.0.0.1']) {
        await server().sql(`GRANT REFERENCES, SELECT ON elsewhere.* TO 'app user'@'${host}'`);
        await server().sql(`GRANT REPLICATION SLAVE, REPLICATION CLIENT, ${log} ON *.* TO 'app user'@'${host}'`);
      }
    });
    afterAll(() => production?.remove());

    test('lacks nothing of ours only where nothing was defined since, and no key leads in', async () => {
      const told: string[] = [];
      for (const [what, work] of UNLOGGED) {
        const shop = await server().createDatabase('shop');
        await server().sql(SHOP, shop);
        told.push(`${what}: ${await doubtsAfter(shop, work.replaceAll('SHOP', shop))}`);
      }
      const expected = (names: string) =>
        `what was defined with another database in use is not logged, and ${names} may have been since the backup`;
      expect(told).toEqual(
        UNLOGGED.map(([what, , names]) => expect.stringMatching(`^${what}: ${names && expected(names)}$`)),
      );
    });

    test('is told of whatever there is, where the backup does not say what there was', async () => {
      const { flavor, open } = await connect(server().target(production.database));
      const session = await open();
      const doubts = await readDoubts(
        session,
        flavor,
        { database: production.database, ignoresCase: false },
        undefined,
      );
      await session.close();
      expect(doubts).toEqual([
        'what was defined with another database in use is not logged, and whatever is in it may have been since the backup',
      ]);
    });

    async function doubtsAfter(shop: string, work: string): Promise<string> {
      const { flavor, open } = await connect(server().target(shop));
      const session = await open();
      try {
        const made = madeOf(await readStanding(session, shop));
        await server().sql(work, 'elsewhere');
        const named = await readNamedDatabase(session, shop);
        return (await readDoubts(session, flavor, named, made))?.join('; ') ?? 'no filter';
      } finally {
        await session.close();
      }
    }

    test('ends with 0 where it is certain, and with 3 where a key leads in from what is not logged', {
      timeout: 60_000,
    }, async () => {
      expect((await production.run('backup', 'create')).code).toBe(0);
      await production.sql('UPDATE t SET a = 7');
      const certain = await nextSecond();
      await production.sql('DELETE FROM t');
      const restored = lastOf(await production.run('restore', '--until', certain, '--yes', '--json'));
      expect([restored.exitCode, restored.error]).toEqual([0, undefined]);
      expect(await production.query('SELECT SUM(a) AS a FROM t')).toEqual([
        { a: expect.toSatisfy((a) => `${a}` === '21') },
      ]);
      await production.sql(
        'CREATE TABLE c (id INT PRIMARY KEY, FOREIGN KEY (id) REFERENCES elsewhere.p (id) ON DELETE CASCADE)',
      );
      await production.sql('INSERT INTO c VALUES (1), (2)');
      expect((await production.run('backup', 'create')).code).toBe(0);
      await server().sql('DELETE FROM p WHERE id = 2', 'elsewhere');
      const unsure = await nextSecond();
      const ended = lastOf(await production.run('restore', '--until', unsure, '--yes', '--json'));
      expect(ended).toMatchObject({ exitCode: 3, production: 'restored' });
      expect(ended.error).toEqual({
        what: `the binary log may not have everything: rows of ${production.database}.c (ON DELETE CASCADE, ON UPDATE ${server().kind === 'mysql' ? 'NO ACTION' : 'RESTRICT'}) follow those of elsewhere.p, which the server does not log`,
        state: 'production is restored with all that the log has, and the site is up; what is named may lack changes',
        next: 'compare what is named; gateway-migrate rollback (brings back what was there before the restore)',
      });
      expect(lastOf(await production.run('status', '--json')).unfinished).toBeNull();
    });

    /** Once it has begun, as a person reads it from a clock. */
    async function nextSecond(): Promise<string> {
      const [row] = await production.query<{ at: string }>(
        'SELECT SLEEP(1 - MICROSECOND(NOW(6)) / 1000000), FROM_UNIXTIME(UNIX_TIMESTAMP(SYSDATE())) AS at',
      );
      return String(row?.at).slice(0, 19);
    }
  },
  { binlog: true, args: ['--binlog-ignore-db=elsewhere', '--log-bin-trust-function-creators=1'] },
);
