import { comparePlaces } from './range.ts';
import { startOf, type Transaction } from './transaction.ts';

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

/** A clock shows some times twice, and passes others by, when it is changed: each way to read it, with an offset. */
export interface UnclearTime {
  readonly is: 'unclear';
  /** Empty: no clock of this time zone ever showed it. */
  readonly readings: readonly string[];
}

/**
 * Reads `--until`: a time in ISO 8601 (without an offset it is in the machine's time zone), the id of a run, or a place
 * in the log as the list of accidents shows it. Undefined when it is none of them.
 */
export function parseMoment(text: string): Moment | UnclearTime | undefined {
  if (RUN.test(text)) return { is: 'run', run: text };
  const time = TIME.exec(text);
  if (time) return parseTime(time[1] ?? '', time[2] ?? '', time[3] ?? '');
  const position = POSITION.exec(text);
  if (position) return { is: 'position', file: position[1] ?? '', position: Number(position[2]) };
  return undefined;
}

/** Date knows milliseconds: the rest is added. */
function parseTime(day: string, clock: string, offset: string): Moment | UnclearTime | undefined {
  const [whole = '', fraction = ''] = clock.split('.');
  const zone = offset.replace(/^([+-]\d{2})(\d{2})$/, '$1:$2');
  // Date takes the 31st of November for the 1st of December: a day later than what was asked for.
  const isDay = new Date(`${day}T00:00:00Z`).toJSON()?.startsWith(day) === true;
  const asUtc = isDay ? new Date(`${day}T${whole}${zone || 'Z'}`).getTime() : Number.NaN;
  if (Number.isNaN(asUtc)) return undefined;
  const readings = zone === '' ? readingsOf(asUtc) : [asUtc];
  const [ms] = readings;
  if (ms === undefined || readings.length > 1) {
    const inZone = (at: number) => `${day}T${clock}${offsetOf((asUtc - at) / MINUTE_MS)}`;
    return { is: 'unclear', readings: readings.map(inZone) };
  }
  return { is: 'time', micros: ms * 1000 + Number(fraction.padEnd(6, '0')) };
}

const MINUTE_MS = 60_000;
const DAY_MS = 86_400_000;

/** PURE but for the machine's time zone: when its clocks show this time, earliest first, which is given as if it were UTC. */
export function readingsOf(asUtc: number): number[] {
  const offsets = [asUtc - DAY_MS, asUtc, asUtc + DAY_MS].map((at) => new Date(at).getTimezoneOffset() * MINUTE_MS);
  const candidates = [...new Set(offsets.map((offset) => asUtc + offset))].sort((one, other) => one - other);
  return candidates.filter((at) => at - new Date(at).getTimezoneOffset() * MINUTE_MS === asUtc);
}

/** `+02:00` */
export function offsetOf(minutes: number): string {
  const two = (n: number) => String(n).padStart(2, '0');
  const size = Math.abs(minutes);
  return `${minutes < 0 ? '-' : '+'}${two(Math.floor(size / 60))}:${two(size % 60)}`;
}

/**
 * PURE: is this the first transaction that must not be repeated? Where the log knows the second of a commit alone, a
 * second that has not ended before the moment is left out: nothing at the moment or after it ever comes back.
 */
export function isReached(moment: Moment, transaction: Transaction): boolean {
  if (moment.is === 'time') return endOf(transaction) > moment.micros;
  if (moment.is === 'run') return transaction.runs.includes(moment.run);
  // A place within a transaction is that of the accident itself.
  if (transaction.file === moment.file) return transaction.end > moment.position;
  return comparePlaces(startOf(transaction), moment) > 0;
}

/** The first microsecond by which it has committed for certain. */
export function endOf({ committed: { micros, precision } }: Transaction): number {
  return micros + precision;
}
