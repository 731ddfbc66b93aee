import { mkdir, readdir, rm, statfs } from 'node:fs/promises';
import { join } from 'node:path';
import { OWNER_ONLY_FOLDER } from '../../system/files.ts';
import { isAlive } from '../../system/processes.ts';

const NAME = /^gateway-migrate-proof-(\d+)$/;

/**
 * Makes a folder of this process in the first of `folders` that has room; undefined when none has. Those of processes
 * that were killed are removed on the way.
 */
export async function makeProofFolder(folders: readonly string[], neededBytes: number): Promise<string | undefined> {
  for (const folder of folders) await sweep(folder);
  for (const folder of folders) {
    const { bavail, bsize } = await statfs(folder).catch(() => ({ bavail: 0, bsize: 0 }));
    if (bavail * bsize < neededBytes) continue;
    const own = join(folder, `gateway-migrate-proof-${process.pid}`);
    await mkdir(own, { recursive: true, mode: OWNER_ONLY_FOLDER });
    return own;
  }
  return undefined;
}

async function sweep(folder: string): Promise<void> {
  for (const name of await readdir(folder).catch(() => [])) {
    const pid = NAME.exec(name)?.[1];
    if (pid === undefined || isAlive(Number(pid))) continue;
    // Another account's stays for that account to remove.
    await rm(join(folder, name), { recursive: true, force: true }).catch(() => undefined);
  }
}
