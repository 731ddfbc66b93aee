import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, statfsSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { expect, inject, test } from 'vitest';
import { lastOf } from '../e2e/production.ts';
import { startProxy } from '../support/proxy.ts';
import { startServer, type TestServer } from '../support/servers.ts';
import { createShop, expectEnd, type Shop } from './shop.ts';

const NO_MOUNT = 'a full disk is a small file system, and only root may mount one';
const MEGABYTE = 1024 * 1024;
const BACK = 'everything this run did was undone: production is as it was before';

function canMount(): boolean {
  return process.getuid?.() === 0;
}

function mountMemory(folder: string, size: string): void {
  mkdirSync(folder, { recursive: true });
  execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${size},mode=700`, 'tmpfs', folder]);
}

/** Leaves so many bytes free. */
function fillUp(folder: string, freeBytes: number): void {
  const { bavail, bsize } = statfsSync(folder);
  writeFileSync(join(folder, 'ballast'), Buffer.alloc(Math.max(0, bavail * bsize - freeBytes)));
}

async function beside({ production }: Shop): Promise<string[]> {
  const rows = await production.query(`SHOW DATABASES LIKE '${production.database.replaceAll('_', '\\_')}\\_%'`);
  return rows.map((row) => String(Object.values(row)[0]));
}

/** Of the noise its checksum alone: it takes minutes to be compared byte for byte. */
async function stateOf({ production }: Shop): Promise<Record<string, unknown>> {
  const names = (await production.objects()).filter((name) => !/ gateway_migrate_/.test(name));
  const state: Record<string, unknown> = { names };
  for (const table of ['counters', 'slow']) state[table] = await production.query(`SELECT * FROM ${table}`);
  return { ...state, noise: await production.query('SELECT COUNT(*) AS n, SUM(CRC32(n)) AS sum FROM noise') };
}

/** Sixteen megabytes that do not shrink: the backup of them, then the accident. */
async function prepare(shop: Shop): Promise<{ file: string; before: Record<string, unknown> }> {
  await shop.production.sql(
    'DROP TRIGGER takes_a_while; CREATE TABLE noise (id INT PRIMARY KEY AUTO_INCREMENT, n LONGBLOB)',
  );
  await shop.production.sql('INSERT INTO noise (n) VALUES (RANDOM_BYTES(1024))');
  for (let rows = 1; rows < 256; rows *= 2) {
    await shop.production.sql('INSERT INTO noise (n) SELECT RANDOM_BYTES(1024) FROM noise');
  }
  await shop.production.sql('UPDATE noise SET n = REPEAT(n, 64)');
  expectEnd(await shop.run('backup', 'create'), 0, 'unchanged');
  await shop.production.sql('DELETE FROM counters; DROP TABLE items');
  const file = readdirSync(shop.production.backups).find((name) => name.endsWith('.sql.gz')) ?? '';
  return { file, before: await stateOf(shop) };
}

for (const kind of ['mysql', 'mariadb'] as const) {
  const isThere = 'binaries' in inject('servers')[kind];

  test.runIf(isThere)(
    `the disk under ${kind} is full while a restore loads: nothing is left of it`,
    async (context) => {
      context.skip(!canMount(), NO_MOUNT);
      const disk = mkdtempSync(join(tmpdir(), 'gateway-disk-'));
      mountMemory(disk, '600m');
      let server: TestServer | undefined;
      let shop: Shop | undefined;
      try {
        server = await startServer(kind, { parentDir: disk, binlog: false });
        shop = await createShop(server);
        const { file, before } = await prepare(shop);
        fillUp(disk, 8 * MEGABYTE);
        const finished = await shop.run('restore');
        const { what, ...rest } = lastOf(finished).error as { what: string };
        const loading = `Load the backup beside production: loading ${basename(file)} beside production failed: table noise: `;
        expect(what.slice(0, loading.length)).toBe(loading);
        if (kind === 'mysql') {
          expectEnd(finished, 2, 'unchanged');
          expect(
            what
              .slice(loading.length)
              .replace(/`[^`]+`/, 'THE CLIENT')
              .replace(/at line \d+/, 'at line N'),
          ).toBe("THE CLIENT exited with 1: ERROR 1114 (HY000) at line N: The table 'noise' is full");
          expect(rest).toEqual({ state: BACK, next: 'mend the cause, then: gateway-migrate restore' });
        } else {
          // MariaDB 10.11 ends itself by an assertion when it cannot extend a table.
          expectEnd(finished, 3, 'unchanged');
          expect(rest).toEqual({
            state: 'the database and the site are as they were before; what was loaded beside is still there',
            next: 'gateway-migrate resume (tries the way back again)',
          });
          rmSync(join(disk, 'ballast'));
          await server.start();
          expectEnd(await shop.run('resume'), 2, 'unchanged');
        }
        expect([await stateOf(shop), await beside(shop), shop.isUp]).toEqual([before, [], true]);

        rmSync(join(disk, 'ballast'), { force: true });
        expectEnd(await shop.run('restore'), 0, 'restored');
        expect((await stateOf(shop)).counters).toHaveLength(4);
      } finally {
        await server?.stop();
        shop?.production.remove();
        execFileSync('umount', [disk]);
        rmSync(disk, { recursive: true });
      }
    },
  );

  test.runIf(isThere)(`the disk of the state folder is full while a restore loads into ${kind}`, async (context) => {
    context.skip(!canMount(), NO_MOUNT);
    const server = await startServer(kind);
    let shop: Shop | undefined;
    let folder: string | undefined;
    const proxy = await startProxy(server.socket);
    try {
      shop = await createShop(server);
      const { before } = await prepare(shop);
      folder = join(shop.production.dir, '.gateway-migrate');
      rmSync(folder, { recursive: true, force: true });
      mountMemory(folder, '1m');
      const { database } = shop.production;
      const address = { host: '127.0.0.1', port: proxy.port, user: 'app user', passwordFile: 'password', tls: false };
      shop.production.configure({ database: { ...address, name: database } });
      const restore = shop.start('restore');
      while (!proxy.commands.some((command) => command.startsWith('INSERT INTO `noise`'))) {
        await new Promise((resolve) => setTimeout(resolve, 2));
      }
      fillUp(folder, 0);
      const finished = await restore.end;
      expectEnd(finished, 2, 'unchanged');
      const { what, state } = lastOf(finished).error as { what: string; state: string };
      expect(what).toMatch(
        /^Load the backup beside production: loading \S+ beside production failed: ENOSPC: no space left on device, \w+$/,
      );
      expect(state).toBe(BACK);
      expect([await stateOf(shop), await beside(shop), shop.isUp]).toEqual([before, [], true]);
      rmSync(join(folder, 'ballast'));
      expectEnd(await shop.run('resume'), 0, 'unchanged');
      expectEnd(await shop.run('restore'), 0, 'restored');
    } finally {
      await proxy.close();
      if (folder) execFileSync('umount', [folder]);
      shop?.production.remove();
      await server.stop();
    }
  });
}
