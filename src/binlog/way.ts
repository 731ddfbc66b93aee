import { offsetOf, readingsOf } from './moment.ts';
import { formatPosition } from './range.ts';
import type { Obstacle, Survey } from './survey.ts';

/** What decides where the log can be repeated, the log itself aside. */
export interface Surroundings {
  /** The backup has views or triggers. */
  readonly hasDependents: boolean;
  /** Production is to be loaded in place: there is no database beside it. */
  readonly isInPlace: boolean;
  /** Statement that would let the account repeat rows on production's server; undefined when it may. */
  readonly grantToRepeat: string | undefined;
  /** The server's max_allowed_packet. */
  readonly longestStatementBytes: number;
  /** Why no private server can take production's place; undefined when one can. */
  readonly whyNoTwin: string | undefined;
}

export type Way =
  | { readonly is: 'beside' }
  | { readonly is: 'private'; readonly because: string }
  /** Neither: why, and what would help. */
  | { readonly is: 'none'; readonly because: string; readonly remedy: string };

/** A batch of events has this size at most, and the last event comes on top; in BINLOG's base64 three bytes are four. */
const BATCH_BYTES = 1024 * 1024;

/** PURE: beside production where that is right, because it is faster; else on a private server. */
export function chooseWay(survey: Survey, surroundings: Surroundings): Way {
  const reason = whyNotBeside(survey, surroundings);
  if (reason === undefined) return { is: 'beside' };
  const { because, remedy } = reason;
  const { whyNoTwin } = surroundings;
  return whyNoTwin === undefined
    ? { is: 'private', because }
    : { is: 'none', because: `${because}; and ${whyNoTwin}`, remedy };
}

interface Reason {
  readonly because: string;
  readonly remedy: string;
}

const ELSEWHERE = 'restore from a machine that has the server program of the same release';

function whyNotBeside(survey: Survey, surroundings: Surroundings): Reason | undefined {
  const { onlyPrivate, takesNamesAway, largestBytes } = survey;
  const { hasDependents, isInPlace, grantToRepeat, longestStatementBytes } = surroundings;
  if (onlyPrivate) return { because: describeObstacle(onlyPrivate), remedy: stopBefore(onlyPrivate) };
  if (takesNamesAway && hasDependents) {
    return { because: describeObstacle(takesNamesAway), remedy: stopBefore(takesNamesAway) };
  }
  if (isInPlace)
    return { because: '--in-place leaves no database beside production', remedy: 'restore without --in-place' };
  if (grantToRepeat !== undefined) {
    return { because: 'the account may not repeat rows (BINLOG)', remedy: grantToRepeat };
  }
  if (((BATCH_BYTES + largestBytes) * 4) / 3 > longestStatementBytes) {
    return { because: `an event of ${largestBytes} bytes does not fit max_allowed_packet`, remedy: ELSEWHERE };
  }
  return undefined;
}

/** `binlog.000002:1234, 2026-11-23 06:28:24, thread 12: it names shop in its text: ALTER TABLE shop.t …`. */
export function describeObstacle({ at, committed, threadId, reason, text }: Obstacle): string {
  const thread = threadId === undefined ? '' : `, thread ${threadId}`;
  const statement = text === '' ? '' : `: ${text.replace(/\s+/g, ' ').slice(0, 200)}`;
  return `${formatPosition(at)}, ${localTime(committed.micros)}${thread}: ${reason}${statement}`;
}

export function stopBefore({ at, places = [at] }: Pick<Obstacle, 'at' | 'places'>): string {
  return places.map((place) => `gateway-migrate restore --until ${formatPosition(place)}`).join(', or ');
}

/** `YYYY-MM-DD HH:MM:SS` in the machine's time zone, as `--until` takes it: with an offset in an hour that comes twice. */
export function localTime(micros: number): string {
  const at = new Date(micros / 1000);
  const two = (n: number) => String(n).padStart(2, '0');
  const day = `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())}`;
  const minutes = -at.getTimezoneOffset();
  const isTwice = readingsOf(at.getTime() + minutes * 60_000).length > 1;
  return `${day} ${two(at.getHours())}:${two(at.getMinutes())}:${two(at.getSeconds())}${isTwice ? offsetOf(minutes) : ''}`;
}
