import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Command } from 'commander';
import { describe, expect, inject, test } from 'vitest';
import { createProgram } from '../../src/cli.ts';
import { exampleLines } from '../../src/terminal/usage.ts';
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
      'monitor',
      'deploy',
      'rollback',
      'resume',
      'restore',
      'backup',
      'history',
      'report',
      'notify',
    ]),
  );
  expect(stdout).toMatch(/--config <file>[\s\S]*--json[\s\S]*--yes[\s\S]*--verbose[\s\S]*--quiet[\s\S]*--no-color/);
});

describe('64', () => {
  const hint = (words: string) =>
    `nothing was started, production is unchanged\nnext: gateway-migrate ${words}--help\n`;
  test.each([
    [['deplyo'], "error: unknown command 'deplyo'\n(Did you mean deploy?)\n"],
    [['deploy', '--dry-rum'], "error: unknown option '--dry-rum'\n(Did you mean --dry-run?)\n"],
    [['deploy', '--skip-bakup'], "error: unknown option '--skip-bakup'\n"],
    [['rollback', '--yess'], "error: unknown option '--yess'\n"],
    [['deploy', '--force'], "error: unknown option '--force'\n"],
    [
      ['deploy', '--on-failure', 'pray'],
      "error: option '--on-failure <what>' argument 'pray' is invalid. Allowed choices are undo, stop.\n",
    ],
    [
      ['rollback', '--steps', '0'],
      "error: option '--steps <n>' argument '0' is invalid. expected a whole number from 1.\n",
    ],
    [
      ['monitor', '--for', 'soon'],
      "error: option '--for <duration>' argument 'soon' is invalid. expected a duration such as 90s, 30m or 2h.\n",
    ],
    [['new'], "error: missing required argument 'name'\n"],
    [['status', 'now'], "error: too many arguments for 'status'. Expected 0 arguments but got 1.\n"],
    [['--quiet', '--verbose', 'status'], "error: option '--verbose' cannot be used with option '--quiet'\n"],
    [['help', 'nosuch'], "error: unknown command 'nosuch'\n"],
    [['help', 'backup', 'lisd'], "error: unknown command 'backup lisd'\n"],
    [['backup', 'verifi'], "error: unknown command 'verifi'\n(Did you mean verify?)\n"],
  ])('%j', (args, stderr) => {
    const words = /^(?:help|--|deplyo)/.test(args[0] ?? '') ? '' : `${args[0]} `;
    expect(run(args)).toEqual({ code: 64, stdout: '', stderr: `${stderr}${hint(words)}` });
  });

  test('help of a command is its own', () => {
    expect(run(['help', 'backup', 'list']).stdout).toBe(run(['backup', 'list', '--help']).stdout);
    expect(run(['help']).stdout).toBe(run(['--help']).stdout);
  });
});

test.each([
  [['--json', 'deplyo'], null, "unknown command 'deplyo'"],
  [['deploy', '--json', '--force'], 'deploy', "unknown option '--force'"],
  [['--json', 'backup', 'verify'], 'backup verify', "missing required argument 'file'"],
  [['--json'], null, 'no command was given'],
])('64 with --json has its last line: %j', (args, command, what) => {
  const { code, stdout } = run(args);
  const next = command === null ? 'gateway-migrate --help' : `gateway-migrate ${command} --help`;
  const error = { what, state: 'nothing was started, production is unchanged', next };
  expect(code).toBe(64);
  expect(JSON.parse(stdout)).toEqual({
    type: 'run.finished',
    at: expect.any(String),
    run: expect.any(String),
    command,
    result: 'failed',
    exitCode: 64,
    production: 'unchanged',
    ms: 0,
    error,
  });
});

test('what is to be typed next leads to the configuration that was named', () => {
  const file = join(temporaryFolder(), 'my prod.json');
  writeFileSync(file, JSON.stringify({ database: { socket: '/nowhere', name: 'shop', user: 'a', tls: false } }));
  const { code, stdout, stderr } = run(['--config', file, '--json', 'status']);
  const named = `mend that, then: gateway-migrate --config '${file}' doctor`;
  expect(code).toBe(2);
  expect(JSON.parse(stdout.trim().split('\n').at(-1) ?? '').error.next).toBe(named);
  expect(stderr).toContain(`\n  ${named}\n`);
});

describe('--help of every command', () => {
  const commands = (parent: Command, words: readonly string[]): [string, Command][] =>
    [[words.join(' '), parent] as [string, Command]].concat(
      parent
        .createHelp()
        .visibleCommands(parent)
        .filter((one) => one.name() !== 'help')
        .flatMap((one) => commands(one as Command, [...words, one.name()])),
    );
  const program = () =>
    createProgram(
      () => Promise.reject(new Error('reached')),
      () => undefined,
    );

  test.each(commands(program(), []).map(([words]) => words))('"%s" ends with two examples that work', async (words) => {
    const [, examples = '', page = ''] = /\nExamples:\n([\s\S]*)\n\nMore: (docs\/\S+)$/.exec(exampleLines(words)) ?? [];
    const lines = examples.split('\n').map((line) => line.trim());
    expect(lines).toHaveLength(2);
    expect(existsSync(join(import.meta.dirname, '../..', page))).toBe(true);
    for (const line of lines) {
      const args = [...line.matchAll(/"([^"]*)"|(\S+)/g)].map(([, quoted, plain]) => quoted ?? plain ?? '').slice(1);
      // As far as the command itself, which only the invocation keeps from running.
      // `completion` needs none: test/e2e/completion.test.ts runs it.
      if (words !== 'completion')
        await expect(program().parseAsync(args, { from: 'user' }), line).rejects.toThrow(/^reached$/);
      if (words !== '' && words !== 'backup')
        expect(args.filter((arg) => !arg.startsWith('--')).join(' ')).toContain(words);
    }
  });

  test('is what is shown', () =>
    expect(run(['backup', 'list', '--help']).stdout).toContain(exampleLines('backup list')));
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
