import { DEFAULT_MODES } from '../../migrations/sql/lexer.ts';
import type { Server } from '../../mysql/connect.ts';
import { JOURNAL_TABLE } from '../../schema/types.ts';
import { concernOf } from '../concern.ts';
import { readSubject } from '../judgement/cascades.ts';
import { formatPosition, type LogRange, rangeFrom, readRange } from '../range.ts';
import type { Subject } from '../subject.ts';
import { readTransactions, startOf } from '../transaction.ts';
import { dropsDatabase, makesDatabase } from './effect.ts';
import { readLayouts } from './layout.ts';
import { parsePlace } from './places.ts';
import { LeftOutWatch } from './watch.ts';

/** Asks the server that wrote the log what its tables look like; behind a swap they are in another database, `now`. */
export async function openWatch(
  places: readonly string[],
  server: Server,
  now: string = server.target.database,
): Promise<LeftOutWatch> {
  const session = await server.open();
  try {
    const subject = await readSubject(session, server.flavor, server.target.database);
    return new LeftOutWatch(places, subject, await readLayouts(session, server.flavor, { ...subject, database: now }));
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
    const place = formatPosition(startOf(transaction));
    const is = (test: typeof dropsDatabase) => statements.some(({ text }) => test(text, DEFAULT_MODES));
    const isAnew: boolean = isGone && is(makesDatabase);
    const isNamed = places.includes(place);
    if (isNamed || isAnew) all.push(place);
    isGone = (isGone && !isAnew) || (isNamed && is(dropsDatabase));
  }
  return all;
}
