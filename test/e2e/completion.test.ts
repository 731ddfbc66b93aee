import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, inject, test } from 'vitest';

const dir = mkdtempSync(join(tmpdir(), 'gateway-completion-'));
afterAll(() => rmSync(dir, { recursive: true, force: true }));
mkdirSync(join(dir, 'migrations'));
mkdirSync(join(dir, '.gateway-migrate/runs/20261123T093000-1'), { recursive: true });
writeFileSync(join(dir, 'migrations/20250101_add_orders.sql'), '-- migrate:up\n-- migrate:down\n');
writeFileSync(
  join(dir, 'gateway-migrate.config.yaml'),
  'database: { name: shop, user: deploy }\nbackup: { dir: backups }\n',
);

/** What is offered after these words, the last of them being typed. */
function offered(...words: string[]): string[] {
  const { PATH = '' } = process.env;
  const { stdout, stderr } = spawnSync(process.execPath, [inject('program'), 'complete', '--', ...words], {
    cwd: dir,
    env: { PATH },
    encoding: 'utf8',
  });
  expect(stderr).toBe('');
  return stdout
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith(':'))
    .map((line) => line.split('\t')[0] ?? '');
}

describe('a TAB', () => {
  test.each<[string[], string[]]>([
    [['roll'], ['rollback']],
    [
      ['deploy', '--skip-'],
      ['--skip-backup', '--skip-rehearsal'],
    ],
    [
      ['deploy', '--on-failure', ''],
      ['undo', 'stop'],
    ],
    [['deploy', '--to', ''], ['20250101']],
    [['rollback', '--run', ''], ['20261123T093000-1']],
    [['report', ''], ['20261123T093000-1']],
    [['restore', '--backup', 'la'], ['latest']],
    [['backup', 'v'], ['verify']],
    [
      ['completion', ''],
      ['bash', 'zsh', 'fish'],
    ],
  ])('after %j offers %j', (words, expected) => expect(offered(...words)).toEqual(expected));

  test('never offers the hidden command that it asks itself', () => {
    expect(offered('com')).toEqual(['completion']);
  });
});

test.each(['bash', 'zsh', 'fish'])('completion %s is a script that the shell can read', (shell) => {
  const { stdout, status } = spawnSync(process.execPath, [inject('program'), 'completion', shell], {
    encoding: 'utf8',
  });
  expect(status).toBe(0);
  expect(stdout).toContain('gateway-migrate complete --');
  const parsed = spawnSync(shell, ['-n'], { input: stdout, encoding: 'utf8' });
  if (parsed.error === undefined) expect([parsed.status, parsed.stderr]).toEqual([0, '']);
});
