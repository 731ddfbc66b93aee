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

/** Where a statement waits, and who watches it. */
export interface Waiting {
  readonly session: Session;
  /** Another connection, free while `session` waits. */
  readonly observer: Session;
  readonly patience: Patience;
  readonly context: Context;
  /** Inside the author's own transaction: a deadlock has rolled all of it back, one statement cannot be repeated alone. */
  readonly isInGroup: boolean;
}

const ER_LOCK_WAIT_TIMEOUT = 1205;
const ER_LOCK_DEADLOCK = 1213;
const ER_QUERY_INTERRUPTED = 1317;
/** A running statement is looked at this often: the first look names who is in its way. */
const LOOK_EVERY_MS = 1_000;
const IDLE = 'idle';
/** The server has been idle on our connection for so many looks while we wait for an answer: it was lost. */
const IDLE_LOOKS = 5;
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
export async function withPatience(
  attempt: (isRepeated: boolean) => Promise<StatementResult>,
  on: Waiting,
): Promise<StatementResult> {
  const { context, patience } = on;
  for (let tries = 0; ; tries++) {
    const startedMs = context.clock.ticksMs();
    try {
      return await watched(() => attempt(tries > 0), on);
    } catch (error) {
      const errno = (error as { errno?: number }).errno;
      if (errno === ER_QUERY_INTERRUPTED && context.signal.aborted) throw context.signal.reason;
      if (errno !== ER_LOCK_WAIT_TIMEOUT && (errno !== ER_LOCK_DEADLOCK || on.isInGroup)) throw error;
      const waitedMs = Math.round(context.clock.ticksMs() - startedMs);
      const blockers = (
        await findOpenTransactions(on.observer, [on.session.connectionId, on.observer.connectionId])
      ).map(describeBlocker);
      if (tries >= patience.lockRetries) throw gaveUp(tries + 1, blockers, error);
      const text = `no lock after ${waitedMs} ms (others on the table waited behind us as long); trying again, ${tries + 1} of ${patience.lockRetries}`;
      context.report({ type: 'note', level: 'warning', text });
      await context.clock.sleep(Math.min(FIRST_PAUSE_MS * 2 ** tries, LONGEST_PAUSE_MS), context.signal);
    }
  }
}

function gaveUp(tries: number, blockers: readonly string[], cause: unknown): Error {
  const who = blockers.length > 0 ? `; in the way: ${blockers.join('; ')}` : '';
  return failedUnchanged(
    `no lock after ${tries} tries${who}`,
    'end the transactions named above (KILL <thread>), then: gateway-migrate deploy',
    cause,
  );
}

/**
 * Looks after a statement while it runs: names its blockers while it waits, ends it when the run is interrupted, and
 * gives its connection up when the server has long been idle on it: then the answer was lost on the way.
 */
async function watched(attempt: () => Promise<StatementResult>, on: Waiting): Promise<StatementResult> {
  const { session, observer, context } = on;
  const interrupt = () => {
    void observer.query(`KILL QUERY ${session.connectionId}`).catch(() => undefined);
    if (!(context.signal.reason instanceof Interrupted)) session.destroy();
  };
  context.signal.addEventListener('abort', interrupt, { once: true });
  let looks = 0;
  let idleLooks = 0;
  const timer = setInterval(async () => {
    const state = await readThreadState(observer, session.connectionId);
    if (looks++ === 0 && /lock/i.test(state)) await nameBlockers(state, on);
    idleLooks = state === IDLE ? idleLooks + 1 : 0;
    if (idleLooks >= IDLE_LOOKS) session.destroy();
  }, LOOK_EVERY_MS);
  try {
    return await attempt();
  } finally {
    clearInterval(timer);
    context.signal.removeEventListener('abort', interrupt);
  }
}

/** What the server does on that connection; `idle` when nothing, or when it has no such connection any more. */
async function readThreadState(observer: Session, connectionId: number): Promise<string> {
  try {
    const [thread] = await observer.query<{ command: string; state: string | null }>(
      'SELECT COMMAND AS command, STATE AS state FROM information_schema.PROCESSLIST WHERE ID = ?',
      [connectionId],
    );
    return thread === undefined || thread.command === 'Sleep' ? IDLE : (thread.state ?? 'running');
  } catch {
    return 'not known';
  }
}

async function nameBlockers(state: string, on: Waiting): Promise<void> {
  const blockers = await findOpenTransactions(on.observer, [on.session.connectionId, on.observer.connectionId]);
  for (const blocker of blockers) {
    const text = `waiting for a lock (${state}); in the way: ${describeBlocker(blocker)}`;
    on.context.report({ type: 'note', level: 'warning', text });
  }
}
