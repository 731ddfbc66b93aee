import { existsSync } from 'node:fs';
import { readdir, rm, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { fileStamp } from '../../system/clock.ts';
import { isAlive } from '../../system/processes.ts';
import { type Compression, fileSuffix } from './compression.ts';
import { type Manifest, manifestPath, readManifest } from './manifest.ts';

/** A backup in the folder, and what its manifest says. */
export interface StoredBackup {
  readonly path: string;
  readonly bytes: number;
  readonly takenAt: Date;
  readonly manifest: Manifest | undefined;
  /** Why there is no manifest to go by. */
  readonly problem: string | undefined;
}

const BACKUP_NAME = /^[^.].*\.sql\.(?:gz|zst)$/;
/** What `writeFileAtomically` calls a manifest while it is written. */
const PARTIAL_MANIFEST = /\.sql\.(?:gz|zst)\.manifest\.json\.(\d+)\.tmp$/;
const PARTIAL_NAME = /^\.(.+\.sql\.(?:gz|zst))\.(\d+)\.partial$/;

/**
 * `<db>_pre_migration_YYYYMMDD_HHMMSS.sql.gz`; `label` is what the backup is for. A name tells a second: where one has it
 * already, finished or not, the next is `…_HHMMSS_2.sql.gz`.
 */
export function backupPath(
  folder: string,
  database: string,
  label: 'pre_migration' | 'manual' | 'rollback_saved' | 'until',
  at: Date,
  compression: Compression,
): string {
  // A slash is legal in a database's name and not in a file's.
  const name = `${database.replaceAll('/', '_')}_${label}_${fileStamp(at)}`;
  for (let number = 1; ; number++) {
    const path = join(folder, `${name}${number === 1 ? '' : `_${number}`}.sql${fileSuffix(compression)}`);
    if (!existsSync(path) && !existsSync(manifestPath(path))) return path;
  }
}

/** Rows that a rollback kept: some tables only, so nothing that a database can be restored from. */
export function holdsSavedRows(path: string): boolean {
  return /_rollback_saved_\d{8}_\d{6}(?:_\d+)?\.sql\.(?:gz|zst)$/.test(path);
}

/** What a backup is called while it is written: hidden, and with the process that writes it. */
export function partialPath(file: string): string {
  return join(dirname(file), `.${basename(file)}.${process.pid}.partial`);
}

/** Whether another process is writing the backup that is to have this name. */
export async function isBeingWritten(file: string): Promise<boolean> {
  const parts = (await readNames(dirname(file))).flatMap((name) => {
    const [, of, pid] = PARTIAL_NAME.exec(name) ?? [];
    return of === basename(file) ? [Number(pid)] : [];
  });
  return parts.some((pid) => pid !== process.pid && isAlive(pid));
}

/** All backups in a folder, newest first. A folder that does not exist holds none. */
export async function listBackups(folder: string): Promise<StoredBackup[]> {
  const names = (await readNames(folder)).filter((name) => BACKUP_NAME.test(name));
  const backups = await Promise.all(names.map((name) => readStored(join(folder, name))));
  return backups.sort((a, b) => b.takenAt.getTime() - a.takenAt.getTime());
}

async function readStored(path: string): Promise<StoredBackup> {
  const { size, mtime } = await stat(path);
  try {
    const manifest = await readManifest(path);
    return { path, bytes: size, takenAt: new Date(manifest.finishedAt), manifest, problem: undefined };
  } catch (error) {
    return { path, bytes: size, takenAt: mtime, manifest: undefined, problem: (error as Error).message };
  }
}

/**
 * Removes what runs that were killed left behind: unfinished files of processes that are gone, and the manifest, whole or
 * not, that was there before its backup got its name. Returns the names of the unfinished backups.
 */
export async function removeLeftovers(folder: string): Promise<string[]> {
  const ofDead = (form: RegExp, group: number) => async (name: string) => {
    const pid = form.exec(name)?.[group];
    return pid !== undefined && ((await isOfNamesake(join(folder, name), Number(pid))) || !isAlive(Number(pid)));
  };
  const all = await readNames(folder);
  const manifests = await keep(all, ofDead(PARTIAL_MANIFEST, 1));
  await Promise.all(manifests.map((name) => rm(join(folder, name), { force: true })));
  const names = await keep(all, ofDead(PARTIAL_NAME, 2));
  for (const name of names) {
    const file = join(folder, PARTIAL_NAME.exec(name)?.[1] ?? '');
    if (!existsSync(file) && !(await isBeingWritten(file))) await rm(manifestPath(file), { force: true });
    await rm(join(folder, name), { force: true });
  }
  return names;
}

/** In a container every process may have the same number: what is ours, and older than we are, is of one that is gone. */
async function isOfNamesake(path: string, pid: number): Promise<boolean> {
  if (pid !== process.pid) return false;
  const written = await stat(path).catch(() => undefined);
  return written !== undefined && written.mtimeMs < Date.now() - process.uptime() * 1000;
}

async function keep<T>(all: readonly T[], test: (one: T) => Promise<boolean>): Promise<T[]> {
  const results = await Promise.all(all.map(test));
  return all.filter((_, index) => results[index]);
}

/** Removes a backup and its manifest; the manifest last, so that what is left of it can still be told. */
export async function removeBackup(path: string): Promise<void> {
  await rm(path, { force: true });
  await rm(manifestPath(path), { force: true });
}

async function readNames(folder: string): Promise<string[]> {
  try {
    return await readdir(folder);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
}
