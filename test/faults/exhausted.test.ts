import { afterEach, beforeEach, expect, test } from 'vitest';
import { connect, type Session } from '../../src/mysql/connect.ts';
import { lastOf } from '../e2e/production.ts';
import { describeOnServers } from '../support/servers.ts';
import { createShop, expectEnd, type Shop } from './shop.ts';

describeOnServers('something runs out in the middle of a deploy', (server) => {
  let shop: Shop;
  let before: Record<string, unknown>;
  let root: Session;
  beforeEach(async () => {
    shop = await createShop(server());
    before = await shop.state();
    root = await (await connect(server().target(shop.production.database))).open();
  });
  afterEach(async () => {
    await root?.close();
    shop?.production.remove();
  });

  test('connections: the way back waits until there is one to spare', async () => {
    const [limit] = await root.query<{ most: number }>('SELECT @@max_connections AS most');
    const deploy = shop.start('deploy');
    const thread = await shop.whileRunning(deploy, 'UPDATE slow%');
    await root.query('SET GLOBAL max_connections = 10');
    const taken: Session[] = [];
    const target = { ...server().target(shop.production.database) };
    await server().sql("CREATE USER IF NOT EXISTS 'greedy'@'localhost'; GRANT SELECT ON *.* TO 'greedy'@'localhost'");
    for (let hasRoom = true; hasRoom; ) {
      const session = await connect({ ...target, user: 'greedy' })
        .then((one) => one.open())
        .catch(() => undefined);
      if (session) taken.push(session);
      else hasRoom = false;
    }
    await root.query(`KILL ${thread}`);
    await new Promise((resolve) => setTimeout(resolve, 2_000));
    await Promise.all(taken.map((session) => session.close()));
    expectEnd(await deploy.end, 2, 'unchanged');
    await root.query(`SET GLOBAL max_connections = ${limit?.most}`);
    expect(await shop.state()).toEqual(before);
    expect(shop.isUp).toBe(true);
  });

  test('privileges: what the server refuses is said in its words, and with the grant back resume finishes', async () => {
    const accounts = ['localhost', '127.0.0.1'].map((host) => `'app user'@'${host}'`);
    const name = `\`${shop.production.database.replaceAll('_', '\\_')}\``;
    const deploy = shop.start('deploy');
    const thread = await shop.whileRunning(deploy, 'UPDATE slow%');
    for (const account of accounts) await root.query(`REVOKE DROP ON ${name}.* FROM ${account}`);
    // A connection keeps the privileges that it has begun with: the way back needs a new one.
    await root.query(`KILL ${thread}`);
    const finished = await deploy.end;
    for (const account of accounts) await root.query(`GRANT DROP ON ${name}.* TO ${account}`);
    // The refused statement did nothing, and that is known.
    expectEnd(finished, 3, 'changed');
    const error = lastOf(finished).error as { what: string; next: string };
    expect(error.what).toMatch(/DROP command denied to user 'app user'@'\S+' for table/);
    expect(error.next).toContain('gateway-migrate resume');
    expectEnd(await shop.run('resume'), 2, 'unchanged');
    expect(await shop.state()).toEqual(before);
    expect(shop.isUp).toBe(true);
  });
});
