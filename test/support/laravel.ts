import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { closeSync, cpSync, mkdirSync, mkdtempSync, openSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { chmod, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, test } from 'vitest';
import type { AppConfig } from '../../src/config/config.ts';
import type { Target } from '../../src/mysql/connect.ts';
import { installPackages } from './apt.ts';
import type { TestServer } from './servers.ts';

const PACKAGES = ['php-cli', 'php-fpm', 'php-mysql', 'php-laravel-framework', 'nginx-light'];
const FIXTURE = new URL('../fixtures/laravel', import.meta.url).pathname;
/** Git keeps no empty folders, and Laravel makes none of these itself. */
const FOLDERS = [
  'bootstrap/cache',
  'storage/logs',
  'storage/app',
  'storage/framework/cache/data',
  'storage/framework/views',
];
const START_MS = 10_000;

/** A real Laravel application behind a private nginx and php-fpm on a loopback port. */
export interface Site {
  /** `http://127.0.0.1:41234/`: lists the companies of the database. `slow?seconds=2` holds a transaction open. */
  readonly url: string;
  /** The application's folder. */
  readonly dir: string;
  /** The configuration that fits it, with what a test wants to be different. */
  app(changes?: Partial<AppConfig>): AppConfig;
  /** Only php-fpm: nginx answers 502. */
  stopPhp(): Promise<void>;
  startPhp(): Promise<void>;
  stop(): Promise<void>;
}

/** Runs `body` when PHP, nginx and Laravel are there or can be installed; else one skipped test says why. */
export async function describeOnLaravel(title: string, body: () => void): Promise<void> {
  const missing = await installPackages(PACKAGES);
  if (missing.names.length === 0) return void describe(title, body);
  test(title, (context) => context.skip(`${missing.names.join(', ')} missing: ${missing.reason}`));
}

/** A test that only root can make, because another account is needed; for others it is skipped, with the reason. */
export function testAsRoot(title: string, body: () => Promise<void>): void {
  test(title, async (context) => {
    context.skip(!isRoot(), 'only root can run something as another account');
    await body();
  });
}

/** The server as an application of another account reaches it: its socket lies in a folder that only we may enter. */
export function overTcp(server: TestServer, database: string): Target {
  return { ...server.target(database), socket: undefined, host: '127.0.0.1', port: server.port };
}

/** A fresh application in a temporary folder, owned by the web server's account when we are root. */
export function createApplication(target: Target): string {
  const dir = mkdtempSync(join(tmpdir(), 'gateway-laravel-'));
  cpSync(FIXTURE, dir, { recursive: true });
  for (const folder of FOLDERS) mkdirSync(join(dir, folder), { recursive: true });
  const settings = {
    APP_ENV: 'production',
    APP_KEY: `base64:${randomBytes(32).toString('base64')}`,
    DB_HOST: target.host ?? '127.0.0.1',
    DB_PORT: target.port ?? 3306,
    DB_SOCKET: target.socket ?? '',
    DB_DATABASE: target.database,
    DB_USERNAME: target.user,
    DB_PASSWORD: target.password?.reveal() ?? '',
  };
  const lines = Object.entries(settings).map(([name, value]) => `${name}="${value}"`);
  writeFileSync(join(dir, '.env'), `${lines.join('\n')}\n`);
  execFileSync('chmod', ['-R', 'u=rwX,go=rX', dir]);
  if (isRoot()) execFileSync('chown', ['-R', 'www-data:www-data', dir]);
  return dir;
}

/** Starts the application's own nginx and php-fpm; nothing of the machine's web server is touched. */
export async function startSite(target: Target): Promise<Site> {
  const dir = createApplication(target);
  const runDir = mkdtempSync(join(tmpdir(), 'gateway-web-'));
  await chmod(runDir, 0o755);
  const port = await freePort();
  const url = `http://127.0.0.1:${port}/`;
  writeFileSync(join(runDir, 'fpm.conf'), fpmConfig(runDir));
  writeFileSync(join(runDir, 'nginx.conf'), nginxConfig(runDir, dir, port));
  const startFpm = () => start(findFpm(), ['--nodaemonize', '--fpm-config', join(runDir, 'fpm.conf')], runDir);
  const children = [
    startFpm(),
    start('/usr/sbin/nginx', ['-p', runDir, '-e', join(runDir, 'nginx.log'), '-c', join(runDir, 'nginx.conf')], runDir),
  ];
  const kill = () => children.forEach((child) => void child.kill('SIGTERM'));
  process.once('exit', kill);
  const stop = async () => {
    process.off('exit', kill);
    await Promise.all(children.map(end));
    await Promise.all([dir, runDir].map((folder) => rm(folder, { recursive: true, force: true })));
  };
  try {
    await waitUntilServing(url, children, runDir);
  } catch (error) {
    await stop();
    throw error;
  }
  const stopPhp = () => end(children[0] as ChildProcess);
  const startPhp = () => {
    children[0] = startFpm();
    return waitUntilServing(url, children, runDir);
  };
  return { url, dir, app: (changes) => appConfig(dir, url, changes), stopPhp, startPhp, stop };
}

export function appConfig(dir: string, url: string | undefined, changes: Partial<AppConfig> = {}): AppConfig {
  return {
    dir,
    maintenance: 'laravel',
    caches: 'laravel',
    services: [],
    serviceCommand: ['service', '{service}', '{action}'],
    health: url === undefined ? undefined : { url, expect: 200, maintenance: 503 },
    ...changes,
  };
}

export function isRoot(): boolean {
  return process.getuid?.() === 0;
}

function fpmConfig(runDir: string): string {
  const account = isRoot() ? 'user = www-data\ngroup = www-data\nlisten.owner = www-data\n' : '';
  return `[global]
error_log = ${runDir}/fpm.log
[site]
${account}listen = ${runDir}/fpm.sock
pm = static
; What a test writes counts from the next request on, not two seconds later.
php_admin_value[opcache.revalidate_freq] = 0
pm.max_children = 4
`;
}

function nginxConfig(runDir: string, dir: string, port: number): string {
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map(
    (kind) => `${kind}_temp_path ${runDir}/${kind};`,
  );
  return `${isRoot() ? 'user www-data;' : ''}
daemon off;
worker_processes 1;
pid ${runDir}/nginx.pid;
events { worker_connections 256; }
http {
  access_log off;
  ${temporary.join('\n  ')}
  server {
    listen 127.0.0.1:${port};
    root ${dir}/public;
    location / {
      include /etc/nginx/fastcgi_params;
      fastcgi_param SCRIPT_FILENAME ${dir}/public/index.php;
      fastcgi_pass unix:${runDir}/fpm.sock;
    }
  }
}
`;
}

function start(file: string, args: readonly string[], runDir: string): ChildProcess {
  const log = openSync(join(runDir, 'out.log'), 'a');
  const child = spawn(file, args, { stdio: ['ignore', log, log] });
  closeSync(log);
  return child;
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, 'exit');
  child.kill('SIGTERM');
  await ended;
}

async function waitUntilServing(url: string, children: readonly ChildProcess[], runDir: string): Promise<void> {
  const endMs = performance.now() + START_MS;
  while (performance.now() < endMs && children.every((child) => child.exitCode === null)) {
    // 502: nginx is there, php-fpm not yet.
    const status = await fetch(url).then(
      (response) => response.status,
      () => 502,
    );
    if (status !== 502) return;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  throw new Error(`the test site did not start: ${readFileSync(join(runDir, 'out.log'), 'utf8')}`);
}

function findFpm(): string {
  const name = readdirSync('/usr/sbin').find((entry) => /^php-fpm[\d.]*$/.test(entry));
  if (name === undefined) throw new Error('php-fpm is installed, but not in /usr/sbin');
  return join('/usr/sbin', name);
}

async function freePort(): Promise<number> {
  const probe = createServer().listen(0, '127.0.0.1');
  await once(probe, 'listening');
  const address = probe.address();
  probe.close();
  if (address === null || typeof address === 'string') throw new Error('no free port');
  return address.port;
}
