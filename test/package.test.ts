import { execFile } from 'node:child_process';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { cp, mkdir, mkdtemp, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';

const PACKAGE = join(import.meta.dirname, '..');
const run = promisify(execFile);
const manifest = JSON.parse(readFileSync(join(PACKAGE, 'package.json'), 'utf8'));

let dir: string;
/** An empty project that has installed the tarball, and nothing else. */
let project: string;
let packed: string[];

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'gateway-package-'));
  project = join(dir, 'project');
  const tarball = await pack(join(dir, 'copy'));
  await mkdir(project);
  writeFileSync(join(project, 'package.json'), '{ "private": true }\n');
  const args = ['install', '--offline', '--ignore-scripts', '--no-audit', '--no-fund', tarball];
  await run('npm', args, { cwd: project });
}, 180_000);
afterAll(() => rm(dir, { recursive: true, force: true }));

/** Packs a copy, so that nobody's dist/ changes. Returns the tarball's path. */
async function pack(copy: string): Promise<string> {
  await mkdir(copy);
  const parts = [
    'src',
    'bin',
    'migrations',
    'docs',
    'package.json',
    'build.config.js',
    'man.config.js',
    'gateway-migrate.schema.json',
  ];
  for (const part of [...parts, ...readdirSync(PACKAGE).filter((name) => /^(LICEN|README|THIRD)/.test(name))]) {
    await cp(join(PACKAGE, part), join(copy, part), { recursive: true });
  }
  await symlink(join(PACKAGE, 'node_modules'), join(copy, 'node_modules'));
  const { stdout } = await run('npm', ['pack', '--json', '--silent'], { cwd: copy });
  const [{ filename, files }] = JSON.parse(stdout.slice(stdout.indexOf('[\n')));
  packed = files.map((file: { path: string }) => file.path);
  return join(copy, filename);
}

/** Runs the command that npm has linked. */
async function type(...args: string[]) {
  const { PATH = '', HOME = '/' } = process.env;
  const options = { cwd: project, env: { PATH, HOME } };
  return run(join(project, 'node_modules/.bin/gateway-migrate'), args, options).then(
    ({ stdout, stderr }) => ({ code: 0, stdout, stderr }),
    ({ code, stdout, stderr }) => ({ code, stdout, stderr }),
  );
}

test('the tarball holds what users need, and nothing of the workshop', () => {
  const has = (pattern: RegExp) => packed.some((path) => pattern.test(path));
  for (const path of [
    'package.json',
    'LICENSE',
    'THIRD-PARTY-LICENSES.txt',
    'dist/gateway-migrate.1',
    'gateway-migrate.schema.json',
    'bin/gateway-migrate.js',
    'bin/package.json',
    'dist/main.cjs',
    'dist/translate.php',
    'docs/configuration.md',
    'docs/runbook.md',
  ]) {
    expect(packed).toContain(path);
  }
  expect(packed.filter((path) => path.startsWith('migrations/'))).toHaveLength(6);
  expect(has(/^(src|test|node_modules|\.ci)\//)).toBe(false);
});

test('it brings no dependency, and needs none', () => {
  expect(Object.keys(manifest.dependencies ?? {})).toEqual([]);
  const installed = readdirSync(join(project, 'node_modules')).filter((name) => !name.startsWith('.'));
  expect(installed).toEqual(['gateway-migrate']);
});

test('it runs: version, help, and by way of npx', async () => {
  expect(await type('--version')).toEqual({ code: 0, stdout: `${manifest.version}\n`, stderr: '' });
  expect((await type('--help')).stdout).toContain('Usage: gateway-migrate [options] [command]');
  const { stdout } = await run('npx', ['--no-install', 'gateway-migrate', '--version'], { cwd: project });
  expect(stdout).toBe(`${manifest.version}\n`);
});

test('every command can be loaded: what they say without a configuration or a server', async () => {
  for (const command of ['status', 'doctor', 'verify', 'deploy', 'rollback', 'resume', 'restore']) {
    const { code, stdout } = await type('--json', command);
    const last = JSON.parse(stdout.trimEnd().split('\n').at(-1) ?? '{}');
    expect([command, code, last.type, last.command]).toEqual([command, 78, 'run.finished', command]);
  }
  writeFileSync(
    join(project, 'gateway-migrate.config.yaml'),
    'database: { host: 127.0.0.1, port: 1, name: db, user: app }\nmigrations: { dir: node_modules/gateway-migrate/migrations }\n',
  );
  const { code, stdout } = await type('--json', 'status');
  expect([code, JSON.parse(stdout).error.what]).toEqual([
    2,
    'cannot connect to db on 127.0.0.1:1 as app: connect ECONNREFUSED 127.0.0.1:1',
  ]);
  const init = await type('init');
  expect([init.code, init.stdout + init.stderr]).toEqual([5, expect.stringContaining('there is no terminal to ask')]);
});

test('a clone installs with the line of the README, which makes the man page too', async () => {
  const line = /^ {4}(npm ci && npm install --global \.)$/m.exec(readFileSync(join(PACKAGE, 'README.md'), 'utf8'))?.[1];
  expect(line).toBe('npm ci && npm install --global .');
  const clone = join(dir, 'clone');
  const prefix = join(dir, 'prefix');
  await run('git', ['clone', '--quiet', PACKAGE, clone]);
  const shell = { cwd: clone, env: { ...process.env, npm_config_prefix: prefix, npm_config_prefer_offline: 'true' } };
  await expect(run(process.execPath, [join(clone, 'bin/gateway-migrate.js'), 'status'], shell)).rejects.toMatchObject({
    code: 2,
    stderr: `gateway-migrate is not built yet. Type: npm ci --prefix '${clone}'\n`,
  });
  await run('sh', ['-c', line ?? ''], shell);
  const { stdout } = await run(join(prefix, 'bin/gateway-migrate'), ['--version'], shell);
  expect(stdout).toBe(`${manifest.version}\n`);
  expect(readFileSync(join(clone, 'dist/gateway-migrate.1'), 'utf8')).toContain('.SH EXIT STATUS');
}, 180_000);
