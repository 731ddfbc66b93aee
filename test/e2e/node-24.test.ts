import { execFile } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, inject, test } from 'vitest';
import { startServer } from '../support/servers.ts';
import { createProduction, finish, jsonLines, lastOf } from './production.ts';

/** The npm package `node` carries the program itself; shared by all clones of the project. */
const FOLDER = join(process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'gateway-migrate', 'node-24');
const NODE = join(FOLDER, 'node_modules/node/bin/node');

const VERIFY = join(import.meta.dirname, '../../src/backup/file/verify.ts');
/** Counts the damages that are found, in one process: a start for each would take minutes. */
const DAMAGES = `
const { readFileSync, writeFileSync } = await import('node:fs');
const [verify, file] = process.argv.slice(1);
const { verifyBackup } = await import(verify);
const whole = readFileSync(file);
const isFound = async (bytes) => {
  writeFileSync(file, bytes);
  return (await verifyBackup(file)).problems.length > 0;
};
const { problems } = await verifyBackup(file);
const found = { whole: problems, truncated: 0, flipped: 0 };
for (let trial = 0; trial < 100; trial++) {
  const at = Math.floor((whole.length * (trial + Math.random())) / 100);
  if (await isFound(whole.subarray(0, at))) found.truncated++;
  if (await isFound(whole.map((byte, index) => (index === at ? byte ^ (1 << (trial % 8)) : byte)))) found.flipped++;
}
writeFileSync(file, whole);
console.log(JSON.stringify(found));
`;

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
  const verdictOn = async (file: string) =>
    (await finish(production.start(['backup', 'verify', file, '--json'], {}, NODE))).code;
  try {
    const { stdout } = await promisify(execFile)(NODE, ['--version']);
    expect(stdout).toMatch(/^v24\./);
    // A compression that only newer releases of Node have: each frame has to be read, not just the first.
    const backup = { dir: 'backups', minFree: '1MB', compression: 'zstd', verify: 'restore' };
    production.configure({ backup });
    const rows = Array.from({ length: 3000 }, (_, id) => `(${id}, REPEAT(SHA2(${id}, 512), 8))`);
    await production.sql(`CREATE TABLE large (id INT PRIMARY KEY, t TEXT); INSERT INTO large VALUES ${rows.join()}`);
    const made = await finish(production.start(['backup', 'create', '--json'], {}, NODE));
    expect(jsonLines(made).find((event) => event.type === 'step.finished' && event.id === 'prove')?.detail).toMatch(
      /^loaded into a private MariaDB \S+ and dumped again: the same$/,
    );
    const file = String(lastOf(made).backup);
    const whole = readFileSync(file);
    expect(await verdictOn(file)).toBe(0);
    for (const damage of [
      whole.subarray(0, -9),
      whole.subarray(0, whole.length / 2),
      whole.map((byte, at) => (at === 99 ? byte ^ 4 : byte)),
    ]) {
      writeFileSync(file, damage);
      expect(await verdictOn(file)).toBe(1);
    }
    writeFileSync(file, whole);
    const { stdout: told } = await promisify(execFile)(NODE, ['--input-type=module', '-e', DAMAGES, VERIFY, file]);
    expect(JSON.parse(told)).toEqual({ whole: [], truncated: 100, flipped: 100 });
    // An older Node says so before anything begins.
    expect(lastOf(await production.run('deploy', '--yes', '--json')).error).toMatchObject({
      what: 'preflight found 1 to mend: compression',
    });
    production.configure({ backup: { ...backup, compression: 'gzip', verify: 'checksum' } });
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

test('a moment in a binary log whose transactions MySQL has compressed', { timeout: 120_000 }, async (context) => {
  const missing = await installNode();
  context.skip(missing !== undefined || !('binaries' in inject('servers').mysql), missing ?? 'there is no MySQL');
  const server = await startServer('mysql', { binlog: true });
  const production = await createProduction(server, { reachedBy: 'tcp' });
  const run = (...args: string[]) => finish(production.start([...args, '--yes', '--json'], {}, NODE));
  try {
    const rights = 'REPLICATION SLAVE, REPLICATION CLIENT, REPLICATION_APPLIER, SESSION_VARIABLES_ADMIN';
    await server.sql(`GRANT ${rights} ON *.* TO 'app user'@'127.0.0.1', 'app user'@'localhost'`);
    await production.sql('CREATE TABLE calls (id INT PRIMARY KEY AUTO_INCREMENT, text VARCHAR(200))');
    expect((await run('backup', 'create')).code).toBe(0);
    await production.sql(
      `SET SESSION binlog_transaction_compression = ON; INSERT INTO calls (text) VALUES (REPEAT('a', 200)), ('b');
       BEGIN; UPDATE calls SET text = 'c' WHERE id = 2; INSERT INTO calls VALUES (7, 'd'); COMMIT`,
    );
    const [row] = await production.query<{ File: string; Position: number }>('SHOW BINARY LOG STATUS');
    await production.sql('DROP TABLE calls');
    const restored = await run('restore', '--until', `${row?.File}:${row?.Position}`);
    expect(lastOf(restored)).toMatchObject({ result: 'ok', production: 'restored' });
    expect(await production.query('SELECT id, LEFT(text, 1) AS t FROM calls ORDER BY id')).toEqual([
      { id: 1, t: 'a' },
      { id: 2, t: 'c' },
      { id: 7, t: 'd' },
    ]);
  } finally {
    await server.stop();
    production.remove();
  }
});
