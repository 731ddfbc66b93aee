import { expect, test } from 'vitest';
import { connect, type Session, type Target } from '../../src/mysql/connect.ts';
import { CounterSource, countsBefore, parseForeignKeyError } from '../../src/watch/database/counters.ts';
import { difference } from '../../src/watch/database/difference.ts';
import { countRows } from '../../src/watch/database/rows.ts';
import { DatabaseSource } from '../../src/watch/database/source.ts';
import { startProxy } from '../support/proxy.ts';
import { describeOnServers } from '../support/servers.ts';

const SCHEMA = `CREATE TABLE companies (id INT PRIMARY KEY);
CREATE TABLE staff (id INT PRIMARY KEY, company_id INT NOT NULL, FOREIGN KEY (company_id) REFERENCES companies (id));
CREATE TABLE notes (id INT PRIMARY KEY, staff_id INT, FOREIGN KEY (staff_id) REFERENCES staff (id) ON DELETE CASCADE);
CREATE TABLE apart (id INT PRIMARY KEY);
INSERT INTO companies VALUES (1), (2);
INSERT INTO staff VALUES (1, 1), (2, 1);`;

async function sessionOf(target: Target): Promise<Session> {
  return (await connect(target)).open({ purpose: 'migration' });
}

/** Runs what is expected to fail. */
async function fail(session: Session, ...statements: string[]): Promise<void> {
  for (const sql of statements) await session.query(sql).catch(() => undefined);
}

describeOnServers(
  'the database of a watch',
  (server) => {
    test('errors are counted by kind, statements of others are, and our own are not', async () => {
      const target = server().target(await server().createDatabase());
      await server().sql(SCHEMA, target.database);
      const told: string[] = [];
      const source = new DatabaseSource(target, (text) => told.push(text));
      const site = await sessionOf(target);
      expect(await source.look()).toEqual({ look: undefined, error: undefined });
      await fail(
        site,
        'INSERT INTO staff VALUES (3, 9)',
        'DELETE FROM companies WHERE id = 1',
        'SELECT nothing FROM staff',
      );
      for (let n = 0; n < 20; n++) await site.query('SELECT 1');
      const { look } = await source.look();
      const isMysql = server().kind === 'mysql';
      expect(look).toMatchObject({
        counts: { foreignKey: isMysql ? 2 : 1, deadlock: 0, lockTimeout: 0 },
        lockWaits: 0,
      });
      if (isMysql) expect(look?.counts.schema).toBe(1);
      else expect(look?.table).toBe('staff');
      expect(look?.statements).toBeGreaterThanOrEqual(20);
      expect(look?.statements).toBeLessThan(30);
      for (let n = 0; n < 5; n++) await source.apart(async (_, session) => session.query('SELECT 1'));
      expect((await source.look()).look?.statements).toBeLessThan(5);
      expect(told).toEqual([]);
      await Promise.all([site.close(), source.close()]);
    });

    test('deadlocks and lock waits that time out are counted, and who holds the lock is named', async () => {
      const target = server().target(await server().createDatabase());
      await server().sql(SCHEMA, target.database);
      const [one, two] = [await sessionOf(target), await sessionOf(target)];
      const source = new DatabaseSource(target, () => undefined);
      await source.look();
      for (const session of [one, two]) await session.query('SET innodb_lock_wait_timeout = 1');
      await one.query('BEGIN');
      await one.query('UPDATE staff SET id = id WHERE id = 1');
      const waiting = two
        .query('UPDATE staff SET id = id WHERE id = 1')
        .catch((error: { errno: number }) => error.errno);
      // The wait is seen while it lasts: a look asks until it is there.
      let held = (await source.look()).look;
      let timeouts = held?.counts.lockTimeout ?? 0;
      while (held?.lockWaits === 0 && timeouts === 0) {
        held = (await source.look()).look;
        timeouts += held?.counts.lockTimeout ?? 0;
      }
      if (held?.lockWaits)
        expect(held.blocker).toMatch(new RegExp(`^connection ${one.connectionId}, in a transaction since .+,$`));
      expect(await waiting).toBe(1205);
      await one.query('ROLLBACK');
      await one.query('BEGIN');
      await two.query('BEGIN');
      await one.query('UPDATE staff SET id = id WHERE id = 1');
      await two.query('UPDATE staff SET id = id WHERE id = 2');
      const crossed = one
        .query('UPDATE staff SET id = id WHERE id = 2')
        .catch((error: { errno: number }) => error.errno);
      const back = two.query('UPDATE staff SET id = id WHERE id = 1').catch((error: { errno: number }) => error.errno);
      expect([await crossed, await back]).toContain(1213);
      for (const session of [one, two]) await session.query('ROLLBACK');
      const after = (await source.look()).look;
      expect(after?.counts.deadlock).toBe(1);
      expect(timeouts + (after?.counts.lockTimeout ?? 0)).toBe(1);
      await Promise.all([one.close(), two.close(), source.close()]);
    });

    test('what this account may not see is told once, with what would help', async () => {
      const database = await server().createDatabase();
      const account = `'poor_${database}'@'localhost'`;
      await server().sql(`CREATE USER ${account} IDENTIFIED BY ''; GRANT SELECT ON \`${database}\`.* TO ${account}`);
      const target = { ...server().target(database), socket: server().socket, user: `poor_${database}` };
      const told: string[] = [];
      const source = new DatabaseSource(target, (text) => told.push(text));
      for (let looks = 0; looks < 3; looks++) {
        expect((await source.look()).error).toBeUndefined();
        await source.lookAtQueries({}, []);
      }
      const plain = told.map((text) => text.replace(/: .+?\. It would help/, ': …. It would help'));
      expect(plain).toEqual(
        server().kind === 'mysql'
          ? [
              'errors are not counted: …. It would help: GRANT SELECT ON performance_schema.* TO this account',
              'queries are not judged one by one: …. It would help: GRANT SELECT ON performance_schema.* TO this account',
            ]
          : [
              'lock wait timeouts are not counted: …. It would help: GRANT PROCESS ON *.* TO this account',
              'foreign key errors are not seen: …. It would help: GRANT PROCESS ON *.* TO this account',
              'queries are not judged one by one: MariaDB keeps no digests that can be switched on while it runs',
            ],
      );
      await source.close();
    });

    test('rows are counted of every table that a deletion could reach', async () => {
      const target = server().target(await server().createDatabase());
      await server().sql(SCHEMA, target.database);
      const session = await sessionOf(target);
      const { flavor } = await connect(target);
      expect(await countRows(session, flavor, target.database, ['notes'])).toEqual({
        companies: 2,
        staff: 2,
        notes: 0,
      });
      expect(await countRows(session, flavor, target.database, ['apart'])).toEqual({ apart: 0 });
      await session.close();
    });

    test('a foreign key error of before the deploy, in this database or in another', async () => {
      const [database, other] = [await server().createDatabase(), await server().createDatabase()];
      for (const name of [database, other]) await server().sql(SCHEMA, name);
      const session = await sessionOf(server().target(database));
      const { flavor } = await connect(server().target(database));
      const read = () => new CounterSource(flavor, database, () => undefined).read(session);
      const before = await read();
      await fail(session, `INSERT INTO \`${other}\`.staff VALUES (3, 9)`);
      if (flavor.kind === 'mariadb') expect(countsBefore(await read(), flavor).foreignKey).toBe(0);
      await fail(session, 'INSERT INTO staff VALUES (3, 9)');
      const after = await read();
      const more = flavor.kind === 'mysql' ? (before.counts.foreignKey ?? 0) + 2 : null;
      expect(countsBefore(after, flavor).foreignKey).toBe(more);
      await session.close();
    });

    test('a server that does not answer is given up, and asked again over another connection', async () => {
      const proxy = await startProxy(server().socket, { at: /SHOW GLOBAL STATUS/, fate: 'stall' });
      const { user, tls, database } = server().target(await server().createDatabase());
      const source = new DatabaseSource(
        { host: '127.0.0.1', port: proxy.port, user, tls, database },
        () => undefined,
        500,
      );
      expect(String((await source.look()).error)).toBe('Error: no answer within 500 ms');
      proxy.heal();
      expect((await source.look()).error).toBeUndefined();
      await source.close();
      await proxy.close();
    });

    test('a server that is started anew counts from nothing', async () => {
      const target = server().target(await server().createDatabase());
      const source = new DatabaseSource(target, () => undefined);
      await source.look();
      await server().kill();
      const lost = await source.look();
      expect(lost.look).toBeUndefined();
      expect(lost.error).toBeDefined();
      await server().start();
      expect((await source.look()).error).toBeUndefined();
      expect((await source.look()).look).toMatchObject({ lockWaits: 0 });
      await source.close();
    });
  },
  { args: ['--loose-performance-schema-error-size=6000'] },
);

test('differences after a restart are what is counted since', () => {
  const of = (uptimeS: number, questions: number, deadlock: number) => ({
    ...{ uptimeS, questions, threadsRunning: 1, lockWaits: 0, counts: { deadlock } },
  });
  expect(difference(of(100, 1_000, 5), of(105, 1_250, 7), 10)).toEqual({
    ...{ statements: 240, counts: { deadlock: 2 }, threadsRunning: 1, lockWaits: 0 },
  });
  expect(difference(of(100, 1_000, 5), of(3, 60, 1), 10)).toEqual({
    ...{ statements: 50, counts: { deadlock: 1 }, threadsRunning: 1, lockWaits: 0, restarted: true },
  });
});

test('no foreign key error in the status, no finding', () => {
  expect(parseForeignKeyError('=====\nINNODB MONITOR OUTPUT\n')).toBeUndefined();
});
