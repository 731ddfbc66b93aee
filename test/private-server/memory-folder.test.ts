import { existsSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test, vi } from 'vitest';
import { makeMemoryFolder } from '../../src/private-server/memory-folder.ts';
import { type Exec, systemExec } from '../../src/system/exec.ts';

const SHM = '/dev/shm';
const hasMemory = existsSync(SHM);

test.runIf(hasMemory)('a folder in memory is made where four times as much is free, and goes', async () => {
  const made = await makeMemoryFolder(systemExec, 1_000, { folder: SHM, availableBytes: 4_000 });
  expect(made?.dir).toBe(join(SHM, `gateway-migrate-${process.pid}`));
  // One at a time for a process.
  expect(await makeMemoryFolder(systemExec, 1_000, { folder: SHM, availableBytes: 4_000 })).toBeUndefined();
  await made?.close();
  expect(existsSync(made?.dir ?? '')).toBe(false);
});

test('no folder is made in memory that is not ample, nor on a disk', async () => {
  expect(await makeMemoryFolder(systemExec, 1_000, { folder: SHM, availableBytes: 3_999 })).toBeUndefined();
  expect(await makeMemoryFolder(systemExec, 1e15)).toBeUndefined();
  expect(await makeMemoryFolder(systemExec, 1, { folder: '/proc', availableBytes: 1e9 })).toBeUndefined();
  expect(
    await makeMemoryFolder(systemExec, 1, { folder: join(tmpdir(), 'none'), availableBytes: 1e9 }),
  ).toBeUndefined();
});

test.runIf(hasMemory)('a folder in memory goes with all that is in it when its process is killed', async () => {
  let die = () => {};
  const exec: Exec = {
    ...systemExec,
    async pipe(command, options) {
      const piped = await systemExec.pipe(command, options);
      // What the end of a process does to its pipes.
      die = () => void piped.stdin.destroy();
      return piped;
    },
  };
  const made = await makeMemoryFolder(exec, 1_000, { folder: SHM, availableBytes: 4_000 });
  const dir = made?.dir ?? '';
  writeFileSync(join(dir, 'ibdata1'), 'pages');
  die();
  await vi.waitFor(() => expect(existsSync(dir)).toBe(false), 10_000);
  await made?.close();
});
