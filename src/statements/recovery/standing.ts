import { isReplacing } from '../../migrations/sql/conditions.ts';
import { toStatement } from '../../migrations/sql/statement.ts';
import type { Statement, Touch } from '../../migrations/types.ts';
import { quoteName } from '../../mysql/quote.ts';
import { splitId } from '../../schema/snapshot.ts';
import type { ObjectId } from '../../schema/types.ts';
import type { JournalRow } from '../row.ts';

/** A way back without the drops of what was not made on the way forward. */
export interface Kept {
  readonly statements: readonly Statement[];
  /** What it would have dropped, and leaves. */
  readonly kept: readonly ObjectId[];
}

/**
 * PURE: `CREATE TABLE IF NOT EXISTS` does nothing to a table that is there, but the down section drops it. What stood before
 * a migration, and was not made, replaced or dropped by it, no way back drops. `rows`: the journal's of the run, its start
 * among them; `up` and `down`: what the author wrote.
 */
export function keepWhatStood(
  statements: readonly Statement[],
  up: readonly Statement[],
  rows: readonly JournalRow[],
): Kept {
  const kept: ObjectId[] = [];
  const isRemade = (id: ObjectId) =>
    statements.some(({ touches }) =>
      touches.some((one) => (one.action === 'create' && one.object === id) || one.to === id),
    );
  const stays = ({ action, object, schema }: Touch) =>
    action === 'drop' && schema === undefined && !isRemade(object) && stood(object, up, rows);
  const left = statements.flatMap((statement): Statement[] => {
    const staying = statement.kind === 'ddl' ? statement.touches.filter(stays) : [];
    if (staying.length === 0) return [statement];
    kept.push(...staying.map(({ object }) => object));
    const going = statement.touches.filter((one) => !staying.includes(one));
    if (going.length === 0) return [];
    const names = going.map(({ object }) => quoteName(splitId(object)[1])).join(', ');
    const condition = going.some(({ isConditional }) => isConditional) ? 'IF EXISTS ' : '';
    return [toStatement(`${statement.verb} ${condition}${names}`, statement.line)];
  });
  return { statements: left, kept };
}

function stood(id: ObjectId, up: readonly Statement[], rows: readonly JournalRow[]): boolean {
  const touching = rows
    .filter(({ kind, state }) => kind !== 'start' && state === 'done')
    .toSorted((a, b) => a.ordinal - b.ordinal)
    .flatMap((row) => {
      const statement = up[row.ordinal - 1];
      const touches = statement?.touches.filter(({ object, to }) => object === id || to === id) ?? [];
      return touches.map((touch) => ({
        touch,
        row,
        isReplacing: isReplacing(statement?.text ?? ''),
      }));
    });
  const [first] = touching;
  if (!first) return (rows.find(({ kind }) => kind === 'start')?.evidence.objects[id] ?? null) !== null;
  if ((first.row.evidence.objects[id] ?? null) === null) return false;
  const isOfRows = id.startsWith('table:') || id.startsWith('sequence:');
  return touching.every(
    ({ touch, isReplacing }) =>
      !isReplacing &&
      touch.to !== id &&
      ((touch.action === 'create' && touch.isConditional) || (isOfRows && touch.action === 'alter')),
  );
}
