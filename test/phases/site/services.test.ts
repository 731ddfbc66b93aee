import { existsSync } from 'node:fs';
import { chmod, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { servicesPhase } from '../../../src/phases/site/services.ts';
import { temporaryFolder } from '../../support/folder.ts';
import { appConfig } from '../../support/laravel.ts';
import { recordedContext } from '../../support/recorded-context.ts';

/** Init script of services that are files: `web` runs when the file `web` is there. `$1` is the action. */
const INIT = `#!/bin/sh
cd "$(dirname "$0")"
case "$2:$1" in
  broken:start | denied:*) [ "$1" = status ] && [ ! -e "$2" ] && exit 3; exit 0 ;;
  refusing:st[ao]*[pt]) echo "configuration test failed" >&2; exit 1 ;;
  slow:start) (sleep 0.3; touch slow) & ;;
  *:start) touch "$2" ;;
  *:stop) rm -f "$2" ;;
  *:status) [ -e "$2" ] || exit 3 ;;
esac
`;

async function fakeServices(running: readonly string[] = []) {
  const dir = temporaryFolder();
  const script = join(dir, 'init');
  await writeFile(script, INIT);
  await chmod(script, 0o755);
  for (const name of running) await writeFile(join(dir, name), '');
  const app = appConfig(dir, undefined, { serviceCommand: [script, '{action}', '{service}'] });
  return { dir, script, phase: servicesPhase(app) };
}

test('stops and starts, and probes by status', async () => {
  const { dir, phase } = await fakeServices(['php', 'web']);
  const context = recordedContext();
  const stop = { action: 'stop', services: ['php', 'web'] } as const;
  expect(await phase.probe(stop, context)).toBe('not-done');
  expect(await phase.run(stop, context)).toBe('stopped php, web');
  expect(['php', 'web'].map((name) => existsSync(join(dir, name)))).toEqual([false, false]);
  expect(await phase.probe(stop, context)).toBe('done');
  const start = { action: 'start', services: ['php', 'web'] } as const;
  expect(await phase.probe(start, context)).toBe('not-done');
  expect(await phase.run(start, context)).toBe('started php, web');
  expect(await phase.probe(start, context)).toBe('done');
});

test('half stopped is not done', async () => {
  const { phase } = await fakeServices(['php']);
  expect(await phase.probe({ action: 'stop', services: ['php', 'web'] }, recordedContext())).toBe('not-done');
});

test('waits for a service that takes its time', async () => {
  const { phase } = await fakeServices();
  expect(await phase.run({ action: 'start', services: ['slow'] }, recordedContext())).toBe('started slow');
});

test('start exits 0 and nothing runs: status decides', async () => {
  const { phase, script } = await fakeServices();
  await expect(phase.run({ action: 'start', services: ['broken'] }, hasty())).rejects.toMatchObject({
    message: `cannot start broken: \`${script} start broken\` exited with 0; \`${script} status broken\` says that it is not running`,
    exitCode: 3,
    production: 'unknown',
    state: 'the database is as the steps before this one say; services may be stopped',
    next: 'gateway-migrate resume',
  });
});

test('stop is denied by a policy but exits 0', async () => {
  const { phase, script } = await fakeServices(['denied']);
  await expect(phase.run({ action: 'stop', services: ['denied'] }, hasty())).rejects.toThrow(
    `cannot stop denied: \`${script} stop denied\` exited with 0; \`${script} status denied\` says that it is still running`,
  );
});

test('one that cannot be stopped is told where the run goes on', async () => {
  const { phase, script } = await fakeServices(['denied', 'web']);
  const context = hasty();
  const stop = { action: 'stop', services: ['denied', 'web'], goesOn: true } as const;
  expect(await phase.run(stop, context)).toBe('stopped web');
  expect(context.notes()).toEqual([
    `cannot stop denied: \`${script} stop denied\` exited with 0; \`${script} status denied\` says that it is still running; the run goes on without`,
  ]);
});

test('a start that fails is quoted', async () => {
  const { phase, script } = await fakeServices();
  await expect(phase.run({ action: 'start', services: ['refusing'] }, recordedContext())).rejects.toThrow(
    `cannot start refusing: \`${script} start refusing\` exited with 1: configuration test failed; \`${script} status refusing\` says that it is not running`,
  );
});

test('a service manager that is not there', async () => {
  const app = appConfig(temporaryFolder(), undefined, { serviceCommand: ['no-such-manager', '{action}', '{service}'] });
  const failing = servicesPhase(app).probe({ action: 'stop', services: ['web'] }, recordedContext());
  await expect(failing).rejects.toThrow(
    /^cannot ask for the state of web: `no-such-manager status web` could not be started/,
  );
});

test('no services is said', async () => {
  const { phase } = await fakeServices();
  expect(await phase.run({ action: 'stop', services: [] }, recordedContext())).toBe('no services configured');
  expect(await phase.probe({ action: 'stop', services: [] }, recordedContext())).toBe('done');
});

/** A clock that runs ahead whenever somebody sleeps, so that patience ends at once. */
function hasty() {
  let aheadMs = 0;
  const context = recordedContext();
  const ticksMs = () => context.clock.ticksMs() + aheadMs;
  const sleep = async (ms: number) => {
    aheadMs += ms;
  };
  return { ...context, clock: { ...context.clock, ticksMs, sleep } };
}
