import type { Accident } from '../../binlog/accidents/accident.ts';
import type { Amount } from '../../binlog/amount.ts';
import type { Moment } from '../../binlog/moment.ts';
import type { TransactionName } from '../../binlog/named/names.ts';
import { formatPosition, type LogPosition } from '../../binlog/range.ts';
import type { Survey } from '../../binlog/survey.ts';
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

/** No restore: the rows of these transactions alone are undone, in production itself. */
export interface RowsChosen {
  readonly is: 'rows';
  readonly name: TransactionName;
}

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

/**
 * Without `--until`: a person chooses from what looks like the accident, and then what is to become of what came after it; a script gets
 * the backup's moment. `leaveOut` makes the point without a transaction; undefined with --in-place, which has none.
 */
export async function offerPoints(
  log: OpenedLog | ClosedLog,
  leaveOut: ((name: TransactionName) => Promise<RestorePoint>) | undefined,
  invocation: Invocation,
): Promise<RestorePoint | RowsChosen> {
  if ('problem' in log) {
    const help = log.remedy === undefined ? '' : ` (${log.remedy})`;
    return { is: 'backup', lost: `every write since then: ${log.problem}${help}` };
  }
  const survey = await log.survey(undefined);
  const { accidents } = survey;
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
  if (!chosen) return pointOf(survey, log);
  const moment: TransactionName = { is: 'position', ...chosen.before };
  const way = leaveOut && (await invocation.prompt.choose('And what came after it?', waysFrom(chosen)));
  if (!leaveOut || way === 'until') return pointOf(await log.survey(moment), log);
  return way === 'flashback'
    ? { is: 'rows', name: moment }
    : leaveOut(chosen.run === undefined ? moment : { is: 'run', run: chosen.run });
}

/** For a dry run: the same list, and nothing is asked. */
export async function tellPoints(log: OpenedLog | ClosedLog, { hub }: Invocation): Promise<RestorePoint> {
  if ('problem' in log) return { is: 'backup', lost: `every write since then: ${log.problem}` };
  const { accidents } = await log.survey(undefined);
  const rows = accidents.slice(0, MOST_SHOWN).map((one) => {
    const undone = areRowsAlone(one) ? ', --flashback undoes its rows alone' : '';
    const cost = `--until loses ${describeAmount(one.later)} after it, --leave-out none${undone}`;
    return [formatPosition(one.before), `${labelOf(one).replace(/^before | {2}\(\S+\)$/g, '')}: ${cost}`] as const;
  });
  if (rows.length > 0) hub.report({ type: 'summary', title: 'In the binary log', rows });
  return { is: 'backup', lost: 'every write since then' };
}

/** PURE: no definition was changed by it. */
function areRowsAlone({ rows, run }: Accident): boolean {
  return rows !== undefined && run === undefined;
}

/** PURE: with what each costs. */
function waysFrom(accident: Accident) {
  const { later, rows } = accident;
  const flashback = `stays as it is: ${rows} rows are undone in production itself, no backup is loaded, the site stays up (--flashback)`;
  return [
    { value: 'leave-out', label: `comes back as well: ${describeAmount(later)} (--leave-out)` },
    ...(areRowsAlone(accident) ? [{ value: 'flashback', label: flashback } as const] : []),
    { value: 'until', label: `is lost: ${describeAmount(later)} (--until)` },
  ] as const;
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

/** PURE: as it stands in a list. */
export function labelOf({ before, committed, threadId, what, tables, share }: Accident): string {
  const thread = threadId === undefined ? '' : `  thread ${threadId}`;
  const of = /^(?:DELETE|UPDATE) of/.test(what) ? ` in ${tables.join(', ')}` : '';
  const part = share === undefined ? '' : ` (${Math.round(share * 100)} %)`;
  return `before ${localTime(committed.micros)}${thread}  ${what}${of}${part}  (${formatPosition(before)})`;
}

function toEvent({ before, committed, threadId, what, tables, rows, share, run, later }: Accident) {
  const time = isoWithOffset(new Date(committed.micros / 1000));
  const about = { type: 'accident', position: formatPosition(before), time, threadId, what, tables, rows } as const;
  const percent = share === undefined ? undefined : Math.round(share * 100);
  return { ...about, percent, ofRun: run, lostUntil: later };
}
