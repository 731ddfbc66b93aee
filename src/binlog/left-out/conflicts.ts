import { EventType } from '../events/event.ts';
import { formatPosition, type LogRange, parsePlace, type RangeEvent, rangeFrom, readRange } from '../range.ts';
import { describeKey, describeRow } from './show.ts';
import type { Conflict, LeftOutWatch } from './watch.ts';

/** A later change that stands on what is left out, as a person is told it. */
export interface ToldConflict {
  /** Where its transaction begins, as `--leave-out` takes it too. */
  readonly position: string;
  readonly table: string;
  /** Empty for a change of the definition. */
  readonly key: string;
  readonly reason: string;
  /** What the row was before, and what the change makes of it; of a definition, the statement. */
  readonly before: string;
  readonly after: string;
}

export interface Conflicts {
  /** The first ones, each row once. */
  readonly told: readonly ToldConflict[];
  /** Rows and definitions in all. */
  readonly count: number;
  /** Where the transactions begin that they are in. */
  readonly places: readonly string[];
}

const MOST_TOLD = 100;

/** Reads what comes behind the first transaction that is left out. Throws an error when the logs are damaged. */
export async function findConflicts(
  range: LogRange,
  places: readonly string[],
  watch: LeftOutWatch,
  signal: AbortSignal,
): Promise<Conflicts> {
  const [first] = places;
  const told = new Map<string, ToldConflict>();
  const found = new Set<string>();
  let count = 0;
  if (first === undefined) return { told: [], count, places: [] };
  for await (const event of readRange(rangeFrom(range, parsePlace(first)))) {
    signal.throwIfAborted();
    for (const conflict of watch.take(event)) {
      count++;
      found.add(formatPosition(conflict.at));
      if (told.size >= MOST_TOLD) continue;
      const one = tell(conflict);
      const id = `${one.table} ${one.key}`;
      if (!told.has(id)) told.set(id, one);
    }
  }
  return { told: [...told.values()], count, places: [...found] };
}

/** While it is repeated. Throws an error at what stands on it: the plan was made without one, so that it came since. */
export function isLeftOut(event: RangeEvent, watch: LeftOutWatch | undefined): boolean {
  if (!watch) return false;
  for (const conflict of watch.take(event)) throw new Error(describeConflict(tell(conflict)));
  return watch.isOut && event.type !== EventType.formatDescription;
}

/** PURE */
export function tell({ at, table, reason, row, layout, text }: Conflict): ToldConflict {
  const about = { position: formatPosition(at), table, reason };
  const one = row?.before ?? row?.after;
  if (!row || !layout || !one) return { ...about, key: '', before: '', after: shorten(text ?? '') };
  return {
    ...about,
    key: describeKey(one, layout),
    before: row.before ? describeRow(row.before, layout) : 'no row',
    after: row.after ? describeRow(row.after, layout) : 'deleted',
  };
}

/** PURE: one line. */
export function describeConflict({ position, table, key, reason, before, after }: ToldConflict): string {
  const what = key === '' ? table : `${table} ${key}`;
  const versions = key === '' ? after : `${before} → ${after}`;
  return `${position} ${what}: ${reason}${versions === '' ? '' : ` (${versions})`}`;
}

function shorten(text: string): string {
  const line = text.replace(/\s+/g, ' ');
  return line.length > 120 ? `${line.slice(0, 120)}…` : line;
}
