import type { ObjectId } from '../../schema/types.ts';
import { inTurn, type JournalRow } from '../row.ts';

/** What took effect of an up section, of all that is noted. */
export function doneOf(rows: readonly JournalRow[]): JournalRow[] {
  return rows.filter((row) => row.direction === 'up' && row.ordinal > 0 && row.state === 'done');
}

/**
 * Tables of which a new index may have taken the place of one that a foreign key had made for itself: what they look like
 * now tells. Those of whole migrations that go back by their down section are no concern.
 */
export function tablesToLookAt(rows: readonly JournalRow[]): ObjectId[] {
  const noted = doneOf(rows).filter(({ statement }) => /\b(?:INDEX|KEY|UNIQUE)\b/i.test(statement));
  const ids = noted.flatMap(({ evidence }) =>
    Object.entries(evidence.definitions ?? {}).flatMap(([id, text]) =>
      text?.includes(' FOREIGN KEY ') ? [id as ObjectId] : [],
    ),
  );
  return [...new Set(ids)];
}

/** What the next statement upon it has found, else what it looks like now. */
export function definitionAfter(rows: readonly JournalRow[], now: ReadonlyMap<ObjectId, string>) {
  const inOrder = doneOf(rows).toSorted(inTurn);
  return (row: JournalRow, object: ObjectId): string | undefined => {
    const later = inOrder.slice(
      inOrder.findIndex((one) => one.version === row.version && one.ordinal === row.ordinal) + 1,
    );
    return (
      later.map(({ evidence }) => evidence.definitions?.[object]).find((text) => text !== undefined) ?? now.get(object)
    );
  };
}
