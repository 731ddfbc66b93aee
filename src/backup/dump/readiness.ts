import { statfs } from 'node:fs/promises';
import type { Config } from '../../config/config.ts';
import { messageOf } from '../../errors.ts';
import { type Environment, findClients } from '../../mysql/clients.ts';
import type { Server, Session } from '../../mysql/connect.ts';
import type { RunEvent } from '../../run/events.ts';
import type { Exec } from '../../system/exec.ts';
import { nearestFolder, requireWritable } from '../../system/files.ts';
import { compressionProblem } from '../file/compression.ts';
import { findBrokenViews } from './broken-views.ts';
import { checkEndlessEvents, checkSemicolons } from './kept-semicolons.ts';
import { readTables, type SourceTable } from './source.ts';
import { readVersioned } from './system-versioning.ts';

export type Check = Omit<Extract<RunEvent, { type: 'check' }>, 'type'>;

export interface ReadinessParts {
  readonly config: Pick<Config, 'backup'>;
  readonly server: Server;
  readonly session: Session;
  readonly exec: Exec;
  readonly env: Environment;
}

const GROUP = 'backup';

/** Whether a backup would succeed. Reads only; all checks at once, each with its remedy. */
export async function checkBackupReadiness(parts: ReadinessParts): Promise<Check[]> {
  const { dir, compression, minFreeBytes } = parts.config.backup;
  const tables = await readTables(parts.server, parts.session);
  const folder = await checkFolder(dir);
  return [
    await checkClients(parts),
    folder,
    ...(folder.ok ? [await checkSpace(dir, tables, minFreeBytes)] : []),
    ...checkCompression(compression),
    ...(await checkViews(parts)),
    ...(await checkRoutines(parts)),
    ...(await checkSemicolons(parts)),
    ...(await checkEndlessEvents(parts)),
    ...checkEngines(tables),
    ...(await checkHistory(parts)),
    ...(await checkLog(parts)),
  ];
}

async function checkClients({ server, exec, env }: ReadinessParts): Promise<Check> {
  const found = await findClients(server.flavor, exec, env);
  if ('problem' in found) return failed('client programs', found.problem, found.remedy);
  return passed('client programs', `${found.dump} and ${found.shell}, ${found.flavor.label}`);
}

/** Whether the folder of backups can be written to; asks no server. */
export async function checkFolder(dir: string): Promise<Check> {
  const name = 'backup folder';
  const nearest = await nearestFolder(dir);
  try {
    await requireWritable(nearest);
    return passed(name, nearest === dir ? `${dir} can be written to` : `${dir} will be made`);
  } catch (error) {
    return failed(name, `${nearest} cannot be written to: ${messageOf(error)}`, `mkdir -p ${dir} as a user who may`);
  }
}

/** Rows as they are, uncompressed: what compresses badly must fit too. */
async function checkSpace(dir: string, tables: readonly SourceTable[], minFreeBytes: number): Promise<Check> {
  const { bavail, bsize } = await statfs(await nearestFolder(dir));
  const freeBytes = bavail * bsize;
  const estimatedBytes = tables.reduce((sum, table) => sum + table.dataBytes, 0);
  const neededBytes = Math.max(estimatedBytes, minFreeBytes);
  const detail = `${megabytes(freeBytes)} free, ${megabytes(neededBytes)} needed`;
  return freeBytes >= neededBytes
    ? passed('disk space', detail)
    : failed(
        'disk space',
        `${dir}: ${detail}`,
        'gateway-migrate backup prune, or another backup.dir in the configuration',
      );
}

function checkCompression(compression: Config['backup']['compression']): Check[] {
  const problem = compressionProblem(compression);
  return problem ? [failed('compression', problem, 'set backup.compression to gzip')] : [];
}

async function checkViews({ server, session }: ReadinessParts): Promise<Check[]> {
  const broken = await findBrokenViews(session, server.target.database);
  return broken.map(({ name, reason }) =>
    failed('views', reason, `repair the view ${name} or drop it: a dump stops at it`),
  );
}

/** A dump stops at a routine of another account that ours may call, but not read; then its text shows as NULL. */
async function checkRoutines({ server, session }: ReadinessParts): Promise<Check[]> {
  const rows = await session.query<{ name: string }>(
    `SELECT routine_name AS name FROM information_schema.routines
     WHERE routine_schema = ? AND routine_body = 'SQL' AND routine_definition IS NULL ORDER BY routine_name`,
    [server.target.database],
  );
  if (rows.length === 0) return [];
  const names = rows.map(({ name }) => name).join(', ');
  const privilege = server.flavor.kind === 'mysql' ? 'SHOW_ROUTINE ON *.*' : 'SELECT ON mysql.proc';
  const detail = `${names} belong to another account, and ${server.target.user} may not read them: a dump stops there`;
  return [failed('routines', detail, `as an administrator: GRANT ${privilege} TO the account ${server.target.user}`)];
}

/** Outside of InnoDB a table is not part of the snapshot: it is dumped as it is when its turn comes. */
function checkEngines(tables: readonly SourceTable[]): Check[] {
  const outside = tables.filter(({ engine }) => engine !== 'InnoDB').map(({ name, engine }) => `${name} (${engine})`);
  if (outside.length === 0) return [];
  const detail = `not part of the snapshot, rows written during the backup may be half in it: ${outside.join(', ')}`;
  return [
    { group: GROUP, name: 'engines', ok: false, level: 'warning', detail, remedy: 'ALTER TABLE … ENGINE=InnoDB' },
  ];
}

/** Tables themselves are in the backup all the same, with the rows that they have now. */
async function checkHistory({ server, session, exec, env }: ReadinessParts): Promise<Check[]> {
  const any = await readVersioned(server, session, server.flavor);
  if (any.names.length === 0) return [];
  const found = await findClients(server.flavor, exec, env);
  const { names, noHistoryBecause } = 'problem' in found ? any : await readVersioned(server, session, found.flavor);
  if (noHistoryBecause === undefined) return [];
  const detail = `past rows of ${names.join(', ')} (WITH SYSTEM VERSIONING) are not part of it: ${noHistoryBecause}`;
  const remedy = 'keep the history of such tables apart, with mariadb-backup or a replica';
  return [{ group: GROUP, name: 'history', ok: false, level: 'warning', detail, remedy }];
}

/** Transactions that this Node cannot unpack: a restore can bring back no moment after the backup. */
async function checkLog({ server, session }: ReadinessParts): Promise<Check[]> {
  const problem = compressionProblem('zstd');
  if (server.flavor.kind !== 'mysql' || problem === undefined) return [];
  const rows = await session.query<{ Value: string }>(
    "SHOW GLOBAL VARIABLES WHERE Variable_name IN ('log_bin', 'binlog_transaction_compression')",
  );
  if (rows.length < 2 || rows.some(({ Value }) => Value !== 'ON')) return [];
  const detail = `compressed (binlog_transaction_compression), and ${problem}: restore --until cannot read it`;
  const remedy = 'Node 22.15 or newer on this machine, or SET PERSIST binlog_transaction_compression = OFF';
  return [{ group: GROUP, name: 'binary log', ok: false, level: 'warning', detail, remedy }];
}

function megabytes(bytes: number): string {
  return `${(bytes / 1e6).toFixed(0)} MB`;
}

function passed(name: string, detail: string): Check {
  return { group: GROUP, name, ok: true, level: 'error', detail };
}

function failed(name: string, detail: string, remedy: string): Check {
  return { group: GROUP, name, ok: false, level: 'error', detail, remedy };
}
