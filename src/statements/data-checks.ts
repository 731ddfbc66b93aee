import type { Migration, Statement } from '../migrations/types.ts';
import type { Row, Session } from '../mysql/connect.ts';

/** A `-- migrate:check` query that found something: the data would make the migration fail, or lose rows. */
export interface DataFinding {
  readonly version: string;
  readonly statement: Statement;
  /** The first row that it returned, as `column = value` pairs. */
  readonly row: string;
}

const VALUE_SHOWN = 60;

/** Runs a migration's check queries; each must return no row. Throws the server's error when one cannot be run. */
export async function runDataChecks(session: Session, migration: Migration): Promise<DataFinding[]> {
  const findings: DataFinding[] = [];
  for (const statement of migration.check) {
    const [row] = await session.query(statement.text);
    if (row) findings.push({ version: migration.version, statement, row: describeRow(row) });
  }
  return findings;
}

/** `2025_10_01_060203, check at line 12: returned id = 7, name = x`. */
export function describeFinding({ version, statement, row }: DataFinding): string {
  return `${version}, check at line ${statement.line}: must return no row, returned ${row}`;
}

function describeRow(row: Row): string {
  const pairs = Object.entries(row).map(([column, value]) => `${column} = ${String(value).slice(0, VALUE_SHOWN)}`);
  return pairs.join(', ');
}
