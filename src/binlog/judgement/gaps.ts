import type { Session } from '../../mysql/connect.ts';
import { type Flavor, isAtLeast } from '../../mysql/flavor.ts';
import { means, type NamedDatabase, readNamedDatabase } from '../subject.ts';

/** What a server's settings keep out of its binary log. */
export interface LogGaps {
  /** Why its log does not lead on from a backup; undefined when it may. */
  readonly closed: string | undefined;
  /** What may be missing in it, or be in it in a form that is refused: one sentence each. */
  readonly partial: readonly string[];
}

const SETTINGS = ['binlog_format', 'log_replica_updates', 'log_slave_updates', 'wsrep_on'] as const;

/** Asks for nothing that the account may not see; what it may not see is not told. */
export async function readLogGaps(session: Session, flavor: Flavor, database: string): Promise<LogGaps> {
  const rows = await session.query<{ Variable_name: string; Value: string }>(
    `SHOW GLOBAL VARIABLES WHERE Variable_name IN (${SETTINGS.map((name) => `'${name}'`).join(', ')})`,
  );
  const settings = new Map(rows.map((row) => [row.Variable_name, row.Value]));
  const named = await readNamedDatabase(session, database);
  const filters = await readFilters(session, flavor);
  const isFed = settings.get('wsrep_on') === 'ON' || (await isReplica(session, flavor));
  return findLogGaps({ settings, filters, isFed }, named);
}

/** Databases that are logged alone, or that are not. */
export interface LogFilters {
  readonly only: readonly string[];
  readonly not: readonly string[];
}

export interface LogSettings {
  readonly settings: ReadonlyMap<string, string>;
  readonly filters: LogFilters;
  /** It takes over what other servers write. */
  readonly isFed: boolean;
}

/** PURE. A list of databases that are logged makes the server pass the other list over. */
export function findLogGaps({ settings, filters, isFed }: LogSettings, named: NamedDatabase): LogGaps {
  const { only, not } = filters;
  const isListed = (names: readonly string[]) => names.some((name) => means(named, name));
  const updates = settings.get('log_replica_updates') ?? settings.get('log_slave_updates');
  const closed =
    only.length > 0 && !isListed(only)
      ? `the server does not log ${named.database} (binlog-do-db=${only.join(', ')})`
      : only.length === 0 && isListed(not)
        ? `the server does not log ${named.database} (binlog-ignore-db=${not.join(', ')})`
        : isFed && updates === 'OFF'
          ? 'the server does not log what it takes over from other servers (log_replica_updates is OFF)'
          : undefined;
  const format = settings.get('binlog_format') ?? 'ROW';
  const partial = [
    format !== 'ROW' && `binlog_format is ${format}: what is logged as a statement cannot be repeated`,
    only.length > 0 && `definitions changed with another database in use are not logged (binlog-do-db)`,
    only.length === 0 &&
      not.length > 0 &&
      `definitions changed with ${not.join(' or ')} in use are not logged (binlog-ignore-db)`,
  ];
  return { closed, partial: partial.filter((one) => one !== false) };
}

export async function readFilters(session: Session, flavor: Flavor): Promise<LogFilters> {
  const show = flavor.kind === 'mysql' && isAtLeast(flavor, 8, 2) ? 'SHOW BINARY LOG STATUS' : 'SHOW MASTER STATUS';
  const [row] = await session.query<{ Binlog_Do_DB: string; Binlog_Ignore_DB: string }>(show).catch(() => []);
  const names = (list: string | undefined) => (list ?? '').split(',').filter((name) => name !== '');
  return { only: names(row?.Binlog_Do_DB), not: names(row?.Binlog_Ignore_DB) };
}

async function isReplica(session: Session, { kind }: Flavor): Promise<boolean> {
  const rows = await session.query(kind === 'mysql' ? 'SHOW REPLICA STATUS' : 'SHOW ALL SLAVES STATUS').catch(() => []);
  return rows.length > 0;
}
