import { existsSync } from 'node:fs';
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { concernOf } from '../../binlog/concern.ts';
import { readInventory } from '../../binlog/copy.ts';
import { readSubject, readUnloggedParents } from '../../binlog/judgement/cascades.ts';
import { findUnlogged } from '../../binlog/judgement/unlogged.ts';
import { openWatch, showLeftOut } from '../../binlog/left-out/open.ts';
import { findRename, noteThread, type OwnThreads, readThreads } from '../../binlog/own-threads.ts';
import { cutRange, type LogRange, readRange } from '../../binlog/range.ts';
import { replayLog } from '../../binlog/replay.ts';
import { readNamedDatabase } from '../../binlog/subject.ts';
import { placeOf, readTransactions } from '../../binlog/transaction.ts';
import type { Context } from '../../context.ts';
import { failedUnchanged, messageOf } from '../../errors.ts';
import { tablesBeside } from '../../exchange/side-database.ts';
import type { Exchange } from '../../exchange/swap.ts';
import type { StepInputs } from '../../plan/step.ts';
import { JOURNAL_TABLE } from '../../schema/types.ts';
import { OWNER_ONLY } from '../../system/files.ts';
import type { ExchangeParts } from './exchange.ts';
import { openLog } from './replay.ts';
import { repeatTail } from './replay-tail.ts';
import { copySince, hasBegun, noteBegun, readReached } from './tail.ts';

type Replay = StepInputs['replay'];

/** So much the log grows by itself between the last round and the swap. */
const NOTHING_BYTES = 64 * 1024;

/** Before the exchange: a process that goes on hours later finds what was written since, and repeats that beside first. */
export async function repeatBefore(
  { rest: replay, aside }: { rest: Replay; aside: string },
  { session, server }: Exchange,
  parts: ExchangeParts,
  context: Context,
): Promise<void> {
  const range = await openLog(replay, parts, context);
  if ((await tablesBeside(session, aside)).length === 0) {
    const reached = await readReached({ replay }, range);
    const { end } = await readInventory(session, server.flavor);
    const isNear = end.file === reached.file && end.position - reached.position < NOTHING_BYTES;
    // Where nothing has left, nobody was kept out: what was repeated as the last of it was not the last.
    const hasTooMuch = await forgetLate(range);
    if (!isNear || hasTooMuch) await repeatTail({ replay, isLast: true }, parts, context);
  }
  await noteThread(range, session.connectionId);
}

/** Resolves with whether more is in the side database than is noted: then everything is loaded anew. */
async function forgetLate(range: LogRange): Promise<boolean> {
  if (existsSync(latePath(range, 'begun'))) await noteBegun(range);
  await Promise.all([rm(latePath(range, 'done'), { force: true }), rm(latePath(range, 'begun'), { force: true })]);
  return hasBegun(range);
}

/**
 * What was committed between the last round and the RENAME, which waits for transactions that are open: repeated beside while
 * production has no tables, so that nobody who heeds no maintenance writes to them meanwhile. What cannot be repeated throws
 * a failure: the way back brings the tables back that have it.
 */
export async function repeatLate(
  { rest: replay, aside }: { rest: Replay; aside: string },
  exchange: Exchange,
  parts: ExchangeParts,
  context: Context,
): Promise<void> {
  try {
    const range = await openLog(replay, parts, context);
    if (existsSync(latePath(range, 'done'))) return;
    if (existsSync(latePath(range, 'begun'))) {
      throw new Error('a process before this one was cut off in the middle of it');
    }
    const own = await readThreads(range);
    const tail = await copySince(await readReached({ replay }, range), range, parts, context);
    const rename = tail && (await findRename(tail, own, context.signal));
    // Where production had no tables, none has left.
    const hasLeft = (await tablesBeside(exchange.session, aside)).length > 0;
    if (!rename && hasLeft) throw new Error('the RENAME TABLE of the swap is not in the binary log');
    const late = tail && rename ? cutRange(tail, rename.at) : tail;
    if (late && (await hasWork({ late, own, aside, range }, exchange, context))) {
      await writeFile(latePath(range, 'begun'), '', { mode: OWNER_ONLY });
      await repeat({ replay, aside, range, late, own }, context);
    }
    await writeFile(latePath(range, 'done'), '', { mode: OWNER_ONLY });
  } catch (error) {
    context.signal.throwIfAborted();
    throw failedUnchanged(
      `repeating what was committed until the swap failed: ${messageOf(error)}`,
      'the same gateway-migrate restore once more: it tells now what stands in the way',
      error,
    );
  }
}

/** Whether there is something to repeat. Throws at what the log does not have: behind the first work as well. */
async function hasWork(
  { late, own, aside, range }: Pick<Late, 'late' | 'own' | 'aside' | 'range'>,
  { server, session }: Exchange,
  { signal }: Context,
): Promise<boolean> {
  const subject = await readSubject(session, server.flavor, server.target.database);
  // Keys followed the tables. Rows of theirs that another database's rows have changed are in no log.
  const gone = { database: aside, ignoresCase: subject.ignoresCase };
  const asked = { ...subject, unloggedParents: await readUnloggedParents(session, server.flavor, gone) };
  const prepared = new Set<string>();
  let found = false;
  for await (const transaction of readTransactions(readRange(late), JOURNAL_TABLE)) {
    signal.throwIfAborted();
    const { commitsXa, oddity, threadId } = transaction;
    const isAsked = commitsXa !== undefined && !prepared.has(commitsXa);
    if (isAsked && (await isPrepared(commitsXa, range, signal))) prepared.add(commitsXa);
    const unlogged = findUnlogged(transaction, asked, prepared);
    if (unlogged) throw new Error(`${placeOf(transaction)}: ${unlogged}`);
    const concern = concernOf(transaction, subject);
    const isOthers = concern && (concern.changes.length > 0 || !own.has(threadId ?? -1));
    found ||= oddity?.isBlind === true || isOthers === true;
  }
  return found;
}

/** In the log since the backup, up to where it was read for the plan. */
async function isPrepared(xid: string, range: LogRange, signal: AbortSignal): Promise<boolean> {
  for await (const { preparesXa } of readTransactions(readRange(range), JOURNAL_TABLE)) {
    signal.throwIfAborted();
    if (preparesXa === xid) return true;
  }
  return false;
}

interface Late {
  readonly replay: Replay;
  readonly aside: string;
  readonly range: LogRange;
  readonly late: LogRange;
  readonly own: OwnThreads;
}

async function repeat({ replay, aside, range, late, own: ownThreads }: Late, context: Context): Promise<void> {
  const { server, signal, fence } = context;
  const { database } = replay;
  const places = replay.leftOut ?? [];
  // The tables that the log is about have their place in `aside` by now.
  const leftOut = await openWatch(places, server, { now: aside });
  await showLeftOut(range, places, leftOut, signal);
  const session = await server.open({ database, purpose: 'migration' });
  try {
    for (const sql of fence?.() ?? []) await session.query(sql);
    const from = await readNamedDatabase(session, server.target.database);
    const request = { range: late, from, into: database, isPrivate: false, stepId: 'swap', leftOut, ownThreads };
    await replayLog(request, session, context);
  } finally {
    await session.close();
  }
}

function latePath({ folder }: LogRange, state: 'begun' | 'done'): string {
  return join(folder, `late-${state}`);
}
