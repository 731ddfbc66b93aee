import { existsSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { jsonLines, lastOf } from '../e2e/production.ts';
import { describeOnServers, type TestServer } from '../support/servers.ts';
import { createShop, expectEnd, type Shop, takeTurns } from './shop.ts';

const FILES = {
  '20260101000000_first.sql':
    '-- migrate:up\nCREATE TABLE notes (id INT PRIMARY KEY);\n-- migrate:down\nDROP TABLE notes;\n',
};
const BROKEN = { '20260102000000_second.sql': '-- migrate:up\nINSERT INTO nowhere VALUES (1);\n' };
/** Each notes that it was begun, and does not end as long as there is a file `hold`. */
const slowly = (name: string, work: string) => [
  ...['sh', '-c', `echo ${name} >> told; ${work}; touch ${name}; while [ -e hold-${name} ]; do sleep 0.05; done`],
];

async function createWorkedShop(server: TestServer, files: Readonly<Record<string, string>>): Promise<Shop> {
  return createShop(server, {
    files,
    config: {
      app: {
        dir: 'app',
        maintenance: { enter: ['touch', 'down'], leave: ['rm', '-f', 'down'], check: ['test', '-e', 'down'] },
        workers: {
          pause: slowly('pausing', 'touch paused'),
          resume: slowly('resuming', 'rm -f paused'),
          idle: ['test', '-e', 'paused'],
        },
        caches: 'none',
      },
    },
  });
}

describeOnServers('workers', (server) => {
  let shop: Shop;
  afterEach(() => shop?.production.remove());

  const inApp = (name: string) => join(shop.production.dir, 'app', name);
  const arePaused = () => existsSync(inApp('paused'));

  test('are paused before the site goes down, and go on once it is up', async (context) => {
    takeTurns(context, server());
    shop = await createWorkedShop(server(), FILES);
    const deployed = await shop.run('deploy', '--skip-backup');
    expectEnd(deployed, 0, 'changed');
    const steps = jsonLines(deployed).flatMap(({ type, id }) => (type === 'step.finished' ? [id] : []));
    expect(steps.filter((id) => id !== 'preflight')).toEqual([
      ...['workers-pause', 'maintenance-on', 'migrate', 'verify', 'maintenance-off', 'workers-resume'],
    ]);
    expect(arePaused()).toBe(false);
    expectEnd(await shop.run('rollback'), 0, 'changed');
    expect([arePaused(), shop.isUp]).toEqual([false, true]);
  });

  test('go on after a deploy that fails and takes back what it did', async (context) => {
    takeTurns(context, server());
    shop = await createWorkedShop(server(), { ...FILES, ...BROKEN });
    expectEnd(await shop.run('deploy', '--skip-backup'), 2, 'unchanged');
    expect([existsSync(inApp('pausing')), arePaused(), shop.isUp]).toEqual([true, false, true]);
  });

  test('that do not get idle stop the deploy before the site goes down', async (context) => {
    takeTurns(context, server());
    shop = await createWorkedShop(server(), FILES);
    const workers = { pause: ['touch', 'paused'], resume: ['rm', '-f', 'paused'], idle: ['no-such-program'] };
    const maintenance = { enter: ['touch', 'down', 'was-down'], leave: ['rm', '-f', 'down'] };
    shop.production.configure({ app: { dir: 'app', maintenance, workers, caches: 'none' } });
    const refused = await shop.run('deploy', '--skip-backup');
    expectEnd(refused, 2, 'unchanged');
    expect([arePaused(), existsSync(inApp('was-down'))]).toEqual([false, false]);
  });

  test.for([
    { at: 'pausing', way: 'resume' },
    { at: 'pausing', way: 'rollback' },
    { at: 'pausing', way: 'rollback --no-maintenance' },
    { at: 'resuming', way: 'resume' },
    { at: 'resuming', way: 'rollback' },
  ])('killed while $at, then $way', async ({ at, way }, context) => {
    takeTurns(context, server());
    shop = await createWorkedShop(server(), FILES);
    writeFileSync(inApp(`hold-${at}`), '');
    const running = shop.start('deploy', '--skip-backup');
    await expect.poll(() => existsSync(inApp(at)), { timeout: 100_000 }).toBe(true);
    running.child.kill('SIGKILL');
    await running.end;
    rmSync(inApp(`hold-${at}`));
    const ended = await shop.run(...way.split(' '));
    expect({ code: ended.code, result: lastOf(ended).result }, ended.stdout).toEqual({ code: 0, result: 'ok' });
    expect([arePaused(), shop.isUp]).toEqual([false, true]);
    expect((await shop.production.objects()).includes('base table notes')).toBe(way === 'resume');
  });
});
