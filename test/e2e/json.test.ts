import { afterAll, beforeAll, expect, test } from 'vitest';
import { describeOnServers } from '../support/servers.ts';
import { createProduction, jsonLines, lastOf, type Production } from './production.ts';

describeOnServers('--json', (server) => {
  let production: Production;
  beforeAll(async () => {
    const shops = '-- migrate:up\nCREATE TABLE shops (id INT PRIMARY KEY);\n-- migrate:down\nDROP TABLE shops;\n';
    production = await createProduction(server(), { migrations: { '1_shops.sql': shops }, rehearses: true });
  });
  afterAll(() => production?.remove());

  /** Every line is an object with type, time and run, all of one run; the last says how it ended. */
  async function run(...args: string[]) {
    const finished = await production.run(...args, '--json');
    const events = jsonLines(finished);
    expect(new Set(events.map((event) => event.run)).size, args.join(' ')).toBe(1);
    const last = lastOf(finished);
    expect(last.exitCode).toBe(finished.code);
    expect(['ok', 'failed', 'cancelled', 'refused']).toContain(last.result);
    expect(['unchanged', 'changed', 'restored', 'unknown']).toContain(last.production);
    expect(finished.stderr).not.toContain('"type":');
    return last;
  }

  test('is what every command speaks, and nothing else stands on standard output', { timeout: 180_000 }, async () => {
    const { backup: created } = await run('backup', 'create');
    const story: (readonly [args: readonly string[], exitCode: number])[] = [
      [['doctor'], 0],
      [['test'], 0],
      [['deploy', '--dry-run'], 0],
      [['deploy'], 5],
      [['deploy', '--yes'], 0],
      [['status'], 0],
      [['verify'], 0],
      [['report'], 0],
      [['notify', 'test'], 0],
      [['backup', 'list'], 0],
      [['backup', 'verify', String(created)], 0],
      [['backup', 'prune', '--yes'], 0],
      [['rollback', '--yes'], 0],
      [['resume'], 0],
      [['restore', '--yes'], 0],
      [['restore', '--table', 'nowhere', '--yes'], 2],
      [['restore', '--until', 'yesterday'], 64],
      [['new', 'goods'], 0],
      [['new', '///'], 64],
      [['init'], 5],
    ];
    const told = [];
    for (const [args] of story) {
      const { command, exitCode } = await run(...args);
      told.push([command, exitCode]);
    }
    const nameOf = (args: readonly string[]) =>
      (args[0] === 'backup' || args[0] === 'notify' ? args.slice(0, 2) : args.slice(0, 1)).join(' ');
    expect(told).toEqual(story.map(([args, exitCode]) => [nameOf(args), exitCode]));
  });
});
