import { lstatSync, readdirSync, readFileSync, readlinkSync, type Stats } from 'node:fs';
import { isAbsolute, join, resolve } from 'node:path';

/** Whose files are obeyed. */
export interface Trust {
  readonly uids: ReadonlySet<number>;
  readonly gids: ReadonlySet<number>;
  /** What everybody may write to is obeyed as well. */
  readonly isOpenToAll: boolean;
}

/** Something that others decide about. */
export interface Stranger {
  readonly path: string;
  /** `belongs to nobody (uid 65534)`, `may be written to by everybody (mode 0777)`. */
  readonly problem: string;
  /** The command that ends it, for somebody who has looked at what is there. */
  readonly remedy: string;
  /** Who would have to be trusted for it to be none. */
  readonly by: { readonly uid?: number; readonly gid?: number; readonly everybody?: true };
}

const GROUP_WRITES = 0o020;
const EVERYBODY_WRITES = 0o002;
const STICKY = 0o1000;
/** As many as Linux follows (path_resolution(7)). */
const MOST_LINKS = 40;

/** Root and ourselves: what belongs to them is obeyed, as by ssh (StrictModes) and git (safe.directory). */
export function ownTrust(): Trust {
  return { uids: new Set([0, ownId()]), gids: new Set([0]), isOpenToAll: false };
}

/** The same, and whoever else decides about these. */
export function trustAlso(trust: Trust, strangers: readonly Stranger[]): Trust {
  const uids = strangers.map(({ by }) => by.uid).filter((uid) => uid !== undefined);
  const gids = strangers.map(({ by }) => by.gid).filter((gid) => gid !== undefined);
  return {
    uids: new Set([...trust.uids, ...uids]),
    gids: new Set([...trust.gids, ...gids]),
    isOpenToAll: trust.isOpenToAll || strangers.some(({ by }) => by.everybody),
  };
}

/**
 * Who else may change what an absolute path leads to: the file or folder itself, every folder above it, and every link on
 * the way. What is not there yet is judged by the folders above it. Others cannot take away what is ours in a folder with
 * the sticky bit, such as /tmp; put something into it they can, so the bit counts for the folders above only. Empty where
 * the system knows no owners.
 */
export function findStrangers(path: string, trust: Trust): Stranger[] {
  if (process.geteuid === undefined) return [];
  const found = new Map<string, Stranger>();
  const names = partsOf(path);
  let at = '/';
  let links = 0;
  look(at, lstatSync(at), names.length > 0);
  for (let name = names.shift(); name !== undefined; name = names.shift()) {
    const next = join(at, name);
    const stats = lookAt(next);
    if (!stats) break;
    look(next, stats, names.length > 0);
    if (!stats.isSymbolicLink()) at = next;
    else if (++links > MOST_LINKS) break;
    else {
      const target = readlinkSync(next);
      names.unshift(...partsOf(target));
      if (isAbsolute(target)) at = '/';
    }
  }
  return [...found.values()];

  function look(one: string, stats: Stats, isAbove: boolean): void {
    for (const stranger of strangersAt(one, stats, isAbove, trust)) found.set(`${one} ${stranger.problem}`, stranger);
  }
}

/** Who else may change the files that a folder holds; the folder itself is not looked at again, unless a link leads away. */
export function findStrangersIn(folder: string, trust: Trust): Stranger[] {
  if (process.geteuid === undefined) return [];
  return namesIn(folder).flatMap((name) => {
    // A name that the folder gave needs no normalising, and there may be a thousand of them.
    const path = `${folder}/${name}`;
    const stats = lookAt(path);
    if (!stats) return [];
    return stats.isSymbolicLink() ? findStrangers(path, trust) : strangersAt(path, stats, false, trust);
  });
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

function partsOf(path: string): string[] {
  return path.split('/').filter((part) => part !== '' && part !== '.');
}

/** Undefined for what is not there, and for what we may not look at: then we cannot read it either. */
function lookAt(path: string): Stats | undefined {
  try {
    return lstatSync(path, { throwIfNoEntry: false });
  } catch {
    return undefined;
  }
}

function strangersAt(path: string, stats: Stats, isAbove: boolean, trust: Trust): Stranger[] {
  const { uid, gid, mode } = stats;
  const found: Stranger[] = [];
  if (!trust.uids.has(uid)) {
    const problem = `belongs to ${nameOf('passwd', uid)} (uid ${uid})`;
    found.push({ path, problem, remedy: `chown -h ${nameOf('passwd', ownId())} ${path}`, by: { uid } });
  }
  // The mode of a link means nothing.
  if (stats.isSymbolicLink() || (isAbove && (mode & STICKY) !== 0)) return found;
  const shown = `(mode ${(mode & 0o7777).toString(8).padStart(4, '0')})`;
  if ((mode & EVERYBODY_WRITES) !== 0 && !trust.isOpenToAll) {
    const problem = `may be written to by everybody ${shown}`;
    found.push({ path, problem, remedy: `chmod go-w ${path}`, by: { everybody: true } });
  } else if ((mode & GROUP_WRITES) !== 0 && !isOwnGroup(gid, trust)) {
    const problem = `may be written to by the group ${nameOf('group', gid)} (gid ${gid}) ${shown}`;
    found.push({ path, problem, remedy: `chmod g-w ${path}`, by: { gid } });
  }
  return found;
}

/**
 * Debian and others give each account a group of its own, and a umask that lets it write: a group whose every member is
 * trusted is no stranger (OpenSSH of Debian decides so, too). A group that the machine's files do not know is one.
 */
function isOwnGroup(gid: number, trust: Trust): boolean {
  if (trust.gids.has(gid)) return true;
  const group = entriesOf('group').find(([, , id]) => Number(id) === gid);
  if (!group) return false;
  const accounts = entriesOf('passwd');
  const primary = accounts.filter(([, , , id]) => Number(id) === gid).map(([, , uid]) => Number(uid));
  const listed = (group[3] ?? '').split(',').filter((name) => name !== '');
  const uids = listed.map((name) => Number(accounts.find(([account]) => account === name)?.[2] ?? Number.NaN));
  return [...primary, ...uids].every((uid) => trust.uids.has(uid));
}

function nameOf(file: 'passwd' | 'group', id: number): string {
  return entriesOf(file).find(([, , one]) => Number(one) === id)?.[0] ?? 'an unknown account';
}

/** The lines of /etc/passwd or /etc/group. Read when something is found only: nearly never. */
function entriesOf(file: 'passwd' | 'group'): string[][] {
  try {
    const lines = readFileSync(`/etc/${file}`, 'utf8').split('\n');
    return lines.map((line) => line.split(':')).filter(({ length }) => length >= 4);
  } catch {
    return [];
  }
}

function ownId(): number {
  return process.geteuid?.() ?? 0;
}

/** Where a program of a bare name is found along PATH, whose relative parts begin at `base`. Undefined where it is not. */
export function findProgram(name: string, searched: string, base: string): string | undefined {
  for (const folder of searched.split(':')) {
    const path = resolve(base, folder, name);
    const stats = lookAt(path);
    if (stats && !stats.isDirectory() && (stats.isSymbolicLink() || (stats.mode & 0o111) !== 0)) return path;
  }
  return undefined;
}
