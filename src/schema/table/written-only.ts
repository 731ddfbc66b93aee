import { quoteQualified } from '../../mysql/quote.ts';
import type { Scope } from '../scope.ts';

const WRITTEN_ONLY = /WITH PARSER|WITH SYSTEM VERSIONING|PERIOD FOR|WITHOUT OVERLAPS|WITHOUT SYSTEM VERSIONING/;

/**
 * Facts that only SHOW CREATE TABLE tells, the line as the server writes it: the parser of a FULLTEXT index, and
 * MariaDB's system versioning. Asked only for tables that can have one.
 */
export async function readWrittenOnly(scope: Scope, tables: readonly string[]): Promise<Map<string, string[]>> {
  const lines = new Map<string, string[]>();
  for (const table of tables) {
    const [row] = await scope.session.query<{ 'Create Table': string }>(
      `SHOW CREATE TABLE ${quoteQualified(scope.database, table)}`,
    );
    const written = (row?.['Create Table'] ?? '').split('\n').filter((line) => WRITTEN_ONLY.test(line));
    lines.set(table, written.map(toFact).sort());
  }
  return lines;
}

/** Without the comma that depends on the line's place, and without the options that TABLES tells. */
function toFact(line: string): string {
  const options = /WITH SYSTEM VERSIONING/.exec(line);
  return `written ${line.startsWith(')') && options ? options[0] : line.trim().replace(/,$/, '')}`;
}
