import { existsSync, statSync } from 'node:fs';
import { chmod, mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeEach, describe, expect, onTestFinished, test } from 'vitest';
import type { AppConfig } from '../../../src/config/config.ts';
import { cachesPhase } from '../../../src/phases/site/caches.ts';
import { type Command, systemExec } from '../../../src/system/exec.ts';
import { temporaryFolder } from '../../support/folder.ts';
import { appConfig, createApplication, describeOnLaravel, isRoot, testAsRoot } from '../../support/laravel.ts';
import { recordedContext } from '../../support/recorded-context.ts';

await describeOnLaravel('caches of a real Laravel application', () => {
  let dir: string;
  let app: AppConfig;

  beforeEach(() => {
    dir = createApplication({ database: 'unused', user: 'nobody', tls: false });
    app = appConfig(dir, undefined);
    onTestFinished(() => rm(dir, { recursive: true, force: true }));
  });

  /** Fills every cache, as root would by hand; then all of it belongs to the owner again. */
  async function fillCaches() {
    for (const args of [['config:cache'], ['route:cache'], ['view:cache']]) {
      const exit = await systemExec.run({ file: 'php', args: ['artisan', ...args], cwd: dir });
      expect(exit.exitCode, exit.stdout).toBe(0);
    }
    await mkdir(join(dir, 'storage/framework/cache/data/aa'), { recursive: true });
    await writeFile(join(dir, 'storage/framework/cache/data/aa/bb'), '9999999999i:1;');
    if (isRoot()) await systemExec.run({ file: 'chown', args: ['-R', 'www-data:www-data', dir] });
  }

  const filled = async () => ({
    config: existsSync(join(dir, 'bootstrap/cache/config.php')),
    routes: existsSync(join(dir, 'bootstrap/cache/routes-v7.php')),
    views: (await readdir(join(dir, 'storage/framework/views'))).length > 0,
    cache: existsSync(join(dir, 'storage/framework/cache/data/aa')),
  });

  test('before: configuration and cache; after: routes and views too', async () => {
    await fillCaches();
    const phase = cachesPhase(app);
    expect(await phase.run({ when: 'before' }, recordedContext())).toBe('config, cache');
    expect(await filled()).toEqual({ config: false, routes: true, views: true, cache: false });
    expect(await phase.run({ when: 'after' }, recordedContext())).toBe('config, cache, route, view');
    expect(await filled()).toEqual({ config: false, routes: false, views: false, cache: false });
  });

  test('all at once with every cache filled, and again with nothing to clear', async () => {
    await fillCaches();
    await cachesPhase(app).run({ when: 'after' }, recordedContext());
    expect(await filled()).toEqual({ config: false, routes: false, views: false, cache: false });
    await cachesPhase(app).run({ when: 'after' }, recordedContext());
  });

  test('a cached configuration is cleared before anything else starts', async () => {
    await fillCaches();
    const log: string[] = [];
    const run = async (command: Command) => {
      const names = command.args.filter((name) => name.endsWith(':clear')).join(' ');
      if (names) log.push(`start ${names}`);
      const exit = await systemExec.run(command);
      if (names) log.push(`end ${names}`);
      return exit;
    };
    await cachesPhase(app).run({ when: 'after' }, recordedContext(undefined, { exec: { ...systemExec, run } }));
    expect(log).toEqual([
      'start config:clear',
      'end config:clear',
      'start cache:clear route:clear view:clear',
      'end cache:clear route:clear view:clear',
    ]);
  });

  testAsRoot('nothing is left that belongs to root', async () => {
    await cachesPhase(app).run({ when: 'after' }, recordedContext());
    const { uid } = statSync(join(dir, 'storage'));
    for (const name of await readdir(join(dir, 'bootstrap/cache'))) {
      expect([name, statSync(join(dir, 'bootstrap/cache', name)).uid]).toEqual([name, uid]);
    }
  });

  testAsRoot('a cache that cannot be cleared: the command and its words', async () => {
    await fillCaches();
    await systemExec.run({ file: 'chown', args: ['-R', 'root', join(dir, 'storage/framework/cache')] });
    await chmod(join(dir, 'storage/framework/cache/data'), 0o755);
    await expect(cachesPhase(app).run({ when: 'before' }, recordedContext())).rejects.toMatchObject({
      message:
        "cannot clear the application's caches: `php artisan cache:clear` exited with 0: Failed to clear cache. Make sure you have the appropriate permissions. (and cleared nothing)",
      exitCode: 2,
      next: 'gateway-migrate doctor',
    });
  });

  test('an application that is broken after the migration: exit code 3', async () => {
    await writeFile(join(dir, 'routes/console.php'), "<?php throw new RuntimeException('broken routes');");
    const failing = cachesPhase(app).run({ when: 'after' }, recordedContext());
    await expect(failing).rejects.toThrow(
      /^cannot clear the application's caches: `php artisan config:clear` exited with/,
    );
    await expect(failing).rejects.toMatchObject({
      exitCode: 3,
      production: 'changed',
      state: 'the database is as the steps before this one say; the application may still use old cached files',
      next: 'gateway-migrate resume',
    });
  });

  test('a command that failed among the others is run once more by itself', async () => {
    const started: string[] = [];
    const run = async (command: Command) => {
      const exit = await systemExec.run(command);
      const names = command.args.filter((name) => name.endsWith(':clear'));
      if (names.length > 0) started.push(names.join(' '));
      return names.length > 1 ? { ...exit, stdout: exit.stdout.replace(/Route cache cleared.*/, 'Failed.') } : exit;
    };
    const context = recordedContext(undefined, { exec: { ...systemExec, run } });
    expect(await cachesPhase(app).run({ when: 'after' }, context)).toBe('config, cache, route, view');
    expect(started).toEqual(['config:clear cache:clear route:clear view:clear', 'route:clear']);
  });
});

describe('caches of another application', () => {
  test('own commands run one after the other in its folder', async () => {
    const dir = temporaryFolder();
    const caches = [
      ['sh', '-c', 'sleep 0.1; echo first >> order'],
      ['sh', '-c', 'echo second >> order'],
    ];
    const phase = cachesPhase(appConfig(dir, undefined, { caches }));
    expect(await phase.run({ when: 'before' }, recordedContext())).toBe('2 commands');
    expect(await readFile(join(dir, 'order'), 'utf8')).toBe('first\nsecond\n');
  });

  test('the first that fails is quoted, and the next is not run', async () => {
    const dir = temporaryFolder();
    const caches = [
      ['sh', '-c', 'echo "cannot flush" >&2; exit 4'],
      ['touch', 'second'],
    ];
    const phase = cachesPhase(appConfig(dir, undefined, { caches }));
    await expect(phase.run({ when: 'after' }, recordedContext())).rejects.toThrow(
      "cannot clear the application's caches: `sh -c 'echo \"cannot flush\" >&2; exit 4'` exited with 4: cannot flush",
    );
    expect(existsSync(join(dir, 'second'))).toBe(false);
  });

  test('none configured is said; a step that was cut off is always run again', async () => {
    const phase = cachesPhase(appConfig('/', undefined, { caches: 'none' }));
    expect(await phase.run({ when: 'before' }, recordedContext())).toBe('no caches configured');
    const without = cachesPhase(appConfig('', undefined, { dir: undefined }));
    expect(await without.run({ when: 'before' }, recordedContext())).toBe('no application configured');
    expect(await phase.probe({ when: 'before' }, recordedContext())).toBe('not-done');
  });
});
