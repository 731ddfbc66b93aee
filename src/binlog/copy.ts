import { rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { createProgress } from '../backup/progress.ts';
import type { Context } from '../context.ts';
import { copyLogCommand } from '../mysql/client-commands.ts';
import type { Clients } from '../mysql/clients.ts';
import type { Session } from '../mysql/connect.ts';
import { type Flavor, isAtLeast } from '../mysql/flavor.ts';
import { describeExit } from '../system/exec.ts';
import { makeFolder } from '../system/files.ts';
import type { LoggedFile, LogPosition, LogRange } from './range.ts';

/** An encrypted log has a header of its own, which is not part of what the server sends. */
const ENCRYPTION_HEADER_BYTES = 512;

/** One of the server's binary logs, as it sends them. */
export interface ServerLog {
  readonly name: string;
  readonly bytes: number;
}

/** What the server has of its binary log now. */
export interface LogInventory {
  readonly logs: readonly ServerLog[];
  /** Where the next event will be written. */
  readonly end: LogPosition;
}

/** Asks for REPLICATION CLIENT (MySQL) or BINLOG MONITOR (MariaDB). */
export async function readInventory(session: Session, flavor: Flavor): Promise<LogInventory> {
  // The end first: what the list tells of it later is the same or more.
  const show = flavor.kind === 'mysql' && isAtLeast(flavor, 8, 2) ? 'SHOW BINARY LOG STATUS' : 'SHOW MASTER STATUS';
  const [status] = await session.query<{ File: string; Position: number | string }>(show);
  if (!status) throw new Error('the server writes no binary log (log_bin is OFF)');
  const rows = await session.query<{ Log_name: string; File_size: number | string; Encrypted?: string }>(
    'SHOW BINARY LOGS',
  );
  const logs = rows.map(({ Log_name: name, File_size: size, Encrypted: isEncrypted }) => ({
    name,
    bytes: Number(size) - (isEncrypted === 'Yes' ? ENCRYPTION_HEADER_BYTES : 0),
  }));
  return { logs, end: { file: status.File, position: Number(status.Position) } };
}

/** The logs from one place on, each with the byte that it ends at; undefined when the first is there no more. */
export function logsFrom({ logs, end }: LogInventory, from: LogPosition): ServerLog[] | undefined {
  const first = logs.findIndex(({ name }) => name === from.file);
  const last = logs.findIndex(({ name }) => name === end.file);
  if (first < 0 || last < first) return undefined;
  return logs.slice(first, last + 1).map((log) => (log.name === end.file ? { ...log, bytes: end.position } : log));
}

export interface CopyRequest {
  readonly logs: readonly ServerLog[];
  readonly from: LogPosition;
  readonly folder: string;
  readonly program: string;
  readonly clients: Clients;
  readonly stepId: string;
}

/**
 * Copies the server's binary logs, so that nothing that the server does with them can end a restore half way. A log that
 * is there already in full is not copied again. Throws an error that names the log which the server did not send in full.
 */
export async function copyLogs(request: CopyRequest, context: Context): Promise<LogRange> {
  const { logs, from, folder } = request;
  await makeFolder(folder);
  const total = logs.reduce((sum, { bytes }) => sum + bytes, 0);
  const progress = createProgress(context, { id: request.stepId, unit: 'bytes', total });
  let done = 0;
  for (const log of logs) {
    if ((await sizeOf(join(folder, log.name))) < log.bytes) await copyLog(log, request, context);
    done += log.bytes;
    progress.advanceTo(done);
  }
  progress.finish();
  return { folder, files: logs.map(({ name, bytes }) => ({ name, end: bytes })), from: from.position };
}

/** A log that is read from a place so near to its beginning is copied from there. */
const WORTH_CUTTING_BYTES = 64 * 1024;

/**
 * Copies what the server has logged from one place on, anew, without what stands in front of it: it costs as long as that is
 * large. Throws an error that names the log which the server did not send in full.
 */
export async function copyTail(request: Omit<CopyRequest, 'stepId'>, context: Context): Promise<LogRange> {
  const { logs, from, folder } = request;
  await rm(folder, { recursive: true, force: true });
  await makeFolder(folder);
  const files: LoggedFile[] = [];
  for (const [index, { name, bytes }] of logs.entries()) {
    const begin = index === 0 && from.position >= WORTH_CUTTING_BYTES ? from.position : undefined;
    await sendLog(name, request, context, begin);
    files.push(begin === undefined ? { name, end: bytes } : { name, end: bytes, begin });
  }
  return { folder, files, from: from.position };
}

async function copyLog(log: ServerLog, request: CopyRequest, context: Context): Promise<void> {
  await sendLog(log.name, request, context);
  const copied = await sizeOf(join(request.folder, log.name));
  // The program may end without an error when the server goes away between two events.
  if (copied < log.bytes)
    throw new Error(`of ${log.name} the server sent ${Math.max(copied, 0)} bytes of ${log.bytes}`);
}

type Sent = Pick<CopyRequest, 'program' | 'clients' | 'folder'>;

async function sendLog(name: string, { program, clients, folder }: Sent, context: Context, begin?: number) {
  const command = copyLogCommand(program, clients, context.server.target, name, folder, begin);
  const exit = await context.exec.run(command, { signal: context.signal });
  context.signal.throwIfAborted();
  if (exit.exitCode !== 0) throw new Error(`${name} could not be read: ${describeExit(command, exit)}`);
}

async function sizeOf(path: string): Promise<number> {
  return stat(path).then(
    ({ size }) => size,
    () => -1,
  );
}
