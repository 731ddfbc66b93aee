import type { ChangedRow, RowValues } from '../events/row-values.ts';
import type { Fate } from './effect.ts';
import { numberOf } from './floors.ts';
import { Followers } from './followers.ts';
import { keyOfColumns, keyOfRow, keyOfWhole, lacks, type RowKey } from './key.ts';
import type { Layouts, Reference, TableLayout } from './layout.ts';

/** Why a row that was changed later is not the same without what is left out. */
export type Reason =
  | 'it is another row, or none, without what is left out'
  | 'its key is that of a row which is there again'
  | 'it refers to a row that is left out'
  | 'a row that is there again refers to it'
  | 'its values cannot be told apart in the log';

const TAKEN: Reason = 'its key is that of a row which is there again';

/** What was left out of one table. */
export interface Trace {
  /** Of its definition; undefined: rows alone. */
  fate: Fate | undefined;
  /** Its rows cannot be told from each other: every later change is a conflict. */
  isUnknown: boolean;
  /** It was emptied: rows with a lower number may be there again. */
  floor: bigint | undefined;
  /** Rows that are there otherwise, or are not there at all. */
  readonly other: Set<RowKey>;
  /** Rows that were made by what is left out. */
  readonly made: Set<RowKey>;
  /** Values that rows hold again, a set for each unique key, the primary one first. */
  readonly taken: readonly Set<RowKey>[];
}

/** Gathers the rows of what is left out, and compares later ones with them. Memory grows with the former alone. */
export class Traces {
  readonly #layouts: Layouts;
  readonly #tables = new Map<string, Trace>();
  /** Parents of rows that are there again; `any` where the log does not have which. */
  readonly #held = new Map<Reference, Set<RowKey> | 'any'>();
  /** Parents that only what is left out has made. */
  readonly #missing = new Map<Reference, Set<RowKey>>();

  /** Rows that the server changed along, and did not log. */
  readonly #followers: Followers;

  constructor(layouts: Layouts) {
    this.#layouts = layouts;
    this.#followers = new Followers(layouts.logsCascades ? [] : layouts.references);
  }

  get(table: string): Trace | undefined {
    return this.#tables.get(table);
  }

  of(table: string): Trace {
    const known = this.#tables.get(table);
    if (known) return known;
    const keys = 1 + (this.#layouts.tables.get(table)?.unique.length ?? 0);
    const taken = Array.from({ length: keys }, () => new Set<RowKey>());
    const [other, made] = [new Set<RowKey>(), new Set<RowKey>()];
    const trace = { fate: undefined, isUnknown: false, floor: undefined, other, made, taken };
    this.#tables.set(table, trace);
    return trace;
  }

  /** All rows of it went, and which they were the log does not have. */
  holdAnyParent(table: string): void {
    for (const reference of this.#layouts.references) if (reference.child === table) this.#held.set(reference, 'any');
  }

  /** What comes later has emptied the table: nothing of what was left out is in it any more. */
  forget(table: string): void {
    this.#tables.delete(table);
    for (const reference of this.#layouts.references) if (reference.child === table) this.#held.delete(reference);
  }

  /** A change of the table may meet what is left out, by its rows or by a foreign key. */
  isConcerned(table: string): boolean {
    if (this.#tables.has(table) || this.#followers.isConcerned(table)) return true;
    const isAmong = (references: Iterable<Reference>, end: 'parent' | 'child') =>
      [...references].some((reference) => reference[end] === table);
    return isAmong(this.#held.keys(), 'parent') || isAmong(this.#missing.keys(), 'child');
  }

  leaveOut(table: string, { before, after }: ChangedRow, layout: TableLayout): void {
    const trace = this.of(table);
    if (before) this.#putBack(table, trace, before, layout);
    if (!after) {
      this.#followers.follow(table, 'delete');
      return;
    }
    const row = before ? merged(before, after) : after;
    if (before && this.#movesKey(table, before, row, layout)) this.#followers.follow(table, 'update');
    const key = identityOf(row, layout);
    if (key === undefined) trace.isUnknown = true;
    else trace.made.add(key);
    for (const reference of this.#layouts.references) {
      if (reference.parent !== table) continue;
      const value = keyOfColumns(row, reference.parentColumns, layout);
      const isNew = !before || keyOfColumns(before, reference.parentColumns, layout) !== value;
      if (value !== undefined && isNew) addTo(this.#missing, reference, value);
    }
  }

  /** Is the row under another key, for those that refer to it? */
  #movesKey(table: string, before: RowValues, row: RowValues, layout: TableLayout): boolean {
    return this.#layouts.references.some(
      ({ parent, parentColumns }) =>
        parent === table && keyOfColumns(before, parentColumns, layout) !== keyOfColumns(row, parentColumns, layout),
    );
  }

  #putBack(table: string, trace: Trace, row: RowValues, layout: TableLayout): void {
    const key = identityOf(row, layout);
    if (key === undefined) trace.isUnknown = true;
    // What was left out had made it: it never was.
    else if (trace.made.delete(key)) return;
    else trace.other.add(key);
    for (const [index, one] of uniqueOf(layout).entries()) {
      const value = keyOfRow(row, one, layout);
      if (value !== undefined) trace.taken[index]?.add(value);
    }
    for (const reference of this.#layouts.references) {
      if (reference.child !== table) continue;
      const value = keyOfColumns(row, reference.columns, layout);
      if (lacks(row, reference.columns)) this.#held.set(reference, 'any');
      else if (value !== undefined) addTo(this.#held, reference, value);
    }
  }

  /** PURE: why a later change of a row does not stand without what is left out; undefined when it does. */
  conflictOf(table: string, { before, after }: ChangedRow, layout: TableLayout): Reason | undefined {
    const trace = this.#tables.get(table);
    const row = before && after ? merged(before, after) : after;
    if (trace) {
      const reason = trace.isUnknown
        ? 'its values cannot be told apart in the log'
        : conflictWith(trace, before, row, layout);
      if (reason) return reason;
    }
    if (before && this.#followers.mayHaveLostParent(table, before)) return 'its values cannot be told apart in the log';
    if (!row && this.#followers.isHeld(table)) return 'a row that is there again refers to it';
    for (const [reference, values] of this.#held) {
      if (reference.parent !== table || !before) continue;
      const value = keyOfColumns(before, reference.parentColumns, layout);
      const stays = row && keyOfColumns(row, reference.parentColumns, layout) === value;
      if (!stays && (values === 'any' || lacks(before, reference.parentColumns) || isIn(values, value))) {
        return 'a row that is there again refers to it';
      }
    }
    for (const [reference, values] of this.#missing) {
      if (reference.child === table && row && isIn(values, keyOfColumns(row, reference.columns, layout))) {
        return 'it refers to a row that is left out';
      }
    }
    return undefined;
  }
}

function conflictWith(
  trace: Trace,
  before: RowValues | undefined,
  row: RowValues | undefined,
  layout: TableLayout,
): Reason | undefined {
  if (before) {
    const key = identityOf(before, layout);
    if (key === undefined) return 'its values cannot be told apart in the log';
    if (trace.other.has(key) || trace.made.has(key)) return 'it is another row, or none, without what is left out';
  }
  if (!row) return undefined;
  const number = before || trace.floor === undefined ? undefined : numberOf(row, layout);
  if (number !== undefined && trace.floor !== undefined && number < trace.floor) return TAKEN;
  for (const [index, key] of uniqueOf(layout).entries()) {
    const value = keyOfRow(row, key, layout);
    const isNew = !before || keyOfRow(before, key, layout) !== value;
    if (isNew && isIn(trace.taken[index] ?? new Set(), value)) return TAKEN;
  }
  return undefined;
}

/** The same places for every table, with a primary key or without. */
function uniqueOf({ primary, unique }: TableLayout) {
  return [primary ?? { name: '', parts: [{ at: -1, prefix: undefined }] }, ...unique];
}

function identityOf(row: RowValues, layout: TableLayout): RowKey | undefined {
  return layout.primary ? keyOfRow(row, layout.primary, layout) : keyOfWhole(row);
}

/** An update may be logged with what it has changed alone. */
function merged(before: RowValues, after: RowValues): RowValues {
  return after.map((value, at) => (value === undefined ? before[at] : value));
}

function isIn(values: ReadonlySet<RowKey>, value: RowKey | undefined): boolean {
  return value !== undefined && values.has(value);
}

function addTo<Key>(sets: Map<Key, Set<RowKey> | 'any'>, key: Key, value: RowKey): void;
function addTo<Key>(sets: Map<Key, Set<RowKey>>, key: Key, value: RowKey): void;
function addTo<Key>(sets: Map<Key, Set<RowKey> | 'any'>, key: Key, value: RowKey): void {
  const set = sets.get(key);
  if (set === 'any') return;
  if (set) set.add(value);
  else sets.set(key, new Set([value]));
}
