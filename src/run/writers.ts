import type { Session } from '../mysql/connect.ts';
import { textLiteral } from '../mysql/literal.ts';
import type { RunEvent } from './events.ts';
import { leaseCondition } from './lease.ts';

/** More than ever write at once: a restore's four clients and its own connection. */
const SLOTS = 16;
/** A client that has just ended gives its lock back a moment later. */
const FREE_WITHIN_SECONDS = 20;
const LOOK_EVERY_MS = 50;
/** Waiting for longer is told. */
const QUIET_MS = 500;

/**
 * The statements with which everything begins that may outlive a killed process and goes on writing: each call takes the
 * next of the locks by which the run that comes next finds it. They fail when that run has begun already.
 */
export type Fence = () => readonly string[];

/** `lock`: the name of the run's own. `lease`: its owner, in which database; undefined where it has none. */
export function writersFence(lock: string, lease: { database: string; owner: string } | undefined): Fence {
  const names = slotNames(lock);
  let next = 0;
  return () => {
    const name = names[next++ % SLOTS];
    const isFree = `GET_LOCK('${name}', ${FREE_WITHIN_SECONDS}) = 1`;
    // The lock first: whoever has taken the lease after this look finds the lock held.
    return [
      requireSql(isFree, 'a client program of another run still writes'),
      ...(lease ? [requireSql(leaseCondition(lease.database, lease.owner), 'another run has taken over')] : []),
    ];
  };
}

function slotNames(lock: string): string[] {
  return Array.from({ length: SLOTS }, (_, slot) => `${lock}.${slot}`);
}

/** There is no statement that fails on a condition: the server refuses this value, and names it (error 1231). */
function requireSql(condition: string, otherwise: string): string {
  return `SET SESSION sql_mode = IF(${condition}, @@SESSION.sql_mode, ${textLiteral(otherwise)})`;
}

/**
 * Ends what an earlier run has left writing on the server, and waits until it is gone: a client program outlives the process
 * that fed it, and works off what it was fed as soon as the lock is free that it waits for. What it had not committed
 * is rolled back. Throws when `signal` aborts.
 */
export async function endWriters(
  session: Session,
  lock: string,
  report: (event: RunEvent) => void,
  signal?: AbortSignal,
): Promise<void> {
  const startedMs = performance.now();
  let isTold = false;
  for (;;) {
    const ids = await holders(session, lock);
    if (ids.length === 0) return;
    signal?.throwIfAborted();
    for (const id of ids) await session.query(`KILL ${id}`).catch(() => undefined);
    if (!isTold && performance.now() - startedMs > QUIET_MS) {
      isTold = true;
      const text = `a client program of an earlier run still writes on the server (thread ${ids[0]}) and was told to stop. Waiting for its end; as an administrator: KILL ${ids[0]}`;
      report({ type: 'note', level: 'warning', text });
    }
    await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MS));
  }
}

async function holders(session: Session, lock: string): Promise<number[]> {
  const columns = slotNames(lock).map((name, slot) => `IS_USED_LOCK('${name}') AS s${slot}`);
  const [row] = await session.query<Record<string, number | null>>(`SELECT ${columns.join(', ')}`);
  return Object.values(row ?? {}).flatMap((id) => (id === null ? [] : [Number(id)]));
}
