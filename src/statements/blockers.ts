import type { Row, Session } from '../mysql/connect.ts';

/** A session that holds a lock that somebody waits for, or may hold one. */
export interface Blocker {
  readonly thread: number;
  readonly user: string;
  readonly host: string;
  /** Seconds since its transaction began. */
  readonly ageSeconds: number;
  /** What it does now, or did last; empty when the server does not tell. */
  readonly statement: string;
}

interface RawBlocker extends Row {
  thread: number;
  user: string | null;
  host: string | null;
  age: number;
  statement: string | null;
}

const STATEMENT_SHOWN = 120;

/**
 * Open transactions that touch this database, oldest first: every one of them holds the metadata locks of the tables
 * it has used until it ends (MySQL Reference Manual, 10.11.4 "Metadata Locking"). Needs PROCESS to see the sessions of
 * other accounts; without it the list is shorter, never wrong.
 */
export function findOpenTransactions(session: Session, exceptThreads: readonly number[]): Promise<Blocker[]> {
  const except = exceptThreads.length > 0 ? `AND t.trx_mysql_thread_id NOT IN (${exceptThreads.join(', ')})` : '';
  return readTransactions(session, `p.DB = DATABASE() ${except}`);
}

/** Who these threads are; one without a transaction (LOCK TABLES) only where the performance schema may be read. */
export async function describeThreads(session: Session, threads: readonly number[]): Promise<Blocker[]> {
  const open = await readTransactions(session, `p.ID IN (${threads.join(', ')})`);
  const others = threads.filter((thread) => !open.some((one) => one.thread === thread));
  if (others.length === 0) return open;
  const rows = await session
    .query<RawBlocker>(
      `SELECT t.PROCESSLIST_ID AS thread, t.PROCESSLIST_USER AS user, t.PROCESSLIST_HOST AS host,
         t.PROCESSLIST_TIME AS age, t.PROCESSLIST_INFO AS statement
       FROM performance_schema.threads t WHERE t.PROCESSLIST_ID IN (${others.join(', ')})`,
    )
    .catch(() => []);
  return [...open, ...(await toBlockers(rows, session))];
}

async function readTransactions(session: Session, condition: string): Promise<Blocker[]> {
  const rows = await session
    .query<RawBlocker>(
      `SELECT t.trx_mysql_thread_id AS thread, p.USER AS user, p.HOST AS host,
         TIMESTAMPDIFF(SECOND, t.trx_started, CONVERT_TZ(UTC_TIMESTAMP(), '+00:00', 'SYSTEM')) AS age,
         COALESCE(p.INFO, t.trx_query) AS statement
       FROM information_schema.INNODB_TRX t
       JOIN information_schema.PROCESSLIST p ON p.ID = t.trx_mysql_thread_id
       WHERE ${condition}
       ORDER BY t.trx_started LIMIT 5`,
    )
    .catch(() => []);
  return toBlockers(rows, session);
}

async function toBlockers(rows: readonly RawBlocker[], session: Session): Promise<Blocker[]> {
  const last = await readLastStatements(
    session,
    rows.filter((row) => !row.statement).map((row) => row.thread),
  );
  return rows.map((row) => ({
    thread: Number(row.thread),
    user: row.user ?? '',
    host: row.host ?? '',
    ageSeconds: Math.max(0, Number(row.age)),
    statement: (row.statement ?? last.get(Number(row.thread)) ?? '').replace(/\s+/g, ' ').slice(0, STATEMENT_SHOWN),
  }));
}

/** An idle transaction shows no statement; the performance schema, where it runs, still knows its last one. */
async function readLastStatements(session: Session, threads: readonly number[]): Promise<Map<number, string>> {
  if (threads.length === 0) return new Map();
  const rows = await session
    .query<{ thread: number; statement: string | null }>(
      `SELECT t.PROCESSLIST_ID AS thread, e.SQL_TEXT AS statement
       FROM performance_schema.threads t
       JOIN performance_schema.events_statements_current e ON e.THREAD_ID = t.THREAD_ID
       WHERE t.PROCESSLIST_ID IN (${threads.join(', ')})`,
    )
    .catch(() => []);
  return new Map(rows.map((row) => [Number(row.thread), row.statement ?? '']));
}

/** `thread 42, app@10.0.0.3, open for 75 s: SELECT …`. */
export function describeBlocker(blocker: Blocker): string {
  const who = `${blocker.user}@${blocker.host.replace(/:\d+$/, '')}`;
  const what = blocker.statement === '' ? 'idle in a transaction' : blocker.statement;
  return `thread ${blocker.thread}, ${who}, open for ${blocker.ageSeconds} s: ${what}`;
}
