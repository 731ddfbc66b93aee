import { createHash, randomUUID } from 'node:crypto';
import { hostname, userInfo } from 'node:os';
import { type Failure, messageOf, refusal } from '../errors.ts';
import type { Server, Session } from '../mysql/connect.ts';
import { createToolTables } from '../statements/journal.ts';
import type { RunEvent } from './events.ts';
import {
  beatSql,
  describeLease,
  heldBy,
  LEASE_SECONDS,
  type Lease,
  readLease,
  releaseSql,
  takeLease,
} from './lease.ts';

const BEAT_EVERY_MS = 3_000;
/** A heartbeat that has no answer by then means a stalled connection. */
const BEAT_WITHIN_MS = 6_000;
/** A lock that was lost, and could not be taken again, while the run was going on. */
export class LockLost extends Error {
  override readonly name = 'LockLost';
}

/** GET_LOCK names are global to the server and at most 64 characters: the database's name goes in as a digest. */
export function lockName(database: string): string {
  return `gateway_migrate.${createHash('sha256').update(database).digest('hex').slice(0, 40)}`;
}

export interface HeldLock {
  /** Aborts with `LockLost` when the lock is gone and cannot be taken again. */
  readonly lost: AbortSignal;
}

interface LockRequest {
  readonly server: Server;
  readonly command: string;
  readonly run: string;
  report(event: RunEvent): void;
}

/**
 * Runs `body` while nobody else may change this database. GET_LOCK binds on one server; the lease row binds where it
 * does not (Galera, a proxy that shares connections), and tells a refused one who holds it. Throws a refusal (exit 5).
 */
export async function withLock<T>(request: LockRequest, body: (lock: HeldLock) => Promise<T>): Promise<T> {
  const lease = newLease(request);
  let session = await acquire(request.server, lease);
  const lost = new AbortController();
  let beating: Promise<void> = Promise.resolve();
  const beat = async () => {
    if (await within(BEAT_WITHIN_MS, isAlive(session, request.server, lease.owner), false)) return;
    session.destroy();
    try {
      session = await acquire(request.server, lease);
      request.report({
        type: 'note',
        level: 'warning',
        text: 'the connection that holds the lock was lost; the lock was taken again',
      });
    } catch (error) {
      lost.abort(new LockLost(`the lock on the database was lost: ${messageOf(error)}`));
    }
  };
  const timer = setInterval(() => {
    beating = beating.then(beat);
  }, BEAT_EVERY_MS);
  timer.unref();
  try {
    return await body({ lost: lost.signal });
  } finally {
    clearInterval(timer);
    await beating;
    await release(session, request.server, lease.owner);
  }
}

function newLease(request: LockRequest): Lease {
  return {
    owner: randomUUID(),
    user: userInfo().username,
    host: hostname(),
    pid: process.pid,
    command: request.command,
    run: request.run,
  };
}

async function acquire(server: Server, lease: Lease): Promise<Session> {
  const session = await server.open();
  try {
    const name = lockName(server.target.database);
    if (!(await tryGetLock(session, name))) await takeFromTheSilent(session, server, name);
    await createToolTables(session);
    await takeLease(session, lease);
    return session;
  } catch (error) {
    await session.close();
    throw error;
  }
}

async function tryGetLock(session: Session, name: string): Promise<boolean> {
  const [row] = await session.query<{ got: number | string | null }>(`SELECT GET_LOCK('${name}', 0) AS got`);
  return Number(row?.got) === 1;
}

/** The lock is held. An owner that sends no heartbeat any more (its network is gone) loses it; a living one keeps it. */
async function takeFromTheSilent(session: Session, server: Server, name: string): Promise<void> {
  const lease = await readLease(session);
  if (lease && lease.silentSeconds < LEASE_SECONDS) throw heldBy(lease);
  const [row] = await session.query<{ id: number | null }>(`SELECT IS_USED_LOCK('${name}') AS id`);
  if (row?.id && lease?.connectionId === Number(row.id)) await session.query(`KILL ${row.id}`).catch(() => undefined);
  for (let tries = 0; tries < 20; tries++) {
    if (await tryGetLock(session, name)) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw lease ? heldBy(lease) : heldBySomebody(server, row?.id ?? null);
}

/** Who holds the lock now, as a sentence; undefined when nobody does. Reads only. */
export async function describeHolder(session: Session): Promise<string | undefined> {
  const [row] = await session.query<{ id: number | null }>(
    `SELECT IS_USED_LOCK('${lockName((await currentDatabase(session)) ?? '')}') AS id`,
  );
  const lease = await readLease(session);
  if (lease && (row?.id || lease.silentSeconds < LEASE_SECONDS)) return describeLease(lease);
  return row?.id ? `connection ${row.id}` : undefined;
}

async function currentDatabase(session: Session): Promise<string | undefined> {
  const [row] = await session.query<{ name: string | null }>('SELECT DATABASE() AS name');
  return row?.name ?? undefined;
}

function heldBySomebody(server: Server, connectionId: number | null): Failure {
  const who = connectionId === null ? 'somebody' : `connection ${connectionId}`;
  return refusal(
    `${who} holds the lock on ${server.target.database}`,
    'gateway-migrate status (shows when it has ended)',
  );
}

async function isAlive(session: Session, server: Server, owner: string): Promise<boolean> {
  try {
    const [row] = await session.query<{ mine: number }>(
      `SELECT IS_USED_LOCK('${lockName(server.target.database)}') = CONNECTION_ID() AS mine`,
    );
    if (Number(row?.mine) !== 1) return false;
    await session.query(beatSql(owner));
    return true;
  } catch {
    return false;
  }
}

async function release(session: Session, server: Server, owner: string): Promise<void> {
  try {
    await session.query(releaseSql(owner));
    await session.query(`SELECT RELEASE_LOCK('${lockName(server.target.database)}')`);
  } catch {
    // The connection is gone, and GET_LOCK with it; the lease expires by itself.
  }
  await session.close();
}

async function within<T>(ms: number, work: Promise<T>, otherwise: T): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<T>((resolve) => {
    timer = setTimeout(() => resolve(otherwise), ms);
  });
  return Promise.race([work, late]).finally(() => clearTimeout(timer));
}
