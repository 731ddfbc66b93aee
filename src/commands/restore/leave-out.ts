import { without } from '../../binlog/amount.ts';
import { type Conflicts, describeConflict, findConflicts, type ToldConflict } from '../../binlog/left-out/conflicts.ts';
import { databasesElsewhere } from '../../binlog/left-out/elsewhere.ts';
import { findFloors, openWatch, withNewDatabase } from '../../binlog/left-out/open.ts';
import { inOrder } from '../../binlog/left-out/places.ts';
import { findNamed } from '../../binlog/named/find.ts';
import { formatName, parseName, type TransactionName } from '../../binlog/named/names.ts';
import { comparePlaces } from '../../binlog/range.ts';
import { placeOf, type Transaction } from '../../binlog/transaction.ts';
import { ExitCode, Failure, refusal } from '../../errors.ts';
import type { Server } from '../../mysql/connect.ts';
import type { Invocation } from '../shared/invocation.ts';
import type { ClosedLog, OpenedLog } from './log.ts';
import { describeAmount, pointOf, type RestorePoint } from './point.ts';

const MOST_NAMED = 10;

/** Reads what `--leave-out` is given. Throws a failure (64) at what is neither a place nor a run. */
export function requireNames(texts: readonly string[]): TransactionName[] {
  return texts.map((text) => {
    const name = parseName(text);
    if (name) return name;
    throw new Failure(`--leave-out ${text} is no run and no place in the binary log`, {
      exitCode: ExitCode.usage,
      production: 'unchanged',
      state: 'nothing was started, production is unchanged',
      next: 'gateway-migrate restore (shows the places of what looks like an accident), then --leave-out PLACE',
    });
  });
}

/** The one that a backup has to be from before. */
export function earliestOf(names: readonly TransactionName[]): TransactionName | undefined {
  const [first, ...others] = names;
  return others.reduce((earliest, name) => (earliest && isBefore(name, earliest) ? name : earliest), first);
}

/** A run and a place cannot be compared before the log is read: then the first one named counts. */
function isBefore(one: TransactionName, other: TransactionName): boolean {
  if (one.is === 'run') return other.is === 'run' && one.run < other.run;
  if (other.is === 'run') return false;
  return comparePlaces(one, other) < 0;
}

/** What is done about later transactions that stand on what is left out: nothing at all, or they are left out as well. */
export type OnConflict = 'stop' | 'skip';

export interface LeaveOut {
  readonly names: readonly TransactionName[];
  readonly onConflict: OnConflict;
}

/** Everything up to now without these transactions. Throws a refusal where something later stands on them. */
export async function pointLeavingOut(
  { names, onConflict }: LeaveOut,
  log: OpenedLog | ClosedLog,
  file: string,
  server: Server,
  { signal }: Pick<Invocation, 'signal'>,
): Promise<Extract<RestorePoint, { is: 'moment' }>> {
  if ('problem' in log) {
    throw refusal(
      `nothing after the backup can be brought back: ${log.problem}`,
      log.remedy ??
        `gateway-migrate restore --backup ${file} (to the backup's own moment: every write since then is lost)`,
    );
  }
  const { transactions, missing: unknown } = await findNamed(log.range, names, signal);
  if (unknown.length > 0) {
    throw refusal(
      `${unknown.map(formatName).join(', ')} ${unknown.length === 1 ? 'is' : 'are'} not in the binary log since the backup ${file}`,
      'gateway-migrate restore --backup FILE --leave-out PLACE, with a backup from before it',
    );
  }
  const named = await withNewDatabase(log.range, transactions.map(placeOf), log.subject, signal);
  const { places, conflicts } = await decide(named, transactions, { names, onConflict }, log, server, signal);
  const survey = await log.survey(undefined, new Set(places));
  const point = pointOf(survey, log);
  const asked = places === named ? survey.leftOut : (await log.survey(undefined, new Set(named))).leftOut;
  const missing = without(survey.leftOut, asked);
  const left = `${describeAmount(asked)}, from ${named[0]} on`;
  const lost = [
    missing.transactions === 0 ? 'nothing else' : `${describeAmount(missing)} that stood on it (--on-conflict skip)`,
    ...tellElsewhere(databasesElsewhere(transactions, log.subject)),
    ...log.gaps.map((gap) => `perhaps more: ${gap}`),
  ].join('; ');
  return { ...point, leftOut: places, left, lost, missing, conflicts };
}

/** Only this database is restored. */
function tellElsewhere(databases: readonly string[]): string[] {
  return databases.length === 0 ? [] : [`what is left out stays in ${databases.join(', ')}`];
}

/** What stands on something that is left out is left out with it, and what stands on that. */
async function decide(
  named: readonly string[],
  transactions: readonly Transaction[],
  { names, onConflict }: LeaveOut,
  log: OpenedLog,
  server: Server,
  signal: AbortSignal,
) {
  const skipped: ToldConflict[] = [];
  const floors = await findFloors(log, transactions, server, signal);
  for (let places: readonly string[] = named; ; ) {
    const conflicts = await findConflicts(log.range, places, await openWatch(places, server, { floors }), signal);
    if (conflicts.count === 0) return { places, conflicts: skipped };
    if (onConflict === 'stop') throw new StandsOnIt(conflicts, names);
    skipped.push(...conflicts.told);
    places = inOrder([...places, ...conflicts.places]);
  }
}

/** Something later stands on what is to be left out. */
export class StandsOnIt extends Failure {
  readonly conflicts: Conflicts['told'];

  constructor({ told, count }: Conflicts, names: readonly TransactionName[]) {
    const named = told.slice(0, MOST_NAMED).map(describeConflict);
    const more = count > named.length ? `; and ${count - named.length} more` : '';
    const asked = names.map(formatName).join(' ');
    const others = [...new Set(told.map(({ position }) => position))].slice(0, MOST_NAMED).join(' ');
    super(`${count} later changes stand on what is to be left out: ${named.join('; ')}${more}`, {
      exitCode: ExitCode.refused,
      production: 'unchanged',
      state: 'nothing was started, production is unchanged',
      next: `gateway-migrate restore --leave-out ${asked} --on-conflict skip (leaves out as well what stands on it, first ${others}), or gateway-migrate restore --until ${asked.split(' ')[0]} (everything after it is lost)`,
    });
    this.conflicts = told;
  }
}
