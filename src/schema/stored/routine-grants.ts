import { messageOf } from '../../errors.ts';
import type { Session } from '../../mysql/connect.ts';
import { quoteName, quoteQualified } from '../../mysql/quote.ts';
import { isSameObject } from '../named-objects.ts';
import type { ObjectId } from '../types.ts';

/**
 * A grant on a single routine: the servers take it away when the routine is dropped (automatic_sp_privileges). Those on single tables,
 * views and columns belong to the name and stay.
 */
export interface RoutineGrant {
  readonly object: ObjectId;
  /** The GRANT that gives it. */
  readonly sql: string;
}

interface Row {
  readonly host: string;
  readonly user: string;
  readonly name: string;
  readonly type: string;
  readonly rights: string;
  [column: string]: unknown;
}

/** No right to read mysql.procs_priv (1142, 1143), or none to the database at all (1044). */
const HIDDEN = new Set([1044, 1142, 1143]);

/** All grants on single routines of the database; undefined where the account may not see them. */
export async function readRoutineGrants(session: Session, database: string): Promise<RoutineGrant[] | undefined> {
  try {
    const rows = await session.query<Row>(
      `SELECT Host AS host, User AS user, Routine_name AS name, Routine_type AS type, Proc_priv AS rights
         FROM mysql.procs_priv WHERE Db = ? ORDER BY type, name, user, host`,
      [database],
    );
    return rows.map((row) => ({
      object: `${row.type.toLowerCase()}:${row.name}` as ObjectId,
      sql: grantOf(row, database),
    }));
  } catch (error) {
    if (HIDDEN.has((error as { errno?: number }).errno ?? 0)) return undefined;
    throw error;
  }
}

/** MariaDB's roles have no host. */
function grantOf({ host, user, name, type, rights }: Row, database: string): string {
  const all = rights.split(',').map((right) => right.toUpperCase());
  const given = all.filter((right) => right !== 'GRANT' && right !== '');
  const grantee = host === '' ? quoteName(user) : `${quoteName(user)}@${quoteName(host)}`;
  return [
    `GRANT ${given.length > 0 ? given.join(', ') : 'USAGE'}`,
    `ON ${type.toUpperCase()} ${quoteQualified(database, name)} TO ${grantee}`,
    ...(all.includes('GRANT') ? ['WITH GRANT OPTION'] : []),
  ].join(' ');
}

/** A grant that could not be given again. */
export interface RefusedGrant {
  readonly grant: RoutineGrant;
  readonly reason: string;
}

/**
 * Gives what is missing of these grants, of routines that are there. Doing it again ends in the same state. Returns those that the
 * account may not give.
 */
export async function grantAgain(
  session: Session,
  database: string,
  grants: readonly RoutineGrant[],
): Promise<RefusedGrant[]> {
  if (grants.length === 0) return [];
  const present = new Set((await readRoutineGrants(session, database))?.map(({ sql }) => sql));
  const there = await readRoutineIds(session, database);
  const missing = grants.filter(
    ({ object, sql }) => !present.has(sql) && there.some((id) => isSameObject(id, object, false)),
  );
  if (missing.length === 0) return [];
  const [own] = await session.query<{ mode: string; isMariaDb: number }>(
    "SELECT @@SESSION.sql_mode AS mode, VERSION() LIKE '%MariaDB%' AS isMariaDb",
  );
  const refused: RefusedGrant[] = [];
  // Else MariaDB makes accounts that are gone by now, without a password; and it knows packages in this mode alone.
  if (Number(own?.isMariaDb) === 1) await session.query("SET SESSION sql_mode = 'ORACLE'");
  try {
    for (const grant of missing) {
      await session.execute(grant.sql).catch((error: unknown) => refused.push({ grant, reason: messageOf(error) }));
    }
  } finally {
    await session.query('SET SESSION sql_mode = ?', [own?.mode]);
  }
  return refused;
}

async function readRoutineIds(session: Session, database: string): Promise<ObjectId[]> {
  const rows = await session.query<{ type: string; name: string }>(
    'SELECT ROUTINE_TYPE AS type, ROUTINE_NAME AS name FROM information_schema.ROUTINES WHERE ROUTINE_SCHEMA = ?',
    [database],
  );
  return rows.map(({ type, name }) => `${type.toLowerCase()}:${name}` as ObjectId);
}

/** PURE: what a person has to type; MariaDB knows packages in Oracle's mode alone. */
export function typedGrant({ object, sql }: RoutineGrant): string {
  return object.startsWith('package') ? `SET sql_mode = 'ORACLE'; ${sql};` : `${sql};`;
}
