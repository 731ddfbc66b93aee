import { closeSync, fsyncSync, openSync, renameSync, writeSync } from 'node:fs';
import { access, constants, mkdir, open, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';

/** Read and write for the owner only: backups, logs, credentials, journals. */
export const OWNER_ONLY = 0o600;
export const OWNER_ONLY_FOLDER = 0o700;

/** Makes a folder that only its owner can enter; an existing one is left as it is. */
export async function makeFolder(path: string): Promise<void> {
  await mkdir(path, { recursive: true, mode: OWNER_ONLY_FOLDER });
}

/** The folder itself, or the first one above it that exists: the one that must be writable before it can be made. */
export async function nearestFolder(path: string): Promise<string> {
  const exists = await access(path).then(
    () => true,
    () => false,
  );
  return exists || dirname(path) === path ? path : nearestFolder(dirname(path));
}

/** Throws, in the system's own words, when nothing can be made in the folder. */
export async function requireWritable(folder: string): Promise<void> {
  await access(folder, constants.W_OK | constants.X_OK);
}

/** Flushes a folder's entries, so that a rename or a new file in it survives a power cut. */
export async function syncFolder(path: string): Promise<void> {
  const handle = await open(path, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** Writes a whole file so that readers see either the old content or the new one, never a part. Owner only. */
export async function writeFileAtomically(path: string, content: string | Uint8Array): Promise<void> {
  const temporary = `${path}.${process.pid}.tmp`;
  try {
    const handle = await open(temporary, 'w', OWNER_ONLY);
    try {
      await handle.writeFile(content);
      await handle.sync();
    } finally {
      await handle.close();
    }
    await rename(temporary, path);
    await syncFolder(dirname(path));
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
}

/** Gives a complete file its final name, durably. */
export function renameDurably(from: string, to: string): void {
  renameSync(from, to);
  const folder = openSync(dirname(to), 'r');
  try {
    fsyncSync(folder);
  } finally {
    closeSync(folder);
  }
}

/** An append-only file of lines; `append` returns when the line is written (and on disk, when durable). */
export interface LineFile {
  append(line: string): void;
  close(): void;
}

/** `durable: false` leaves it to the kernel when a line reaches the disk. */
export function openLineFile(path: string, options: { readonly durable: boolean } = { durable: true }): LineFile {
  const fd = openSync(path, 'a', OWNER_ONLY);
  return {
    append(line) {
      writeSync(fd, `${line}\n`);
      if (options.durable) fsyncSync(fd);
    },
    close: () => closeSync(fd),
  };
}
