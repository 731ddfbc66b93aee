import type { Session } from '../../mysql/connect.ts';
import type { Flavor } from '../../mysql/flavor.ts';
import { quoteQualified } from '../../mysql/quote.ts';
import { selectWithin } from '../../schema/checks/time-limit.ts';

/** Counting reads an index from end to end: of large tables it is not asked for. */
const MOST_ROWS = 500_000;
const MOST_TABLES = 60;
const WITHIN_MS = 300;

/**
 * How many rows the tables have that a deletion could reach through foreign keys from a table of the deploy. What takes too
 * long is left out.
 */
export async function countRows(
  session: Session,
  flavor: Flavor,
  database: string,
  tables: readonly string[],
): Promise<Record<string, number>> {
  const rows: Record<string, number> = {};
  for (const table of await relatives(session, database, tables)) {
    const counted = await selectWithin<{ n: number | string }>(
      session,
      flavor,
      WITHIN_MS,
      `COUNT(*) AS n FROM ${quoteQualified(database, table)}`,
    );
    if (counted?.[0]) rows[table] = Number(counted[0].n);
  }
  return rows;
}

async function relatives(session: Session, database: string, tables: readonly string[]): Promise<string[]> {
  const keys = await session.query<{ child: string; parent: string }>(
    `SELECT TABLE_NAME AS child, REFERENCED_TABLE_NAME AS parent FROM information_schema.REFERENTIAL_CONSTRAINTS
     WHERE CONSTRAINT_SCHEMA = ? AND UNIQUE_CONSTRAINT_SCHEMA = CONSTRAINT_SCHEMA`,
    [database],
  );
  const sizes = await session.query<{ name: string; n: number | string | null }>(
    "SELECT TABLE_NAME AS name, TABLE_ROWS AS n FROM information_schema.TABLES WHERE TABLE_SCHEMA = ? AND TABLE_TYPE = 'BASE TABLE'",
    [database],
  );
  const reached = new Set(tables);
  for (let before = 0; before < reached.size; ) {
    before = reached.size;
    for (const { child, parent } of keys) if (reached.has(child) || reached.has(parent)) reached.add(child).add(parent);
  }
  const small = sizes.filter(({ name, n }) => reached.has(name) && Number(n ?? 0) <= MOST_ROWS);
  return small.map(({ name }) => name).slice(0, MOST_TABLES);
}
