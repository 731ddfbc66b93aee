import type { Beside } from '../exchange/side-database.ts';
import { holdsSavedRows, type StoredBackup } from './file/folder.ts';

const DAY_MS = 24 * 60 * 60 * 1000;

export interface KeepPolicy {
  /** This many newest ones stay whatever their age. */
  readonly last: number;
  /** Younger than this stays whatever its number. */
  readonly days: number;
}

/**
 * PURE: what a policy lets go of, per server and database, oldest last. The newest proven backup of a database that has its size still always stays, or
 * without a proof the newest whole one. Never chosen: files without a manifest, because nobody knows what they hold, and
 * rows that a rollback saved, because they are nowhere else.
 */
export function chooseExpired(backups: readonly StoredBackup[], keep: KeepPolicy, now: Date): StoredBackup[] {
  const known = backups.filter(({ manifest, path }) => manifest !== undefined && !holdsSavedRows(path));
  const databases = new Set(known.map(databaseOf));
  return [...databases].flatMap((database) => {
    const newestFirst = known
      .filter((backup) => databaseOf(backup) === database)
      .sort((a, b) => b.takenAt.getTime() - a.takenAt.getTime());
    const newestProven =
      newestFirst.find(({ manifest, bytes }) => manifest?.proof && manifest.bytes === bytes) ?? newestFirst[0];
    return newestFirst.filter(
      (backup, index) =>
        index >= keep.last &&
        backup !== newestProven &&
        index > 0 &&
        now.getTime() - backup.takenAt.getTime() > keep.days * DAY_MS,
    );
  });
}

/** Two servers may share the folder. A server's id outlives the name of its host. */
function databaseOf({ manifest }: StoredBackup): string {
  return `${manifest?.database}\n${manifest?.server.uuid ?? manifest?.server.host}`;
}

/** PURE: databases that restores kept beside production, and that the policy lets go of, oldest last. */
export function chooseExpiredBeside(kept: readonly Beside[], keep: KeepPolicy, now: Date): Beside[] {
  return kept
    .filter(({ role }) => role === 'before')
    .toSorted((a, b) => b.madeAt.getTime() - a.madeAt.getTime())
    .filter((one, index) => index >= keep.last && now.getTime() - one.madeAt.getTime() > keep.days * DAY_MS);
}
