import type { Row, Session } from '../../mysql/connect.ts';
import type { Flavor } from '../../mysql/flavor.ts';
import { type Check, detailOf } from './check.ts';

/** Below this the optimizer rightly reads the whole table whatever indexes it has. */
const SMALL_TABLE_ROWS = 1_000;

/** ER_NO_SUCH_TABLE. */
const NO_SUCH_TABLE = 1146;

interface PlanRow extends Row {
  readonly table: string | null;
  readonly type: string | null;
  readonly possible_keys: string | null;
  readonly key: string | null;
  readonly rows: number | string | null;
}

/**
 * One check a query: no table is read as a whole (access type ALL). On a small or empty table the optimizer prefers
 * that even with an index at hand; then an index it could use (possible_keys) is enough, and the detail says so.
 */
export async function checkPlans(session: Session, flavor: Flavor, queries: readonly string[]): Promise<Check[]> {
  const checks: Check[] = [];
  for (const query of queries) checks.push(await checkPlan(session, flavor, query));
  return checks;
}

async function checkPlan(session: Session, flavor: Flavor, query: string): Promise<Check> {
  const check = { group: 'plans', name: query.replace(/\s+/g, ' ').trim(), level: 'error' } as const;
  // MySQL 8.3+ lets an administrator change the default format.
  const explain = flavor.kind === 'mysql' ? 'EXPLAIN FORMAT=TRADITIONAL' : 'EXPLAIN';
  try {
    const rows = await session.query<PlanRow>(`${explain} ${query}`);
    const scanned = rows.filter(isWholeTable);
    const failing = scanned.filter((row) => row.possible_keys === null || Number(row.rows ?? 0) >= SMALL_TABLE_ROWS);
    if (failing.length === 0) return { ...check, ok: true, detail: describePlan(rows, scanned) };
    return {
      ...check,
      ok: false,
      detail: failing.map(describeScan).join('; '),
      remedy: 'add an index that begins with the columns of the WHERE clause',
    };
  } catch (error) {
    const detail = detailOf(error);
    if ((error as { errno?: number }).errno !== NO_SUCH_TABLE) return { ...check, ok: false, detail };
    // A migration that is still pending may make it.
    return { ...check, ok: false, level: 'warning', detail, remedy: 'look at verify.plans in the configuration' };
  }
}

/** Derived tables (`<derived2>`, `<union1,2>`) are results, not tables. */
function isWholeTable(row: PlanRow): boolean {
  return row.type === 'ALL' && row.table !== null && !row.table.startsWith('<');
}

function describePlan(rows: readonly PlanRow[], scanned: readonly PlanRow[]): string {
  const used = rows.filter((row) => row.key !== null && row.table !== null).map((row) => `${row.table}: ${row.key}`);
  const small = scanned.map(
    (row) => `${row.table} is too small for an index (about ${row.rows} rows); at hand: ${row.possible_keys}`,
  );
  return [...used, ...small].join('; ') || 'no table is read';
}

function describeScan(row: PlanRow): string {
  const keys = row.possible_keys === null ? 'no index can be used' : `the optimizer passes over ${row.possible_keys}`;
  return `${row.table} is read as a whole (about ${row.rows} rows): ${keys}`;
}
