import { type ChildProcess, execFileSync } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { delimiter, join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { temporaryFolder } from '../support/folder.ts';
import { describeOnLaravel, isRoot, overTcp, type Site, startSite } from '../support/laravel.ts';
import { describeOnServers } from '../support/servers.ts';
import { createProduction, type Finished, jsonLines, lastOf, type Production } from './production.ts';

/** As many applications do: the database is read while the application starts. */
const PROVIDER = `<?php
namespace App\\Providers;
class SettingsProvider extends \\Illuminate\\Support\\ServiceProvider
{
    public function boot()
    {
        config(['app.name' => \\Illuminate\\Support\\Facades\\DB::table('companies')->where('id', 1)->value('name')]);
    }
}
`;

await describeOnLaravel('the worst night: a Laravel application that cannot start', () => {
  describeOnServers('with its database', (server) => {
    let production: Production;
    let site: Site;
    const downFile = () => join(site.dir, 'storage/framework/down');
    const answers = async () => (await fetch(site.url)).status;
    const app = (changes = {}) => ({
      ...{ dir: site.dir, maintenance: 'laravel', caches: 'laravel' },
      ...{ health: { url: site.url, expect: 200, maintenance: 503 }, ...changes },
    });
    const configFile = () => join(site.dir, 'config/app.php');
    const artisan = (command: string) => {
      const args = ['php', 'artisan', command];
      const [file = '', ...rest] = isRoot() ? ['runuser', '-u', 'www-data', '--', ...args] : args;
      return execFileSync(file, rest, { cwd: site.dir, encoding: 'utf8' });
    };

    beforeAll(async () => {
      production = await createProduction(server());
      await production.sql(
        "CREATE TABLE companies (id INT PRIMARY KEY, name VARCHAR(99)); INSERT INTO companies VALUES (1, 'Acme')",
      );
      site = await startSite(overTcp(server(), production.database));
      mkdirSync(join(site.dir, 'app/Providers'), { recursive: true });
      writeFileSync(join(site.dir, 'app/Providers/SettingsProvider.php'), PROVIDER);
      const config = readFileSync(configFile(), 'utf8');
      writeFileSync(
        configFile(),
        config.replace('App\\Providers\\RouteServiceProvider::class', 'App\\Providers\\SettingsProvider::class, $&'),
      );
      production.configure({ app: app() });
      expect(lastOf(await production.run('backup', 'create', '--json'))).toMatchObject({ exitCode: 0 });
    });
    afterAll(async () => {
      await site?.stop();
      production?.remove();
    });
    beforeEach(() => production.configure({ app: app() }));

    const lose = async () => {
      await production.sql('DROP TABLE companies');
      expect(await answers()).toBe(500);
    };
    const isBack = async () => {
      expect(await production.query('SELECT * FROM companies')).toEqual([{ id: 1, name: 'Acme' }]);
      expect(await answers()).toBe(200);
    };
    const warnings = (run: Finished) =>
      jsonLines(run)
        .flatMap((line) => (line.type === 'note' && line.level === 'warning' ? [String(line.text)] : []))
        .join('\n');

    /** What a command leaves while it runs: whose file it is, and what a visitor is shown. */
    const watch = (path: string) => {
      const seen: object[] = [];
      let isStopped = false;
      const watching = (async () => {
        while (!isStopped) {
          const found = existsSync(path) ? statSync(path) : undefined;
          if (found && seen.length === 0)
            seen.push({ uid: found.uid, mode: found.mode & 0o777, status: await answers() });
          await new Promise((resolve) => setTimeout(resolve, 3));
        }
      })();
      return async () => {
        isStopped = true;
        await watching;
        return seen;
      };
    };
    const byHand = () => ({ uid: statSync(join(site.dir, 'storage')).uid, mode: 0o644, status: 503 });

    test.each([
      ['beside', []],
      ['in place', ['--in-place']],
    ] as const)('its provider reads a table that is gone, %s', async (_, flags) => {
      await lose();
      const stop = watch(downFile());
      const run = await production.run('restore', '--yes', '--json', ...flags);
      expect([lastOf(run).exitCode, lastOf(run).error]).toEqual([0, undefined]);
      await isBack();
      expect(warnings(run)).toMatch(
        /artisan does not start \(`php artisan --version` .*companies.*\), so Laravel's maintenance files are written by hand/s,
      );
      expect(await stop()).toEqual([byHand()]);
      expect(artisan('up')).toContain('already up');
    });

    test('without PHP', async () => {
      await lose();
      const run = await production.runWith({ PATH: withoutPhp() }, 'restore', '--yes', '--json');
      expect([lastOf(run).exitCode, lastOf(run).error]).toEqual([0, undefined]);
      await isBack();
      expect(warnings(run)).toContain(
        "artisan does not start (php was not found), so Laravel's maintenance files are written by hand",
      );
      expect(warnings(run)).toContain('the database does not need them: clear them once the application starts');
    });

    test('a syntax error in its configuration: nothing that was loaded is thrown away', async () => {
      await lose();
      const whole = readFileSync(configFile(), 'utf8');
      writeFileSync(configFile(), '<?php return [');
      const broken = await production.run('restore', '--yes', '--json');
      expect(lastOf(broken)).toMatchObject({
        exitCode: 3,
        error: { next: 'mend the site, then: gateway-migrate resume' },
      });
      expect(lastOf(broken).error).toMatchObject({
        state: 'the database is changed and verified, maintenance is off, but the site does not answer as it should',
      });
      writeFileSync(configFile(), whole);
      await isBack();
      expect(lastOf(await production.run('resume', '--yes', '--json'))).toMatchObject({ exitCode: 0 });
    });

    test('with php-fpm stopped by hand', async () => {
      await production.sql('DELETE FROM companies');
      await site.stopPhp();
      expect(await answers()).toBe(502);
      const run = await production.run('restore', '--yes', '--json');
      expect([lastOf(run).exitCode, lastOf(run).error]).toEqual([0, undefined]);
      expect(warnings(run)).toContain(`${site.url} answers 502, not 200, as it did before this run: look at the site`);
      await site.startPhp();
      await isBack();
    });

    test('storage that nobody may write to: without maintenance mode, and said', async () => {
      await lose();
      production.configure({ app: app({ dir: '/no/such/application' }) });
      const run = await production.run('restore', '--yes', '--json');
      expect([lastOf(run).exitCode, lastOf(run).error]).toEqual([0, undefined]);
      await isBack();
      expect(warnings(run)).toContain('The site stays as it is');
    });

    test('--no-maintenance: no visitor is sent away', async () => {
      await production.sql('DELETE FROM companies');
      const stop = watch(downFile());
      expect(lastOf(await production.run('restore', '--yes', '--json', '--no-maintenance'))).toMatchObject({
        exitCode: 0,
      });
      await isBack();
      expect(await stop()).toEqual([]);
    });

    describe('a site that a person has taken down', () => {
      beforeEach(() => void artisan('down'));
      afterEach(() => void artisan('up'));

      test.each([
        ['restore', 'restore'],
        ['the rollback of a restore', 'rollback'],
      ] as const)('stays down after %s', async (_, command) => {
        expect(lastOf(await production.run(command, '--yes', '--json'))).toMatchObject({ exitCode: 0 });
        expect(await answers()).toBe(503);
      });

      test('stays down after the rollback of a deploy', async () => {
        production.migration(
          '1_goods.sql',
          '-- migrate:up\nCREATE TABLE goods (id INT PRIMARY KEY);\n-- migrate:down\nDROP TABLE goods;\n',
        );
        expect(lastOf(await production.run('deploy', '--yes', '--json'))).toMatchObject({ exitCode: 0 });
        const run = await production.run('rollback', '--yes', '--json');
        expect(lastOf(run)).toMatchObject({ exitCode: 0 });
        expect(warnings(run)).toContain('the site is in maintenance mode already: it is left so');
        production.migration('1_goods.sql', undefined);
        expect(await answers()).toBe(503);
      });
    });

    test('a way back ends with the question whether the site is well', async () => {
      expect(await answers()).toBe(200);
      const killed = production.start(['restore', '--yes', '--json']);
      await untilOutput(killed, /"type":"step\.started"[^\n]*"id":"load-beside"/);
      killed.kill('SIGKILL');
      await once(killed, 'exit');
      await site.stopPhp();
      try {
        const run = await production.run('rollback', '--yes', '--json');
        expect(lastOf(run).exitCode).toBe(0);
        expect(warnings(run)).toContain(`${site.url} answers 502, not 200, as it did before this run`);
      } finally {
        await site.startPhp();
      }
    });
  });
});

/** Every program that there is, but php. */
function withoutPhp(): string {
  const dir = temporaryFolder();
  // The owner of storage looks for programs here, too.
  chmodSync(dir, 0o755);
  for (const folder of (process.env.PATH ?? '').split(delimiter).filter((one) => existsSync(one))) {
    for (const name of readdirSync(folder)) {
      const link = join(dir, name);
      if (!name.startsWith('php') && !existsSync(link)) symlinkSync(join(folder, name), link);
    }
  }
  return dir;
}

async function untilOutput(child: ChildProcess, wanted: RegExp): Promise<void> {
  let seen = '';
  for await (const chunk of child.stdout ?? []) {
    seen += chunk;
    if (wanted.test(seen)) return;
  }
  throw new Error(`no ${wanted} in ${seen}`);
}
