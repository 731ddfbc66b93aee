import { afterEach, beforeEach, expect, test } from 'vitest';
import { lastOf } from '../e2e/production.ts';
import { describeOnServers } from '../support/servers.ts';
import { createShop, type Shop, takeTurns } from './shop.ts';

/** What it was when the sleeper fell asleep, and the command that went on with it meanwhile. */
const CASES = [
  ['UPDATE slow%', 'resume'],
  ['UPDATE slow%', 'rollback'],
] as const;

describeOnServers('a deploy that falls asleep, while somebody else ends it', (server) => {
  let shop: Shop;
  beforeEach(async (context) => {
    takeTurns(context, server());
    shop = await createShop(server());
  });
  afterEach(() => shop?.production.remove());

  test.each(CASES)('in %s: it wakes up after a %s, and does nothing more', async (statement, command) => {
    const sleeper = shop.start('deploy');
    await shop.whileRunning(sleeper, statement);
    sleeper.child.kill('SIGSTOP');
    try {
      // Refused as long as the sleeper has not been silent for 20 s.
      let ended = await shop.run(command);
      while (ended.code === 5) ended = await shop.run(command);
      expect(ended.code, ended.stdout + ended.stderr).toBe(0);
      await shop.production.sql('INSERT INTO counters VALUES (5, 5)');
      const left = await shop.state();
      sleeper.child.kill('SIGCONT');
      const woken = await sleeper.end;
      expect(woken.code, woken.stdout + woken.stderr).toBe(4);
      expect((lastOf(woken).error as { what: string }).what).toContain(
        'the lock on the database was lost: another run had the lock in between and has given it back',
      );
      expect(await shop.state()).toEqual(left);
      expect((await shop.production.run('status', '--json')).stdout).toContain('"unfinished":null');
      expect(shop.isUp).toBe(true);
    } finally {
      sleeper.child.kill('SIGKILL');
    }
  });
});
