import { existsSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { readManifest } from '../../backup/file/manifest.ts';
import { verifyBackup } from '../../backup/file/verify.ts';
import { openWatch } from '../../binlog/left-out/open.ts';
import { findTwin, replayPrivately } from '../../binlog/private.ts';
import { cutRange, formatPosition, type LogRange, rangeBytes } from '../../binlog/range.ts';
import { replayLog } from '../../binlog/replay.ts';
import { fetchLog, findLog, readFetched } from '../../binlog/source.ts';
import { readNamedDatabase } from '../../binlog/subject.ts';
import type { Context } from '../../context.ts';
import { failedUnchanged, messageOf } from '../../errors.ts';
import { requireClients } from '../../mysql/clients.ts';
import type { StepInputs } from '../../plan/step.ts';
import { OWNER_ONLY } from '../../system/files.ts';
import type { Phase } from '../phase.ts';
import type { ExchangeParts } from './exchange.ts';
import { loadBesidePhase } from './load-side-database.ts';

const STEP_ID = 'replay';

/** Where a run keeps its copy of the binary logs. */
export function logFolder(runFolder: string): string {
  return join(runFolder, 'binlogs');
}

/**
 * Repeats what the binary log has since the backup: in the database beside production, or on a private server, where it
 * makes a new backup of the chosen moment. Production itself is only read.
 */
export function replayPhase(parts: ExchangeParts): Phase<'replay'> {
  return {
    async run(input, context) {
      try {
        const range = await openLog(input, parts, context);
        const repeated = input.way === 'beside' ? repeatBeside : repeatPrivately;
        await repeated(input, range, parts, context);
        const bytes = rangeBytes(cutRange(range, input.until));
        return `${(bytes / 1e6).toFixed(1)} MB of the binary log, up to ${formatPosition(input.until)}`;
      } catch (error) {
        context.signal.throwIfAborted();
        throw failedUnchanged(
          `bringing ${basename(input.file)} up to ${formatPosition(input.until)} failed: ${messageOf(error)}`,
          'gateway-migrate restore, to another moment or without --until',
          error,
        );
      }
    },

    /** A backup of that moment has its name and its place in the log only when it is complete. */
    async probe({ way, into, until }) {
      if (way === 'beside') return 'not-done';
      const { manifest, problems } = await verifyBackup(into).catch(() => ({ manifest: undefined, problems: [] }));
      const isThere = manifest?.position?.file === until.file && manifest.position.position === until.position;
      return isThere && problems.length === 0 ? 'done' : 'not-done';
    },
  };
}

/** The copy that was made before the question, or by an earlier process; else a new one. */
export async function openLog(
  { file }: Pick<StepInputs['replay'], 'file'>,
  parts: ExchangeParts,
  context: Context,
): Promise<LogRange> {
  const folder = logFolder(join(parts.config.stateDir, 'runs', parts.run));
  const fetched = await readFetched(folder);
  if (fetched) return fetched;
  const { server, exec } = context;
  const manifest = await readManifest(file);
  const clients = await requireClients(server.flavor, exec, parts.env);
  const session = await server.open();
  try {
    const source = await findLog(manifest, server, session);
    if ('problem' in source) throw new Error(source.problem);
    return await fetchLog({ source, folder, clients, stepId: STEP_ID, finishedAt: manifest.finishedAt }, context);
  } finally {
    await session.close();
  }
}

/** What a process before this one has begun to repeat is loaded anew: no row may be put in twice. */
async function repeatBeside(
  { file, database, until, leftOut: places }: StepInputs['replay'],
  range: LogRange,
  parts: ExchangeParts,
  context: Context,
): Promise<void> {
  const begun = join(range.folder, 'begun');
  if (existsSync(begun)) await loadBesidePhase(parts).run({ file, database }, context);
  await writeFile(begun, '', { mode: OWNER_ONLY });
  const session = await context.server.open({ database, purpose: 'migration' });
  try {
    const cut = cutRange(range, until);
    const from = await readNamedDatabase(session, context.server.target.database);
    const leftOut = places && (await openWatch(places, context.server));
    const request = { range: cut, from, into: database, isPrivate: false, stepId: STEP_ID, leftOut };
    await replayLog(request, session, context);
  } finally {
    await session.close();
  }
}

async function repeatPrivately(
  { file, until, into, leftOut: places }: StepInputs['replay'],
  range: LogRange,
  parts: ExchangeParts,
  context: Context,
): Promise<void> {
  const { server, exec } = context;
  const clients = await requireClients(server.flavor, exec, parts.env);
  const binaries = await findTwin(server, clients, exec, parts.env.PATH);
  if (!binaries) throw new Error(`there is no server program of ${server.flavor.label} on this machine any more`);
  const manifest = await readManifest(file);
  const leftOut = places && (await openWatch(places, server));
  await replayPrivately({ file, manifest, range, until, into, clients, binaries, stepId: STEP_ID, leftOut }, context);
}
