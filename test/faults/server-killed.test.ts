import { afterEach, beforeEach, expect, test } from 'vitest';
import { describeOnServers } from '../support/servers.ts';
import { createShop, expectEnd, IS_THOROUGH, type Shop, takeTurns } from './shop.ts';

const POINTS = [
  { during: 'a DDL that copies the table', statement: 'ALTER TABLE items ADD%', state: '%copy%' },
  { during: 'DML', statement: 'UPDATE slow%', state: '%' },
] as const;

describeOnServers(
  'the server killed in the middle of a deploy, and started again',
  (server) => {
    let shop: Shop | undefined;
    beforeEach((context) => takeTurns(context, server()));
    afterEach(() => shop?.production.remove());

    test.each(POINTS)('during $during: the run goes back by itself', async ({ statement, state }) => {
      shop = await createShop(server(), { items: 60_000 });
      const before = await shop.state();
      const deploy = shop.start('deploy');
      await shop.whileRunning(deploy, statement, state);
      await server().kill();
      await new Promise((resolve) => setTimeout(resolve, 1_500));
      await server().start();
      expectEnd(await deploy.end, 2, 'unchanged');
      expect(await shop.state()).toEqual(before);
      expect(shop.isUp).toBe(true);

      if (!IS_THOROUGH) return;
      expectEnd(await shop.run('deploy'), 0, 'changed');
      const after = await shop.state();
      expect(after['rows counters']).toEqual([1, 11, 21, 31].map((n, index) => ({ id: index + 1, n })));
      expect(after['rows slow']).toEqual([{ id: 1, n: 1 }]);
    });
  },
  { durable: true },
);
