import type { LogRange } from '../../../binlog/range.ts';
import { placeOf, startOf, type Transaction } from '../../../binlog/transaction.ts';
import { chooseWay, describeObstacle } from '../../../binlog/way.ts';
import type { Config } from '../../../config/config.ts';
import { Failure, failedUnchanged, messageOf, refusal } from '../../../errors.ts';
import type { ChildrenUnlogged } from '../../../flashback/require-undoable.ts';
import type { Copied } from '../../../flashback/unlogged/copied.ts';
import type { Server } from '../../../mysql/connect.ts';
import { copyBefore, logAsRows, MOST_KEPT } from '../../../phases/restore/copy-before.ts';
import { checkCopyFits } from '../../../preflight/beside.ts';
import type { Facts } from '../../../preflight/gather.ts';
import { withLock } from '../../../run/lock.ts';
import { contextOf } from '../../shared/carry-out.ts';
import type { Invocation } from '../../shared/invocation.ts';
import { reportChecks } from '../../shared/preflight.ts';
import { runStep } from '../../shared/step.ts';
import { type ChosenBackup, chooseBackup } from '../backup.ts';
import { type OpenedLog, openLog } from '../log.ts';

const STEP = { id: 'copy-before', title: 'Load the tables as they were' };

export interface CopyAsked {
  readonly transactions: readonly Transaction[];
  /** The database beside that it is made in, and that is gone afterwards. */
  readonly side: string;
  /** A path, or `latest`: the newest from before the first of the transactions. */
  readonly backup: string;
  /** What to type once what is missing is there. */
  readonly again: string;
}

export interface MadeCopy {
  readonly copied: Copied;
  /** The log since the backup. */
  readonly range: LogRange;
  /** In a few words, for whoever decides. */
  readonly told: string;
}

/**
 * Loads the database as it was before the transactions, beside production, and has it show what foreign keys did. Everything that it
 * needs is asked for before anything is made. Throws a refusal that says what is missing, and what to type.
 */
export async function copyMoment(
  asked: CopyAsked,
  why: ChildrenUnlogged,
  facts: Facts,
  config: Config,
  invocation: Invocation,
): Promise<MadeCopy> {
  const [first] = asked.transactions;
  if (!first) throw why;
  const cannot = (because: string, next: string) =>
    refusal(`${why.message}; a copy of the moment before, which would show it, cannot be made: ${because}`, next);
  const moment = { is: 'position', ...startOf(first) } as const;
  const backup = await chooseBackup(asked.backup, moment, config, invocation).catch((error: unknown) => {
    if (!(error instanceof Failure)) throw error;
    throw cannot(error.message, `${asked.again} --backup FILE, with one from before ${placeOf(first)}`);
  });
  const { server } = facts;
  const log = await openLog({ ...backup, server, config, isInPlace: false }, invocation);
  if ('problem' in log) {
    throw cannot(log.problem, log.remedy === undefined ? why.next : `${log.remedy}, then ${asked.again}`);
  }
  if (log.doubts.length > 0) throw cannot(`the log may lack something: ${log.doubts.join('; ')}`, why.next);
  const obstacle = await findObstacle(log, asked.transactions);
  if (obstacle !== undefined) throw cannot(obstacle, why.next);
  const format = await whyNoRows(server);
  if (format !== undefined)
    throw cannot(format, `SET GLOBAL binlog_format = 'ROW' as an administrator, then ${asked.again}`);
  const room = await checkCopyFits(server, backup.manifest);
  reportChecks([room], invocation);
  if (!room.ok) throw cannot(room.detail, `make room, then ${asked.again}`);
  const copied = await make(asked, why, backup, log, facts, config, invocation);
  const gaps = log.gaps.map((gap) => `; perhaps not exact: ${gap}`).join('');
  return {
    copied,
    range: log.range,
    told: `${describe(copied)}, as ${describeBackup(backup)} and the log have them${gaps}`,
  };
}

/** PURE. What was never loaded and compared is told apart, as a restore does. */
function describeBackup({ file, manifest: { proof } }: ChosenBackup): string {
  return `${file} (${proof ? `proven ${proof.at}` : 'not proven'})`;
}

async function whyNoRows(server: Server): Promise<string | undefined> {
  const session = await server.open();
  try {
    await logAsRows(session);
    return undefined;
  } catch (error) {
    return `the server logs no rows: ${messageOf(error)}`;
  } finally {
    await session.close();
  }
}

/** Views and triggers are not part of the copy: what takes their names away is no obstacle. */
async function findObstacle(
  { survey, surroundings }: OpenedLog,
  transactions: readonly Transaction[],
): Promise<string | undefined> {
  const last = transactions.at(-1);
  if (!last) return undefined;
  const found = await survey({ is: 'position', file: last.file, position: last.end });
  if (found.refused) return describeObstacle(found.refused);
  const way = chooseWay(found, { ...surroundings, hasDependents: false });
  return way.is === 'beside' ? undefined : way.because;
}

function make(
  { transactions, side, again }: CopyAsked,
  { touched }: ChildrenUnlogged,
  { file, manifest }: ChosenBackup,
  { range }: OpenedLog,
  { server }: Facts,
  config: Config,
  invocation: Invocation,
): Promise<Copied> {
  const { hub, signal, env } = invocation;
  const request = { server, command: 'restore', run: hub.run, report: hub.report, signal, readsOnly: true };
  const copying = { file, manifest, range, transactions, touched, side, stepId: STEP.id, mostKept: MOST_KEPT };
  return runStep(
    STEP,
    invocation,
    () =>
      withLock(request, (lock) => {
        const context = contextOf(lock.server, invocation, AbortSignal.any([signal, lock.lost]));
        return copyBefore(copying, { run: hub.run, config, env }, { ...context, fence: lock.fence });
      }).catch((error: unknown) => {
        signal.throwIfAborted();
        if (error instanceof Failure) throw error;
        throw failedUnchanged(`the copy of the moment before could not be made: ${messageOf(error)}`, again, error);
      }),
    describe,
  );
}

/** PURE: `12 rows of low and middle changed`, whoever changed them. */
function describe({ tables, transactions }: Copied): string {
  const rows = transactions.reduce(
    (sum, { counts }) => sum + counts.reduce((of, { back, off, now }) => of + Math.max(back, off) + now, 0),
    0,
  );
  return `${rows} ${rows === 1 ? 'row' : 'rows'} of ${tables.join(', ')} changed`;
}
