import { quoteName, quoteQualified } from '../../mysql/quote.ts';
import type { Scope } from '../scope.ts';

interface Defaulted {
  readonly table: string;
  readonly name: string;
  readonly type: string;
  readonly default: string | null;
}

/**
 * The literal defaults of MySQL's TIMESTAMP columns in the session's time zone, `table` and column joined by a line break.
 * The catalogue keeps them as they were written, in the time zone of whoever wrote them; the instant is what SHOW CREATE
 * TABLE tells. Asked only for tables that have one; MariaDB's catalogue tells the instant itself.
 */
export async function readInstants(scope: Scope, columns: readonly Defaulted[]): Promise<Map<string, string>> {
  const instants = new Map<string, string>();
  if (scope.flavor.kind !== 'mysql') return instants;
  const literal = columns.filter((column) => /^timestamp\b/.test(column.type) && /^\d/.test(column.default ?? ''));
  for (const table of new Set(literal.map((column) => column.table))) {
    const [row] = await scope.session.query<{ 'Create Table'?: string }>(
      `SHOW CREATE TABLE ${quoteQualified(scope.database, table)}`,
    );
    const lines = (row?.['Create Table'] ?? '').split('\n');
    for (const { name } of literal.filter((column) => column.table === table)) {
      const line = lines.find((one) => one.startsWith(`  ${quoteName(name)} timestamp`));
      const value = / DEFAULT '(\d[^']*)'/.exec(line?.slice(quoteName(name).length) ?? '')?.[1];
      if (value !== undefined) instants.set(`${table}\n${name}`, value);
    }
  }
  return instants;
}
