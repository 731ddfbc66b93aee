import { classify } from '../../migrations/classify/classify.ts';
import { readAlterActions } from '../../migrations/sql/alter-actions.ts';
import { splitId } from '../../schema/snapshot.ts';
import { OWN_TABLES } from '../../schema/types.ts';
import { type Amount, sumOf } from '../amount.ts';
import type { Concern } from '../concern.ts';
import type { RunInLog } from '../named/runs.ts';
import type { LogPosition } from '../range.ts';
import { shorten } from '../statement.ts';
import { startOf, type TableChange, type Transaction } from '../transaction.ts';
import type { TableSizes } from './table-sizes.ts';

/** Something in the log that takes rows or tables away, as an accident does. */
export interface Accident {
  /** Where a restore has to stop to leave it out. */
  readonly before: LogPosition;
  readonly committed: Transaction['committed'];
  readonly threadId: number | undefined;
  /** `DELETE of 1200 rows`, or the statement's text. */
  readonly what: string;
  readonly tables: readonly string[];
  /** Rows deleted or updated, where the log tells. */
  readonly rows: number | undefined;
  /** Which part of a table's rows they are, of the table that lost most of them; 0 to 1. */
  readonly share: number | undefined;
  /** The run of the tool that did it. */
  readonly run: string | undefined;
  /** What was committed behind it, and is lost when a restore stops in front of it. */
  readonly later: Amount;
}

/** As it is found: what comes behind it is not known yet. */
export type FoundAccident = Omit<Accident, 'later'> & {
  /** Where its last transaction begins, of several. */
  readonly last?: LogPosition;
};

/** So many rows deleted or updated in one transaction are worth a look. */
const MANY_ROWS = 100;
/** Or so many, where they are such a part of their table. */
const SOME_ROWS = 10;
const GREAT_SHARE = 0.5;

/** What of a transaction looks like an accident; undefined when nothing does. */
export function findAccident(
  transaction: Transaction,
  { changes, statements }: Concern,
  sizes: TableSizes,
): FoundAccident | undefined {
  const { committed, threadId, runs } = transaction;
  // A run is told as a whole.
  if (runs.length > 0) return undefined;
  const about = { before: startOf(transaction), committed, threadId, share: undefined, run: undefined };
  const statement = statements.find(({ text }) => takesAway(text));
  if (statement) {
    const touches = classify(statement.text).touches.map(({ object }) => splitId(object)[1]);
    return { ...about, what: shorten(statement.text), tables: touches, rows: undefined };
  }
  const removals = changes.filter(({ change, table }) => change !== 'insert' && !OWN_TABLES.includes(table));
  const rows = sumOf(removals);
  const share = greatestShare(removals, sizes);
  const isMuch = rows !== undefined && (rows >= MANY_ROWS || (rows >= SOME_ROWS && (share ?? 0) >= GREAT_SHARE));
  if (!isMuch) return undefined;
  const tables = [...new Set(removals.map(({ table }) => table))];
  return { ...about, what: describeChanges(removals), tables, rows, share };
}

/** PURE: what a run of the tool did, as one thing that can be left out. */
export function accidentOfRun({ run, transactions }: RunInLog): FoundAccident | undefined {
  const [first] = transactions;
  if (!first) return undefined;
  const { committed, threadId } = first.transaction;
  const changes = transactions
    .flatMap(({ concern }) => concern.changes)
    .filter(({ table }) => !OWN_TABLES.includes(table));
  const definitions = transactions.flatMap(({ concern }) => concern.statements);
  const touched = definitions.flatMap(({ text }) => classify(text).touches.map(({ object }) => object));
  const tables = [...changes.map(({ table }) => table), ...touched.map((one) => splitId(one)[1])];
  const named = [...new Set(tables)].filter((table) => !OWN_TABLES.includes(table));
  if (named.length === 0) return undefined;
  const rows = sumOf(changes);
  const what = `run ${run}: ${definitions.length} definitions, ${rows ?? '?'} rows`;
  const end = transactions.at(-1) ?? first;
  const place = { before: startOf(first.transaction), last: startOf(end.transaction) };
  return { ...place, committed, threadId, what, tables: named, rows, share: undefined, run };
}

function greatestShare(removals: readonly TableChange[], sizes: TableSizes): number | undefined {
  const shares = removals.flatMap((one) => sizes.shareOf(one) ?? []);
  return shares.length === 0 ? undefined : Math.max(...shares);
}

function takesAway(text: string): boolean {
  const { kind, verb } = classify(text);
  if (kind === 'truncate' || /^DROP (?:TABLE|DATABASE|SCHEMA|VIEW|TRIGGER)$/.test(verb)) return true;
  return verb === 'ALTER TABLE' && dropsRows(text);
}

/** Dropping a column or a partition, or emptying one, is among what no way back is known for. */
function dropsRows(text: string): boolean {
  if (/\b(?:TRUNCATE|DROP|EXCHANGE|DISCARD)\s+(?:PARTITION|TABLESPACE)\b/i.test(text)) return true;
  return /\bDROP\b/i.test(text) && readAlterActions(text).some((action) => action.type === 'other');
}

function describeChanges(changes: readonly TableChange[]): string {
  return (['delete', 'update'] as const)
    .map((change) => ({ change, rows: sumOf(changes.filter((one) => one.change === change)) ?? 0 }))
    .filter(({ rows }) => rows > 0)
    .map(({ change, rows }) => `${change.toUpperCase()} of ${rows} rows`)
    .join(', ');
}
