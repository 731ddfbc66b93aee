import type { Accident } from '../../binlog/accident.ts';
import type { Moment } from '../../binlog/moment.ts';
import { formatPosition, type LogPosition } from '../../binlog/range.ts';
import type { Amount, Survey } from '../../binlog/survey.ts';
import { chooseWay, describeObstacle, localTime, stopBefore, type Way } from '../../binlog/way.ts';
import { refusal } from '../../errors.ts';
import type { RunFinished } from '../../run/events.ts';
import { isoWithOffset } from '../../system/clock.ts';
import type { Invocation } from '../shared/invocation.ts';
import type { ClosedLog, OpenedLog } from './log.ts';

/** What a restore ends in. */
export type RestorePoint =
  /** The backup's own moment. */
  | { readonly is: 'backup'; readonly lost: string }
  /** A later one: the binary log is repeated up to it. */
  | {
      readonly is: 'moment';
      readonly until: LogPosition;
      readonly way: Exclude<Way, { is: 'none' }>;
      readonly repeated: string;
      readonly lost: string;
      readonly doubts: readonly string[];
      /** Where the transactions begin that are left out of everything up to now; undefined: up to a moment. */
      readonly leftOut?: readonly string[] | undefined;
      /** How much that is. */
      readonly left?: string | undefined;
      /** What does not come back that was committed later. */
      readonly missing: Amount;
      /** What stood on it, and is left out as well. */
      readonly conflicts?: RunFinished['conflicts'];
    };

const BACKUP_ITSELF = 'backup';
const EVERYTHING = 'now';
const MOST_SHOWN = 20;

/** For `--until`. Throws a refusal when the moment cannot be brought back, with what would be lost otherwise. */
export async function pointAt(moment: Moment, log: OpenedLog | ClosedLog, file: string): Promise<RestorePoint> {
  if ('problem' in log) {
    throw refusal(
      `no moment after the backup can be brought back: ${log.problem}`,
      log.remedy ??
        `gateway-migrate restore --backup ${file} (to the backup's own moment: every write since then is lost)`,
    );
  }
  const survey = await log.survey(moment);
  if (moment.is === 'run' && !survey.next) {
    throw refusal(
      `run ${moment.run} is not in the binary log since the backup ${file}`,
      'gateway-migrate restore --backup FILE --until RUN, with a backup from before that run',
    );
  }
  return pointOf(survey, log);
}

/** Without `--until`: a person chooses from what looks like the accident, a script gets the backup's moment. */
export async function offerPoints(log: OpenedLog | ClosedLog, invocation: Invocation): Promise<RestorePoint> {
  if ('problem' in log) {
    const help = log.remedy === undefined ? '' : ` (${log.remedy})`;
    return { is: 'backup', lost: `every write since then: ${log.problem}${help}` };
  }
  const { accidents } = await log.survey(undefined);
  for (const accident of accidents) invocation.hub.report(toEvent(accident));
  const answer = invocation.prompt.isInteractive
    ? await invocation.prompt.choose('Restore to which moment?', [
        ...accidents.slice(0, MOST_SHOWN).map((one) => ({ value: formatPosition(one.before), label: labelOf(one) })),
        { value: BACKUP_ITSELF, label: "the backup's own moment" },
        { value: EVERYTHING, label: 'everything up to now' },
      ])
    : BACKUP_ITSELF;
  if (answer === BACKUP_ITSELF) return { is: 'backup', lost: 'every write since then' };
  const chosen = accidents.find(({ before }) => formatPosition(before) === answer);
  const moment: Moment | undefined = chosen && { is: 'position', ...chosen.before };
  return pointOf(await log.survey(moment), log);
}

export function pointOf(
  survey: Survey,
  { surroundings, gaps, doubts }: OpenedLog,
): Extract<RestorePoint, { is: 'moment' }> {
  if (survey.refused) {
    throw refusal(`the binary log cannot be repeated: ${describeObstacle(survey.refused)}`, stopBefore(survey.refused));
  }
  const way = chooseWay(survey, surroundings);
  if (way.is === 'none') throw refusal(`the binary log cannot be repeated: ${way.because}`, way.remedy);
  const { leftOut, repeated } = survey;
  return {
    is: 'moment',
    until: survey.end,
    way,
    repeated: describeAmount(repeated),
    missing: leftOut,
    doubts,
    lost: [
      leftOut.transactions === 0 ? 'nothing that the log has' : `${describeAmount(leftOut)} after that moment`,
      ...gaps.map((gap) => `perhaps more: ${gap}`),
    ].join('; '),
  };
}

export function describeAmount({ transactions, rows }: Amount): string {
  const changes = rows === undefined ? '' : `, ${rows} changed rows`;
  return `${transactions} ${transactions === 1 ? 'transaction' : 'transactions'}${changes}`;
}

function labelOf({ before, committed, threadId, what, tables }: Accident): string {
  const thread = threadId === undefined ? '' : `  thread ${threadId}`;
  const of = /^(?:DELETE|UPDATE) of/.test(what) ? ` in ${tables.join(', ')}` : '';
  return `before ${localTime(committed.micros)}${thread}  ${what}${of}  (${formatPosition(before)})`;
}

function toEvent({ before, committed, threadId, what, tables, rows }: Accident) {
  const time = isoWithOffset(new Date(committed.micros / 1000));
  return { type: 'accident', position: formatPosition(before), time, threadId, what, tables, rows } as const;
}
