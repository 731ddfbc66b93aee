import type { Server, Session } from '../../mysql/connect.ts';
import { quoteName } from '../../mysql/quote.ts';
import { EVENTS, ROUTINES, TRIGGERS, VIEWS } from './code.ts';
import { DOMAINS } from './domains.ts';
import { EXTRA_LINES, EXTRA_TABLES, LARAVEL_TABLE } from './extras.ts';
import { type ParentTable, parentTables } from './parents.ts';
import { createTableSql, type GatewayTable, insertRowsSql, parseTables, rowCount } from './tables.ts';

export interface GatewayOptions {
  /** 1 is 24 companies with about 13,000 rows each; rows grow with it, the schema does not. */
  readonly scale?: number;
  readonly onProgress?: (progress: GatewayProgress) => void;
}

export interface GatewayProgress {
  readonly stage: 'tables' | 'rows' | 'code';
  readonly done: number;
  readonly total: number;
}

/** What was built. */
export interface Gateway {
  readonly companies: number;
  readonly tables: number;
  readonly rows: number;
}

const COMPANIES = 24;
const SMALLEST = 3;

/**
 * Builds the sample production in a database that does not exist yet: what a multi-tenant gateway looks like after
 * two years, the day before its first deployment with this tool. The same scale gives the same rows on every server.
 * Throws the driver's error.
 */
export async function buildGateway(server: Server, options: GatewayOptions = {}): Promise<Gateway> {
  const companies = Math.max(SMALLEST, Math.round(COMPANIES * (options.scale ?? 1)));
  const parents = parentTables(companies);
  const others = Object.values(DOMAINS).flatMap(parseTables);
  const session = await server.open({ database: null });
  try {
    await createDatabase(session, server.target.database);
    const report = (stage: GatewayProgress['stage']) => (done: number, total: number) =>
      options.onProgress?.({ stage, done, total });
    const tables = await createTables(session, parents, others, report('tables'));
    const rows = await fillTables(session, parents, others, companies, report('rows'));
    await runAll(session, [...VIEWS, ...ROUTINES, ...TRIGGERS, ...EVENTS], report('code'));
    return { companies, tables, rows };
  } finally {
    await session.close();
  }
}

type Report = (done: number, total: number) => void;

async function createDatabase(session: Session, name: string): Promise<void> {
  await session.execute(`CREATE DATABASE ${quoteName(name)} CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_ci`);
  await session.execute(`USE ${quoteName(name)}`);
  // As mysqldump does for a load: the rows are made to fit.
  await session.execute('SET SESSION foreign_key_checks = 0, unique_checks = 0');
}

/** Returns how many tables there are. */
async function createTables(
  session: Session,
  parents: readonly ParentTable[],
  others: readonly GatewayTable[],
  report: Report,
): Promise<number> {
  const statements = [
    LARAVEL_TABLE,
    ...EXTRA_TABLES.map(({ create }) => create),
    // Children first: a new child of an existing parent makes MySQL open the parent again.
    ...others.toReversed().map((table) => createTableSql(table, EXTRA_LINES[table.name] ?? [])),
    ...parents.toReversed().map(({ create }) => create),
  ];
  await runAll(session, statements, report);
  return statements.length;
}

/** Returns how many rows there are. */
async function fillTables(
  session: Session,
  parents: readonly ParentTable[],
  others: readonly GatewayTable[],
  companies: number,
  report: Report,
): Promise<number> {
  const tables = [...parents, ...others];
  const byName = new Map(tables.map((table) => [table.name, table]));
  await createNumbers(session, Math.max(...tables.map((table) => rowCount(table, companies))));
  const statements = [
    ...parents.map((parent) => insertParentSql(parent, companies)),
    ...others.map((table) => insertRowsSql(table, companies, byName)),
    ...EXTRA_TABLES.map(({ fill }) => fill),
    laravelRowsSql(tables),
  ];
  return runAll(session, statements, report);
}

/** A table `numbers` with n = 1 … `upTo`, gone with the session. */
async function createNumbers(session: Session, upTo: number): Promise<void> {
  const digits = String(upTo).length;
  const digit =
    '(SELECT 0 AS d UNION ALL SELECT 1 UNION ALL SELECT 2 UNION ALL SELECT 3 UNION ALL SELECT 4 UNION ALL SELECT 5 UNION ALL SELECT 6 UNION ALL SELECT 7 UNION ALL SELECT 8 UNION ALL SELECT 9)';
  const places = Array.from({ length: digits }, (_, place) => `${10 ** place} * digit${place}.d`);
  const sources = places.map((_, place) => `${digit} AS digit${place}`);
  await session.execute('CREATE TEMPORARY TABLE numbers (n BIGINT UNSIGNED NOT NULL PRIMARY KEY)');
  await session.execute(
    `INSERT INTO numbers SELECT 1 + ${places.join(' + ')} AS n FROM ${sources.join(' CROSS JOIN ')} HAVING n <= ${upTo} ORDER BY n`,
  );
}

function insertParentSql(parent: ParentTable, companies: number): string {
  return `INSERT INTO ${quoteName(parent.name)} (${Object.keys(parent.values).map(quoteName).join(', ')})
    SELECT ${Object.values(parent.values).join(', ')}
    FROM (SELECT n, 1 + MOD(n - 1, ${companies}) AS company_id FROM numbers WHERE n <= ${rowCount(parent, companies)}) AS row_numbers`;
}

/** One migration a table, a month's worth to a batch. */
function laravelRowsSql(tables: readonly GatewayTable[]): string {
  const rows = tables.map(({ name }, index) => {
    const month = String(1 + Math.floor(index / 20)).padStart(2, '0');
    const time = String(index + 1).padStart(6, '0');
    return `('2024_${month}_15_${time}_create_${name}_table', ${1 + Math.floor(index / 20)})`;
  });
  return `INSERT INTO migrations (migration, batch) VALUES ${rows.join(', ')}`;
}

/** Returns the sum of the rows that were written. */
async function runAll(session: Session, statements: readonly string[], report: Report): Promise<number> {
  let rows = 0;
  for (const [index, statement] of statements.entries()) {
    rows += (await session.execute(statement)).rows;
    report(index + 1, statements.length);
  }
  return rows;
}
