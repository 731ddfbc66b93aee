import { type LogGaps, readLogGaps } from '../binlog/judgement/gaps.ts';
import type { Config } from '../config/config.ts';
import { describeEmptied, type Emptied, remedyForEmptied } from '../exchange/emptied.ts';
import type { Server, Session } from '../mysql/connect.ts';
import { isAtLeast } from '../mysql/flavor.ts';
import { type Check, fails, holds, warns } from '../run/check.ts';
import type { Snapshot } from '../schema/types.ts';
import { describeBlocker, findOpenTransactions } from '../statements/blockers.ts';
import type { Clock } from '../system/clock.ts';
import { checkPrivileges, readAccount } from './privileges.ts';
import { checkReadOnly, readReadOnly } from './read-only.ts';
import { checkRestoreRights } from './restore-rights.ts';

const GROUP = 'database';
/** A transaction open for so long will be in the way of DDL. */
const LONG_TRANSACTION_SECONDS = 10;
const CLOCK_MAY_DIFFER_MS = 5_000;

/** Looks at the server and the database. Reads only. */
export async function checkDatabase(
  server: Server,
  session: Session,
  snapshot: Snapshot,
  config: Config,
  clock: Clock,
): Promise<Check[]> {
  const account = await readAccount(session);
  return [
    ...checkConnection(server, snapshot.database),
    checkPrivileges(account, snapshot.database),
    checkReadOnly(await readReadOnly(session)),
    await checkStableConnection(session),
    ...checkRequiredTables(snapshot, config),
    await checkBinlog(server, session),
    await checkClock(session, clock),
    ...(await checkOpenTransactions(session)),
    ...(await checkRestoreRights(server, session, account)),
  ];
}

/** What the server said of itself when it was reached. PURE. */
export function checkConnection(server: Server, database: string): Check[] {
  return [
    holds({ group: GROUP, name: 'connection', detail: `${server.flavor.label}, ${database}` }),
    checkVersion(server),
  ];
}

/** PURE: nothing where there is nothing to say. */
export function checkEmptied(emptied: Emptied | undefined): Check[] {
  if (!emptied) return [];
  const detail = describeEmptied(emptied);
  return [fails({ group: GROUP, name: 'an exchange cut off', detail, remedy: remedyForEmptied(emptied) })];
}

function checkVersion(server: Server): Check {
  const { flavor } = server;
  const isAtomic = flavor.kind === 'mysql' ? isAtLeast(flavor, 8) : isAtLeast(flavor, 10, 6);
  if (isAtomic)
    return holds({ group: GROUP, name: 'version', detail: `${flavor.label}: every DDL statement is atomic` });
  return fails({
    group: GROUP,
    name: 'version',
    detail: `${flavor.label} can leave a DDL statement half done after a crash`,
    remedy: 'use MySQL 8.0 or newer, or MariaDB 10.6 or newer',
  });
}

async function checkStableConnection(session: Session): Promise<Check> {
  const [row] = await session.query<{ id: number }>('SELECT CONNECTION_ID() AS id');
  const about = { group: GROUP, name: 'one connection' };
  if (Number(row?.id) === session.connectionId) return holds({ ...about, detail: 'no proxy changes it under us' });
  return warns({
    ...about,
    detail: 'a proxy hands out other server connections: locks of the server do not bind, the lease row does',
    remedy: 'connect to the server itself',
  });
}

function checkRequiredTables(snapshot: Snapshot, config: Config): Check[] {
  const wanted = config.verify.requireTables;
  if (wanted.length === 0) return [];
  const missing = wanted.filter((table) => !snapshot.objects.has(`table:${table}`));
  const about = { group: GROUP, name: 'required tables' };
  if (missing.length === 0) return [holds({ ...about, detail: `all ${wanted.length} are there` })];
  return [
    fails({
      ...about,
      detail: `missing: ${missing.join(', ')}`,
      remedy: 'is this the right database? Look at database.name and verify.requireTables in the configuration',
    }),
  ];
}

async function checkBinlog(server: Server, session: Session): Promise<Check> {
  const rows = await session.query<{ Value: string }>("SHOW GLOBAL VARIABLES LIKE 'log_bin'");
  const about = { group: GROUP, name: 'binary log' };
  if (rows[0]?.Value !== 'ON') {
    return warns({
      ...about,
      detail: 'off: a restore can only go back to the moment of a backup',
      remedy: 'set log_bin and binlog_format=ROW in the server configuration',
    });
  }
  return checkGaps(await readLogGaps(session, server.flavor, server.target.database));
}

/** PURE: whether the log leads on from a backup. */
export function checkGaps({ closed, partial }: LogGaps): Check {
  const about = { group: GROUP, name: 'binary log' };
  if (closed === undefined && partial.length === 0) return holds({ ...about, detail: 'on, ROW' });
  return warns({
    ...about,
    detail:
      closed === undefined
        ? `on, but ${partial.join('; ')}`
        : `on, but ${closed}: a restore can only go back to the moment of a backup`,
    remedy: 'set binlog_format=ROW and log_replica_updates, without binlog-do-db and binlog-ignore-db',
  });
}

async function checkClock(session: Session, clock: Clock): Promise<Check> {
  const [row] = await session.query<{ ms: string }>('SELECT ROUND(UNIX_TIMESTAMP(NOW(3)) * 1000) AS ms');
  const differsMs = Math.abs(Number(row?.ms) - clock.now().getTime());
  const about = {
    group: GROUP,
    name: 'clock',
    detail: `differs from this machine's by ${(differsMs / 1000).toFixed(1)} s`,
  };
  if (differsMs <= CLOCK_MAY_DIFFER_MS) return holds(about);
  return warns({ ...about, remedy: 'synchronise both clocks: a point in time means nothing else' });
}

async function checkOpenTransactions(session: Session): Promise<Check[]> {
  const open = await findOpenTransactions(session, [session.connectionId]);
  const long = open.filter((blocker) => blocker.ageSeconds >= LONG_TRANSACTION_SECONDS);
  return long.map((blocker) =>
    warns({
      group: GROUP,
      name: 'open transaction',
      detail: describeBlocker(blocker),
      remedy: `wait for its end, or: KILL ${blocker.thread}`,
    }),
  );
}
