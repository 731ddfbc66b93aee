import { JOURNAL_TABLE } from '../schema/types.ts';
import type { Accident } from './accidents/accident.ts';
import { AccidentList } from './accidents/list.ts';
import { type Amount, addTo } from './amount.ts';
import { type Concern, concernOf } from './concern.ts';
import { ClockWatch } from './judgement/clock.ts';
import { findNotFound, findUnlogged } from './judgement/unlogged.ts';
import { isReached, type Moment } from './moment.ts';
import { endOfRange, type LogPosition, type LogRange, readRange } from './range.ts';
import type { Subject } from './subject.ts';
import { placeOf, readTransactions, startOf, type Transaction } from './transaction.ts';

/** A transaction of the log that decides what a restore can do. */
export interface Obstacle {
  readonly at: LogPosition;
  readonly committed: Transaction['committed'];
  readonly threadId: number | undefined;
  readonly reason: string;
  /** Text of its statement; empty when it has none. */
  readonly text: string;
  /** Places of which it is to be said which one is meant; undefined: in front of it is all that can be done. */
  readonly places?: readonly LogPosition[];
}

/** What the binary log since a backup has of one database, up to a moment and after it. */
export interface Survey {
  /** Where the restore stops. */
  readonly end: LogPosition;
  /** The first transaction that is left out; undefined when nothing is. */
  readonly next: Transaction | undefined;
  readonly repeated: Amount;
  readonly leftOut: Amount;
  /** The first that can only be repeated where the database has its own name. */
  readonly onlyPrivate: Obstacle | undefined;
  /** The first that takes away a name which views and triggers may use. */
  readonly takesNamesAway: Obstacle | undefined;
  /** The first that cannot be repeated at all. */
  readonly refused: Obstacle | undefined;
  /** Size of the largest event with rows that is repeated. */
  readonly largestBytes: number;
  /** Newest first, of the whole log since the backup. */
  readonly accidents: readonly Accident[];
}

type Draft = { -readonly [Name in keyof Survey]: Survey[Name] };

export interface SurveyOptions {
  /** Places where transactions begin that are not repeated. */
  readonly leftOut?: ReadonlySet<string> | undefined;
  /** Of each table when the log begins, as far as they are known. */
  readonly rows?: ReadonlyMap<string, number> | undefined;
}

/**
 * Reads the whole range. `moment` undefined: everything is repeated, but not what begins at a place of `leftOut`. Throws an error
 * when the logs are damaged.
 */
export async function surveyLog(
  range: LogRange,
  subject: Subject,
  moment: Moment | undefined,
  signal: AbortSignal,
  { leftOut = new Set(), rows = new Map() }: SurveyOptions = {},
): Promise<Survey> {
  const draft = blankSurvey(range);
  const prepared = new Set<string>();
  const accidents = new AccidentList(subject, rows);
  const clock = moment?.is === 'time' ? new ClockWatch(moment.micros, subject.now) : undefined;
  for await (const transaction of readTransactions(readRange(range), JOURNAL_TABLE)) {
    signal.throwIfAborted();
    if (draft.next) clock?.passBy(transaction);
    else if (moment && (clock?.isReached(transaction) ?? isReached(moment, transaction))) {
      draft.next = transaction;
      draft.end = startOf(transaction);
    }
    const isOut = draft.next !== undefined || leftOut.has(placeOf(transaction));
    const unlogged = isOut
      ? undefined
      : (findUnlogged(transaction, subject, prepared) ?? findNotFound(transaction, subject));
    if (unlogged !== undefined) draft.refused ??= obstacleOf(transaction, unlogged, '');
    const concern = concernOf(transaction, subject);
    accidents.take(transaction, concern);
    if (!concern) {
      if (!isOut && transaction.oddity?.isBlind) note(draft, transaction, { changes: [], statements: [] });
      continue;
    }
    addTo(isOut ? draft.leftOut : draft.repeated, concern.changes);
    if (!isOut) note(draft, transaction, concern);
  }
  if (clock?.unclear) {
    const { first, second, reason } = clock.unclear;
    draft.refused = { ...obstacleOf(first, reason, ''), places: [startOf(first), second ?? endOfRange(range)] };
  }
  draft.accidents = accidents.all;
  return draft;
}

function blankSurvey(range: LogRange): Draft {
  return {
    end: endOfRange(range),
    next: undefined,
    repeated: { transactions: 0, rows: 0 },
    leftOut: { transactions: 0, rows: 0 },
    onlyPrivate: undefined,
    takesNamesAway: undefined,
    refused: undefined,
    largestBytes: 0,
    accidents: [],
  };
}

function note(draft: Draft, transaction: Transaction, { changes, statements }: Concern): void {
  const { oddity } = transaction;
  const obstacle = (reason: string, text: string) => obstacleOf(transaction, reason, text);
  if (changes.length > 0) draft.largestBytes = Math.max(draft.largestBytes, transaction.largestBytes);
  if (oddity) draft.refused ??= obstacle(oddity.reason, statements[0]?.text ?? '');
  for (const { text, verdict, takesNamesAway } of statements) {
    if (verdict.is === 'refuse') draft.refused ??= obstacle(verdict.reason, text);
    if (verdict.is === 'private') draft.onlyPrivate ??= obstacle(verdict.reason, text);
    if (takesNamesAway) draft.takesNamesAway ??= obstacle('views and triggers may be about what it takes away', text);
  }
}

function obstacleOf(transaction: Transaction, reason: string, text: string): Obstacle {
  const { committed, threadId } = transaction;
  return { at: startOf(transaction), committed, threadId, reason, text };
}
