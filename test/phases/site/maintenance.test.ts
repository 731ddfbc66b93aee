import { readdirSync, statSync } from 'node:fs';
import { chmod, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { waitForRequests } from '../../../src/app/in-flight.ts';
import { isInMaintenance, readSiteState } from '../../../src/app/maintenance.ts';
import { connect, type Server } from '../../../src/mysql/connect.ts';
import { maintenancePhase } from '../../../src/phases/site/maintenance.ts';
import { appConfig, describeOnLaravel, overTcp, type Site, startSite, testAsRoot } from '../../support/laravel.ts';
import { recordedContext } from '../../support/recorded-context.ts';
import { describeOnServers } from '../../support/servers.ts';

const ROUNDS = process.env.CI ? 40 : 10;
/** For proofs that are meant to fail. */
const SHORT = { withinMs: 200, requestMs: 3_000, pauseMs: 25 };

await describeOnLaravel('maintenance of a real Laravel site', () => {
  describeOnServers('with its database', (server) => {
    let site: Site;
    let database: Server;

    beforeAll(async () => {
      const name = await server().createDatabase('gateway');
      await server().sql(
        "CREATE TABLE companies (id INT PRIMARY KEY, name VARCHAR(99)); INSERT INTO companies VALUES (1, 'Acme')",
        name,
      );
      database = await connect(server().target(name));
      site = await startSite(overTcp(server(), name));
    });
    afterAll(() => site?.stop());

    beforeEach(async () => {
      await rm(join(site.dir, 'storage/framework/down'), { force: true });
      await rm(join(site.dir, 'storage/framework/maintenance.php'), { force: true });
    });

    test('the pages read the database', async () => {
      const response = await fetch(site.url);
      expect(response.status).toBe(200);
      expect(await response.text()).toContain('<li>Acme</li>');
    });

    test('visitors see 503 with Retry-After from on to off, and never anything else', async () => {
      const phase = maintenancePhase(site.app());
      const context = recordedContext(database);
      const poller = pollStatuses(site.url);
      expect(await phase.run({ to: 'on' }, context)).toMatch(/^503 after \d+ ms, requests ended after \d+ ms$/);
      const down = await fetch(site.url);
      expect([down.status, down.headers.get('retry-after')]).toEqual([503, '60']);
      expect(await phase.run({ to: 'off' }, context)).toMatch(/^200 after \d+ ms$/);
      expect((await fetch(site.url)).status).toBe(200);
      expect(await poller.stop()).toEqual([200, 503, 200]);
      expect(context.notes()).toEqual([]);
    });

    test(`${ROUNDS} times down and up: visitors see the page or 503`, { timeout: 120_000 }, async () => {
      const phase = maintenancePhase(site.app());
      const context = recordedContext(database);
      const pollers = [1, 2, 3].map(() => pollStatuses(site.url));
      for (let round = 0; round < ROUNDS; round += 1) {
        await phase.run({ to: 'on' }, context);
        await phase.run({ to: 'off' }, context);
      }
      const seen = await Promise.all(pollers.map((poller) => poller.stop()));
      expect(new Set(seen.flat())).toEqual(new Set([200, 503]));
    });

    test('a probe tells both states, and so does the question of preflight', async () => {
      const phase = maintenancePhase(site.app());
      const context = recordedContext(database);
      const probes = async () => [await phase.probe({ to: 'on' }, context), await phase.probe({ to: 'off' }, context)];
      expect(await probes()).toEqual(['not-done', 'done']);
      expect(await isInMaintenance(site.app(), context)).toBe(false);
      await phase.run({ to: 'on' }, context);
      expect(await probes()).toEqual(['done', 'not-done']);
      expect(await isInMaintenance(site.app(), context)).toBe(true);
    });

    test('on and off may be repeated', async () => {
      const phase = maintenancePhase(site.app());
      const context = recordedContext(database);
      for (const to of ['on', 'on', 'off', 'off'] as const) await phase.run({ to }, context);
      expect((await fetch(site.url)).status).toBe(200);
    });

    test('a request under way ends before the phase does', async () => {
      const phase = maintenancePhase(site.app());
      const context = recordedContext(database);
      const slow = fetch(`${site.url}slow?seconds=1.5`);
      await untilSleeping(database);
      await phase.run({ to: 'on' }, context);
      expect(context.notes()).toEqual([]);
      expect((await waitForRequests(database, 0, context)).busy).toEqual([]);
      expect((await slow).status).toBe(200);
    });

    test('goes down and up while the database is dead, and says what it could not see', async () => {
      const phase = maintenancePhase(site.app());
      const context = recordedContext({ ...database, open: () => Promise.reject(new Error('Connection refused')) });
      expect(await phase.run({ to: 'on' }, context)).toMatch(/^503 after \d+ ms, requests under way not known$/);
      expect(context.notes()).toEqual(['could not look for requests under way: Connection refused']);
    });

    testAsRoot('what artisan writes belongs to the owner of storage, and others may read it', async () => {
      const before = process.umask(0o077);
      try {
        await maintenancePhase(site.app()).run({ to: 'on' }, recordedContext(database));
      } finally {
        process.umask(before);
      }
      const { uid } = await stat(join(site.dir, 'storage'));
      const files = filesBelow(join(site.dir, 'storage'));
      expect(uid).not.toBe(0);
      expect(files.map((path) => statSync(path).uid)).toEqual(files.map(() => uid));
      expect((await stat(join(site.dir, 'storage/framework/down'))).mode & 0o777).toBe(0o644);
    });

    testAsRoot('a storage folder that its owner may not write to: the error has artisan’s words', async () => {
      await chmod(join(site.dir, 'storage/framework'), 0o555);
      try {
        const failing = maintenancePhase(site.app()).run({ to: 'on' }, recordedContext(database));
        await expect(failing).rejects.toMatchObject({
          message: `cannot enter maintenance mode: \`php artisan down --render=errors::503 --retry=60\` exited with 1: Failed to enter maintenance mode. file_put_contents(${site.dir}/storage/framework/down.new): Failed to open stream: Permission denied`,
          exitCode: 2,
          production: 'unchanged',
          next: 'gateway-migrate doctor',
        });
        const rescue = maintenancePhase(site.app()).run({ to: 'on', isRescue: true }, recordedContext(database));
        await expect(rescue).rejects.toThrow(
          "Permission denied; Laravel's files by hand: mktemp: failed to create file via template",
        );
      } finally {
        await chmod(join(site.dir, 'storage/framework'), 0o755);
      }
    });

    test('artisan exits with 0 after doing nothing: the site is looked at, not the code', async () => {
      const console = join(site.dir, 'routes/console.php');
      const routes = await readFile(console, 'utf8');
      await writeFile(console, "<?php exit('broken');");
      try {
        const failing = maintenancePhase(site.app()).run({ to: 'on' }, recordedContext(database));
        await expect(failing).rejects.toThrow(
          /^cannot enter maintenance mode: `php artisan down --render=errors::503 --retry=60` exited with 0: broken, but the site is not in maintenance mode$/,
        );
      } finally {
        await writeFile(console, routes);
      }
      expect((await fetch(site.url)).status).toBe(200);
    });

    test('a health URL that does not go down: the error says what it answers', async () => {
      const app = site.app({ health: { url: `${site.url}nothing-here`, expect: 200, maintenance: 418 } });
      await expect(maintenancePhase(app, SHORT).run({ to: 'on' }, recordedContext(database))).rejects.toThrow(
        /^cannot enter maintenance mode: http:\S+\/nothing-here should answer 418 in maintenance mode, but after \d+ ms it answers 503$/,
      );
    });

    test('a site that is broken when it comes up: exit code 3, and what it answers', async () => {
      const app = site.app({ health: { url: `${site.url}nothing-here`, expect: 200, maintenance: 503 } });
      const phase = maintenancePhase(app, SHORT);
      await phase.run({ to: 'on' }, recordedContext(database));
      const failing = phase.run({ to: 'off' }, recordedContext(database));
      await expect(failing).rejects.toThrow(
        /^cannot leave maintenance mode: http:\S+\/nothing-here should answer 200 out of maintenance mode, but after \d+ ms it answers 404$/,
      );
      await expect(failing).rejects.toMatchObject({ exitCode: 3, next: 'gateway-migrate resume' });
    });

    test('without a health URL Laravel’s own file is the proof', async () => {
      const phase = maintenancePhase(appConfig(site.dir, undefined));
      const context = recordedContext(database);
      expect(await phase.run({ to: 'on' }, context)).toMatch(/^in maintenance mode, requests ended after \d+ ms$/);
      expect(JSON.parse(await readFile(join(site.dir, 'storage/framework/down'), 'utf8'))).toMatchObject({ retry: 60 });
      expect(await phase.run({ to: 'off' }, context)).toBe('out of maintenance mode');
      // What is left of `maintenance.php` does nothing, and raises no doubt.
      expect(await phase.probe({ to: 'off' }, context)).toBe('done');
    });

    test('a cache driver keeps no file: the answer of the site decides', async () => {
      await writeFile(join(site.dir, 'storage/framework/maintenance.php'), '<?php http_response_code(503); exit;');
      const context = recordedContext(database);
      expect(await maintenancePhase(site.app()).probe({ to: 'on' }, context)).toBe('done');
      expect(await readSiteState(appConfig(site.dir, undefined), context)).toBe('unknown');
      expect(await maintenancePhase(appConfig(site.dir, undefined)).probe({ to: 'on' }, context)).toBe('not-done');
    });
  });
});

/** Asks all the time and keeps each status that differs from the one before. */
function pollStatuses(url: string): { stop(): Promise<number[]> } {
  const seen: number[] = [];
  let isStopped = false;
  const polling = (async () => {
    while (!isStopped) {
      const { status } = await fetch(url);
      if (seen.at(-1) !== status) seen.push(status);
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

async function untilSleeping(database: Server): Promise<void> {
  const session = await database.open();
  for (;;) {
    const rows = await session.query<{ Info: string | null }>('SHOW FULL PROCESSLIST');
    if (rows.some((row) => row.Info?.startsWith('SELECT SLEEP'))) break;
  }
  await session.close();
}

function filesBelow(dir: string): string[] {
  return readdirSync(dir, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));
}
