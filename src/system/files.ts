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

/**
 * Writes a whole file so that readers see either the old content or the new one, never a part. Owner only.
 * `isFlushed: false`: a power cut may take it, where nothing is lost with it.
 */
export async function writeFileAtomically(
  path: string,
  content: string | Uint8Array,
  { isFlushed = true } = {},
): Promise<void> {
  const temporary = `${path}.${process.pid}.tmp`;
  try {
    // Made anew: a link that somebody has put there is taken away, not followed.
    await rm(temporary, { force: true });
    const handle = await open(temporary, 'wx', OWNER_ONLY);
    try {
      await handle.writeFile(content);
      if (isFlushed) await handle.sync();
    } finally {
      await handle.close();
    }
    await rename(temporary, path);
    if (isFlushed) await syncFolder(dirname(path));
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

/** An append-only file of lines; a line is on disk when `append` returns. */
export interface LineFile {
  append(line: string): void;
  close(): void;
}

export function openLineFile(path: string): LineFile {
  const fd = openSync(path, 'a', OWNER_ONLY);
  return {
    append(line) {
      writeSync(fd, `${line}\n`);
      fsyncSync(fd);
    },
    close: () => closeSync(fd),
  };
}

/**
 * Hands lines on in one write as soon as the process waits for something: written one by one, the events of a statement
 * would cost as much as the statement's round trip. What is collected when the process ends is written then.
 */
export function collectLines(write: (text: string) => void): { append(line: string): void; flush(): void } {
  let collected = '';
  const flush = () => {
    process.removeListener('exit', flush);
    const text = collected;
    collected = '';
    if (text !== '') write(text);
  };
  return {
    append(line) {
      if (collected === '') {
        process.once('exit', flush);
        setImmediate(flush);
      }
      collected += `${line}\n`;
    },
    flush,
  };
}
