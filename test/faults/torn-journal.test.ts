import { cpSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { openRunJournal } from '../../src/run/folder.ts';
import { readProgress } from '../../src/run/journal.ts';
import { describeOnServers } from '../support/servers.ts';
import { createShop, expectEnd, type Shop } from './shop.ts';

describeOnServers("the local journal's last line is torn", (server) => {
  let shop: Shop;
  afterEach(() => shop?.production.remove());

  test('at every byte: it reads as the line before, what is added stands alone, and a resume ends right', async () => {
    shop = await createShop(server());
    const before = await shop.state();
    const deploy = shop.start('deploy');
    await shop.whileRunning(deploy, 'UPDATE slow%');
    deploy.child.kill('SIGKILL');
    await deploy.end;

    const { dir } = shop.production;
    const runs = join(dir, '.gateway-migrate/runs');
    const folder = join(runs, readdirSync(runs)[0] ?? '');
    const path = join(folder, 'journal.ndjson');
    const whole = readFileSync(path);
    const lastLine = whole.lastIndexOf('\n', whole.length - 2) + 1;
    expect(whole.subarray(lastLine).toString()).toMatch(/^\{"step":"migrate","state":"started",.*\}\n$/);

    const copy = join(dir, 'copy');
    for (let length = lastLine; length <= whole.length; length++) {
      cpSync(folder, copy, { recursive: true });
      writeFileSync(join(copy, 'journal.ndjson'), whole.subarray(0, length));
      const isWhole = length >= whole.length - 1;
      const progress = await readProgress(join(copy, 'journal.ndjson'));
      expect(progress.steps.get('maintenance-on'), `${length}`).toBe('finished');
      expect(progress.steps.get('migrate'), `${length}`).toBe(isWhole ? 'started' : undefined);
      const journal = openRunJournal(copy);
      journal.append({ step: 'added', state: 'started', at: '2026-11-23T14:30:00.000+00:00' });
      journal.close();
      const after = await readProgress(join(copy, 'journal.ndjson'));
      expect(after.steps.get('added'), `${length}`).toBe('started');
      expect(after.steps.get('migrate'), `${length}`).toBe(isWhole ? 'started' : undefined);
    }

    writeFileSync(path, whole.subarray(0, lastLine + Math.floor((whole.length - lastLine) / 2)));
    const status = await shop.production.run('status', '--json');
    const line = status.stdout.split('\n').find((one) => one.includes('"unfinished"')) ?? '{}';
    const shown = JSON.parse(line) as { unfinished: unknown };
    expect(shown.unfinished).toMatchObject({ command: 'deploy', outcome: 'unknown' });
    expectEnd(await shop.run('resume'), 0, 'changed');
    expect((await shop.state())['rows slow']).toEqual([{ id: 1, n: 1 }]);
    expectEnd(await shop.run('rollback'), 0, 'changed');
    expect(await shop.state()).toEqual(before);
    expect(shop.isUp).toBe(true);
  });
});
