import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { startServer } from '../support/servers.ts';
import { createProduction, finish, lastOf } from './production.ts';

/** The npm package `node` carries the program itself; shared by all clones of the project. */
const FOLDER = join(process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'gateway-migrate', 'node-24');
const NODE = join(FOLDER, 'node_modules/node/bin/node');

/** Installs it once. Resolves with why that cannot be done, if it cannot. */
async function installNode(): Promise<string | undefined> {
  if (existsSync(NODE)) return undefined;
  await mkdir(FOLDER, { recursive: true });
  const args = ['install', '--prefix', FOLDER, '--no-audit', '--no-fund', '--no-save', 'node@24'];
  try {
    await promisify(execFile)('npm', args, { timeout: 90_000 });
  } catch (error) {
    return `Node 24 could not be installed: ${String((error as { stderr?: string }).stderr ?? error).trim()}`;
  }
  return existsSync(NODE) ? undefined : 'Node 24 could not be installed: the package holds no program';
}

test('a deploy and its rollback under Node 24', async (context) => {
  const missing = await installNode();
  context.skip(missing !== undefined, missing);
  const server = await startServer('mariadb');
  const production = await createProduction(server, { migrations: 'six', reachedBy: 'tcp' });
  try {
    const { stdout } = await promisify(execFile)(NODE, ['--version']);
    expect(stdout).toMatch(/^v24\./);
    for (const command of ['deploy', 'verify', 'rollback']) {
      const finished = await finish(production.start([command, '--yes', '--json'], {}, NODE));
      expect([command, finished.code, lastOf(finished).error]).toEqual([command, 0, undefined]);
      expect(finished.stderr).not.toMatch(/Warning:/);
    }
  } finally {
    production.remove();
    await server.stop();
  }
}, 180_000);
