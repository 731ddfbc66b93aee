import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { lastOf } from '../e2e/production.ts';
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

    test('with the tool, as in a power cut: nobody says that nothing happened, and resume finishes', async () => {
      shop = await createShop(server());
      const deploy = shop.start('deploy');
      await shop.whileRunning(deploy, 'UPDATE slow%');
      deploy.child.kill('SIGKILL');
      await server().kill();
      await deploy.end;
      const { database } = shop.production;
      const folder = join(shop.production.dir, '.gateway-migrate/runs');
      const [run] = readdirSync(folder);
      for (const command of ['status', 'deploy', 'resume', 'verify']) {
        const { exitCode, production, error } = lastOf(await shop.run(command));
        const { what, ...rest } = error as { what: string };
        expect(what.split(': connect ')[0]).toBe(`cannot connect to ${database} on ${server().socket} as app user`);
        expect({ exitCode, production, ...rest }, command).toEqual({
          exitCode: 4,
          production: 'unknown',
          state: `run ${run} (deploy) has not ended: what it has done, only the database knows`,
          next: 'mend that, then: gateway-migrate resume (or gateway-migrate rollback)',
        });
      }
      await server().start();
      expectEnd(await shop.run('resume'), 0, 'changed');
      const after = await shop.state();
      expect(after['rows counters']).toEqual([1, 11, 21, 31].map((n, index) => ({ id: index + 1, n })));
      expect(after['rows slow']).toEqual([{ id: 1, n: 1 }]);
      expect(shop.isUp).toBe(true);
    });
  },
  { durable: true },
);
