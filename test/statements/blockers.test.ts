import { afterEach, beforeEach, expect, test } from 'vitest';
import { connect, type Server, type Session } from '../../src/mysql/connect.ts';
import { describeBlocker, findOpenTransactions } from '../../src/statements/blockers.ts';
import { describeOnServers } from '../support/servers.ts';

test('a blocker as a sentence', () => {
  const blocker = { thread: 42, user: 'app', host: '10.0.0.3:51234', ageSeconds: 75, statement: 'SELECT 1' };
  expect(describeBlocker(blocker)).toBe('thread 42, app@10.0.0.3, open for 75 s: SELECT 1');
  expect(describeBlocker({ ...blocker, statement: '' })).toBe(
    'thread 42, app@10.0.0.3, open for 75 s: idle in a transaction',
  );
});

describeOnServers('open transactions', (server) => {
  let production: Server;
  let observer: Session;
  let older: Session;
  let younger: Session;
  beforeEach(async () => {
    const database = await server().createDatabase('blockers');
    await server().sql('CREATE TABLE items (id INT PRIMARY KEY); INSERT INTO items VALUES (1)', database);
    production = await connect(server().target(database));
    [observer, older, younger] = [await production.open(), await production.open(), await production.open()];
    for (const session of [older, younger]) {
      await session.query('START TRANSACTION');
      await session.query('SELECT id FROM items WHERE id = 1');
      await new Promise((resolve) => setTimeout(resolve, 1_100));
    }
  });
  afterEach(() => Promise.all([observer, older, younger].map((session) => session.close())));

  test('the oldest first, each with its age, and gone when they end', async () => {
    const found = await findOpenTransactions(observer, [observer.connectionId]);
    expect(found.map(({ thread }) => thread)).toEqual([older.connectionId, younger.connectionId]);
    expect(found[0]).toMatchObject({ user: 'root', host: 'localhost' });
    expect(found[0]?.ageSeconds).toBeGreaterThanOrEqual(2);
    expect(found[0]?.ageSeconds).toBeLessThan(600);
    await older.query('COMMIT');
    // MariaDB shows the same again until nobody has asked for a tenth of a second.
    await expect
      .poll(async () => (await findOpenTransactions(observer, [observer.connectionId])).map(({ thread }) => thread), {
        interval: 300,
        timeout: 20_000,
      })
      .toEqual([younger.connectionId]);
  });

  test('those who are left out are left out', async () => {
    expect(await findOpenTransactions(observer, [older.connectionId, younger.connectionId])).toEqual([]);
  });

  test('the last statement of an idle one is known where the performance schema runs', async () => {
    const [found] = await findOpenTransactions(observer, []);
    const [schema] = await observer.query<{ isOn: number }>('SELECT @@performance_schema AS isOn');
    expect(found?.statement).toBe(Number(schema?.isOn) === 1 ? 'SELECT id FROM items WHERE id = 1' : '');
  });
});
