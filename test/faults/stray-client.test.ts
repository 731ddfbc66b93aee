import { afterEach, beforeEach, expect, test } from 'vitest';
import { connect, type Session } from '../../src/mysql/connect.ts';
import { describeOnServers } from '../support/servers.ts';
import { createShop, type Shop, takeTurns } from './shop.ts';

const NEIGHBOUR = 'stray_neighbour';
/** What of the killed run is stuck on the server, behind which lock. */
const CASES = [
  ['the client that loads in place', ['--in-place'], '%CREATE%VIEW%', `LOCK TABLES ${NEIGHBOUR}.parents WRITE`],
  ['the client that makes views', [], '%CREATE%VIEW%', `LOCK TABLES ${NEIGHBOUR}.parents WRITE`],
  // With a window the restore waits for the transaction before it takes the site down.
  ['the exchange of the tables', ['--no-maintenance'], 'RENAME TABLE%', 'BEGIN; SELECT COUNT(*) FROM counters'],
] as const;

/** Everything that a run of ours has open on the server. */
const OURS = "SELECT ID AS id, INFO AS info FROM information_schema.PROCESSLIST WHERE USER = 'app user'";

describeOnServers('a restore that was killed while the server still works for it', (server) => {
  let shop: Shop;
  let root: Session;
  beforeEach(async (context) => {
    takeTurns(context, server());
    shop = await createShop(server(), { config: { migrations: { laravelTable: null, lockWaitSeconds: 30 } } });
    root = await (await connect(server().target(shop.production.database))).open();
    await shop.production.sql(
      `DROP TRIGGER takes_a_while; CREATE DATABASE IF NOT EXISTS ${NEIGHBOUR}; CREATE TABLE IF NOT EXISTS ${NEIGHBOUR}.parents (id INT PRIMARY KEY);
       GRANT ALL ON ${NEIGHBOUR}.* TO 'app user'@localhost;
       CREATE DEFINER = 'app user'@localhost VIEW names AS SELECT id FROM ${NEIGHBOUR}.parents;
       CREATE DEFINER = 'app user'@localhost PROCEDURE later() SELECT 1`,
    );
  });
  afterEach(async () => {
    await root?.close();
    shop?.production.remove();
  });

  async function killStuck(args: readonly string[], statement: string, lock: string): Promise<void> {
    expect((await shop.run('backup', 'create')).code).toBe(0);
    await shop.production.sql('DROP VIEW names; DROP PROCEDURE later; UPDATE counters SET n = -1');
    for (const sql of lock.split('; ')) await root.query(sql);
    const running = shop.start('restore', ...args, '--no-services');
    await shop.whileRunning(running, statement, 'Waiting for table metadata lock');
    running.child.kill('SIGKILL');
    await running.end;
    expect(await root.query(OURS), 'the server still works for it').not.toEqual([]);
  }

  async function start(command: string) {
    const stuck = (await root.query(OURS)).map(({ id }) => id);
    const running = shop.start(command);
    const isAlive = async () => (await root.query(OURS)).some(({ id }) => stuck.includes(id));
    while ((await isAlive()) && running.child.exitCode === null)
      await new Promise((resolve) => setTimeout(resolve, 20));
    expect(await isAlive(), `${command} has ended it, before it could get its lock`).toBe(false);
    return running;
  }

  test.each(CASES)('%s: rollback ends it, and nothing comes later', async (_, args, statement, lock) => {
    await killStuck(args, statement, lock);
    const running = await start('rollback');
    // The lock on a table of production stands in the way of the rollback too.
    if (!lock.includes(NEIGHBOUR)) await giveWay();
    const ended = await running.end;
    expect(ended.code, ended.stdout + ended.stderr).toBe(0);
    const back = await shop.state();
    expect(back).toMatchObject({ 'rows counters': [1, 2, 3, 4].map((id) => ({ id, n: -1 })) });
    expect(back.names).not.toContain('view names');
    await giveWay();
    let left = await root.query(OURS);
    while (left.length > 0) left = await root.query(OURS);
    expect(await shop.state()).toEqual(back);
  });

  test.each(CASES)('%s: resume ends it before it does the same', async (_, args, statement, lock) => {
    await killStuck(args, statement, lock);
    const running = await start('resume');
    await giveWay();
    const ended = await running.end;
    expect(ended.code, ended.stdout + ended.stderr).toBe(0);
    const state = await shop.state();
    expect(state).toMatchObject({ 'rows counters': [0, 10, 20, 30].map((n, index) => ({ id: index + 1, n })) });
    expect(state.names).toEqual(expect.arrayContaining(['view names', 'procedure later']));
  });

  async function giveWay(): Promise<void> {
    await root.query('UNLOCK TABLES');
    await root.query('COMMIT');
  }
});
