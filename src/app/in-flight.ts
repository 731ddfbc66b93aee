import type { Server, Session } from '../mysql/connect.ts';
import type { Clock } from '../system/clock.ts';

/** A connection to the database that is at work: it runs a statement, or has a transaction open. */
export interface BusySession {
  readonly id: number;
  readonly user: string;
  readonly host: string;
  readonly seconds: number;
  /** What it runs, or `open transaction`. */
  readonly doing: string;
}

export interface Drained {
  readonly waitedMs: number;
  /** Those still at work when patience ended. */
  readonly busy: readonly BusySession[];
}

const STATEMENT_PAUSE_MS = 10;
/** InnoDB refreshes INNODB_TRX only when nobody has read it for 100 ms: who asks more often never sees a change. */
const TRANSACTION_PAUSE_MS = 120;
const STATEMENT_SHOWN = 80;
const IDLE_COMMANDS = new Set(['Sleep', 'Daemon', 'Binlog Dump', 'Binlog Dump GTID']);
const SERVER_USERS = new Set(['system user', 'event_scheduler']);

/**
 * Requests that were under way when the site went down still run. From here they can be seen only as the
 * server sees them: connections to this database that run a statement or have a transaction open. A request that is
 * between two statements outside a transaction cannot be told from an idle connection of a queue worker, and is not
 * waited for. Without the PROCESS privilege only this user's connections show.
 */
export async function waitForRequests(
  server: Server,
  withinMs: number,
  ports: { readonly clock: Clock; readonly signal: AbortSignal },
): Promise<Drained> {
  const startedMs = ports.clock.ticksMs();
  const session = await server.open();
  try {
    for (;;) {
      const rows = await readConnections(session, server.target.database);
      const running = rows.filter((row) => !IDLE_COMMANDS.has(row.Command));
      const busy = running.length > 0 ? running : await keepTransactions(session, rows);
      const waitedMs = Math.round(ports.clock.ticksMs() - startedMs);
      if (busy.length === 0 || waitedMs >= withinMs) return { waitedMs, busy: busy.map(toBusySession) };
      await ports.clock.sleep(running.length > 0 ? STATEMENT_PAUSE_MS : TRANSACTION_PAUSE_MS, ports.signal);
    }
  } finally {
    await session.close();
  }
}

/** `connection 41 of app@10.0.0.7, for 12 s: SELECT …` */
export function describeBusy(busy: BusySession): string {
  return `connection ${busy.id} of ${busy.user}@${busy.host}, for ${busy.seconds} s: ${busy.doing}`;
}

/** As a type, not an interface: `query` wants rows with any column. */
type ProcessRow = {
  Id: number;
  User: string;
  Host: string;
  db: string | null;
  Command: string;
  Time: number;
  Info: string | null;
};

/** Everybody else's connections to the database. */
async function readConnections(session: Session, database: string): Promise<ProcessRow[]> {
  // information_schema.PROCESSLIST is deprecated since MySQL 8.0.35; SHOW PROCESSLIST is in every version of both.
  const rows = await session.query<ProcessRow>('SHOW FULL PROCESSLIST');
  return rows.filter((row) => row.db === database && row.Id !== session.connectionId && !SERVER_USERS.has(row.User));
}

/** Those with an open transaction; none are known without the PROCESS privilege (error 1227). */
async function keepTransactions(session: Session, rows: readonly ProcessRow[]): Promise<ProcessRow[]> {
  try {
    const open = await session.query<{ id: number }>(
      'SELECT trx_mysql_thread_id AS id FROM information_schema.INNODB_TRX',
    );
    const ids = new Set(open.map((row) => Number(row.id)));
    return rows.filter((row) => ids.has(row.Id));
  } catch (error) {
    if ((error as { errno?: number }).errno === 1227) return [];
    throw error;
  }
}

function toBusySession(row: ProcessRow): BusySession {
  return {
    id: row.Id,
    user: row.User,
    host: row.Host,
    seconds: Math.max(0, row.Time),
    doing: row.Info?.replace(/\s+/g, ' ').slice(0, STATEMENT_SHOWN) ?? 'open transaction',
  };
}
