import { existsSync } from 'node:fs';
import { type FileHandle, open, rm } from 'node:fs/promises';
import { OWNER_ONLY } from '../../system/files.ts';
import { isBeingWritten, partialPath } from './folder.ts';
import { manifestPath } from './manifest.ts';

/** Another backup has the name: a name tells a second, and two may begin in the same one. */
export class NameTaken extends Error {
  override readonly name = 'NameTaken';
}

/** A name that nobody else gives to a backup, from before it is written on. */
export interface Claim {
  /** The unfinished file, empty, and its path. */
  readonly partial: FileHandle;
  readonly path: string;
  /** After a failure: nothing is left, and the name is free again. */
  release(): Promise<void>;
}

/**
 * Takes a backup's name: it is whose manifest it is, at first empty. The unfinished file is there before it and tells the
 * process, so that what a killed one leaves is taken over, or removed. Throws `NameTaken`.
 */
export async function claimName(file: string): Promise<Claim> {
  const path = partialPath(file);
  const partial = await make(path);
  if (!partial) throw taken(file);
  try {
    if (!(await takeManifest(file))) throw taken(file);
  } catch (error) {
    await partial.close();
    await rm(path, { force: true });
    throw error;
  }
  const release = async () => {
    await partial.close();
    if (!existsSync(file)) await rm(manifestPath(file), { force: true });
    await rm(path, { force: true });
  };
  return { partial, path, release };
}

async function takeManifest(file: string): Promise<boolean> {
  if (existsSync(file)) return false;
  const made = await make(manifestPath(file));
  await made?.close();
  // In this order: an unfinished file that is not there any more may have become the backup.
  return made !== undefined || !((await isBeingWritten(file)) || existsSync(file));
}

/** Undefined when it is there already. */
async function make(path: string): Promise<FileHandle | undefined> {
  try {
    return await open(path, 'wx', OWNER_ONLY);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return undefined;
    throw error;
  }
}

function taken(file: string): NameTaken {
  return new NameTaken(`${file} is there or under way already, and no backup replaces another`);
}
