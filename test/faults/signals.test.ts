import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { Terminal } from '../support/pty.ts';
import { describeOnServers } from '../support/servers.ts';
import { createShop, expectEnd, IS_THOROUGH, type Shop, takeTurns } from './shop.ts';

/** Longer than two presses of one key may lie apart. */
const ANOTHER_PRESS_MS = 500;

describeOnServers('signals', (server) => {
  let shop: Shop;
  let before: Record<string, unknown>;
  let terminal: Terminal | undefined;
  beforeEach(async (context) => {
    takeTurns(context, server());
    shop = await createShop(server());
    before = await shop.state();
  });
  afterEach(() => {
    terminal?.kill('SIGKILL');
    terminal = undefined;
    shop?.production.remove();
  });

  async function expectAsBefore(): Promise<void> {
    expect(await shop.state()).toEqual(before);
    expect(shop.isUp).toBe(true);
    expect(shop.leftovers()).toEqual([]);
    expect((await shop.production.run('status', '--json')).stdout).toContain('"unfinished":null');
  }

  test.each(IS_THOROUGH ? (['SIGINT', 'SIGTERM', 'SIGHUP'] as const) : (['SIGHUP'] as const))(
    '%s in a statement: it is ended, and the run goes back',
    async (signal) => {
      const deploy = shop.start('deploy');
      await shop.whileRunning(deploy, 'UPDATE slow%');
      deploy.child.kill(signal);
      expectEnd(await deploy.end, 130, 'unchanged');
      await expectAsBefore();
    },
  );

  test('in the backup: nothing half done stays', async () => {
    const deploy = shop.start('deploy');
    await new Promise<void>((resolve) => {
      deploy.child.stdout?.on('data', (text: string) => /"step\.started"[^\n]*"id":"backup"/.test(text) && resolve());
    });
    deploy.child.kill('SIGTERM');
    expectEnd(await deploy.end, 130, 'unchanged');
    const { backups } = shop.production;
    // A small database may be backed up completely before the signal arrives; a part of it is never there.
    const left = existsSync(backups) ? readdirSync(backups) : [];
    expect(left.filter((name) => !/^[^.].*\.sql\.gz(\.manifest\.json)?$/.test(name))).toEqual([]);
    await expectAsBefore();
  });

  test('Ctrl-C at the question: nothing was started', async () => {
    terminal = await shop.production.open('deploy');
    await terminal.waitFor('Continue?');
    terminal.press('ctrl-c');
    expect((await terminal.exit).code).toBe(130);
    await expectAsBefore();
  });

  test('Ctrl-C in a statement, and again on the way back: it says what it would leave, and goes on', async () => {
    shop.production.configure({
      app: {
        dir: 'app',
        maintenance: { enter: ['touch', 'down'], leave: ['sh', '-c', 'touch leaving; sleep 2; rm -f down'] },
        caches: 'none',
      },
    });
    terminal = await shop.production.open('deploy', '--yes');
    await terminal.waitFor('second');
    const leaving = join(shop.production.dir, 'app/leaving');
    await waitForStatement(shop, 'UPDATE slow%');
    terminal.press('ctrl-c');
    await waitForFile(leaving);
    await new Promise((resolve) => setTimeout(resolve, ANOTHER_PRESS_MS));
    // The key reaches every program of the terminal's group: the one that brings the site up must not die of it.
    terminal.press('ctrl-c');
    await terminal.waitFor('still stopping safely.');
    expect((await terminal.exit).code).toBe(130);
    await expectAsBefore();
  });

  test('a third Ctrl-C is obeyed, and resume puts everything right', async () => {
    shop.production.configure({
      app: {
        dir: 'app',
        maintenance: { enter: ['touch', 'down'], leave: ['sh', '-c', 'touch leaving; sleep 30; rm -f down'] },
        caches: 'none',
      },
    });
    terminal = await shop.production.open('deploy', '--yes');
    await waitForStatement(shop, 'UPDATE slow%');
    terminal.press('ctrl-c');
    await waitForFile(join(shop.production.dir, 'app/leaving'));
    for (let press = 2; press <= 3; press++) {
      await new Promise((resolve) => setTimeout(resolve, ANOTHER_PRESS_MS));
      terminal.press('ctrl-c');
    }
    expect((await terminal.exit).code).toBe(130);
    expect(shop.isUp).toBe(false);
    shop.production.configure({
      app: { dir: 'app', maintenance: { enter: ['touch', 'down'], leave: ['rm', '-f', 'down'] }, caches: 'none' },
    });
    const resumed = await shop.run('resume');
    expectEnd(resumed, 2, 'unchanged');
    await expectAsBefore();
  });
});

async function waitForStatement(shop: Shop, pattern: string): Promise<void> {
  const never = new Promise<never>(() => undefined);
  await shop.whileRunning({ end: never }, pattern);
}

async function waitForFile(path: string): Promise<void> {
  while (!existsSync(path)) await new Promise((resolve) => setTimeout(resolve, 20));
}
