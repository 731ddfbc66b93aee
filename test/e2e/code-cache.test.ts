import { execFile } from 'node:child_process';
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, expect, inject, test } from 'vitest';

let home: string;
let folder: string;
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'gateway-code-'));
  folder = join(home, '.cache/gateway-migrate/code');
});
afterEach(() => rmSync(home, { recursive: true, force: true }));

/** The version, as the program says it. */
async function askVersion(program = inject('program')): Promise<string> {
  const env = { PATH: process.env.PATH, HOME: home };
  const { stdout, stderr } = await promisify(execFile)(process.execPath, [program, '--version'], { env });
  expect(stderr).toBe('');
  return stdout.trim();
}

function keptFor(command: string): string[] {
  return readdirSync(folder).filter((name) => name.startsWith(`${command}-`));
}

test('compiled code is kept for the owner alone, and what is broken is made anew', async () => {
  const version = await askVersion();
  const kept = join(folder, keptFor('any')[0] ?? '');
  expect([statSync(folder).mode & 0o777, statSync(kept).mode & 0o777]).toEqual([0o700, 0o600]);
  const whole = readFileSync(kept);
  const flipped = Buffer.from(whole);
  flipped.fill(0, 20_000, 24_096);
  for (const broken of [
    Buffer.alloc(0),
    whole.subarray(0, 5_000),
    whole.subarray(5_000),
    Buffer.alloc(9_000),
    flipped,
  ]) {
    writeFileSync(kept, broken);
    expect(await askVersion()).toBe(version);
    expect(readFileSync(kept).length).toBeGreaterThan(whole.length / 2);
  }
  const { mtimeMs } = statSync(kept);
  expect(await askVersion()).toBe(version);
  expect(statSync(kept).mtimeMs).toBe(mtimeMs);
});

test('the code of another build of the same length is not run', async () => {
  const version = await askVersion();
  const other = join(home, 'package');
  cpSync(join(dirname(inject('program')), '..'), other, { recursive: true });
  const bundle = join(other, 'dist/main.cjs');
  const changed = readFileSync(bundle, 'latin1').replace(`"${version}"`, '"9.9.9"');
  writeFileSync(bundle, changed.replace(/^\/\/ sha256 \w{8}/, '// sha256 00000000'), 'latin1');
  expect(changed.length).toBe(readFileSync(join(inject('program'), '../../dist/main.cjs')).length);
  expect(await askVersion(join(other, 'bin/gateway-migrate.js'))).toBe('9.9.9');
  expect(await askVersion()).toBe(version);
  expect(keptFor('any')).toHaveLength(2);
});

test('what builds of long ago have left is removed', async () => {
  await askVersion();
  const [name = ''] = keptFor('any');
  const old = join(folder, 'status-0123456789ab');
  writeFileSync(old, '');
  const longAgo = new Date(Date.now() - 31 * 24 * 60 * 60_000);
  utimesSync(old, longAgo, longAgo);
  rmSync(join(folder, name));
  const strange = join(folder, 'backup.sql');
  writeFileSync(strange, '');
  utimesSync(strange, longAgo, longAgo);
  await askVersion();
  expect(readdirSync(folder).sort()).toEqual([name, 'backup.sql'].sort());
});

test('nothing is kept where a link leads', async () => {
  const elsewhere = join(home, 'elsewhere');
  mkdirSync(elsewhere);
  mkdirSync(dirname(folder), { recursive: true });
  symlinkSync(elsewhere, folder);
  await askVersion();
  expect(readdirSync(elsewhere)).toEqual([]);
});

test('nothing is kept where others can write', async () => {
  chmodSync(home, 0o777);
  await askVersion();
  expect(existsSync(folder)).toBe(false);
});

test('kept code can still import a configuration that is a program', async () => {
  writeFileSync(join(home, 'gateway-migrate.config.mjs'), "export default { migrations: { dir: 'from-program' } };\n");
  for (const name of ['first', 'second']) {
    const env = { PATH: process.env.PATH, HOME: home };
    await promisify(execFile)(process.execPath, [inject('program'), 'new', name], { env, cwd: home });
  }
  expect(keptFor('new')).toHaveLength(1);
  expect(readdirSync(join(home, 'from-program'))).toHaveLength(2);
});

test('a run goes on with what it began with, though another installation takes its place', async () => {
  const other = join(home, 'package');
  cpSync(join(dirname(inject('program')), '..'), other, { recursive: true });
  const configuration = `import { rmSync, truncateSync } from 'node:fs';
truncateSync(${JSON.stringify(join(other, 'dist/main.cjs'))});
rmSync(${JSON.stringify(join(other, 'dist'))}, { recursive: true });
export default { database: { host: '127.0.0.1', port: 1, name: 'db', user: 'app' } };
`;
  writeFileSync(join(home, 'gateway-migrate.config.mjs'), configuration);
  const env = { PATH: process.env.PATH, HOME: home };
  // The driver, and how an error is told, are read after the configuration.
  const running = promisify(execFile)(process.execPath, [join(other, 'bin/gateway-migrate.js'), 'status'], {
    env,
    cwd: home,
  });
  await expect(running).rejects.toMatchObject({
    code: 2,
    stdout: expect.stringContaining('cannot connect to db on 127.0.0.1:1 as app'),
  });
  expect(existsSync(join(other, 'dist'))).toBe(false);
});
