import { afterEach, beforeEach, expect, test } from 'vitest';
import { connect, type Session } from '../../src/mysql/connect.ts';
import { lastOf } from '../e2e/production.ts';
import { describeOnServers } from '../support/servers.ts';
import { createShop, expectEnd, type Shop, takeTurns } from './shop.ts';

describeOnServers('an old transaction on a table that a deploy alters', (server) => {
  let shop: Shop;
  let before: Record<string, unknown>;
  let reader: Session | undefined;
  beforeEach(async (context) => {
    takeTurns(context, server());
    shop = await createShop(server(), {
      config: { migrations: { laravelTable: null, lockWaitSeconds: 1, lockRetries: 2 } },
    });
    before = await shop.state();
    reader = await (await connect(server().target(shop.production.database))).open();
    await reader.query('START TRANSACTION');
    await reader.query('SELECT id FROM items');
  });
  afterEach(async () => {
    await reader?.close();
    reader = undefined;
    shop?.production.remove();
  });

  test('it is named, and the run goes back', async () => {
    const finished = await shop.run('deploy');
    expectEnd(finished, 2, 'unchanged');
    const error = lastOf(finished).error as { what: string; next: string };
    expect(error.what).toContain(
      `no lock after 3 tries; in the way: thread ${reader?.connectionId}, root@localhost, open for `,
    );
    expect(error.next).toBe('end the transactions named above (KILL <thread>), then: gateway-migrate deploy');
    expect(await shop.state()).toEqual(before);
    expect(shop.isUp).toBe(true);
  });

  test('it ends in time, and the run goes on', async () => {
    const deploy = shop.start('deploy');
    await new Promise<void>((resolve) => {
      deploy.child.stdout?.on('data', (text: string) => text.includes('trying again') && resolve());
    });
    await reader?.query('COMMIT');
    expectEnd(await deploy.end, 0, 'changed');
  });
});
