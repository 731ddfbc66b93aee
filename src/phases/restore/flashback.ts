import { join } from 'node:path';
import { findNamed } from '../../binlog/named/find.ts';
import { parseName } from '../../binlog/named/names.ts';
import type { LogRange } from '../../binlog/range.ts';
import { readFetched } from '../../binlog/source.ts';
import type { Transaction } from '../../binlog/transaction.ts';
import type { Context } from '../../context.ts';
import { ExitCode, Failure, failedUnchanged, messageOf } from '../../errors.ts';
import { dropBeside } from '../../exchange/side-database.ts';
import { lockRows, requireUndone, type Settled, settle, undoRows } from '../../flashback/carry-out.ts';
import { BOUNDS, type Prepared, prepareUndo } from '../../flashback/prepare.ts';
import type { Undo } from '../../flashback/scratch.ts';
import { readCopied } from '../../flashback/unlogged/copied.ts';
import type { Session } from '../../mysql/connect.ts';
import type { StepInputs } from '../../plan/step.ts';
import type { Snapshot } from '../../schema/types.ts';
import { boundLockWaits, withPatience } from '../../statements/patience.ts';
import { type Workbench, withWorkbench } from '../../statements/workbench.ts';
import type { Phase } from '../phase.ts';
import type { ExchangeParts } from './exchange.ts';
import { logFolder } from './replay.ts';
import { readUndone, type Undone, undoneSql } from './undone.ts';

type Input = StepInputs['flashback'];

const AGAIN = 'gateway-migrate restore --flashback, with the same places, again';

/**
 * Undoes rows in production, exactly once. All of it is one transaction, and the row of the journal that says so is part of it:
 * killed before the commit, the server takes everything back, and it begins anew; killed after it, that row is found and
 * nothing is undone a second time. Before it is looked for, the dead run's connections must be gone (`withWorkbench`). Whatever
 * this throws has changed nothing, but for exit code 4, which says that nobody could be asked whether the commit was done.
 */
export function flashbackPhase(parts: ExchangeParts): Phase<'flashback'> {
  return {
    async run(input, context) {
      const { run, config } = parts;
      const undone = await withWorkbench(
        { run, after: [run], patience: config.migrations },
        context,
        (bench, present) => undo(input, parts, bench, present, context),
      );
      for (const conflict of undone.conflicts) context.report({ type: 'conflict', ...conflict });
      return undone.told.join(', ');
    },

    // Run again, it looks by itself at what is done.
    probe: async () => 'not-done',
  };
}

async function undo(
  input: Input,
  parts: ExchangeParts,
  bench: Workbench,
  present: Snapshot,
  context: Context,
): Promise<Undone> {
  // Before the first statement that may wait for somebody: the server's own bound is a day on MariaDB, a year on MySQL.
  await boundLockWaits(bench.journal, bench.patience);
  const done = await readUndone(bench.journal, parts.run);
  if (done) {
    await tidy(input, bench.journal, context);
    return done;
  }
  try {
    const prepared = await withPatience(
      () => prepare(input, parts, bench.journal, present, context),
      waitingOf(bench, context),
    );
    return await inOneTransaction(input, prepared, parts, bench, context);
  } catch (error) {
    if (context.signal.aborted) throw context.signal.reason;
    if (error instanceof Failure) throw error;
    throw failedUnchanged(`the rows could not be undone: ${messageOf(error)}`, AGAIN, error);
  } finally {
    await tidy(input, bench.work, context);
  }
}

function waitingOf({ journal: session, work: observer, patience }: Workbench, context: Context) {
  return { session, observer, patience, context, again: AGAIN, isInGroup: false, canRepeat: true };
}

/** What stands beside is of no use any more; what cannot be dropped now, the next restore drops. */
async function tidy({ database }: Input, session: Session, context: Context): Promise<void> {
  await dropBeside(session, database).catch((error: unknown) => {
    const text = `${database} could not be dropped: ${messageOf(error)}. The next restore drops it`;
    context.report({ type: 'note', level: 'warning', text });
  });
}

async function prepare(
  input: Input,
  { run, config }: ExchangeParts,
  session: Session,
  present: Snapshot,
  context: Context,
): Promise<Prepared> {
  const { flavor } = context.server;
  const range = await readFetched(logFolder(join(config.stateDir, 'runs', run)));
  if (!range) throw new Error('the copy of the binary log is gone from the folder of the run');
  requireSame(input, present);
  const transactions = await readTransactions(input, range, context.signal);
  const shared = { side: input.database, run, bounds: BOUNDS, flavor, signal: context.signal };
  const request = { range, transactions, ...shared, copied: await readCopied(range) };
  return prepareUndo(request, present, session);
}

async function readTransactions(
  { places }: Input,
  range: LogRange,
  signal: AbortSignal,
): Promise<readonly Transaction[]> {
  const names = places.flatMap((place) => parseName(place) ?? []);
  const { transactions } = await findNamed(range, names, signal);
  if (transactions.length !== places.length) throw new Error('the copy of the binary log lacks what is to be undone');
  return transactions;
}

/** The log was read up to the question: a table that was altered since has rows of another shape. */
function requireSame({ digests }: Input, { objects }: Snapshot): void {
  const altered = Object.entries(digests).find(([table, digest]) => objects.get(`table:${table}`)?.digest !== digest);
  if (altered) throw new Error(`${altered[0]} was altered meanwhile`);
}

async function inOneTransaction(
  input: Input,
  prepared: Prepared,
  { run }: ExchangeParts,
  bench: Workbench,
  context: Context,
): Promise<Undone> {
  const { journal: session } = bench;
  // What it has looked at stays so until the commit.
  await session.execute('SET SESSION TRANSACTION ISOLATION LEVEL SERIALIZABLE');
  let undone: Undone = { told: [], conflicts: [] };
  let isCommitting = false;
  const attempt = async () => {
    isCommitting = false;
    await session.execute('START TRANSACTION');
    try {
      undone = await undoOnce(input, prepared, session);
      await session.execute(undoneSql(run, session.connectionId, undone));
      isCommitting = true;
      return await session.execute('COMMIT');
    } catch (error) {
      if (!isCommitting) await session.execute('ROLLBACK').catch(() => undefined);
      throw error;
    }
  };
  try {
    await withPatience(attempt, waitingOf(bench, context));
    return undone;
  } catch (error) {
    if (!isCommitting) throw error;
    const found = await findOut(run, context, error);
    if (found) return found;
    throw error;
  }
}

async function undoOnce({ rule }: Input, { undo: all, fullBytes }: Prepared, session: Session): Promise<Undone> {
  await lockRows(all, session);
  const settled = await settle(all, rule, session);
  if (settled.conflicts.length > 0 && rule === 'stop') throw changedMeanwhile(settled);
  await undoRows(all, settled, fullBytes, session);
  await requireUndone(all, session);
  return { told: describeUndo(all, settled), conflicts: settled.conflicts.map(withoutPlaces) };
}

function withoutPlaces({ table, key, reason }: Settled['conflicts'][number]) {
  return { table, key, reason };
}

/** PURE: `orders: 3 rows back, 2 set back, 1 gone`, of what is left to undo. */
export function describeUndo({ tables }: Undo, { left }: Settled): string[] {
  return tables.flatMap(({ table, beside }) => {
    const count = (role: 'back' | 'now' | 'off') => left.get(beside[role])?.length ?? 0;
    const parts = [
      count('back') > 0 && `${count('back')} back`,
      count('now') > 0 && `${count('now')} set back`,
      count('off') > 0 && `${count('off')} gone`,
    ].filter((part) => part !== false);
    return parts.length > 0 ? [`${table.table}: ${parts.join(', ')}`] : [];
  });
}

function changedMeanwhile({ conflicts }: Settled): Failure {
  const [first] = conflicts;
  return failedUnchanged(
    `${conflicts.length} rows cannot be undone, ${first?.table} ${first?.key} for one: ${first?.reason}`,
    `${AGAIN}, to see them all`,
  );
}

/** The connection was lost with the COMMIT: the server knows whether it was done. */
async function findOut(run: string, context: Context, cause: unknown): Promise<Undone | undefined> {
  try {
    return await withWorkbench(
      { run, after: [run], patience: { lockWaitSeconds: 5, lockRetries: 0 } },
      context,
      (bench) => readUndone(bench.journal, run),
    );
  } catch (error) {
    throw new Failure(`whether the undo was committed could not be asked: ${messageOf(error)}`, {
      exitCode: ExitCode.unknown,
      production: 'unknown',
      state: 'the rows are undone all together, or none of them is',
      next: 'gateway-migrate resume',
      cause,
    });
  }
}
