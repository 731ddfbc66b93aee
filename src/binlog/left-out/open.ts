import { DEFAULT_MODES } from '../../migrations/sql/lexer.ts';
import type { Server } from '../../mysql/connect.ts';
import { JOURNAL_TABLE } from '../../schema/types.ts';
import { concernOf } from '../concern.ts';
import { readSubject } from '../judgement/cascades.ts';
import { type LogRange, parsePlace, rangeFrom, readRange } from '../range.ts';
import type { Subject } from '../subject.ts';
import { placeOf, readTransactions, type Transaction } from '../transaction.ts';
import { dropsDatabase, makesDatabase } from './effect.ts';
import { type Floors, readFloors, tablesEmptied } from './floors.ts';
import { nameIn, readLayouts } from './layout.ts';
import { LeftOutWatch } from './watch.ts';

export interface WatchOptions {
  /** Behind a swap the tables that the log is about are in another database. */
  readonly now?: string;
  readonly floors?: Floors | undefined;
}

/** Asks the server that wrote the log what its tables look like. */
export async function openWatch(
  places: readonly string[],
  server: Server,
  { now = server.target.database, floors }: WatchOptions = {},
): Promise<LeftOutWatch> {
  const session = await server.open();
  try {
    const subject = await readSubject(session, server.flavor, server.target.database);
    const layouts = await readLayouts(session, server.flavor, { ...subject, database: now });
    return new LeftOutWatch(places, subject, layouts, floors);
  } finally {
    await session.close();
  }
}

/** A log, whose it is, and the next AUTO_INCREMENT of these tables in the backup. */
export interface CountedLog {
  readonly range: LogRange;
  readonly subject: Subject;
  readCounters(isWanted: (table: string) => boolean): Promise<Floors>;
}

/** Where the numbers stood of what these transactions emptied. The server is asked only where they emptied something. */
export async function findFloors(
  { range, subject, readCounters }: CountedLog,
  transactions: readonly Transaction[],
  server: Server,
  signal: AbortSignal,
): Promise<Floors> {
  const fold = nameIn(subject);
  const emptied = tablesEmptied(transactions, subject);
  const last = transactions.at(-1);
  if (!last || emptied.length === 0) return new Map();
  const counters = await readCounters((table) => emptied.includes(fold(table)));
  const folded = new Map([...counters].map(([table, next]) => [fold(table), next]));
  if (folded.size === 0) return folded;
  const session = await server.open();
  try {
    const layouts = await readLayouts(session, server.flavor, subject);
    return await readFloors(range, placeOf(last), folded, subject, layouts, signal);
  } finally {
    await session.close();
  }
}

/** Has the watch see all that is left out, up to the last of it. */
export async function showLeftOut(
  range: LogRange,
  places: readonly string[],
  watch: LeftOutWatch,
  signal: AbortSignal,
): Promise<void> {
  const [first] = places;
  const last = places.at(-1);
  if (first === undefined || last === undefined) return;
  const { file, position } = parsePlace(last);
  let isLast = false;
  for await (const event of readRange(rangeFrom(range, parsePlace(first)))) {
    signal.throwIfAborted();
    for (const _ of watch.take(event));
    if (event.file === file && event.start >= position) isLast = true;
    if (isLast && !watch.isOut) return;
  }
}

/** Who leaves the DROP of a database out leaves out as well what made it anew, empty. */
export async function withNewDatabase(
  range: LogRange,
  places: readonly string[],
  subject: Subject,
  signal: AbortSignal,
): Promise<string[]> {
  const all: string[] = [];
  const [first] = places;
  if (first === undefined) return all;
  let isGone = false;
  for await (const transaction of readTransactions(readRange(rangeFrom(range, parsePlace(first))), JOURNAL_TABLE)) {
    signal.throwIfAborted();
    const statements = concernOf(transaction, subject)?.statements ?? [];
    const place = placeOf(transaction);
    const is = (test: typeof dropsDatabase) => statements.some(({ text }) => test(text, DEFAULT_MODES));
    const isAnew: boolean = isGone && is(makesDatabase);
    const isNamed = places.includes(place);
    if (isNamed || isAnew) all.push(place);
    isGone = (isGone && !isAnew) || (isNamed && is(dropsDatabase));
  }
  return all;
}
