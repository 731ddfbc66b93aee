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

/** Something that a rehearsal found in the migrations, or in what they meet in production. */
export interface Finding {
  /** In kebab-case, e.g. `unique-with-null`. */
  readonly name: FindingName;
  /** An `error` makes the migrations not ready. */
  readonly level: 'error' | 'advice';
  readonly group: string;
  /** The migration that brings it; undefined when it was there before. */
  readonly version?: string | undefined;
  readonly object: string;
  readonly what: string;
  readonly why: string;
  readonly fix: string;
}
