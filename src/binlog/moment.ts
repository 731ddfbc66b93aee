import type { CommitTime, Transaction } from './transaction.ts';

/** Where a restore is to stop: before the first transaction that … */
export type Moment =
  /** … committed at this time or later. Microseconds since 1970. */
  | { readonly is: 'time'; readonly micros: number }
  /** … belongs to this run of the tool, its lease aside. */
  | { readonly is: 'run'; readonly run: string }
  /** … begins at this place of the log. */
  | { readonly is: 'position'; readonly file: string; readonly position: number };

const RUN = /^\d{8}T\d{9}Z-[0-9a-f]{4}$/;
const POSITION = /^(.+\.\d{6,}):(\d+)$/;
const TIME = /^(\d{4}-\d{2}-\d{2})[T ](\d{2}:\d{2}(?::\d{2}(?:\.\d{1,6})?)?)(Z|[+-]\d{2}:?\d{2})?$/;

/**
 * Reads `--until`: a time in ISO 8601 (without an offset it is in the machine's time zone), the id of a run, or a place
 * in the log as the list of accidents shows it. Undefined when it is none of them.
 */
export function parseMoment(text: string): Moment | undefined {
  if (RUN.test(text)) return { is: 'run', run: text };
  const time = TIME.exec(text);
  if (time) return parseTime(time[1] ?? '', time[2] ?? '', time[3] ?? '');
  const position = POSITION.exec(text);
  if (position) return { is: 'position', file: position[1] ?? '', position: Number(position[2]) };
  return undefined;
}

/** Date knows milliseconds: the rest is added. */
function parseTime(day: string, clock: string, offset: string): Moment | undefined {
  const [whole = '', fraction = ''] = clock.split('.');
  const zone = offset.replace(/^([+-]\d{2})(\d{2})$/, '$1:$2');
  // Date takes the 31st of November for the 1st of December: a day later than what was asked for.
  const isDay = new Date(`${day}T00:00:00Z`).toJSON()?.startsWith(day) === true;
  const ms = isDay ? new Date(`${day}T${whole}${zone}`).getTime() : Number.NaN;
  return Number.isNaN(ms) ? undefined : { is: 'time', micros: ms * 1000 + Number(fraction.padEnd(6, '0')) };
}

/**
 * PURE: is this the first transaction that must not be repeated? Where the log knows the second of a commit alone, a
 * second that has not ended before the moment is left out: nothing at the moment or after it ever comes back.
 */
export function isReached(moment: Moment, transaction: Transaction): boolean {
  if (moment.is === 'time') return endOf(transaction.committed) > moment.micros;
  if (moment.is === 'run') return transaction.runs.includes(moment.run);
  return transaction.file === moment.file ? transaction.start >= moment.position : transaction.file > moment.file;
}

/** The first microsecond by which it has committed for certain. */
function endOf({ micros, precision }: CommitTime): number {
  return micros + precision;
}
