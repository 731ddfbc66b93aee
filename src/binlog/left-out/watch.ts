import { splitId } from '../../schema/snapshot.ts';
import { type ObjectId, OWN_TABLES } from '../../schema/types.ts';
import { readText } from '../concern.ts';
import { EventType } from '../events/event.ts';
import { parseQuery, type QueryEvent } from '../events/query-event.ts';
import { isRowsEvent, parseRowsHead, parseTableMap, type TableMap } from '../events/row-event.ts';
import { type ChangedRow, readChangedRows } from '../events/row-values.ts';
import { formatPosition, type LogPosition, type RangeEvent } from '../range.ts';
import { judgeStatement } from '../statement.ts';
import { means, type Readable } from '../subject.ts';
import { BEGINNINGS, isBracket } from '../transaction.ts';
import { dropsDatabase, type Effect, effectsOf, type Fate } from './effect.ts';
import type { Floors } from './floors.ts';
import { type Layouts, nameIn, type TableLayout } from './layout.ts';
import { type Reason, Traces } from './trace.ts';

/** A later change that stands on what is left out. */
export interface Conflict {
  /** Where its transaction begins. */
  readonly at: LogPosition;
  readonly table: string;
  readonly reason: Reason | string;
  /** Undefined for a change of the definition. */
  readonly row: ChangedRow | undefined;
  readonly layout: TableLayout | undefined;
  /** Of a statement. */
  readonly text: string | undefined;
}

/** Rows go, and the log does not have which. */
const TAKE_ROWS: readonly Fate[] = ['emptied', 'thinned', 'dropped'];
/** The table has its columns as before. */
const STAY: readonly Fate[] = ['keyed', 'emptied', 'thinned'];
const MADE_ANEW = 'it makes anew what was there before, and is there again';
const DEFINED = 'it changes a definition that is another one without what is left out';
const RESHAPED = 'it changes the columns of a table whose rows are others without what is left out';
const UNTOLD: Reason = 'its values cannot be told apart in the log';
const NEVER_MADE = 'its table is another one, or none, without what is left out';

/**
 * Goes along with the log: gathers what is left out, and finds what later transactions have built on it. Rows are compared by
 * their keys, because a server that repeats rows looks for them by key, and changes whatever it finds there.
 */
export class LeftOutWatch {
  readonly #places: ReadonlySet<string>;
  readonly #subject: Readable;
  readonly #layouts: Layouts;
  readonly #traces: Traces;
  readonly #floors: Floors;
  readonly #maps = new Map<number, TableMap>();
  readonly #objects = new Map<ObjectId, Effect['fate']>();
  #isDatabaseGone = false;
  #at: LogPosition = { file: '', position: 0 };
  #isOut = false;

  /** `places`: where the transactions begin that are left out. */
  constructor(places: Iterable<string>, subject: Readable, layouts: Layouts, floors: Floors = new Map()) {
    this.#floors = floors;
    this.#places = new Set(places);
    this.#subject = subject;
    this.#layouts = layouts;
    this.#traces = new Traces(layouts);
  }

  /** The event that was taken last belongs to what is left out. */
  get isOut(): boolean {
    return this.#isOut;
  }

  /** Takes the next event of the log; what it gives are the conflicts in it. */
  *take(event: RangeEvent): Generator<Conflict> {
    if (BEGINNINGS.has(event.type)) {
      this.#at = { file: event.file, position: event.start };
      this.#isOut = this.#places.has(formatPosition(this.#at));
    } else if (event.type === EventType.tableMap) {
      const map = parseTableMap(event);
      if (means(this.#subject, map.database)) this.#maps.set(map.id, map);
      else this.#maps.delete(map.id);
    } else if (isRowsEvent(event.type)) yield* this.#takeRows(event);
    else if (event.type === EventType.query) yield* this.#takeQuery(parseQuery(event));
  }

  *#takeRows(event: RangeEvent): Generator<Conflict> {
    const map = this.#maps.get(parseRowsHead(event).tableId);
    const table = map && nameIn(this.#subject)(map.table);
    if (!table || OWN_TABLES.includes(table)) return;
    const layout = this.#layouts.tables.get(table);
    if (!layout || layout.columns.length !== map.types.length) return yield* this.#takeUnreadable(table);
    if (this.#isOut) return this.#leaveOut(table, event, map, layout);
    if (!this.#traces.isConcerned(table)) return;
    if (this.#isOther(table)) return yield this.#conflict(table, NEVER_MADE);
    for (const row of readChangedRows(event, map)) {
      const reason = row ? this.#traces.conflictOf(table, row, layout) : UNTOLD;
      if (reason) yield { ...this.#conflict(table, reason), row, layout };
    }
  }

  #leaveOut(table: string, event: RangeEvent, map: TableMap, layout: TableLayout): void {
    for (const row of readChangedRows(event, map)) {
      if (row) this.#traces.leaveOut(table, row, layout);
      else this.#traces.of(table).isUnknown = true;
    }
  }

  /** Its columns are others by now, or it is gone. */
  *#takeUnreadable(table: string): Generator<Conflict> {
    if (this.#isOut) this.#traces.of(table).isUnknown = true;
    else if (this.#traces.isConcerned(table)) {
      yield this.#conflict(table, this.#isOther(table) ? NEVER_MADE : UNTOLD);
    }
  }

  #isOther(table: string): boolean {
    const fate = this.#traces.get(table)?.fate;
    return fate === 'made' || fate === 'reshaped' || fate === 'dropped';
  }

  *#takeQuery(query: QueryEvent): Generator<Conflict> {
    const { text, modes } = readText(query, this.#subject.collations);
    if (query.isAnnounced || isBracket(text)) return;
    if (judgeStatement({ text, database: query.database, modes }, this.#subject).is === 'skip') return;
    if (this.#isOut && dropsDatabase(text, modes)) this.#isDatabaseGone = true;
    const fold = nameIn(this.#subject);
    for (const { object, fate } of effectsOf(text, modes, (schema) => means(this.#subject, schema))) {
      const [kind, written] = splitId(object);
      const name = fold(written);
      if (OWN_TABLES.includes(name)) continue;
      const id: ObjectId = `${kind}:${name}`;
      if (this.#isOut) this.#define(id, name, fate);
      else yield* this.#redefine(id, name, fate, text);
    }
  }

  #define(id: ObjectId, name: string, fate: Effect['fate']): void {
    const known = this.#objects.get(id);
    if (known === 'made' && fate === 'dropped') {
      // Made by what is left out as well: it never was.
      this.#objects.delete(id);
      this.#traces.forget(name);
      return;
    }
    this.#objects.set(id, known === 'made' ? known : fate);
    if (!id.startsWith('table:')) return;
    const trace = this.#traces.of(name);
    if (fate === 'emptied' || fate === 'thinned') trace.floor = this.#floors.get(name);
    if (TAKE_ROWS.includes(fate)) this.#traces.holdAnyParent(name);
    if (trace.fate === undefined || STAY.includes(trace.fate)) trace.fate = fate;
  }

  *#redefine(id: ObjectId, name: string, fate: Effect['fate'], text: string): Generator<Conflict> {
    const known = this.#objects.get(id);
    const isGone = this.#isDatabaseGone && fate === 'made';
    if (isGone || known === 'dropped') yield { ...this.#conflict(name, MADE_ANEW), text };
    else if (known !== undefined && known !== 'emptied' && known !== 'thinned')
      yield { ...this.#conflict(name, DEFINED), text };
    else if (!id.startsWith('table:') || !this.#traces.isConcerned(name)) return;
    else if (fate === 'dropped' || fate === 'emptied') this.#traces.forget(name);
    // A part of the rows goes, with or without what is left out: what is known of the others still holds.
    else if (fate !== 'keyed' && fate !== 'thinned') yield { ...this.#conflict(name, RESHAPED), text };
    // What follows on a table made anew is a conflict by that one.
    if (isGone) this.#traces.of(name).fate = 'dropped';
  }

  #conflict(table: string, reason: string): Conflict {
    return { at: this.#at, table, reason, row: undefined, layout: undefined, text: undefined };
  }
}
