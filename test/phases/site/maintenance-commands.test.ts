import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { AppConfig } from '../../../src/config/config.ts';
import { maintenancePhase } from '../../../src/phases/site/maintenance.ts';
import { answerWith } from '../../support/answering.ts';
import { temporaryFolder } from '../../support/folder.ts';
import { appConfig } from '../../support/laravel.ts';
import { recordedContext } from '../../support/recorded-context.ts';

const SHORT = { withinMs: 100, requestMs: 3_000, pauseMs: 10 };
const COMMANDS = { enter: ['touch', 'closed'], leave: ['rm', 'closed'], check: ['test', '-e', 'closed'] };

function appWith(maintenance: AppConfig['maintenance'], health?: AppConfig['health']): AppConfig {
  return appConfig(temporaryFolder(), undefined, { maintenance, health });
}

test('own commands run in the application folder and their check proves them', async () => {
  const app = appWith(COMMANDS);
  const phase = maintenancePhase(app);
  const context = recordedContext();
  expect(await phase.probe({ to: 'on' }, context)).toBe('not-done');
  expect(await phase.run({ to: 'on' }, context)).toBe('in maintenance mode, requests under way not known');
  expect(existsSync(join(app.dir ?? '', 'closed'))).toBe(true);
  expect(await phase.probe({ to: 'on' }, context)).toBe('done');
  expect(await phase.run({ to: 'off' }, context)).toBe('out of maintenance mode');
  expect(await phase.probe({ to: 'off' }, context)).toBe('done');
});

test('a command that exits 0 without effect is not believed', async () => {
  const phase = maintenancePhase(appWith({ ...COMMANDS, enter: ['true'] }));
  await expect(phase.run({ to: 'on' }, recordedContext())).rejects.toThrow(
    'cannot enter maintenance mode: `true` exited with 0, but the site is not in maintenance mode',
  );
});

test('a command that fails is quoted with its own words', async () => {
  const phase = maintenancePhase(appWith({ ...COMMANDS, leave: ['sh', '-c', 'echo no rights >&2; exit 7'] }));
  const context = recordedContext();
  await phase.run({ to: 'on' }, context);
  await expect(phase.run({ to: 'off' }, context)).rejects.toMatchObject({
    message: "cannot leave maintenance mode: `sh -c 'echo no rights >&2; exit 7'` exited with 7: no rights",
    exitCode: 3,
    state: 'the site may be down; the database is as the steps before this one say',
    next: 'gateway-migrate resume',
  });
});

test('a command that complains but did its work is a warning', async () => {
  const phase = maintenancePhase(appWith({ ...COMMANDS, enter: ['sh', '-c', 'touch closed; echo hm >&2; exit 1'] }));
  const context = recordedContext();
  await phase.run({ to: 'on' }, context);
  expect(context.notes()[0]).toBe("`sh -c 'touch closed; echo hm >&2; exit 1'` exited with 1: hm");
});

test('a command that does not exist', async () => {
  const phase = maintenancePhase(appWith({ ...COMMANDS, enter: ['no-such-program'] }));
  await expect(phase.run({ to: 'on' }, recordedContext())).rejects.toThrow(
    /^cannot enter maintenance mode: `no-such-program` could not be started: .*ENOENT/,
  );
});

test('without a check command the health URL is the proof', async () => {
  const site = await answerWith(200);
  const health = { url: site.url, expect: 200, maintenance: 503 };
  const phase = maintenancePhase(appWith({ enter: ['true'], leave: ['true'] }, health), SHORT);
  const context = recordedContext();
  expect(await phase.probe({ to: 'on' }, context)).toBe('not-done');
  await expect(phase.run({ to: 'on' }, context)).rejects.toThrow('but the site is not in maintenance mode');
  site.status = 503;
  expect(await phase.run({ to: 'on' }, context)).toMatch(/^503 after \d+ ms/);
  expect(await phase.probe({ to: 'on' }, context)).toBe('done');
  site.status = 502;
  expect(await phase.probe({ to: 'on' }, context)).toBe('not-done');
});

test('without either, the exit code is all there is, and the line says so', async () => {
  const phase = maintenancePhase(appWith({ enter: ['true'], leave: ['false'] }));
  const context = recordedContext();
  expect(await phase.run({ to: 'on' }, context)).toMatch(/^`true` exited with 0 \(no health URL to prove it\), /);
  await expect(phase.run({ to: 'off' }, context)).rejects.toThrow(
    'cannot leave maintenance mode: `false` exited with 1',
  );
  expect(await phase.probe({ to: 'on' }, context)).toBe('not-done');
});

test('maintenance mode that nobody configured is said, not done', async () => {
  const context = recordedContext();
  const phase = maintenancePhase(appWith('none'));
  expect(await phase.run({ to: 'on' }, context)).toBe('no maintenance mode configured: the site stays as it is');
  expect(await phase.probe({ to: 'on' }, context)).toBe('done');
  const without = maintenancePhase(appConfig('', undefined, { dir: undefined }));
  expect(await without.run({ to: 'on' }, context)).toBe('no application configured');
});

test('Ctrl-C ends a command that hangs', async () => {
  const abort = new AbortController();
  const phase = maintenancePhase(appWith({ ...COMMANDS, enter: ['sleep', '60'] }));
  const running = phase.run({ to: 'on' }, recordedContext(undefined, { signal: abort.signal }));
  setTimeout(() => abort.abort(new Error('interrupted by Ctrl-C')), 50);
  await expect(running).rejects.toThrow('interrupted by Ctrl-C');
});

test.each([
  ['in maintenance mode, requests under way not known', COMMANDS],
  ['the site stays as it is', { ...COMMANDS, enter: ['sh', '-c', 'echo no rights >&2; exit 7'] }],
])('without a folder commands run beside the configuration: %s', async (said, maintenance) => {
  const commandsDir = temporaryFolder();
  const phase = maintenancePhase(appConfig('', undefined, { dir: undefined, commandsDir, maintenance }));
  const context = recordedContext();
  // What has been loaded is not thrown away because a site does not go down.
  expect(await phase.run({ to: 'on', isRescue: true, goesOn: true }, context)).toBe(said);
  expect(existsSync(join(commandsDir, 'closed'))).toBe(maintenance === COMMANDS);
  expect(context.notes().at(maintenance === COMMANDS ? 1 : 0)).toBe(
    maintenance === COMMANDS
      ? undefined
      : "cannot enter maintenance mode: `sh -c 'echo no rights >&2; exit 7'` exited with 7: no rights; the run goes on without",
  );
  expect(await phase.run({ to: 'off', isRescue: true }, context)).toBe('out of maintenance mode');
});
