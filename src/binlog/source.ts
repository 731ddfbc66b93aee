import { existsSync } from 'node:fs';
import { readFile, statfs } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Manifest } from '../backup/file/manifest.ts';
import type { Context } from '../context.ts';
import { type Clients, findLogProgram } from '../mysql/clients.ts';
import type { Server, Session } from '../mysql/connect.ts';
import { makeFolder, writeFileAtomically } from '../system/files.ts';
import { copyLogs, logsFrom, readInventory, type ServerLog } from './copy.ts';
import { readLogFile } from './events/file.ts';
import { formatPosition, type LogPosition, type LogRange } from './range.ts';

/** What the server still has of its binary log since a backup. */
export interface LogSource {
  readonly from: LogPosition;
  readonly logs: readonly ServerLog[];
}

/** Why nothing since the backup can be repeated: one sentence. */
export interface NoLog {
  readonly problem: string;
}

type Asked = Pick<Manifest, 'position' | 'positionReason' | 'server' | 'finishedAt'>;

/** Whether the server's binary log goes on where the backup ends. Throws when the account may not ask. */
export async function findLog(manifest: Asked, server: Server, session: Session): Promise<LogSource | NoLog> {
  const { position } = manifest;
  if (!position) return { problem: `the backup does not know its place in the log: ${manifest.positionReason}` };
  const [row] = await session.query<{ isOn: number }>('SELECT @@log_bin AS isOn');
  if (!row?.isOn) return { problem: 'the server writes no binary log (log_bin is OFF)' };
  const other = await whyAnotherLog(manifest, position, server, session);
  if (other) return { problem: other };
  const inventory = await readInventory(session, server.flavor);
  const logs = logsFrom(inventory, position);
  if (!logs) return { problem: `the server has removed ${position.file}, which the backup ends in` };
  if ((logs[0]?.bytes ?? 0) < position.position) {
    return { problem: `${position.file} ends before ${formatPosition(position)}: the log was begun anew` };
  }
  return { from: { file: position.file, position: position.position }, logs };
}

/** MySQL's servers have an id. MariaDB's have none, but say which transaction stands at a place of their log. */
async function whyAnotherLog(
  { server: source }: Asked,
  position: NonNullable<Manifest['position']>,
  server: Server,
  session: Session,
): Promise<string | undefined> {
  if (server.flavor.kind === 'mysql') {
    const [row] = await session.query<{ uuid: string }>('SELECT @@server_uuid AS uuid');
    return row?.uuid === source.uuid
      ? undefined
      : 'the backup is from another server, whose log this one does not have';
  }
  if (position.gtid === null) return undefined;
  const [row] = await session.query<{ gtid: string | null }>('SELECT BINLOG_GTID_POS(?, ?) AS gtid', [
    position.file,
    position.position,
  ]);
  // NULL: the file is gone, which is told elsewhere.
  if (row?.gtid == null || row.gtid === position.gtid) return undefined;
  return `the log has another transaction at ${formatPosition(position)} than when the backup was taken`;
}

export interface FetchRequest {
  readonly source: LogSource;
  readonly folder: string;
  readonly clients: Clients;
  readonly stepId: string;
  readonly finishedAt: string;
}

/** Copies what there is into the folder. Throws an error with one sentence about what is in the way. */
export async function fetchLog(request: FetchRequest, context: Context): Promise<LogRange> {
  const { source, folder, clients, stepId } = request;
  const program = await findLogProgram(clients);
  if (typeof program !== 'string') throw new Error(`${program.problem}: ${program.remedy}`);
  await makeFolder(folder);
  await requireRoom(folder, source.logs);
  const range = await copyLogs({ ...source, folder, program, clients, stepId }, context);
  await requireOlder(range, request.finishedAt);
  await writeFileAtomically(notePath(folder), JSON.stringify({ files: range.files, from: range.from }));
  return range;
}

/** What an earlier process has copied to the end. */
export async function readFetched(folder: string): Promise<LogRange | undefined> {
  const path = notePath(folder);
  if (!existsSync(path)) return undefined;
  return { ...(JSON.parse(await readFile(path, 'utf8')) as Omit<LogRange, 'folder'>), folder };
}

function notePath(folder: string): string {
  return join(folder, 'range.json');
}

async function requireRoom(folder: string, logs: readonly ServerLog[]): Promise<void> {
  const needed = logs.reduce((sum, { bytes }) => sum + bytes, 0);
  const { bavail, bsize } = await statfs(folder);
  if (bavail * bsize > needed) return;
  const megabytes = (bytes: number) => `${Math.ceil(bytes / 1e6)} MB`;
  throw new Error(
    `${dirname(folder)} has no room for the binary logs: ${megabytes(bavail * bsize)} free, ${megabytes(needed)} needed`,
  );
}

/** A log that was begun after the backup is not the one that the backup ends in, whatever its name (RESET MASTER). */
async function requireOlder({ folder, files }: LogRange, finishedAt: string): Promise<void> {
  const [first] = files;
  if (!first) return;
  for await (const { second } of readLogFile(join(folder, first.name), first.end)) {
    if (second * 1000 <= Date.parse(finishedAt)) return;
    throw new Error(`${first.name} was begun after the backup: the log was begun anew`);
  }
}
