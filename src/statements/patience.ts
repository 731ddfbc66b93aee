import type { Context } from '../context.ts';
import { failedUnchanged, Interrupted } from '../errors.ts';
import type { Session, StatementResult } from '../mysql/connect.ts';
import { describeBlocker, findOpenTransactions } from './blockers.ts';

/** How long and how often a statement waits for a lock. */
export interface Patience {
  /** `lock_wait_timeout` and `innodb_lock_wait_timeout`, seconds: other queries on the table queue behind us as long. */
  readonly lockWaitSeconds: number;
  /** How often the statement is tried again. */
  readonly lockRetries: number;
}

/** How long a statement waits at most, pauses included. */
export function longestWaitMs({ lockWaitSeconds, lockRetries }: Patience): number {
  const pauses = Array.from({ length: lockRetries }, (_, tries) => pauseMs(tries));
  return lockWaitSeconds * 1_000 * (lockRetries + 1) + pauses.reduce((sum, pause) => sum + pause, 0);
}

function pauseMs(tries: number): number {
  return Math.min(FIRST_PAUSE_MS * 2 ** tries, LONGEST_PAUSE_MS);
}

/** Where a statement waits, and who watches it. */
export interface Waiting {
  readonly session: Session;
  /** Another connection, free while `session` waits. */
  readonly observer: Session;
  readonly patience: Patience;
  readonly context: Context;
  /** Inside the author's own transaction: a deadlock has rolled all of it back, one statement cannot be repeated alone. */
  readonly isInGroup: boolean;
  /** False for an opaque statement: it may have committed a part of its work before it met the lock. */
  readonly canRepeat: boolean;
  /** What to type once the lock is free. Default: the deploy. */
  readonly again?: string | undefined;
}

const ER_LOCK_WAIT_TIMEOUT = 1205;
const ER_LOCK_DEADLOCK = 1213;
const ER_QUERY_INTERRUPTED = 1317;
/** A running statement is looked at this often: the first look names who is in its way. */
const LOOK_EVERY_MS = 500;
const FIRST_PAUSE_MS = 500;
const LONGEST_PAUSE_MS = 8_000;

/** Bounds every lock wait of the session: the server's own default is a year on MySQL, a day on MariaDB. */
export async function boundLockWaits(session: Session, patience: Patience): Promise<void> {
  const seconds = Math.max(1, Math.ceil(patience.lockWaitSeconds));
  await session.execute(`SET SESSION lock_wait_timeout = ${seconds}, innodb_lock_wait_timeout = ${seconds}`);
}

/**
 * Runs one attempt until it gets its locks. Between attempts the queue behind us drains; who is in the way is named
 * while we wait. After the last attempt it throws; nothing has happened then, a statement that gets no lock does nothing.
 */
export async function withPatience<T = StatementResult>(
  attempt: (isRepeated: boolean) => Promise<T>,
  on: Waiting,
): Promise<T> {
  const { context, patience } = on;
  for (let tries = 0; ; tries++) {
    const startedMs = context.clock.ticksMs();
    try {
      return await watched(() => attempt(tries > 0), on);
    } catch (error) {
      const errno = (error as { errno?: number }).errno;
      if (errno === ER_QUERY_INTERRUPTED && context.signal.aborted) throw context.signal.reason;
      if (errno !== ER_LOCK_WAIT_TIMEOUT && errno !== ER_LOCK_DEADLOCK) throw error;
      if (!on.canRepeat || (on.isInGroup && (await hasRolledBack(errno, on.observer)))) throw error;
      const waitedMs = Math.round(context.clock.ticksMs() - startedMs);
      const blockers = (
        await findOpenTransactions(on.observer, [on.session.connectionId, on.observer.connectionId])
      ).map(describeBlocker);
      if (tries >= patience.lockRetries) throw gaveUp(tries + 1, blockers, error, on.again);
      const text = `no lock after ${waitedMs} ms (others on the table waited behind us as long); trying again, ${tries + 1} of ${patience.lockRetries}`;
      context.report({ type: 'note', level: 'warning', text });
      await context.clock.sleep(pauseMs(tries), context.signal);
    }
  }
}

/** Whether the error has undone the whole transaction: a deadlock does, a timeout where the server is set so. */
async function hasRolledBack(errno: number, observer: Session): Promise<boolean> {
  if (errno === ER_LOCK_DEADLOCK) return true;
  const [row] = await observer.query<{ whole: number }>('SELECT @@innodb_rollback_on_timeout AS whole');
  return Number(row?.whole) === 1;
}

function gaveUp(tries: number, blockers: readonly string[], cause: unknown, again = 'gateway-migrate deploy'): Error {
  const who = blockers.length > 0 ? `; in the way: ${blockers.join('; ')}` : '';
  return failedUnchanged(
    `no lock after ${tries} tries${who}`,
    `end the transactions named above (KILL <thread>), then: ${again}`,
    cause,
  );
}

/**
 * Looks after a statement while it runs: names its blockers while it waits, and ends it when the run is interrupted.
 * KILL QUERY is repeated, because the first may come before the statement has reached the server.
 */
async function watched<T>(attempt: () => Promise<T>, on: Waiting): Promise<T> {
  const { session, observer, context } = on;
  context.signal.throwIfAborted();
  let looking: Promise<void> | undefined;
  let hasNamed = false;
  const look = async () => {
    if (context.signal.aborted) {
      await observer.query(`KILL QUERY ${session.connectionId}`);
      if (!(context.signal.reason instanceof Interrupted)) session.destroy();
    } else if (!hasNamed) {
      const wait = await readLockWait(observer, session.connectionId);
      if (wait === undefined) return;
      hasNamed = true;
      await nameBlockers(wait, on);
    }
  };
  const lookOnce = () => {
    looking ??= look()
      .catch(() => undefined)
      .finally(() => {
        looking = undefined;
      });
  };
  const timer = setInterval(lookOnce, LOOK_EVERY_MS);
  context.signal.addEventListener('abort', lookOnce, { once: true });
  try {
    return await attempt();
  } finally {
    clearInterval(timer);
    context.signal.removeEventListener('abort', lookOnce);
    // A KILL QUERY under way must not meet the statement that comes next.
    await looking;
  }
}

/** What lock that connection waits for; undefined when it waits for none. */
async function readLockWait(observer: Session, connectionId: number): Promise<string | undefined> {
  const [thread] = await observer.query<{ state: string | null }>(
    'SELECT STATE AS state FROM information_schema.PROCESSLIST WHERE ID = ?',
    [connectionId],
  );
  if (/waiting for .*lock/i.test(thread?.state ?? '')) return thread?.state ?? undefined;
  // A wait for a row shows as `updating` there.
  const [row] = await observer.query(
    "SELECT 1 FROM information_schema.INNODB_TRX WHERE trx_mysql_thread_id = ? AND trx_state = 'LOCK WAIT'",
    [connectionId],
  );
  return row ? 'Waiting for a row' : undefined;
}

async function nameBlockers(wait: string, on: Waiting): Promise<void> {
  const blockers = await findOpenTransactions(on.observer, [on.session.connectionId, on.observer.connectionId]);
  for (const blocker of blockers) {
    const text = `${wait}; in the way: ${describeBlocker(blocker)}`;
    on.context.report({ type: 'note', level: 'warning', text });
  }
}
