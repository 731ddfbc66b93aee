import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { connect } from '../../src/mysql/connect.ts';
import { type Finished, lastOf } from '../e2e/production.ts';
import { describeOnServers } from '../support/servers.ts';
import { createShop, expectEnd, FILES, type Running, type Shop } from './shop.ts';

const BROKEN = {
  '20260103000000_third.sql': '-- migrate:up\nINSERT INTO nowhere VALUES (1);\n-- migrate:down\nSELECT 1;\n',
};
const CHECKED = {
  app: {
    dir: 'app',
    maintenance: { enter: ['touch', 'down'], leave: ['rm', '-f', 'down'], check: ['test', '-e', 'down'] },
    caches: 'none',
  },
};

const BACKING_UP = /"type":"step\.started"[^\n]*"id":"backup"/;

/** A deploy during whose backup a person takes the site down. */
async function deployMeanwhile(shop: Shop): Promise<Running> {
  const { server, database } = shop.production;
  const session = await (await connect(server.target(database))).open();
  try {
    await session.query('LOCK TABLES items WRITE');
    const running = shop.start('deploy', '--skip-rehearsal');
    await new Promise<void>((resolve) => {
      let text = '';
      running.child.stdout?.on('data', (chunk: Buffer) => {
        text += chunk.toString();
        if (BACKING_UP.test(text)) resolve();
      });
    });
    writeFileSync(join(shop.production.dir, 'app/down'), 'until noon');
    return running;
  } finally {
    await session.query('UNLOCK TABLES');
    await session.close();
  }
}

function detailOf({ stdout }: Finished, id: string): unknown {
  const events = stdout.split('\n').flatMap((line) => (line.startsWith('{') ? [JSON.parse(line)] : []));
  return events.find((event) => event.type === 'step.finished' && event.id === id)?.detail;
}

const THEIRS = 'somebody else took the site down: it stays down';

describeOnServers('a site that a person takes down while a run is at work', (server) => {
  let shop: Shop;
  afterEach(() => shop?.production.remove());

  test('stays down after the deploy', async () => {
    shop = await createShop(server(), { config: CHECKED });
    const finished = await (await deployMeanwhile(shop)).end;
    expectEnd(finished, 0, 'changed');
    expect(detailOf(finished, 'maintenance-off')).toBe(THEIRS);
    expect(shop.isUp).toBe(false);
  });

  test('stays down after a deploy that fails and takes back what it did', async () => {
    shop = await createShop(server(), { config: CHECKED, files: { ...FILES, ...BROKEN } });
    const finished = await (await deployMeanwhile(shop)).end;
    expectEnd(finished, 2, 'unchanged');
    expect(detailOf(finished, 'maintenance-off-back')).toBe(THEIRS);
    expect(shop.isUp).toBe(false);
  });

  test.each(['resume', 'rollback'])('stays down after a deploy that was killed, and %s', async (way) => {
    shop = await createShop(server(), { config: CHECKED });
    const running = await deployMeanwhile(shop);
    await shop.whileRunning(running, 'UPDATE slow%');
    running.child.kill('SIGKILL');
    await running.end;
    const finished = await shop.run(way);
    expect({ code: finished.code, result: lastOf(finished).result }, finished.stdout).toEqual({
      code: 0,
      result: 'ok',
    });
    expect(shop.isUp).toBe(false);
  });
});
