import { expect, test } from 'vitest';
import { describeBusy, waitForRequests } from '../../src/app/in-flight.ts';
import { connect } from '../../src/mysql/connect.ts';
import { recordedContext } from '../support/recorded-context.ts';
import { describeOnServers } from '../support/servers.ts';

/** InnoDB keeps its list of transactions until nobody has read it for 100 ms: here, what an earlier test read. */
const forgetTransactions = () => new Promise((resolve) => setTimeout(resolve, 130));

describeOnServers('requests under way', (server) => {
  test('idle connections are not waited for', async () => {
    const database = await connect(server().target(await server().createDatabase()));
    const idle = await database.open();
    expect((await waitForRequests(database, 5_000, recordedContext())).busy).toEqual([]);
    await idle.close();
  });

  test('a running statement is waited for until it ends', async () => {
    const database = await connect(server().target(await server().createDatabase()));
    const session = await database.open();
    const statement = session.query('SELECT SLEEP(0.3) AS slept').then(() => 'statement');
    const waiting = waitForRequests(database, 10_000, recordedContext());
    expect(await Promise.race([statement, waiting.then(() => 'waiting')])).toBe('statement');
    expect((await waiting).busy).toEqual([]);
    await session.close();
  });

  test('an open transaction that does nothing is named when patience ends', async () => {
    const database = await connect(server().target(await server().createDatabase()));
    const session = await database.open();
    await session.query('CREATE TABLE counters (n INT) ENGINE=InnoDB');
    await session.query('START TRANSACTION');
    await session.query('INSERT INTO counters VALUES (1)');
    await forgetTransactions();
    const { busy } = await waitForRequests(database, 60, recordedContext());
    expect(busy.map((one) => describeBusy(one).replace(/for \d+ s/, 'for 0 s'))).toEqual([
      `connection ${session.connectionId} of root@localhost, for 0 s: open transaction`,
    ]);
    await session.query('ROLLBACK');
    await forgetTransactions();
    expect((await waitForRequests(database, 60, recordedContext())).busy).toEqual([]);
    await session.close();
  });

  test('an open transaction is waited for until it is committed', async () => {
    const database = await connect(server().target(await server().createDatabase()));
    const session = await database.open();
    await session.query('CREATE TABLE counters (n INT) ENGINE=InnoDB');
    await session.query('START TRANSACTION');
    await session.query('INSERT INTO counters VALUES (1)');
    await forgetTransactions();
    const waiting = waitForRequests(database, 10_000, recordedContext()).then(() => 'waiting');
    const committing = forgetTransactions()
      .then(() => session.query('COMMIT'))
      .then(() => 'commit');
    expect(await Promise.race([waiting, committing])).toBe('commit');
    expect(await waiting).toBe('waiting');
    await session.close();
  });

  test('work in another database is none of ours', async () => {
    const ours = await connect(server().target(await server().createDatabase()));
    const other = await connect(server().target(await server().createDatabase()));
    const session = await other.open();
    const statement = session.query('SELECT SLEEP(0.2) AS slept');
    expect((await waitForRequests(ours, 60, recordedContext())).busy).toEqual([]);
    await statement;
    await session.close();
  });

  test('without the PROCESS privilege the own user’s statements still show', async () => {
    const database = await server().createDatabase();
    await server().sql(
      `CREATE USER 'app_${database}'@'localhost'; GRANT ALL ON ${database}.* TO 'app_${database}'@'localhost'`,
    );
    const limited = await connect({ ...server().target(database), user: `app_${database}` });
    const session = await limited.open();
    const statement = session.query('SELECT SLEEP(0.4) AS slept');
    const { busy } = await waitForRequests(limited, 60, recordedContext());
    expect(busy.map((one) => one.doing)).toEqual(['SELECT SLEEP(0.4) AS slept']);
    await statement;
    await session.close();
  });
});
