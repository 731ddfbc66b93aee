import { existsSync } from 'node:fs';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { AppConfig } from '../../../src/config/config.ts';
import { workersPhase } from '../../../src/phases/site/workers.ts';
import { type Command, systemExec } from '../../../src/system/exec.ts';
import { temporaryFolder } from '../../support/folder.ts';
import { appConfig, createApplication, describeOnLaravel } from '../../support/laravel.ts';
import { recordedContext } from '../../support/recorded-context.ts';

const COMMANDS = { pause: ['touch', 'paused'], resume: ['rm', '-f', 'paused'], idle: ['test', '-e', 'idle'] };
const PAUSE = { to: 'paused' } as const;
const GO_ON = { to: 'running' } as const;

function appWith(workers: NonNullable<AppConfig['workers']>): AppConfig & { readonly dir: string } {
  const dir = temporaryFolder();
  return { ...appConfig(dir, undefined, { workers }), dir };
}

test('paused, waited for until the last job has ended, and started again', async () => {
  const app = appWith(COMMANDS);
  const context = recordedContext();
  const pausing = workersPhase(app).run(PAUSE, context);
  await expect.poll(() => context.events.some(({ type }) => type === 'progress')).toBe(true);
  await writeFile(join(app.dir, 'idle'), '');
  expect(await pausing).toMatch(/^idle after \d+ ms$/);
  expect(existsSync(join(app.dir, 'paused'))).toBe(true);
  expect(await workersPhase(app).run(GO_ON, context)).toBe('told to go on');
  expect(existsSync(join(app.dir, 'paused'))).toBe(false);
  expect(await workersPhase(app).probe(GO_ON, context)).toBe('not-done');
});

test('without a question there is nothing to wait for; without workers nothing to do', async () => {
  const { idle: _, ...unasked } = COMMANDS;
  expect(await workersPhase(appWith(unasked)).run(PAUSE, recordedContext())).toBe('told to pause');
  expect(await workersPhase(appWith('none')).run(PAUSE, recordedContext())).toBe('no workers configured');
});

test('a job that does not end: nothing has begun', async () => {
  const failing = workersPhase(appWith(COMMANDS), 0).run(PAUSE, recordedContext());
  await expect(failing).rejects.toThrow(
    /^cannot pause the workers: not idle after \d+ ms: `test -e idle` exited with 1$/,
  );
  await expect(failing).rejects.toMatchObject({ exitCode: 2, next: 'gateway-migrate doctor' });
});

const BROKEN = ['sh', '-c', 'echo gone >&2; exit 3'];
const WORDS = "`sh -c 'echo gone >&2; exit 3'` exited with 3: gone";

test.each([
  { to: 'paused', isRescue: false, told: 'cannot pause the workers: ', exitCode: 2 },
  { to: 'running', isRescue: false, told: 'cannot start the workers again: ', exitCode: 3 },
  { to: 'running', isRescue: true, told: 'cannot start the workers again: ', exitCode: 3 },
] as const)('a command that fails: $to, on a way back: $isRescue', async ({ told, exitCode, ...input }) => {
  const phase = workersPhase(appWith({ pause: BROKEN, resume: BROKEN }));
  await expect(phase.run(input, recordedContext())).rejects.toMatchObject({ message: told + WORDS, exitCode });
});

test('what cannot be started again says so', async () => {
  const failing = workersPhase(appWith({ ...COMMANDS, resume: BROKEN })).run(GO_ON, recordedContext());
  await expect(failing).rejects.toMatchObject({
    state: 'the workers may still be paused; the site and the database are as the steps before this one say',
    next: 'gateway-migrate resume',
  });
});

test('on a way back nobody waits for what cannot be paused', async () => {
  const context = recordedContext();
  const phase = workersPhase(appWith({ ...COMMANDS, pause: BROKEN }));
  expect(await phase.run({ ...PAUSE, isRescue: true }, context)).toBe('left as they are');
  expect(context.notes()).toEqual([`cannot pause the workers: ${WORDS}; the run goes on without`]);
});

await describeOnLaravel('the workers of a real Laravel application', () => {
  test('are told to begin anew, and Horizon is paused where it is installed', async () => {
    const dir = createApplication({ database: 'unused', user: 'nobody', tls: false });
    try {
      const app = appConfig(dir, undefined, { workers: 'laravel' });
      expect(await workersPhase(app).run(PAUSE, recordedContext())).toBe('told to pause');
      expect(await workersPhase(app).run(GO_ON, recordedContext())).toBe('told to go on');
      const told: string[] = [];
      const run = async (command: Command) => {
        const name = command.args.find((one) => one.startsWith('horizon:'));
        if (name === undefined) return systemExec.run(command);
        told.push(name);
        return { exitCode: 0, signal: undefined, failedToStart: false, stdout: '', stderr: '' } as never;
      };
      await mkdir(join(dir, 'vendor/laravel/horizon'), { recursive: true });
      const context = recordedContext(undefined, { exec: { ...systemExec, run } });
      for (const input of [PAUSE, GO_ON]) await workersPhase(app).run(input, context);
      expect(told).toEqual(['horizon:pause', 'horizon:continue']);
      await writeFile(join(dir, 'routes/console.php'), "<?php throw new RuntimeException('broken');");
      await expect(workersPhase(app).run(PAUSE, recordedContext())).rejects.toThrow(
        /^cannot pause the workers: `php artisan /,
      );
      expect(await workersPhase(app).run({ ...GO_ON, isRescue: true }, recordedContext())).toBe('left as they are');
    } finally {
      await rm(dir, { recursive: true, force: true });
    }
  });
});
