import { chmodSync, mkdirSync, statSync } from 'node:fs';
import { chown } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { asOwner, readAccountName, readOwner } from '../../src/app/owner.ts';
import { type Command, systemExec } from '../../src/system/exec.ts';
import type { Exit } from '../../src/system/exit.ts';
import { temporaryFolder } from '../support/folder.ts';
import { testAsRoot } from '../support/laravel.ts';

const NOBODY_KNOWS = 54_321;
const WHO = { file: 'sh', args: ['-c', 'id -u; id -g'] };

function storageOf(mode = 0o755): string {
  const dir = temporaryFolder();
  chmodSync(dir, 0o755);
  mkdirSync(join(dir, 'storage'));
  chmodSync(join(dir, 'storage'), mode);
  return dir;
}

test('our own storage needs no other account', async () => {
  const dir = storageOf();
  const { uid, gid } = statSync(dir);
  expect(await readOwner(dir, systemExec)).toEqual({ uid, gid, umask: '0022', prefix: [] });
});

test('files stay writable for the group where storage is', async () => {
  expect((await readOwner(storageOf(0o775), systemExec)).umask).toBe('0002');
});

testAsRoot('root becomes the owner, known to the machine or not', async () => {
  for (const uid of [1, NOBODY_KNOWS]) {
    const dir = storageOf();
    await chown(join(dir, 'storage'), uid, uid);
    const exit = await systemExec.run(asOwner(WHO, await readOwner(dir, systemExec)));
    expect(exit.stdout).toBe(`${uid}\n${uid}\n`);
  }
});

testAsRoot('root without a way to change accounts is refused', async () => {
  const dir = storageOf();
  await chown(join(dir, 'storage'), NOBODY_KNOWS, NOBODY_KNOWS);
  const run = async (command: Command): Promise<Exit> =>
    systemExec.run(command.file === 'id' ? command : { ...command, file: 'no-such-program' });
  await expect(readOwner(dir, { ...systemExec, run })).rejects.toMatchObject({
    message:
      "artisan must run as uid 54321, the owner of the application's storage folder, but neither setpriv nor sudo can change to it",
    exitCode: 5,
    next: 'start gateway-migrate as uid 54321',
  });
});

test('accounts have names', async () => {
  expect(await readAccountName(0, systemExec)).toBe('root');
  expect(await readAccountName(NOBODY_KNOWS, systemExec)).toBe('uid 54321');
});
