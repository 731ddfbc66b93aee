import { createHash, randomUUID } from 'node:crypto';
import { hostname, userInfo } from 'node:os';
import { type Failure, refusal } from '../errors.ts';
import type { Server, Session } from '../mysql/connect.ts';
import { createToolTables } from '../statements/journal.ts';
import { endIdleConnections } from '../statements/recovery/dead-client.ts';
import type { RunEvent } from './events.ts';
import { guardServer } from './guard.ts';
import { type HeartbeatTimes, startHeartbeat, TIMES, within } from './heartbeat.ts';
import {
  DEAD_AFTER_SECONDS,
  describeLease,
  type HeldLease,
  heldBy,
  type Lease,
  readLease,
  readLockBinds,
  releaseSql,
  renewLease,
  requireOwnLease,
  takeLease,
} from './lease.ts';
import { endWriters, type Fence, writersFence } from './writers.ts';

/** How often, and how long apart, a lock that is just changing hands is looked at. */
const LOOKS = 40;
const LOOK_EVERY_MS = 50;
const RELEASE_WITHIN_MS = 3_000;

/** No such table; may not write to it (the table, a column, the database); the server is read-only. */
const WITHOUT_LEASE = new Set([1146, 1142, 1143, 1044, 1290]);

/**
 * GET_LOCK names are global to the server and at most 64 characters: the database's name goes in as a digest. Lower
 * case, because with lower_case_table_names=1 the same database has several spellings.
 */
export function lockName(database: string): string {
  return `gateway_migrate.${createHash('sha256').update(database.toLowerCase()).digest('hex').slice(0, 40)}`;
}

export interface HeldLock {
  /** Aborts with `LockLost` when the lock is gone and cannot be taken again. */
  readonly lost: AbortSignal;
  /** The server for the work under the lock: it opens a connection only while the lock is proven to be ours. */
  readonly server: Server;
  /** What everything begins with that writes and may outlive this process. */
  readonly fence: Fence;
  /** Throws `LockLost` when this process has slept and somebody else was at work meanwhile. */
  confirmIfLate(): Promise<void>;
}

interface LockRequest {
  readonly server: Server;
  readonly command: string;
  readonly run: string;
  /** Default: `TIMES`. */
  readonly times?: HeartbeatTimes;
  /** Default: `DEAD_AFTER_SECONDS`. */
  readonly deadAfterSeconds?: number;
  /**
   * It makes no tables in production: where those of an earlier run are missing, or the account may not write to them, the
   * connection that holds GET_LOCK is all that a refused one is told. Default: no.
   */
  readonly readsOnly?: boolean;
  /** Ctrl-C, while it waits for what an earlier run has left writing. */
  readonly signal?: AbortSignal;
  report(event: RunEvent): void;
}

/**
 * Runs `body` while nobody else may change this database. GET_LOCK binds on one server; the lease row binds where it
 * does not (Galera, a proxy that shares connections), and tells a refused one who holds it. Throws a refusal (exit 5).
 */
export async function withLock<T>(request: LockRequest, body: (lock: HeldLock) => Promise<T>): Promise<T> {
  const { server } = request;
  const lease = newLease(request);
  const name = lockName(server.target.database);
  const first = await acquire(request, lease, false);
  const keep = (session: Session) => !first.hasLease || keepLease(session, lease, first.lockBinds);
  const heartbeat = startHeartbeat(first.session, {
    isHeld: async (session) => (await isHolding(session, name)) && keep(session),
    retake: async () => (await acquire(request, lease, first.hasLease)).session,
    times: request.times ?? TIMES,
    report: request.report,
  });
  const guard = guardServer(server, heartbeat, { canLook: first.lockBinds, report: request.report });
  try {
    await endWriters(heartbeat.session(), name, request.report, request.signal);
    const { database } = server.target;
    return await body({
      lost: heartbeat.lost,
      server: guard.server,
      fence: writersFence(name, first.hasLease ? { database, owner: lease.owner } : undefined),
      confirmIfLate: async () => heartbeat.confirmIfLate(),
    });
  } finally {
    guard.stop();
    await release(await heartbeat.stop(), name, first.hasLease ? lease.owner : undefined);
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

/** A lease that somebody wrote over or took away is written anew: who holds GET_LOCK all the time was alone. */
async function keepLease(session: Session, lease: Lease, lockBinds: boolean): Promise<boolean> {
  if (await renewLease(session, lease.owner)) return true;
  if (!lockBinds) return false;
  await takeLease(session, lease, lockBinds);
  return true;
}

/** `mustBeOurs`: it was held before, and the connection lost. */
async function acquire(
  { server, deadAfterSeconds, readsOnly }: LockRequest,
  lease: Lease,
  mustBeOurs: boolean,
): Promise<{ session: Session; lockBinds: boolean; hasLease: boolean }> {
  const session = await server.open();
  try {
    await winLock(session, server, lease.owner, deadAfterSeconds ?? DEAD_AFTER_SECONDS);
    if (!readsOnly) await createToolTables(session);
    const lockBinds = await readLockBinds(session);
    if (mustBeOurs) await requireOwnLease(session, lease.owner);
    const taken = await takeLease(session, lease, lockBinds).catch((error: unknown) => {
      if (readsOnly && WITHOUT_LEASE.has((error as { errno?: number }).errno ?? 0)) return 'without' as const;
      throw error;
    });
    if (taken !== undefined && taken !== 'without') await endIdleConnections(session, taken.run);
    return { session, lockBinds, hasLease: taken !== 'without' };
  } catch (error) {
    await session.close();
    throw error;
  }
}

/**
 * Takes GET_LOCK. A living owner keeps it. Two lose it: an owner that sends no heartbeat any more (its machine is gone,
 * and the server has not noticed), and our own connection from before, when it does not answer.
 */
async function winLock(session: Session, server: Server, owner: string, deadAfterSeconds: number): Promise<void> {
  const name = lockName(server.target.database);
  let holder: Holder | undefined;
  for (let looks = 0; looks < LOOKS; looks++) {
    if (await tryGetLock(session, name)) return;
    holder = await readHolder(session, name);
    if (holder && (holder.lease?.owner === owner || holder.silentSeconds >= deadAfterSeconds)) {
      await session.query(`KILL ${holder.connectionId}`).catch(() => undefined);
    } else if (holder?.lease) {
      throw heldBy(holder.lease);
    }
    await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MS));
  }
  throw holder?.lease ? heldBy(holder.lease) : heldBySomebody(server, holder);
}

async function tryGetLock(session: Session, name: string): Promise<boolean> {
  const [row] = await session.query<{ got: number | string | null }>(`SELECT GET_LOCK('${name}', 0) AS got`);
  return Number(row?.got) === 1;
}

async function isHolding(session: Session, name: string): Promise<boolean> {
  const [row] = await session.query<{ mine: number }>(`SELECT IS_USED_LOCK('${name}') = CONNECTION_ID() AS mine`);
  return Number(row?.mine) === 1;
}

/** The connection that holds GET_LOCK now. */
interface Holder {
  readonly connectionId: number;
  /** Its account, as far as we may see it. */
  readonly account: string;
  /** Its own lease; undefined while it has not written one. */
  readonly lease: HeldLease | undefined;
  /** For how long neither its lease nor its connection has shown any life. */
  readonly silentSeconds: number;
}

async function readHolder(session: Session, name: string): Promise<Holder | undefined> {
  const lease = await readLease(session);
  const [row] = await session.query<{ id: number | null }>(`SELECT IS_USED_LOCK('${name}') AS id`);
  if (row?.id == null) return undefined;
  const connectionId = Number(row.id);
  const [thread] = await session.query<{ user: string; host: string; command: string; seconds: number }>(
    'SELECT USER AS user, HOST AS host, COMMAND AS command, TIME AS seconds FROM information_schema.PROCESSLIST WHERE ID = ?',
    [connectionId],
  );
  // Connection ids begin anew when the server restarts: a lease from before may name a number that is another's now.
  const own = lease?.connectionId === connectionId ? lease : undefined;
  return {
    connectionId,
    account: thread ? `${thread.user}@${thread.host.replace(/:\d+$/, '')}` : '',
    lease: own,
    silentSeconds: own && thread?.command === 'Sleep' ? Math.min(own.silentSeconds, Number(thread.seconds)) : 0,
  };
}

/** Who holds the lock now, as a sentence; undefined when nobody does, or a dead one. Reads only. */
export async function describeHolder(session: Session): Promise<string | undefined> {
  const [row] = await session.query<{ name: string | null }>('SELECT DATABASE() AS name');
  const name = lockName(row?.name ?? '');
  for (let looks = 0; ; looks++) {
    const holder = await readHolder(session, name);
    if (holder && holder.silentSeconds >= DEAD_AFTER_SECONDS) return undefined;
    if (holder?.lease) return describeLease(holder.lease);
    if (holder && looks === LOOKS) return describeConnection(holder);
    if (!holder) return describeElsewhere(session);
    await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MS));
  }
}

/** GET_LOCK is free here; where it does not bind the lease alone tells of an owner on another node. */
async function describeElsewhere(session: Session): Promise<string | undefined> {
  const lease = await readLease(session);
  if (!lease || lease.silentSeconds >= DEAD_AFTER_SECONDS || (await readLockBinds(session))) return undefined;
  return describeLease(lease);
}

function describeConnection(holder: Holder): string {
  return `connection ${holder.connectionId}${holder.account ? ` of ${holder.account}` : ''}`;
}

function heldBySomebody(server: Server, holder: Holder | undefined): Failure {
  const who = holder ? describeConnection(holder) : 'somebody';
  return refusal(
    `${who} holds the lock on ${server.target.database}`,
    'gateway-migrate status (shows when it has ended)',
  );
}

async function release(session: Session, name: string, owner: string | undefined): Promise<void> {
  const giveBack = async () => {
    if (owner !== undefined) await session.query(releaseSql(owner));
    await session.query(`SELECT RELEASE_LOCK('${name}')`);
    return true;
  };
  // Where that fails the connection is gone, and GET_LOCK with it; the lease expires by itself.
  await within(RELEASE_WITHIN_MS, giveBack());
  await session.close();
}
