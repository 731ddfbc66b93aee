import type { OpenOptions, Server, Session } from '../mysql/connect.ts';
import type { RunEvent } from './events.ts';
import type { Heartbeat } from './heartbeat.ts';

/** A connection is looked after when its answer is out for so long. */
const QUIET_MS = 4_000;
const LOOK_EVERY_MS = 2_000;
/** The server idle on our connection for so many looks, while we wait for its answer: the answer was lost. */
const IDLE_LOOKS = 3;
/** Time for a KILL QUERY to be sent before the connections of a run without a lock are dropped. */
const GRACE_MS = 1_000;
/** A server that has no connection to spare is asked again for so long. */
const OPEN_WITHIN_MS = 30_000;
const OPEN_PAUSE_MS = 500;

/** ER_CON_COUNT_ERROR and ER_TOO_MANY_USER_CONNECTIONS: somebody else's connections may end any moment. */
const NO_CONNECTION_TO_SPARE = new Set([1040, 1203]);

export interface Guard {
  readonly server: Server;
  stop(): void;
}

interface Watched {
  readonly session: Session;
  /** Answers that are out. */
  pending: number;
  /** When the last one came, or the first of them was asked for. */
  sinceMs: number;
  idleLooks: number;
}

interface GuardParts {
  /** False where a look might show another server than the one at work (`readLockBinds`). */
  readonly canLook: boolean;
  report(event: RunEvent): void;
}

/**
 * The server as a run under the lock may use it. It opens a connection only while the lock is proven to be ours; it gives
 * a connection up whose answer was lost on the way (a stalled network would keep us waiting for ever); and without
 * the lock it lets no statement through.
 */
export function guardServer(server: Server, heartbeat: Heartbeat, parts: GuardParts): Guard {
  const all = new Set<Watched>();
  const timer = setInterval(() => void lookAfter(all, heartbeat, parts), LOOK_EVERY_MS);
  timer.unref();
  const dropAll = () => {
    for (const { session } of all) session.destroy();
  };
  heartbeat.lost.addEventListener('abort', () => setTimeout(dropAll, GRACE_MS).unref(), { once: true });
  return {
    server: {
      ...server,
      async open(options) {
        const session = await openPatiently(server, options, heartbeat);
        const watched = { session, pending: 0, sinceMs: 0, idleLooks: 0 };
        all.add(watched);
        return track(watched, heartbeat, () => all.delete(watched));
      },
    },
    stop: () => clearInterval(timer),
  };
}

async function openPatiently(server: Server, options: OpenOptions | undefined, heartbeat: Heartbeat): Promise<Session> {
  const deadlineMs = performance.now() + OPEN_WITHIN_MS;
  for (;;) {
    await heartbeat.confirm();
    try {
      return await server.open(options);
    } catch (error) {
      if (!isPassing(error) || performance.now() > deadlineMs) throw error;
      await new Promise((resolve) => setTimeout(resolve, OPEN_PAUSE_MS));
    }
  }
}

/** No connection to spare, or no answer from the server itself: the network, or a server that goes down. */
function isPassing(error: unknown): boolean {
  const { errno = 0, sqlState } = error as { errno?: number; sqlState?: string };
  return NO_CONNECTION_TO_SPARE.has(errno) || sqlState === undefined || sqlState.startsWith('08');
}

/** The same session, which sends nothing while it is doubtful that the lock is ours, and notes when it waits for an answer. */
function track(watched: Watched, heartbeat: Heartbeat, forget: () => void): Session {
  const { session } = watched;
  const noted = async <T>(send: () => Promise<T>): Promise<T> => {
    const doubt = heartbeat.confirmIfLate();
    if (doubt) await doubt;
    if (watched.pending++ === 0) watched.sinceMs = performance.now();
    try {
      return await send();
    } finally {
      watched.pending--;
      watched.sinceMs = performance.now();
      watched.idleLooks = 0;
    }
  };
  return {
    connectionId: session.connectionId,
    query: (sql, values) => noted(() => session.query(sql, values)),
    queryKinds: (sql) => noted(() => session.queryKinds(sql)),
    execute: (sql) => noted(() => session.execute(sql)),
    close() {
      forget();
      return session.close();
    },
    destroy() {
      forget();
      session.destroy();
    },
  };
}

async function lookAfter(
  all: ReadonlySet<Watched>,
  heartbeat: Heartbeat,
  { canLook, report }: GuardParts,
): Promise<void> {
  const quiet = [...all].filter((one) => one.pending > 0 && performance.now() - one.sinceMs > QUIET_MS);
  if (!canLook || quiet.length === 0) return;
  const ids = quiet.map((one) => one.session.connectionId).join(', ');
  const busy = await heartbeat
    .session()
    .query<{ id: number }>(
      `SELECT ID AS id FROM information_schema.PROCESSLIST WHERE ID IN (${ids}) AND COMMAND <> 'Sleep'`,
    )
    .catch(() => undefined);
  if (!busy) return;
  for (const one of quiet) {
    const isIdle = one.pending > 0 && !busy.some(({ id }) => Number(id) === one.session.connectionId);
    one.idleLooks = isIdle ? one.idleLooks + 1 : 0;
    if (one.idleLooks < IDLE_LOOKS) continue;
    const text = `connection ${one.session.connectionId}: the server has answered, but the answer never came; it was given up`;
    report({ type: 'note', level: 'warning', text });
    one.session.destroy();
  }
}
