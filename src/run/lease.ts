import { type Failure, refusal } from '../errors.ts';
import type { Session } from '../mysql/connect.ts';
import { textLiteral } from '../mysql/literal.ts';
import { quoteName } from '../mysql/quote.ts';
import { JOURNAL_TABLE } from '../schema/types.ts';

/** An owner that has been silent for so long counts as dead. */
export const DEAD_AFTER_SECONDS = 20;
const JOURNAL = quoteName(JOURNAL_TABLE);
const LEASE_KEY = "run = 'lease' AND version = 'lease' AND direction = 'up' AND ordinal = 0";

/** Who holds the lock on a database: kept in one row of the journal table, beside the server's own GET_LOCK. */
export interface Lease {
  /** Unique to one process's hold of the lock. */
  readonly owner: string;
  readonly user: string;
  readonly host: string;
  readonly pid: number;
  readonly command: string;
  readonly run: string;
}

export interface HeldLease extends Lease {
  /** Server time when it was taken, `YYYY-MM-DD HH:MM:SS`. */
  readonly since: string;
  /** Seconds since the owner's last sign of life. */
  readonly silentSeconds: number;
  /** Connection that holds GET_LOCK for it. */
  readonly connectionId: number;
}

/**
 * PURE: may `owner` have the lease, holding GET_LOCK as it does? Where GET_LOCK binds, holding it proves that an older
 * lease's owner has lost its own; elsewhere only its silence does.
 */
export function mayTake(held: HeldLease | undefined, owner: string, lockBinds: boolean): boolean {
  return held === undefined || held.owner === owner || lockBinds || held.silentSeconds >= DEAD_AFTER_SECONDS;
}

/**
 * Writes the lease, one contender after another, and returns the one whose place it takes, if that was another owner's.
 * Throws a refusal when it is somebody else's.
 */
export async function takeLease(session: Session, lease: Lease, lockBinds: boolean): Promise<HeldLease | undefined> {
  await session.query('START TRANSACTION');
  try {
    await session.query(`SELECT 1 FROM ${JOURNAL} WHERE ${LEASE_KEY} FOR UPDATE`);
    const held = await readLease(session);
    if (held && !mayTake(held, lease.owner, lockBinds)) throw heldBy(held);
    const evidence = textLiteral(JSON.stringify(lease));
    await session.query(
      `REPLACE INTO ${JOURNAL} (run, version, direction, ordinal, digest, kind, connection_id, state, started, finished, evidence)
       VALUES ('lease', 'lease', 'up', 0, '', 'lease', CONNECTION_ID(), 'held', NOW(3), NOW(3), ${evidence})`,
    );
    await session.query('COMMIT');
    return held?.owner === lease.owner ? undefined : held;
  } catch (error) {
    await session.query('ROLLBACK').catch(() => undefined);
    throw error;
  }
}

/**
 * GET_LOCK binds on one server only: not across the nodes of a Galera cluster or of a group with several primaries, and
 * not where a proxy changes the connection under us.
 */
export async function readLockBinds(session: Session): Promise<boolean> {
  const [row] = await session.query<{ id: number }>('SELECT CONNECTION_ID() AS id');
  const cluster = await session.query<{ Variable_name: string; Value: string }>(
    "SHOW GLOBAL VARIABLES WHERE Variable_name IN ('wsrep_on', 'group_replication_single_primary_mode')",
  );
  return Number(row?.id) === session.connectionId && !cluster.some(spreads);
}

function spreads({ Variable_name: name, Value: value }: { Variable_name: string; Value: string }): boolean {
  return name === 'wsrep_on' ? value === 'ON' : value === 'OFF';
}

/** The lease row; undefined when there is none, or no table for it yet. */
export async function readLease(session: Session): Promise<HeldLease | undefined> {
  const rows = await session
    .query<{ connectionId: number; since: string; silent: number; evidence: string }>(
      `SELECT connection_id AS connectionId, DATE_FORMAT(started, '%Y-%m-%d %H:%i:%s') AS since,
         TIMESTAMPDIFF(SECOND, finished, NOW(3)) AS silent, evidence
       FROM ${JOURNAL} WHERE ${LEASE_KEY}`,
    )
    .catch((error: { errno?: number }) => {
      if (error.errno === 1146) return [];
      throw error;
    });
  const row = rows[0];
  if (!row) return undefined;
  const lease = JSON.parse(row.evidence) as Lease;
  return { ...lease, since: row.since, silentSeconds: Number(row.silent), connectionId: Number(row.connectionId) };
}

/** One sentence: who, where, since when. */
export function describeLease(lease: HeldLease): string {
  return `\`${lease.command}\` of ${lease.user}@${lease.host} (process ${lease.pid}), since ${lease.since} UTC, run ${lease.run}`;
}

/** The refusal for somebody who came second. */
export function heldBy(lease: HeldLease): Failure {
  return refusal(
    `another run holds the lock: ${describeLease(lease)}`,
    'gateway-migrate status (shows when it has ended)',
  );
}

/**
 * For an owner whose connection was lost: only as long as its lease is still there is it certain that nobody else was at
 * work in between, who may have taken the lock, done what it liked, and given it back. Throws a refusal.
 */
export async function requireOwnLease(session: Session, owner: string): Promise<void> {
  const held = await readLease(session);
  if (held?.owner === owner) return;
  if (held) throw heldBy(held);
  throw refusal('another run had the lock in between and has given it back', 'gateway-migrate status');
}

/** A sign of life. False when the lease is not this owner's any more. */
export async function renewLease(session: Session, owner: string): Promise<boolean> {
  const { rows } = await session.execute(
    `UPDATE ${JOURNAL} SET finished = NOW(3) WHERE ${LEASE_KEY} AND LOCATE('${owner}', evidence) > 0`,
  );
  return rows === 1;
}

/** PURE: SQL that is true while the lease is this owner's, whatever database is in use. `database`: production. */
export function leaseCondition(database: string, owner: string): string {
  return `(SELECT COUNT(*) FROM ${quoteName(database)}.${JOURNAL} WHERE ${LEASE_KEY} AND LOCATE('${owner}', evidence) > 0) = 1`;
}

/** SQL that gives the lease back. */
export function releaseSql(owner: string): string {
  return `DELETE FROM ${JOURNAL} WHERE ${LEASE_KEY} AND LOCATE('${owner}', evidence) > 0`;
}
