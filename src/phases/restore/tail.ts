import { existsSync } from 'node:fs';
import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { copyTail, logsFrom, readInventory } from '../../binlog/copy.ts';
import { openWatch, showLeftOut } from '../../binlog/left-out/open.ts';
import type { LeftOutWatch } from '../../binlog/left-out/watch.ts';
import { readThreads } from '../../binlog/own-threads.ts';
import {
  endOfRange,
  formatPosition,
  type LogPosition,
  type LogRange,
  rangeBytes,
  readRange,
} from '../../binlog/range.ts';
import { replayLog } from '../../binlog/replay.ts';
import { means, readNamedDatabase } from '../../binlog/subject.ts';
import { readTransactions } from '../../binlog/transaction.ts';
import type { Context } from '../../context.ts';
import { findLogProgram, requireClients } from '../../mysql/clients.ts';
import type { StepInputs } from '../../plan/step.ts';
import { JOURNAL_TABLE } from '../../schema/types.ts';
import { OWNER_ONLY, writeFileAtomically } from '../../system/files.ts';
import type { ExchangeParts } from './exchange.ts';
import { loadBesidePhase } from './load-side-database.ts';
import { replayPhase } from './replay.ts';

type Input = StepInputs['replay-tail'];

/** Whoever writes meanwhile keeps it going: with the site up that is enough when so little is left, or after so many rounds. */
const LITTLE_BYTES = 1024 * 1024;
const MOST_ROUNDS = 10;

/** No row may be put in twice: where a process before this one was in the middle, everything is loaded anew. */
export async function mendHalf(
  { replay }: Input,
  range: LogRange,
  parts: ExchangeParts,
  context: Context,
): Promise<void> {
  if (!hasBegun(range)) return;
  const { way, into, database } = replay;
  if (way === 'beside') await replayPhase(parts).run(replay, context);
  else await loadBesidePhase(parts).run({ file: into, database }, context);
  await rm(reachedPath(range), { force: true });
  await rm(beganPath(range));
}

export async function repeatRounds(
  input: Input,
  range: LogRange,
  parts: ExchangeParts,
  context: Context,
): Promise<string> {
  const { server, signal } = context;
  const places = input.replay.leftOut ?? [];
  const watch = await openWatch(places, server);
  await showLeftOut(range, places, watch, signal);
  let reached = await readReached(input, range);
  let bytes = 0;
  for (let round = 1; ; round++) {
    const tail = await copySince(reached, range, parts, context);
    if (!tail) break;
    const size = rangeBytes(tail);
    const hasRepeated = await repeat(tail, input, watch, range, context);
    bytes += size;
    reached = endOfRange(tail);
    await writeFileAtomically(reachedPath(range), JSON.stringify(reached));
    await rm(beganPath(range));
    if (input.isLast ? !hasRepeated : size < LITTLE_BYTES) break;
    if (round < MOST_ROUNDS) continue;
    // What comes in behind so little is repeated behind the RENAME, which keeps everybody out.
    if (input.isLast && size >= LITTLE_BYTES) throw new Error(await describeWriters(tail, context));
    break;
  }
  return `${(bytes / 1e6).toFixed(1)} MB of the binary log, up to ${formatPosition(reached)}`;
}

export async function copySince(
  from: LogPosition,
  { folder }: LogRange,
  parts: ExchangeParts,
  context: Context,
): Promise<LogRange | undefined> {
  const { server, exec } = context;
  const session = await server.open();
  try {
    const inventory = await readInventory(session, server.flavor);
    if (formatPosition(inventory.end) === formatPosition(from)) return undefined;
    const logs = logsFrom(inventory, from);
    if (!logs) throw new Error(`the server has removed ${from.file}, up to which the log was repeated`);
    const clients = await requireClients(server.flavor, exec, parts.env);
    const program = await findLogProgram(clients);
    if (typeof program !== 'string') throw new Error(`${program.problem}: ${program.remedy}`);
    return await copyTail({ logs, from, folder: join(folder, 'tail'), program, clients }, context);
  } finally {
    await session.close();
  }
}

async function repeat(
  tail: LogRange,
  { replay, isLast }: Input,
  leftOut: LeftOutWatch,
  range: LogRange,
  context: Context,
): Promise<boolean> {
  const { server } = context;
  const { database } = replay;
  await noteBegun(range);
  const session = await server.open({ database, purpose: 'migration' });
  try {
    const from = await readNamedDatabase(session, server.target.database);
    const stepId = isLast ? 'replay-tail' : 'replay-since';
    const request = { range: tail, from, into: database, isPrivate: false, stepId, leftOut };
    return await replayLog({ ...request, ownThreads: await readThreads(range) }, session, context);
  } finally {
    await session.close();
  }
}

export async function readReached({ replay }: Pick<Input, 'replay'>, range: LogRange): Promise<LogPosition> {
  if (!existsSync(reachedPath(range))) return replay.until;
  return JSON.parse(await readFile(reachedPath(range), 'utf8')) as LogPosition;
}

/** Who of those that have written is still there. */
async function describeWriters(tail: LogRange, { server }: Context): Promise<string> {
  const session = await server.open();
  try {
    const named = await readNamedDatabase(session, server.target.database);
    const ids = new Set<number>([0]);
    for await (const { threadId, changes } of readTransactions(readRange(tail), JOURNAL_TABLE)) {
      const isOurs = changes.some(({ database, table }) => means(named, database) && table !== JOURNAL_TABLE);
      if (threadId !== undefined && isOurs) ids.add(threadId);
    }
    const rows = await session.query<{ id: number | string; user: string; host: string }>(
      'SELECT ID AS id, USER AS user, HOST AS host FROM information_schema.PROCESSLIST WHERE ID IN (?)',
      [[...ids]],
    );
    const who = rows.map(({ id, user, host }) => `${user}@${host} (connection ${id})`);
    const told = who.length > 0 ? `: ${who.join(', ')}` : '';
    return `somebody still writes to ${server.target.database}, faster than it can be repeated${told}`;
  } finally {
    await session.close();
  }
}

/** Where everything is repeated up to. */
function reachedPath({ folder }: LogRange): string {
  return join(folder, 'reached.json');
}

/** A round was cut off in its middle, or is going on. */
export function hasBegun(range: LogRange): boolean {
  return existsSync(beganPath(range));
}

export function noteBegun(range: LogRange): Promise<void> {
  return writeFile(beganPath(range), '', { mode: OWNER_ONLY });
}

/** There while a round is repeated. */
function beganPath({ folder }: LogRange): string {
  return join(folder, 'tail-begun');
}
