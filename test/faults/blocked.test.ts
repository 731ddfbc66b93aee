import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { connect, type Session } from '../../src/mysql/connect.ts';
import { type Finished, jsonLines, lastOf } from '../e2e/production.ts';
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

  /** Ids of the steps that were begun, in order. */
  const begun = (finished: Finished) =>
    jsonLines(finished).flatMap((event) => (event.type === 'step.started' ? [String(event.id)] : []));

  test('it is named, and the site never goes down', async () => {
    const finished = await shop.run('deploy');
    expectEnd(finished, 2, 'unchanged');
    const error = lastOf(finished).error as { what: string; next: string };
    expect(error.what).toMatch(
      /^Wait for old transactions: items: not free of old transactions after \d+ ms; in the way: /,
    );
    expect(error.what).toContain(`; in the way: thread ${reader?.connectionId}, root@localhost, open for `);
    expect(error.next).toBe('end the transactions named above (KILL <thread>), then: gateway-migrate deploy');
    expect(begun(finished).at(-1)).toBe('locks');
    expect(await shop.state()).toEqual(before);
    expect(shop.isUp).toBe(true);
  });

  test('it ends in time, and only then the site goes down', async () => {
    const deploy = shop.start('deploy');
    await new Promise<void>((resolve) => {
      deploy.child.stdout?.on('data', (text: string) => text.includes('waiting while the site is up') && resolve());
    });
    expect(shop.isUp).toBe(true);
    await reader?.query('COMMIT');
    const finished = await deploy.end;
    expectEnd(finished, 0, 'changed');
    expect(begun(finished).slice(-6).join(' ')).toContain('locks maintenance-on migrate');
  });

  test('it comes when the site is down already: the run goes back, and the site comes up', async () => {
    await reader?.query('COMMIT');
    const { dir } = shop.production;
    const enter = ['sh', '-c', 'touch entering; while [ ! -e go ]; do sleep 0.05; done; touch down'];
    shop.production.configure({
      app: { dir: 'app', maintenance: { enter, leave: ['rm', '-f', 'down'] }, caches: 'none' },
    });
    const deploy = shop.start('deploy');
    await expect.poll(() => existsSync(join(dir, 'app/entering')), { timeout: 60_000 }).toBe(true);
    await reader?.query('START TRANSACTION');
    await reader?.query('SELECT id FROM items');
    writeFileSync(join(dir, 'app/go'), '');
    const finished = await deploy.end;
    expectEnd(finished, 2, 'unchanged');
    const error = lastOf(finished).error as { what: string };
    expect(error.what).toMatch(/^Apply 2 migrations: items: not free of old transactions after \d+ ms; in the way: /);
    expect(await shop.state()).toEqual(before);
    expect(shop.isUp).toBe(true);
  });
});
