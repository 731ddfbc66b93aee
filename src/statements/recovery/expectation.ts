import type { Migration, Statement } from '../../migrations/types.ts';
import type { ObjectId } from '../../schema/types.ts';
import type { JournalRow } from '../row.ts';

export type Digests = Readonly<Partial<Record<ObjectId, string | null>>>;

/** What a rehearsal saw of a migration, as far as a recovery decides by it. */
export interface Expected {
  readonly version: string;
  readonly checksum: string;
  readonly statements: readonly {
    readonly ordinal: number;
    readonly digest: string;
    /** Of the objects that it touches, before and after it; null: not there. */
    readonly before: Digests;
    readonly objects: Digests;
  }[];
  /** Where it can be cut off: the statement of its down section from which on that leads back, where that was proven. */
  readonly routes: readonly { readonly after: number; readonly from?: number | undefined }[];
}

/**
 * What the rehearsal left behind this very statement, begun from the very same objects; undefined when it saw none such.
 * Same server, same statement, same beginning: then the end is known, and what is neither is somebody else's doing.
 */
export function expectedAfter(rehearsed: readonly Expected[], row: JournalRow): Digests | undefined {
  if (row.direction !== 'up') return undefined;
  const seen = rehearsed
    .find(({ version }) => version === row.version)
    ?.statements.find(({ ordinal, digest }) => ordinal === row.ordinal && digest === row.digest);
  const noted = Object.entries(row.evidence.objects) as [ObjectId, string | null][];
  const isSameStart = noted.length > 0 && noted.every(([id, digest]) => (seen?.before[id] ?? null) === digest);
  return isSameStart ? seen?.objects : undefined;
}

/** The end of the down section that was proven to lead back from behind `after` statements of an unchanged file. */
export function provenEnd(
  rehearsed: readonly Expected[],
  migration: Migration,
  after: number,
): readonly Statement[] | undefined {
  const seen = rehearsed.find(
    ({ version, checksum }) => version === migration.version && checksum === migration.checksum,
  );
  const from = seen?.routes.find((route) => route.after === after)?.from;
  return from === undefined ? undefined : migration.down.slice(from - 1);
}
