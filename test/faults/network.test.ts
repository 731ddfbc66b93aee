import { afterEach, beforeEach, expect, test } from 'vitest';
import { describeOnServers } from '../support/servers.ts';
import { type Network, startNetwork } from './network.ts';
import { createShop, expectEnd, IS_THOROUGH, type Shop, takeTurns } from './shop.ts';

describeOnServers('the network fails in the middle of a deploy', (server) => {
  let network: Network | undefined;
  let shop: Shop;
  let before: Record<string, unknown>;
  beforeEach(async (context) => {
    takeTurns(context, server());
    network = await startNetwork(server().port);
    shop = await createShop(server(), { port: network.port });
    before = await shop.state();
  });
  afterEach(async () => {
    shop?.production.remove();
    await network?.close();
    network = undefined;
  });

  test('every connection is cut: the run goes back over new ones', async () => {
    const deploy = shop.start('deploy');
    await shop.whileRunning(deploy, 'UPDATE slow%');
    network?.cut();
    expectEnd(await deploy.end, 2, 'unchanged');
    expect(await shop.state()).toEqual(before);
    expect(shop.isUp).toBe(true);
  });

  test('every open connection swallows what is sent: that is noticed, and the run goes back', async () => {
    const deploy = shop.start('deploy');
    await shop.whileRunning(deploy, 'UPDATE slow%');
    network?.stall('open');
    expectEnd(await deploy.end, 2, 'unchanged');
    expect(await shop.state()).toEqual(before);
    expect(shop.isUp).toBe(true);
  });

  test('nothing comes through any more: the run ends by itself, and resume takes it on', async (context) => {
    context.skip(!IS_THOROUGH, 'a network that stays stalled takes a minute to be given up: with CI=true only');
    const deploy = shop.start('deploy');
    await shop.whileRunning(deploy, 'UPDATE slow%');
    network?.stall('all');
    const ended = await deploy.end;
    expectEnd(ended, 4, 'unknown');
    expect(ended.stdout).toContain('gateway-migrate resume');
    network?.heal();
    expectEnd(await shop.run('resume'), 2, 'unchanged');
    expect(await shop.state()).toEqual(before);
    expect(shop.isUp).toBe(true);
  }, 180_000);
});
