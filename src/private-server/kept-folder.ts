import { createHash, randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { lstat, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { isAbsolute, join } from 'node:path';
import { Failure } from '../errors.ts';
import type { Environment } from '../mysql/clients.ts';
import type { Exec } from '../system/exec.ts';
import { makeFolder, OWNER_ONLY } from '../system/files.ts';
import { isAlive } from '../system/processes.ts';
import type { ServerBinaries } from './binaries.ts';
import { makeDataFolder } from './data-folder.ts';

/** Raised when a folder that is kept has to be made in another way. */
const FORMAT = 1;
const SEAL = 'sealed.json';
const KEPT = /^kept-[0-9a-f]{16}$/;

/** What the folder is for: one server program, started in one way. */
interface Purpose {
  readonly binaries: ServerBinaries;
  readonly foldsNames?: boolean | undefined;
}

const MAKING = /^making-(\d+)-[0-9a-f]+$/;

interface Seal {
  readonly server: string;
  readonly foldsNames?: boolean | undefined;
  /** Bytes by name: what a full disk or a power cut left of the folder is not taken for the whole. */
  readonly files: Readonly<Record<string, number>>;
}

/** Where data folders are kept between runs: beside the compiled code. Undefined for an account without a home. */
export function keptFoldersIn({ HOME: home, XDG_CACHE_HOME: cache }: Environment): string | undefined {
  const base = cache || (home && join(home, '.cache'));
  return base && isAbsolute(base) ? join(base, 'gateway-migrate', 'data-folders') : undefined;
}

/**
 * A new data folder of exactly this server program, to copy: making one takes MySQL 2 s. It is made once, by whoever
 * comes first, under another name until it is whole; those of programs that are gone or changed are removed then.
 * Undefined when none can be kept here: nothing but time is lost.
 */
export async function findOrMakeKeptFolder(exec: Exec, purpose: Purpose, folder: string): Promise<string | undefined> {
  try {
    await makeFolder(folder);
    if (!(await isOurs(folder))) return undefined;
    const kept = join(folder, `kept-${await identify(purpose)}`);
    if (!(await isWhole(kept))) {
      await make(exec, purpose, folder, kept);
      if (!(await isWhole(kept))) return undefined;
    }
    return join(kept, 'data');
  } catch (error) {
    // A full disk, a folder that may not be written, a program that fails: it is said where there is no other way.
    if (!(error instanceof Failure) && (error as { code?: string }).code === undefined) throw error;
    return undefined;
  }
}

/** For one that no server starts on. */
export async function discardKeptFolder(dataFolder: string): Promise<void> {
  await rm(join(dataFolder, '..'), { recursive: true, force: true });
}

/** A package that is upgraded changes the program in its place. */
async function identify({ binaries, foldsNames }: Purpose): Promise<string> {
  const { server, version } = binaries;
  const { size, mtimeMs } = await stat(server);
  // MariaDB's folders are the same, MySQL's are not: two of one program are kept beside each other.
  const identity = JSON.stringify([FORMAT, server, version, size, mtimeMs, ...(foldsNames ? ['folds names'] : [])]);
  return createHash('sha256').update(identity).digest('hex').slice(0, 16);
}

/** The server that is started on a copy does what stands in it, so nobody else may have written it. */
async function isOurs(path: string): Promise<boolean> {
  const found = await lstat(path);
  return found.isDirectory() && found.uid === process.getuid?.() && (found.mode & 0o022) === 0;
}

async function isWhole(kept: string): Promise<boolean> {
  try {
    if (!(await isOurs(kept))) return false;
    const { files } = JSON.parse(await readFile(join(kept, SEAL), 'utf8')) as Seal;
    return JSON.stringify(await sizesIn(join(kept, 'data'))) === JSON.stringify(files);
  } catch {
    return false;
  }
}

async function make(exec: Exec, { binaries, foldsNames }: Purpose, folder: string, kept: string): Promise<void> {
  await sweep(folder, { binaries, foldsNames });
  const scratchDir = join(folder, `making-${process.pid}-${randomBytes(4).toString('hex')}`);
  await makeFolder(scratchDir);
  try {
    // One that is not whole, in one step: another process may be putting a whole one in its place.
    await rename(kept, join(scratchDir, 'broken')).catch(() => undefined);
    const dataDir = join(scratchDir, 'made');
    await makeDataFolder(exec, binaries, { dataDir, scratchDir, isSmall: true, foldsNames });
    // Every copy makes its own: two servers with one server_uuid cannot replicate.
    await rm(join(dataDir, 'auto.cnf'), { force: true });
    const whole = join(scratchDir, 'whole');
    await makeFolder(whole);
    // Half of it is zeros, which take no room on the disk like this.
    const copied = await exec.run({ file: 'cp', args: ['-a', '--sparse=always', dataDir, join(whole, 'data')] });
    if (copied.exitCode !== 0) await exec.run({ file: 'cp', args: ['-a', dataDir, join(whole, 'data')] });
    const seal: Seal = { server: binaries.server, foldsNames, files: await sizesIn(dataDir) };
    await writeFile(join(whole, SEAL), JSON.stringify(seal), { mode: OWNER_ONLY });
    // The name must not reach the disk before what it names.
    await exec.run({ file: 'sync', args: ['-f', whole] });
    // When another process was faster its folder stays; when the disk is full there is none.
    if (await isWhole(whole)) await rename(whole, kept).catch(() => undefined);
  } finally {
    await rm(scratchDir, { recursive: true, force: true });
  }
}

async function sizesIn(dataDir: string): Promise<Record<string, number>> {
  const names = await readdir(dataDir, { recursive: true });
  const sizes = names.sort().map(async (name) => [name, await lstat(join(dataDir, name))] as const);
  const files = (await Promise.all(sizes)).filter(([, found]) => found.isFile());
  return Object.fromEntries(files.map(([name, { size }]) => [name, size]));
}

/** What killed processes were making, and the folders of programs that were removed or replaced. */
async function sweep(folder: string, purpose: Purpose): Promise<void> {
  for (const name of await readdir(folder)) {
    const path = join(folder, name);
    const pid = MAKING.exec(name)?.[1];
    const isStale = pid === undefined ? KEPT.test(name) && (await isOutdated(path, purpose)) : !isAlive(Number(pid));
    if (isStale) await rm(path, { recursive: true, force: true });
  }
}

async function isOutdated(kept: string, { binaries, foldsNames }: Purpose): Promise<boolean> {
  const seal = await readFile(join(kept, SEAL), 'utf8').then(
    (text) => JSON.parse(text) as Seal,
    () => undefined,
  );
  if (seal?.server === undefined || !existsSync(seal.server)) return true;
  return seal.server === binaries.server && seal.foldsNames === foldsNames;
}
