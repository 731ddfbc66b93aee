import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, inject, test } from 'vitest';
import { temporaryFolder } from '../support/folder.ts';

const VERSION = JSON.parse(readFileSync(join(import.meta.dirname, '../../package.json'), 'utf8')).version;

function run(args: readonly string[], cwd = temporaryFolder()) {
  const { PATH = '' } = process.env;
  const { status, stdout, stderr } = spawnSync(process.execPath, [inject('program'), ...args], {
    cwd,
    env: { PATH },
    encoding: 'utf8',
  });
  return { code: status, stdout, stderr };
}

test('--version is that of the package', () =>
  expect(run(['--version'])).toEqual({ code: 0, stdout: `${VERSION}\n`, stderr: '' }));

test('--help names every command that works', () => {
  const { code, stdout, stderr } = run(['--help']);
  expect([code, stderr]).toEqual([0, '']);
  const named = [...stdout.matchAll(/^ {2}([a-z]+)(?: |$)/gm)].map((match) => match[1]);
  expect(named).toEqual(
    expect.arrayContaining([
      'init',
      'new',
      'demo',
      'doctor',
      'status',
      'verify',
      'deploy',
      'rollback',
      'resume',
      'restore',
      'backup',
    ]),
  );
  expect(stdout).toMatch(/--config <file>[\s\S]*--json[\s\S]*--yes[\s\S]*--verbose[\s\S]*--quiet[\s\S]*--no-color/);
});

describe('64', () => {
  const hint = 'nothing was started, production is unchanged\nnext: gateway-migrate --help\n';
  test.each([
    [['deplyo'], "error: unknown command 'deplyo'\n(Did you mean deploy?)\n"],
    [['deploy', '--force'], "error: unknown option '--force'\n"],
    [
      ['deploy', '--on-failure', 'pray'],
      "error: option '--on-failure <what>' argument 'pray' is invalid. Allowed choices are undo, stop.\n",
    ],
    [
      ['rollback', '--steps', '0'],
      "error: option '--steps <n>' argument '0' is invalid. expected a whole number from 1.\n",
    ],
    [['new'], "error: missing required argument 'name'\n"],
    [['status', 'now'], "error: too many arguments for 'status'. Expected 0 arguments but got 1.\n"],
    [['--quiet', '--verbose', 'status'], "error: option '--verbose' cannot be used with option '--quiet'\n"],
  ])('%j', (args, stderr) => expect(run(args)).toEqual({ code: 64, stdout: '', stderr: `${stderr}${hint}` }));
});

describe('78', () => {
  const config = (text: string) => {
    const dir = temporaryFolder();
    writeFileSync(join(dir, 'gateway-migrate.config.yaml'), text);
    return dir;
  };

  test('all problems at once, each with its path, what was found and what was expected', () => {
    const dir = config('database: { name: db, user: app, port: nine }\nbackup: { keep: { last: -1 } }\nbakup: {}\n');
    const { code, stdout, stderr } = run(['status', '--json'], dir);
    const lines = stdout.trimEnd().split('\n');
    expect([code, lines.length]).toEqual([78, 1]);
    const { type, command, result, exitCode, production, error } = JSON.parse(lines[0] ?? '');
    expect({ type, command, result, exitCode, production }).toEqual({
      type: 'run.finished',
      command: 'status',
      result: 'failed',
      exitCode: 78,
      production: 'unchanged',
    });
    for (const path of ['database.port', 'backup.keep.last', 'bakup']) expect(error.what).toContain(path);
    expect(error.what).toContain('nine');
    expect(error.state).toBe('nothing was started, production is unchanged');
    expect(stderr).toContain('database.port');
  });

  test('no configuration at all', () => {
    const { code, stderr } = run(['deploy', '--yes']);
    expect(code).toBe(78);
    expect(stderr + run(['deploy', '--yes']).stdout).toContain('gateway-migrate init');
  });
});
