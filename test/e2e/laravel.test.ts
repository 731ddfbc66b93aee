import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { describeOnLaravel, isRoot, overTcp, type Site, startSite } from '../support/laravel.ts';
import { describeOnServers } from '../support/servers.ts';
import { createProduction, lastOf, type Production } from './production.ts';

const SHOPS = '2025_01_01_000001_create_shops_table';
const FAILING = '2025_01_01_000002_add_twice';

await describeOnLaravel('a Laravel application', () => {
  describeOnServers('deployed', (server) => {
    let production: Production;
    let site: Site;
    beforeAll(async () => {
      production = await createProduction(server());
      await production.sql(
        `CREATE TABLE companies (id INT PRIMARY KEY, name VARCHAR(99)); INSERT INTO companies VALUES (1, 'Acme');
         CREATE TABLE migrations (id INT UNSIGNED AUTO_INCREMENT PRIMARY KEY, migration VARCHAR(255) NOT NULL, batch INT NOT NULL);
         INSERT INTO migrations (migration, batch) VALUES ('2014_10_12_000000_create_companies_table', 3)`,
      );
      site = await startSite(overTcp(server(), production.database));
      production.migration(
        `${SHOPS}.sql`,
        '-- migrate:up\nCREATE TABLE shops (id INT PRIMARY KEY);\nSET @waited = SLEEP(0.5);\n-- migrate:down\nDROP TABLE shops;\n',
      );
      // artisan lists the files that it has; the application's own migration of the same name lies beside ours.
      mkdirSync(join(site.dir, 'database/migrations'), { recursive: true });
      writeFileSync(join(site.dir, 'database/migrations', `${SHOPS}.php`), '<?php\n');
      production.configure({
        app: {
          dir: site.dir,
          maintenance: 'laravel',
          caches: 'laravel',
          health: { url: site.url, expect: 200, maintenance: 503 },
        },
      });
    });
    afterAll(async () => {
      await site?.stop();
      production?.remove();
    });

    const noted = () => production.query('SELECT migration, batch FROM migrations ORDER BY id');
    const artisan = (command: string) => {
      const args = ['php', 'artisan', command];
      const [file = '', ...rest] = isRoot() ? ['runuser', '-u', 'www-data', '--', ...args] : args;
      return execFileSync(file, rest, { cwd: site.dir, encoding: 'utf8' });
    };
    const answers = async () => (await fetch(site.url)).status;

    test('visitors see 503 only in the window, and artisan knows the migration', async () => {
      const poller = pollStatuses(site.url);
      const last = lastOf(await production.run('deploy', '--yes', '--json'));
      expect([last.exitCode, last.error]).toEqual([0, undefined]);
      expect(last.maintenanceMs).toBeGreaterThanOrEqual(500);
      const parts = last.maintenanceParts as Record<string, number>;
      expect(Object.keys(parts)).toEqual([
        'maintenance-on',
        'caches-before',
        'migrate',
        'verify',
        'caches-after',
        'maintenance-off',
      ]);
      const together = Object.values(parts).reduce((sum, ms) => sum + ms, 0);
      // Rounded each, and the loop takes its moments between them.
      expect(together).toBeLessThanOrEqual(Number(last.maintenanceMs) + Object.keys(parts).length);
      expect(await answers()).toBe(200);
      expect(await poller.stop()).toEqual([200, 503, 200]);
      expect(await noted()).toEqual([
        { migration: '2014_10_12_000000_create_companies_table', batch: 3 },
        { migration: SHOPS, batch: 4 },
      ]);
      expect(artisan('migrate:status')).toMatch(new RegExp(`Yes.*${SHOPS}`));
    });

    test('a migration that fails in the window is undone, and the site is up again', async () => {
      production.migration(`${FAILING}.sql`, '-- migrate:up\nALTER TABLE shops ADD COLUMN id INT;\n');
      const poller = pollStatuses(site.url);
      const last = lastOf(await production.run('deploy', '--yes', '--json'));
      expect(last).toMatchObject({ exitCode: 2, production: 'unchanged' });
      expect(await answers()).toBe(200);
      expect(await poller.stop()).toEqual([200, 503, 200]);
      expect(await noted()).toHaveLength(2);
      production.migration(`${FAILING}.sql`, undefined);
    });

    test('a site that was down before stays down', async () => {
      production.migration(
        '2025_01_01_000003_goods.sql',
        '-- migrate:up\nCREATE TABLE goods (id INT PRIMARY KEY);\n-- migrate:down\nDROP TABLE goods;\n',
      );
      artisan('down');
      expect(await answers()).toBe(503);
      const last = lastOf(await production.run('deploy', '--yes', '--json'));
      expect([last.exitCode, last.error, last.maintenanceMs]).toEqual([0, undefined, undefined]);
      expect(await answers()).toBe(503);
      artisan('up');
      expect(await answers()).toBe(200);
    });

    test('a rollback takes the row of artisan away, in a window of its own', async () => {
      const poller = pollStatuses(site.url);
      const first = await production.run('rollback', '--yes', '--json');
      expect(lastOf(first)).toMatchObject({ exitCode: 0 });
      expect(first.stdout).not.toContain('the site stays up');
      expect(lastOf(await production.run('rollback', '--yes', '--json'))).toMatchObject({
        reverted: [SHOPS.slice(0, 17)],
      });
      expect(await answers()).toBe(200);
      expect(await poller.stop()).toEqual([200, 503, 200, 503, 200]);
      expect(await noted()).toEqual([{ migration: '2014_10_12_000000_create_companies_table', batch: 3 }]);
      expect(artisan('migrate:status')).toMatch(new RegExp(`No.*${SHOPS}`));
    });
  });
});

/** Asks again and again; tells the answers that differ from the one before. */
function pollStatuses(url: string): { stop(): Promise<number[]> } {
  const seen: number[] = [];
  let isStopped = false;
  const polling = (async () => {
    while (!isStopped) {
      const { status } = await fetch(url);
      if (seen.at(-1) !== status) seen.push(status);
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  })();
  return {
    async stop() {
      isStopped = true;
      await polling;
      return seen;
    },
  };
}
