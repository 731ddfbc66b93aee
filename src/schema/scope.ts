import type { Row, Session } from '../mysql/connect.ts';
import { type Flavor, parseFlavor } from '../mysql/flavor.ts';

/** What is read: a whole database, or the one object of that name in it. */
export interface Scope {
  readonly session: Session;
  readonly flavor: Flavor;
  readonly database: string;
  readonly name: string | undefined;
  /** `lower_case_table_names` is not 0: table names are compared without regard to case. */
  readonly foldsTableNames: boolean;
}

/** What a server says of itself, asked once over each connection: evidence is read around every statement. */
const answers = new WeakMap<Session, Pick<Scope, 'flavor' | 'foldsTableNames'>>();

export async function openScope(session: Session, database: string): Promise<Scope> {
  const answer = answers.get(session) ?? (await askServer(session));
  answers.set(session, answer);
  return { session, database, name: undefined, ...answer };
}

async function askServer(session: Session): Promise<Pick<Scope, 'flavor' | 'foldsTableNames'>> {
  const [row] = await session.query<{ version: string; folding: number }>(
    'SELECT VERSION() AS version, @@lower_case_table_names AS folding',
  );
  return { flavor: parseFlavor(row?.version ?? ''), foldsTableNames: Number(row?.folding) !== 0 };
}

/** A query on one information_schema table: which columns, and which of its columns name schema and object. */
export interface FactQuery {
  /** Property of the row → column of the view. */
  readonly select: Readonly<Record<string, string>>;
  readonly from: string;
  readonly schema: string;
  readonly name: string;
  readonly also?: string;
}

/**
 * Reads one information_schema table. Schema and name are compared with constants by `=`: MariaDB opens only the
 * tables that such a comparison leaves, and every table of the server without it (MariaDB Knowledge Base,
 * "Information Schema Optimizations"; `IN (…)` does not count).
 */
export function readFacts<T extends Row>(scope: Scope, query: FactQuery): Promise<T[]> {
  const columns = Object.entries(query.select).map(([property, column]) => `${column} AS \`${property}\``);
  const conditions = [`${query.schema} = ?`];
  const values = [scope.database];
  if (scope.name !== undefined) {
    conditions.push(`${query.name} = ?`);
    values.push(scope.name);
  }
  if (query.also) conditions.push(query.also);
  const sql = `SELECT ${columns.join(', ')} FROM information_schema.${query.from} WHERE ${conditions.join(' AND ')}`;
  return scope.session.query<T>(sql, values);
}
