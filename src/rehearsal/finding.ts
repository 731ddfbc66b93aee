/** What `-- migrate:allow NAME reason` in a file can silence. */
export const FINDING_NAMES = [
  'acts-on-the-server',
  'blocking-change',
  'cannot-be-watched',
  'cascade-not-probed',
  'check-cannot-run',
  'data-loss-in-down',
  'data-loss-in-up',
  'delimiter',
  'down-fails',
  'down-leaves-something',
  'down-only-from-the-end',
  'dropped-column',
  'dropped-table',
  'duplicates-under-unique',
  'foreign-key-not-enforced',
  'generated-value-refused',
  'implicit-default',
  'names-a-database',
  'needs-a-later-migration',
  'no-value-for-new-column',
  'no-way-back',
  'no-way-back-from-the-middle',
  'null-in-not-null',
  'orphans-under-foreign-key',
  'polymorphic-type',
  'redundant-index',
  'reference-without-index',
  'renamed-column',
  'renamed-table',
  'rows-break-check',
  'rows-outlive-tenant',
  'rows-without-partition',
  'soft-delete-keeps-key',
  'temporary-table',
  'tenant-cascade',
  'tenant-column',
  'tenant-deletion-refused',
  'tenant-index',
  'tenant-not-null',
  'unique-with-null',
  'unique-without-tenant',
  'unknown-allowance',
  'up-fails',
  'up-not-repeatable',
  'value-changed',
  'value-out-of-range',
  'verify-cannot-run',
  'verify-finds-something',
] as const;

export type FindingName = (typeof FINDING_NAMES)[number];

/** What advice is about, in a few words: it stands beside the names of what it concerns. */
export const HEADLINES: Partial<Record<FindingName, string>> = {
  'blocking-change': 'writers wait while the table is changed',
  'data-loss-in-down': 'the way back drops rows; rollback saves them first',
  'data-loss-in-up': 'rows go for good; only the backup has them',
  'dropped-column': 'code that still runs may read it',
  'dropped-table': 'code that still runs may read it',
  'implicit-default': 'every UPDATE changes it: the server gave it ON UPDATE',
  'no-way-back-from-the-middle': 'cut off there, only restore leads back, from the proven backup',
  'polymorphic-type': 'a number cannot hold the keys of parents with UUIDs',
  'redundant-index': 'another index has the same columns',
  'reference-without-index': 'no index serves the reference',
  'renamed-column': 'code that still runs may read it under the old name',
  'renamed-table': 'code that still runs may read it under the old name',
  'rows-outlive-tenant': 'rows outlive their tenant: no foreign key',
  'soft-delete-keeps-key': 'a deleted row still holds its unique key',
  'unique-with-null': 'NULLs are distinct: the unique key forbids nothing for them',
  'unique-without-tenant': 'a value that one tenant took is refused to all others',
};

/** Something that a rehearsal found in the migrations, or in what they meet in production. */
export interface Finding {
  /** In kebab-case, e.g. `unique-with-null`. */
  readonly name: FindingName;
  /** An `error` makes the migrations not ready; a `hint` is seldom worth a thought, and shown with `--verbose` alone. */
  readonly level: 'error' | 'advice' | 'hint';
  readonly group: string;
  /** The migration that brings it; undefined when it was there before. */
  readonly version?: string | undefined;
  readonly object: string;
  readonly what: string;
  readonly why: string;
  readonly fix: string;
  /** It may not be one on rows of production (`test --from-backup`). */
  readonly asksForRows?: true;
}
