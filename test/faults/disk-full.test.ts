import { execFileSync } from 'node:child_process';
import { mkdirSync, readdirSync, statfsSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { lastOf } from '../e2e/production.ts';
import { describeOnServers } from '../support/servers.ts';
import { createShop, expectEnd, type Shop } from './shop.ts';

const SMALL = '256k';

/** Only root may mount; what the mount would hold is bounded by the size of files otherwise. */
function canMount(): boolean {
  return process.getuid?.() === 0;
}

const NO_MOUNT = 'a full disk is a small file system, and only root may mount one';

describeOnServers('the disk is full', (server) => {
  let shop: Shop;
  let before: Record<string, unknown>;
  const mounted: string[] = [];

  beforeEach(async () => {
    shop = await createShop(server());
    await shop.production.sql('DROP TRIGGER takes_a_while');
    before = await shop.state();
  });
  afterEach(() => {
    for (const folder of mounted.splice(0)) execFileSync('umount', [folder]);
    shop?.production.remove();
  });

  function mountSmall(name: string): string {
    const folder = join(shop.production.dir, name);
    mkdirSync(folder);
    execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${SMALL},mode=700`, 'tmpfs', folder]);
    mounted.push(folder);
    return folder;
  }

  /** Takes the site down and every free byte with it: also those that the last page of the journal has to spare. */
  const fill = (folder: string) => [
    'sh',
    '-c',
    `touch down; for f in ${folder}/runs/*/journal.ndjson; do yes '' | head -c $((4096 - $(stat -c %s $f))) >> $f; done
     cat /dev/zero > ${folder}/fill 2>/dev/null; true`,
  ];

  test('under the backup folder: nothing was touched, and nothing half done lies there', async (context) => {
    context.skip(!canMount(), NO_MOUNT);
    const folder = mountSmall('backups');
    shop.production.configure({ backup: { dir: 'backups', minFree: '1B', verify: 'checksum' } });
    await shop.production.sql(
      'CREATE TABLE incompressible (id INT PRIMARY KEY AUTO_INCREMENT, noise BLOB); INSERT INTO incompressible (noise) VALUES (RANDOM_BYTES(1024))',
    );
    for (let rows = 1; rows < 512; rows *= 2) {
      await shop.production.sql('INSERT INTO incompressible (noise) SELECT RANDOM_BYTES(1024) FROM incompressible');
    }
    before = await shop.state();
    const finished = await shop.run('deploy');
    expectEnd(finished, 2, 'unchanged');
    expect((lastOf(finished).error as { what: string }).what).toMatch(/ENOSPC|no space left/i);
    expect(readdirSync(folder)).toEqual([]);
    expect(await shop.state()).toEqual(before);
    expect(shop.isUp).toBe(true);
  });

  test('under the state folder, before the run begins: nothing was touched', async (context) => {
    context.skip(!canMount(), NO_MOUNT);
    const folder = mountSmall('.gateway-migrate');
    execFileSync('sh', ['-c', `cat /dev/zero > ${folder}/fill 2>/dev/null; true`]);
    expect(statfsSync(folder).bfree).toBe(0);
    const finished = await shop.run('deploy');
    expectEnd(finished, 2, 'unchanged');
    expect((lastOf(finished).error as { what: string }).what).toMatch(/ENOSPC|no space left/i);
    expect(await shop.state()).toEqual(before);
    expect(shop.isUp).toBe(true);
    expect(shop.leftovers()).toEqual([]);
  });

  test('under the state folder, with the site down: the run goes back and the site comes up', async (context) => {
    context.skip(!canMount(), NO_MOUNT);
    const folder = mountSmall('.gateway-migrate');
    shop.production.configure({
      app: { dir: 'app', maintenance: { enter: fill(folder), leave: ['rm', '-f', 'down'] }, caches: 'none' },
    });
    const finished = await shop.run('deploy');
    expectEnd(finished, 2, 'unchanged');
    expect(finished.stdout).toContain('ENOSPC');
    expect(await shop.state()).toEqual(before);
    expect(shop.isUp).toBe(true);

    // Its journal ends where the disk was full: with room again resume finishes it.
    execFileSync('rm', [join(folder, 'fill')]);
    shop.production.configure({
      app: { dir: 'app', maintenance: { enter: ['touch', 'down'], leave: ['rm', '-f', 'down'] }, caches: 'none' },
    });
    expectEnd(await shop.run('resume'), 0, 'changed');
    expect((await shop.state())['rows slow']).toEqual([{ id: 1, n: 1 }]);
    expect(shop.isUp).toBe(true);
  });
});
