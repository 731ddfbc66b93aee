import { ExitCode, Failure } from '../errors.ts';
import { checksumOf } from './checksum.ts';
import { compareVersions } from './file-name.ts';
import type { HistoryRow } from './history-row.ts';
import { sourceOf } from './laravel/source-lines.ts';
import { diffLines } from './line-diff.ts';
import type { Migration } from './types.ts';

/** A file that is not what was applied under its version. */
export interface ChangedMigration {
  readonly migration: Migration;
  readonly row: HistoryRow;
}

/** The files of a folder held against the history of a database; each list in the order of versions. */
export interface MigrationStatus {
  readonly applied: readonly HistoryRow[];
  /** Begun and not finished, in either direction. */
  readonly unfinished: readonly HistoryRow[];
  readonly pending: readonly Migration[];
  readonly changed: readonly ChangedMigration[];
  /** Applied, but the file is gone. */
  readonly missing: readonly HistoryRow[];
  /** Those of `pending` that come before something applied: another branch was merged later. */
  readonly outOfOrder: readonly Migration[];
}

export function compareWithHistory(migrations: readonly Migration[], history: readonly HistoryRow[]): MigrationStatus {
  const rows = history.toSorted((a, b) => compareVersions(a.version, b.version));
  const rowOf = new Map(rows.map((row) => [row.version, row]));
  const fileOf = new Map(migrations.map((migration) => [migration.version, migration]));
  const applied = rows.filter((row) => row.state === 'applied' || row.state === 'adopted');
  const pending = migrations
    .filter((migration) => !rowOf.has(migration.version))
    .toSorted((a, b) => compareVersions(a.version, b.version));
  const newest = applied.at(-1)?.version;
  return {
    applied,
    unfinished: rows.filter((row) => row.state === 'applying' || row.state === 'undoing'),
    pending,
    changed: applied.flatMap((row) => {
      const migration = fileOf.get(row.version);
      return migration && isChanged(migration, row) ? [{ migration, row }] : [];
    }),
    missing: rows.filter((row) => !fileOf.has(row.version)),
    outOfOrder: newest === undefined ? [] : pending.filter(({ version }) => compareVersions(version, newest) < 0),
  };
}

/** A checksum of another release's algorithm says nothing: then the text that was kept is compared. */
function isChanged(migration: Migration, row: HistoryRow): boolean {
  if (migration.checksum === row.checksum) return false;
  if (algorithmOf(migration.checksum) === algorithmOf(row.checksum)) return true;
  return row.text !== null && checksumOf(row.text) !== migration.checksum;
}

function algorithmOf(checksum: string): string {
  return checksum.slice(0, checksum.indexOf(':'));
}

/** Lines as `diffLines` gives them; undefined when the applied text was too large to keep. */
export function diffSinceApplied({ migration, row }: ChangedMigration): string[] | undefined {
  return row.text === null ? undefined : diffLines(sourceOf(row.text), sourceOf(migration.text));
}

/**
 * The migration that a person means: its version (`2` is 000002), its base name, or an ending of either that no other has.
 */
export function findMigration(migrations: readonly Migration[], wanted: string): Migration {
  const exact = migrations.find(({ version, baseName }) => version === wanted || baseName === wanted);
  if (exact) return exact;
  const ofValue = /^\d[\d.]*$/.test(wanted)
    ? migrations.find(({ version }) => compareVersions(version, wanted) === 0)
    : undefined;
  if (ofValue) return ofValue;
  const found =
    wanted === ''
      ? []
      : migrations.filter(({ version, baseName }) => version.endsWith(wanted) || baseName.endsWith(wanted));
  const [only] = found;
  if (only && found.length === 1) return only;
  throw new Failure(
    only
      ? `${wanted} could be any of ${found.map(({ baseName }) => baseName).join(', ')}`
      : `there is no migration ${wanted}`,
    {
      exitCode: ExitCode.usage,
      production: 'unchanged',
      state: 'nothing was started, production is unchanged',
      next: only ? 'name one of them in full' : 'gateway-migrate status',
    },
  );
}

/** Those of `pending` up to and including `last`. */
export function selectUpTo(pending: readonly Migration[], last: Migration): Migration[] {
  return pending.filter(({ version }) => compareVersions(version, last.version) <= 0);
}
