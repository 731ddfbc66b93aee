import { afterEach, beforeEach, expect, test } from 'vitest';
import { connect, type Server, type Session } from '../../../src/mysql/connect.ts';
import type { LockedTable } from '../../../src/plan/step.ts';
import { waitUntilFree } from '../../../src/statements/locks/free-tables.ts';
import { type RecordedContext, recordedContext } from '../../support/recorded-context.ts';
import { describeOnServers } from '../../support/servers.ts';

const PATIENCE = { lockWaitSeconds: 1, lockRetries: 2 };
const ITEMS: readonly LockedTable[] = [{ table: 'items', against: 'everybody' }];
/** The first may read who holds what, where the server tells; the second has its own database alone, and tries. */
const ACCOUNTS = ['root', 'plain'] as const;

describeOnServers('waiting until tables are free', (server) => {
  let database: string;
  let production: Server;
  let holder: Session;
  let context: RecordedContext;

  beforeEach(async () => {
    database = await server().createDatabase('free');
    await server().sql(
      `CREATE TABLE items (id INT PRIMARY KEY); INSERT INTO items VALUES (1); CREATE TABLE others (id INT PRIMARY KEY);
       CREATE USER IF NOT EXISTS plain@localhost; GRANT ALL ON \`${database}\`.* TO plain@localhost;
       CREATE USER IF NOT EXISTS narrow@localhost; GRANT SELECT ON \`${database}\`.* TO narrow@localhost`,
      database,
    );
    holder = await (await connect(server().target(database))).open();
  });
  afterEach(() => holder.close());

  async function wait(account: string, tables = ITEMS, withinMs = 600) {
    production = await connect({ ...server().target(database), user: account });
    context = recordedContext(production);
    return waitUntilFree(tables, { id: 'locks', withinMs, patience: PATIENCE, again: 'deploy' }, context);
  }

  async function hold(sql = 'SELECT * FROM items'): Promise<void> {
    await holder.query('START TRANSACTION');
    await holder.query(sql);
  }

  test.each(ACCOUNTS)('%s: nobody has used it, or another table', async (account) => {
    expect(await wait(account)).toBe('1 table free');
    await hold('SELECT * FROM others');
    expect(await wait(account)).toBe('1 table free');
    expect(await wait(account, [])).toBe('no table is locked');
  });

  test.each(ACCOUNTS)('%s: one that stays is given up, with nothing held and nothing changed', async (account) => {
    await hold();
    const waiting = wait(account);
    await expect(waiting).rejects.toThrow(/^items: not free of old transactions after \d+ ms/);
    await expect(waiting).rejects.toMatchObject({
      exitCode: 2,
      state: 'production is as it was before',
      next: 'end the transactions named above (KILL <thread>), then: gateway-migrate deploy',
    });
    if (account === 'root') {
      const who = new RegExp(`; in the way: thread ${holder.connectionId}, root@localhost, open for \\d+ s: `);
      await expect(waiting).rejects.toThrow(who);
      const said = 'items: not free yet, waiting while the site is up; in the way: thread ';
      expect(context.notes().filter((note) => note.startsWith(`${said}${holder.connectionId},`))).toHaveLength(1);
    }
    await holder.query('INSERT INTO items VALUES (2)');
  });

  test.each(ACCOUNTS)('%s: one that ends', async (account) => {
    await hold();
    const waiting = wait(account, ITEMS, 60_000);
    await new Promise((resolve) => setTimeout(resolve, 300));
    await holder.query('COMMIT');
    expect(await waiting).toMatch(/^1 table free after \d+ ms$/);
  });

  test.each(ACCOUNTS)('%s: LOCK TABLES of somebody else counts too', async (account) => {
    await holder.query('LOCK TABLES items READ');
    await expect(wait(account)).rejects.toThrow(/^items: not free of old transactions after /);
    await holder.query('UNLOCK TABLES');
    expect(await wait(account)).toBe('1 table free');
  });

  test.each(ACCOUNTS)('%s: only who has written is in the way of some statements', async (account) => {
    // MySQL's definitions wait for everybody: there it is never asked.
    if (server().kind === 'mysql') return;
    const against = [{ table: 'items', against: 'writers' }] as const;
    await hold();
    expect(await wait(account, against)).toBe('1 table free');
    await holder.query('UPDATE items SET id = 3');
    await expect(wait(account, against)).rejects.toThrow(/^items: not free of old transactions after /);
  });

  test.each(ACCOUNTS)('%s: transactions that come and go are not waited for', async (account) => {
    let isOver = false;
    const others = await Promise.all([1, 2].map(async () => (await connect(server().target(database))).open()));
    const traffic = others.map(async (session, index) => {
      while (!isOver) {
        await session.query('START TRANSACTION');
        await session.query('SELECT * FROM items');
        await new Promise((resolve) => setTimeout(resolve, 60 + index * 17));
        await session.query('COMMIT');
      }
    });
    expect(await wait(account, ITEMS, 60_000)).toMatch(/^1 table free/);
    isOver = true;
    await Promise.all(traffic);
    await Promise.all(others.map((session) => session.close()));
  });

  test('an account that may not even try says so, and the run goes on', async () => {
    await hold();
    expect(await wait('narrow')).toBe('could not be asked');
    expect(context.notes().join()).toMatch(
      /^cannot ask whether the tables are free: Access denied .*; the statements wait for them themselves$/,
    );
  });
});
