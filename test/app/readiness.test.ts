import { chmod, mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { checkApp } from '../../src/app/readiness.ts';
import type { AppConfig } from '../../src/config/config.ts';
import { type Command, systemExec } from '../../src/system/exec.ts';
import { answerWith } from '../support/answering.ts';
import { temporaryFolder } from '../support/folder.ts';
import { appConfig, createApplication, describeOnLaravel, isRoot, testAsRoot } from '../support/laravel.ts';
import { recordedContext } from '../support/recorded-context.ts';

/** `name: detail` of every check, with a mark in front; remedies of those that found something below them. */
async function linesOf(app: AppConfig, context = recordedContext()): Promise<string[]> {
  const checks = await checkApp(app, context);
  return checks.map(({ name, ok, level, detail, remedy }) => {
    const mark = ok ? 'ok' : level;
    const text = `${mark} ${name}: ${detail}${remedy ? ` → ${remedy}` : ''}`;
    return text.replace(/ in \d+ ms/, ' in N ms').replaceAll(app.dir ?? 'APP', 'APP');
  });
}

await describeOnLaravel('a real Laravel application', () => {
  function application(): string {
    const dir = createApplication({ database: 'unused', user: 'nobody', tls: false });
    onTestFinished(() => rm(dir, { recursive: true, force: true }));
    return dir;
  }
  const account = isRoot() ? 'www-data' : process.env.USER;

  test('everything in order', async () => {
    const site = await answerWith(200);
    const lines = await linesOf(appConfig(application(), site.url));
    expect(lines).toEqual([
      'ok application folder: APP',
      expect.stringMatching(/^ok artisan: Laravel Framework \d+\.[\d.]+, as /),
      `ok writable folders: storage and bootstrap/cache, as ${account}`,
      `ok health URL: ${site.url} answers 200 in N ms`,
    ]);
  });

  testAsRoot('files that root left behind are named, with the command that repairs them', async () => {
    const dir = application();
    await writeFile(join(dir, 'storage/logs/laravel.log'), '');
    await systemExec.run({ file: 'chown', args: ['root', join(dir, 'storage/framework/views')] });
    expect(await linesOf(appConfig(dir, undefined))).toContain(
      'error writable folders: www-data may not write to storage/framework/views, storage/logs/laravel.log → chown -R 33:33 APP/storage/framework/views APP/storage/logs/laravel.log',
    );
  });

  test('a machine on which nothing can be run as the owner', async () => {
    const denied = { ...(await systemExec.run({ file: 'false', args: [] })), stderr: 'Operation not permitted' };
    const context = recordedContext(undefined, {
      exec: { ...systemExec, run: async (command) => (command.args.includes('sh') ? denied : systemExec.run(command)) },
    });
    const lines = await linesOf(appConfig(application(), undefined), context);
    expect(lines[2]).toMatch(/^error writable folders: .*Operation not permitted → /s);
    expect(lines[2]).toContain(` → make storage/ and bootstrap/cache/ writable for ${account}`);
  });

  test('an application that cannot start', async () => {
    const dir = application();
    await writeFile(join(dir, 'bootstrap/app.php'), '<?php no_such_function();');
    const lines = await linesOf(appConfig(dir, undefined));
    expect(lines[1]).toMatch(
      /^error artisan: `php artisan --version` exited with 255: .*no_such_function.* → run `php artisan --version` in APP and repair what it says$/s,
    );
  });

  test('an application whose log cannot be written exits 0 all the same', async () => {
    const dir = application();
    await mkdir(join(dir, 'storage/logs/laravel.log'));
    await chmod(join(dir, 'storage/logs/laravel.log'), 0o777);
    await writeFile(join(dir, 'routes/console.php'), "<?php throw new RuntimeException('broken');");
    const lines = await linesOf(appConfig(dir, undefined));
    expect(lines[1]).toMatch(/^error artisan: `php artisan --version` exited with 0: /);
  });

  test('a site that is already in maintenance mode is expected to answer so', async () => {
    const site = await answerWith(503);
    const dir = application();
    await writeFile(join(dir, 'storage/framework/down'), '{}');
    expect((await linesOf(appConfig(dir, site.url))).slice(-2)).toEqual([
      `ok health URL: ${site.url} answers 503 in N ms`,
      'warning maintenance mode: the site is already in maintenance mode: it will be left as it is → nothing, if that is meant; else bring the site up first',
    ]);
  });

  test('no php', async () => {
    const run = async (command: Command) =>
      systemExec.run(command.file === 'php' ? { ...command, file: 'no-such-php' } : command);
    const context = recordedContext(undefined, { exec: { ...systemExec, run } });
    expect(await linesOf(appConfig(application(), undefined), context)).toContain(
      'error artisan: php was not found → install PHP’s command line program, or put it on the PATH',
    );
  });

  test('a folder without storage', async () => {
    const dir = application();
    await rm(join(dir, 'storage'), { recursive: true });
    expect(await linesOf(appConfig(dir, undefined))).toContain(
      "error storage folder: ENOENT: no such file or directory, stat 'APP/storage' → create storage/ and give it to the web server’s account",
    );
  });
});

describe('any application', () => {
  const quiet = { maintenance: 'none', caches: 'none' } as const;

  test('none configured', async () => {
    expect(await linesOf(appConfig('', undefined, { dir: undefined }))).toEqual([
      'ok application: none configured: no maintenance mode, caches or services',
    ]);
  });

  test('commands without a folder are looked at all the same', async () => {
    const maintenance = { enter: ['no-such-enter'], leave: ['true'] };
    const parts = { dir: undefined, commandsDir: '/srv', caches: 'none', services: ['up'] } as const;
    const serviceCommand = ['true', '{action}', '{service}'];
    const lines = await linesOf(appConfig('', undefined, { ...parts, maintenance, serviceCommand }));
    expect(lines.slice(0, 2)).toEqual([
      'ok application: no folder configured: its commands run in /srv',
      'error app.maintenance.enter: no-such-enter was not found → install no-such-enter or correct app.maintenance.enter',
    ]);
    expect(lines).toContain('ok up: running');
  });

  test('a folder that is not there, and one that is a file', async () => {
    const remedy = 'set app.dir to the folder of the application, or leave it out when there is none';
    expect(await linesOf(appConfig('/no/such/app', undefined))).toEqual([
      `error application folder: ENOENT: no such file or directory, stat 'APP' → ${remedy}`,
    ]);
    expect(await linesOf(appConfig('/dev/null', undefined))).toEqual([
      `error application folder: APP is not a folder → ${remedy}`,
    ]);
  });

  test('a folder without artisan', async () => {
    expect(await linesOf(appConfig(temporaryFolder(), undefined))).toContain(
      'error artisan: APP/artisan does not exist → set app.dir to the folder that holds artisan, or app.maintenance and app.caches to something else',
    );
  });

  test('programs of own commands', async () => {
    const maintenance = { enter: ['no-such-enter'], leave: ['true'] };
    const app = appConfig(temporaryFolder(), undefined, { maintenance, caches: [['true'], ['./flush.sh', 'now']] });
    const lines = await linesOf(app);
    expect(lines).toContain(
      'error app.maintenance.enter: no-such-enter was not found → install no-such-enter or correct app.maintenance.enter',
    );
    expect(lines).toContain(
      'error app.caches[1]: ./flush.sh was not found → install ./flush.sh or correct app.caches[1]',
    );
    expect(lines.filter((line) => line.startsWith('ok app.'))).toEqual([
      expect.stringMatching(/^ok app\.maintenance\.leave: /),
      expect.stringMatching(/^ok app\.caches\[0\]: /),
    ]);
  });

  test('services that do not run are a warning', async () => {
    const serviceCommand = ['sh', '-c', '[ {service} = up ] || exit 3', '{action}'];
    const app = appConfig(temporaryFolder(), undefined, { ...quiet, services: ['up', 'down'], serviceCommand });
    expect((await linesOf(app)).slice(1, 3)).toEqual([
      'ok up: running',
      'warning down: not running (exit 3) → correct app.services, or start down',
    ]);
    const absent = { ...app, services: ['web'], serviceCommand: ['no-such-manager', '{action}'] };
    expect(await linesOf(absent)).toContain(
      'warning web: no-such-manager cannot be started → set app.serviceCommand to what this machine uses, e.g. [service, "{service}", "{action}"]',
    );
  });

  test('no health URL is advice', async () => {
    expect(await linesOf(appConfig(temporaryFolder(), undefined, quiet))).toContain(
      'ok health URL: none configured: the site will not be asked → set app.health.url',
    );
  });

  test('a site that is broken before anything began', async () => {
    const site = await answerWith(500);
    expect(await linesOf(appConfig(temporaryFolder(), site.url, quiet))).toContain(
      `error health URL: ${site.url} should answer 200, but answers 500 → repair the site, or correct app.health, before anything is deployed`,
    );
  });
});
