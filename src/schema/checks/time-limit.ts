import type { Row, Session } from '../../mysql/connect.ts';
import type { Flavor } from '../../mysql/flavor.ts';

/** ER_QUERY_TIMEOUT of MySQL, ER_STATEMENT_TIMEOUT of MariaDB. */
const TIMED_OUT = new Set([3024, 1969]);

/** Runs a SELECT that the server ends after `withinMs`; undefined when it did. `select` stands after the word SELECT. */
export async function selectWithin<T extends Row>(
  session: Session,
  flavor: Flavor,
  withinMs: number,
  select: string,
): Promise<T[] | undefined> {
  const sql =
    flavor.kind === 'mysql'
      ? `SELECT /*+ MAX_EXECUTION_TIME(${withinMs}) */ ${select}`
      : `SET STATEMENT max_statement_time = ${withinMs / 1000} FOR SELECT ${select}`;
  try {
    return await session.query<T>(sql);
  } catch (error) {
    if (TIMED_OUT.has((error as { errno?: number }).errno ?? 0)) return undefined;
    throw error;
  }
}
