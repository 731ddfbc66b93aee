import { mkdir, rmdir, statfs } from 'node:fs/promises';
import { join } from 'node:path';
import type { Exec } from '../system/exec.ts';
import { OWNER_ONLY_FOLDER } from '../system/files.ts';

export interface MemoryFolder {
  readonly dir: string;
  /** Removes it; what was made in it has to be removed before. */
  close(): Promise<void>;
}

interface Memory {
  readonly folder: string;
  readonly availableBytes: number;
}

/** Files there are pages of memory, and nothing waits for a disk (tmpfs(5)). */
const SHARED_MEMORY = '/dev/shm';
const TMPFS = 0x01021994;
/** No more than a fourth of what is free: the machine may be production's own. */
const SHARE = 4;

/**
 * A folder of this process in memory, for files of about so many bytes; undefined when that is not ample, or there is
 * none. It goes even when this process is killed: what is left in memory is missed more than what is left on a disk.
 */
export async function makeMemoryFolder(
  exec: Exec,
  neededBytes: number,
  memory: Memory = { folder: SHARED_MEMORY, availableBytes: process.availableMemory() },
): Promise<MemoryFolder | undefined> {
  const { folder, availableBytes } = memory;
  const { type, bavail, bsize } = await statfs(folder).catch(() => ({ type: 0, bavail: 0, bsize: 0 }));
  if (type !== TMPFS || Math.min(bavail * bsize, availableBytes) < neededBytes * SHARE) return undefined;
  const dir = join(folder, `gateway-migrate-${process.pid}`);
  const isMade = await mkdir(dir, { mode: OWNER_ONLY_FOLDER }).then(
    () => true,
    () => false,
  );
  if (!isMade) return undefined;
  const guard = await exec.pipe(guardOf(dir));
  return {
    dir,
    async close() {
      await rmdir(dir).catch(() => undefined);
      guard.kill();
      await guard.exit;
    },
  };
}

/** Its standard input ends when this process does, in whatever way (`exec` then ends
 * what it started: not this); the server needs a moment to die with us. */
function guardOf(dir: string) {
  return { file: '/bin/sh', args: ['-c', 'trap "" TERM; read -r line; sleep 1; rm -rf -- "$0"', dir] };
}
