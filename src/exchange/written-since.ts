import type { Session } from '../mysql/connect.ts';
import type { Flavor } from '../mysql/flavor.ts';
import { OWN_TABLES } from '../schema/types.ts';

/** By table; null: the server does not know, or has known of none. It follows a table through a RENAME, and ends with the server. */
export type UpdateTimes = Readonly<Record<string, string | null>>;

/** When rows of the tables (not of sequences) of `database` were last changed, by the server's clock, to the second. */
export async function readUpdateTimes(session: Session, flavor: Flavor, database: string): Promise<UpdateTimes> {
  // MySQL answers from a cache of a day.
  if (flavor.kind === 'mysql') await session.execute('SET SESSION information_schema_stats_expiry = 0');
  const rows = await session.query<{ name: string; at: string | null }>(
    `SELECT TABLE_NAME AS name, CAST(UPDATE_TIME AS CHAR) AS at FROM information_schema.TABLES
     WHERE TABLE_SCHEMA = ? AND TABLE_TYPE NOT IN ('VIEW', 'SEQUENCE')`,
    [database],
  );
  return Object.fromEntries(rows.map(({ name, at }) => [name, at]));
}

/** PURE: may rows be other than they were? A table that was not there counts; one that has gone has none. */
export function isWrittenSince(before: UpdateTimes | undefined, now: UpdateTimes): boolean {
  const names = Object.keys(now).filter((name) => !OWN_TABLES.includes(name));
  return names.some((name) => before === undefined || !(name in before) || before[name] !== now[name]);
}
