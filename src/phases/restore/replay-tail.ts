import { existsSync } from 'node:fs';
import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { copyTail, logsFrom, readInventory } from '../../binlog/copy.ts';
import { openWatch, showLeftOut } from '../../binlog/left-out/open.ts';
import type { LeftOutWatch } from '../../binlog/left-out/watch.ts';
import { formatPosition, type LogPosition, type LogRange, rangeBytes } from '../../binlog/range.ts';
import { replayLog } from '../../binlog/replay.ts';
import { readNamedDatabase } from '../../binlog/subject.ts';
import type { Context } from '../../context.ts';
import { failedUnchanged, messageOf } from '../../errors.ts';
import { findLogProgram, requireClients } from '../../mysql/clients.ts';
import type { StepInputs } from '../../plan/step.ts';
import { OWNER_ONLY, writeFileAtomically } from '../../system/files.ts';
import type { Phase } from '../phase.ts';
import type { ExchangeParts } from './exchange.ts';
import { loadBesidePhase } from './load-side-database.ts';
import { openLog, replayPhase } from './replay.ts';

type Input = StepInputs['replay-tail'];

/** Whoever writes meanwhile keeps it going: with the site up that is enough when so little is left, or after so many rounds. */
const LITTLE_BYTES = 1024 * 1024;
const MOST_ROUNDS = 10;

/**
 * Repeats beside production what was written since the log was read for the plan: with the site up first, so that with the site
 * down only the last moments are left. Killed anywhere, what was repeated in part is loaded anew.
 */
export function replayTailPhase(parts: ExchangeParts): Phase<'replay-tail'> {
  return {
    async run(input, context) {
      try {
        const range = await openLog(input.replay, parts, context);
        await mendHalf(input, range, parts, context);
        return await repeatRounds(input, range, parts, context);
      } catch (error) {
        context.signal.throwIfAborted();
        throw failedUnchanged(
          `repeating what was written meanwhile failed: ${messageOf(error)}`,
          'the same gateway-migrate restore once more: it tells now what stands in the way',
          error,
        );
      }
    },

    // What was repeated has its note: the rest is looked for in the log.
    probe: async () => 'not-done',
  };
}

/** No row may be put in twice: where a process before this one was in the middle, everything is loaded anew. */
async function mendHalf({ replay }: Input, range: LogRange, parts: ExchangeParts, context: Context): Promise<void> {
  if (!existsSync(beganPath(range))) return;
  const { way, into, database } = replay;
  if (way === 'beside') await replayPhase(parts).run(replay, context);
  else await loadBesidePhase(parts).run({ file: into, database }, context);
  await rm(reachedPath(range), { force: true });
  await rm(beganPath(range));
}

async function repeatRounds(input: Input, range: LogRange, parts: ExchangeParts, context: Context): Promise<string> {
  const { server, signal } = context;
  const places = input.replay.leftOut ?? [];
  const watch = await openWatch(places, server);
  await showLeftOut(range, places, watch, signal);
  let reached = await readReached(input, range);
  let bytes = 0;
  for (let round = 0; round < MOST_ROUNDS; round++) {
    const tail = await copySince(reached, range, parts, context);
    if (!tail) break;
    const size = rangeBytes(tail);
    const hasRepeated = await repeat(tail, input, watch, range, context);
    bytes += size;
    reached = endOf(tail);
    await writeFileAtomically(reachedPath(range), JSON.stringify(reached));
    await rm(beganPath(range));
    if (input.isLast ? !hasRepeated : size < LITTLE_BYTES) break;
  }
  return `${(bytes / 1e6).toFixed(1)} MB of the binary log, up to ${formatPosition(reached)}`;
}

async function copySince(
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
  await writeFile(beganPath(range), '', { mode: OWNER_ONLY });
  const session = await server.open({ database, purpose: 'migration' });
  try {
    const from = await readNamedDatabase(session, server.target.database);
    const stepId = isLast ? 'replay-tail' : 'replay-since';
    return await replayLog({ range: tail, from, into: database, isPrivate: false, stepId, leftOut }, session, context);
  } finally {
    await session.close();
  }
}

async function readReached({ replay }: Input, range: LogRange): Promise<LogPosition> {
  if (!existsSync(reachedPath(range))) return replay.until;
  return JSON.parse(await readFile(reachedPath(range), 'utf8')) as LogPosition;
}

function endOf({ files }: LogRange): LogPosition {
  const last = files.at(-1);
  if (!last) throw new Error('there is no binary log to read');
  return { file: last.name, position: last.end };
}

/** Where everything is repeated up to. */
function reachedPath({ folder }: LogRange): string {
  return join(folder, 'reached.json');
}

/** There while a round is repeated. */
function beganPath({ folder }: LogRange): string {
  return join(folder, 'tail-begun');
}
