import type { Context } from '../../context.ts';
import type { Session } from '../../mysql/connect.ts';

/** The names of the locks that a run's connections hold: they tell after a crash whether one of them still lives. */
export interface ConnectionLocks {
  readonly journal: string;
  /** Of every connection that runs statements, by lane. */
  readonly work: readonly string[];
}

/** At most so many connections run statements at once. */
export const MOST_LANES = 4;

export function connectionLocks(run: string): ConnectionLocks {
  const named = (use: string) => `gateway_migrate.${use}.${run}`.slice(0, 64);
  return {
    journal: named('note'),
    work: Array.from({ length: MOST_LANES }, (_, lane) => named(lane === 0 ? 'work' : `work${lane}`)),
  };
}

/**
 * Ends those connections of a run that do nothing at the moment: its owner has lost the lock, and must not send the
 * statement over them that it may have in its hands.
 */
export async function endIdleConnections(session: Session, run: string): Promise<void> {
  const { journal, work } = connectionLocks(run);
  const ids = [journal, ...work].map((name, index) => `IS_USED_LOCK('${name}') AS c${index}`);
  const [row] = await session.query<Record<string, number | null>>(`SELECT ${ids.join(', ')}`);
  const held = Object.values(row ?? {}).filter((id) => id !== null);
  if (held.length === 0) return;
  const idle = await session.query<{ id: number }>(
    `SELECT ID AS id FROM information_schema.PROCESSLIST WHERE COMMAND = 'Sleep' AND ID IN (${held.join(', ')})`,
  );
  for (const { id } of idle) await session.query(`KILL ${id}`).catch(() => undefined);
}

/** How often a statement that still runs on the server is looked at. */
const LOOK_EVERY_MS = 500;

/**
 * Waits until the connections of a dead run are gone: the server does not notice that a client died until it writes to
 * it, so an ALTER may still be running, and its outcome is not known before it ends. A connection that only sleeps is
 * ended: nobody is left to use it, and what it had not committed is rolled back by the server.
 */
export async function waitForDeadClient(session: Session, run: string, context: Context): Promise<void> {
  const { journal, work } = connectionLocks(run);
  const holders = [journal, ...work].map((name) => `IS_USED_LOCK('${name}')`).join(', ');
  const startedMs = context.clock.ticksMs();
  for (;;) {
    const [lock] = await session.query<{ id: number | null }>(`SELECT COALESCE(${holders}) AS id`);
    const id = lock?.id ?? null;
    if (id === null) return;
    const [thread] = await session.query<{ command: string; seconds: number; info: string | null }>(
      'SELECT COMMAND AS command, TIME AS seconds, INFO AS info FROM information_schema.PROCESSLIST WHERE ID = ?',
      [id],
    );
    if (thread && thread.command === 'Sleep') await session.query(`KILL ${id}`).catch(() => undefined);
    else reportWaiting(context, id, thread, context.clock.ticksMs() - startedMs);
    await context.clock.sleep(LOOK_EVERY_MS, context.signal);
  }
}

function reportWaiting(
  context: Context,
  id: number,
  thread: { seconds: number; info: string | null } | undefined,
  waitedMs: number,
): void {
  if (waitedMs < LOOK_EVERY_MS) {
    const what = (thread?.info ?? 'a statement').replace(/\s+/g, ' ').slice(0, 120);
    const text = `the cut-off run's statement still runs on the server (thread ${id}, for ${thread?.seconds ?? 0} s): ${what}. Waiting for its end; to end it instead: KILL QUERY ${id}`;
    context.report({ type: 'note', level: 'warning', text });
  }
  context.report({
    type: 'progress',
    id: 'recovery',
    done: waitedMs,
    total: undefined,
    unit: 'ms',
    perSecond: undefined,
    etaMs: undefined,
  });
}
