import { afterAll, beforeEach, expect, test } from 'vitest';
import { describeOnServers } from '../support/servers.ts';
import { createProduction, type Production } from './production.ts';

const SHOPS = '-- migrate:up\nCREATE TABLE shops (id INT PRIMARY KEY);\n-- migrate:down\nDROP TABLE shops;\n';
const FAILING = '-- migrate:up\nALTER TABLE shops ADD COLUMN id INT;\n';

describeOnServers('on a terminal', (server) => {
  let production: Production;
  const made: Production[] = [];
  beforeEach(async () => {
    production = await createProduction(server(), { migrations: { '1_shops.sql': SHOPS } });
    made.push(production);
  });
  afterAll(() => {
    for (const one of made) one.remove();
  });
  const tables = async () => (await production.objects()).filter((name) => !name.includes('gateway_migrate'));

  test('deploy asks twice, word for word, with the summary between; y is not yes', async () => {
    const terminal = await production.open('deploy');
    await terminal.waitFor('? Continue? (yes/no)');
    expect(terminal.transcript()).not.toContain('PRODUCTION');
    terminal.type('y\r');
    await terminal.waitFor('Please type yes or no in full.');
    terminal.press('backspace');
    terminal.type('yes\r');
    await terminal.waitFor('? Ready to deploy to PRODUCTION? (yes/no)');
    const summary = terminal.transcript();
    const at = summary.indexOf('Continue? (yes/no) yes');
    for (const line of [
      `Database     ${production.database} on ${server().socket} as app user`,
      `Backup       ${production.backups}/${production.database}_pre_migration_`,
      'Maintenance  off: the site stays up',
      'On failure   undo',
      '1            shops: 1 statement',
      'Rehearsed    NO: whether it works shows in production (--skip-rehearsal)',
    ]) {
      expect(summary.indexOf(line), line).toBeGreaterThan(at);
    }
    expect(await production.objects()).toEqual([]);
    terminal.type('yes\r');
    expect(await terminal.exit).toEqual({ code: 0, signal: undefined });
    expect(terminal.transcript()).toMatch(/✔ Deployed 1 migration in .*\n\n +Applied +1\n/);
    expect(await tables()).toEqual(['base table shops']);
  });

  test.each([
    ['another run', async () => expect((await production.run('deploy', '--yes')).code).toBe(0)],
    [
      'another tool',
      () =>
        production.sql(
          'CREATE TABLE schema_migrations (version BIGINT PRIMARY KEY, dirty BOOLEAN NOT NULL); INSERT INTO schema_migrations VALUES (1, 0)',
        ),
    ],
  ] as const)('5: what %s changed between the question and the answer is not overwritten', async (who, change) => {
    const terminal = await production.open('deploy');
    await terminal.waitFor('? Continue? (yes/no)');
    terminal.type('yes\r');
    await terminal.waitFor('? Ready to deploy to PRODUCTION? (yes/no)');
    await change();
    terminal.type('yes\r');
    expect((await terminal.exit).code).toBe(5);
    expect(terminal.transcript()).toContain(
      [
        `  What failed  ${who} has changed the database since you were asked`,
        '  State now    nothing was started, production is unchanged',
        '  Type next',
        '',
        '  gateway-migrate status, then gateway-migrate deploy again',
      ].join('\n'),
    );
  });

  test('--skip-backup is warned of before the second question', async () => {
    const terminal = await production.open('deploy', '--skip-backup');
    await terminal.waitFor('? Continue? (yes/no)');
    terminal.type('yes\r');
    await terminal.waitFor('? Ready to deploy to PRODUCTION? (yes/no)');
    expect(terminal.transcript()).toContain('Backup       OFF: a mistake cannot be restored (--skip-backup)');
    terminal.type('no\r');
    expect((await terminal.exit).code).toBe(6);
  });

  test.each([['Continue?', []] as const, ['Ready to deploy to PRODUCTION?', ['yes\r']] as const])(
    '6: no to %s',
    async (question, before) => {
      const terminal = await production.open('deploy');
      for (const answer of before) {
        await terminal.waitFor('Continue? (yes/no)');
        terminal.type(answer);
      }
      await terminal.waitFor(`? ${question} (yes/no)`);
      terminal.type('no\r');
      expect(await terminal.exit).toEqual({ code: 6, signal: undefined });
      expect(terminal.transcript()).toContain(
        [
          '▲ deploy cancelled, nothing was changed',
          '',
          '  What failed  the answer was no',
          '  State now    nothing was started, production is unchanged',
          '  Type next',
          '',
          '  the same command again, when you are ready',
        ].join('\n'),
      );
      expect(await production.objects()).toEqual([]);
    },
  );

  test('130: Ctrl-C at a question', async () => {
    const terminal = await production.open('deploy');
    await terminal.waitFor('Continue? (yes/no)');
    terminal.press('ctrl-c');
    expect(await terminal.exit).toEqual({ code: 130, signal: undefined });
    expect(terminal.transcript()).toContain('  What failed  interrupted by Ctrl-C');
    expect(await production.objects()).toEqual([]);
  });

  test('130: Ctrl-C in the middle undoes what was done', async () => {
    production.migration('2_slow.sql', '-- migrate:up\nSET @waited = SLEEP(2);\nCREATE TABLE late (id INT);\n');
    const terminal = await production.open('deploy', '--yes', '--verbose');
    await terminal.waitFor('SET @waited = SLEEP(2)\n');
    terminal.press('ctrl-c');
    expect(await terminal.exit).toEqual({ code: 130, signal: undefined });
    expect(terminal.transcript()).toContain('everything this run did was undone');
    expect(await tables()).toEqual([]);
  });

  test('a run that was cut off is offered to be finished, undone or left', async () => {
    production.migration('2_bad.sql', FAILING);
    expect((await production.run('deploy', '--yes', '--on-failure', 'stop')).code).toBe(3);

    const quitting = await production.open('deploy');
    await quitting.waitFor('? A run is unfinished. What now?');
    await quitting.waitFor('quit: leave everything as it is');
    expect(quitting.transcript()).toMatch(
      /resume: finish it\n.*undo: go back to before it\n.*quit: leave everything as it is/,
    );
    quitting.press('down');
    quitting.press('down');
    quitting.press('enter');
    expect((await quitting.exit).code).toBe(6);
    expect(await tables()).toEqual(['base table shops']);

    const undoing = await production.open('deploy');
    await undoing.waitFor('quit: leave everything as it is');
    undoing.press('down');
    undoing.press('enter');
    await undoing.waitFor('? Undo this in PRODUCTION? (yes/no)');
    undoing.type('yes\r');
    expect((await undoing.exit).code).toBe(0);
    expect(await tables()).toEqual([]);
    expect((await production.run('status', '--json')).stdout).toContain('"unfinished":null');
  });
});
