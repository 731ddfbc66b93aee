import { quoteName, quoteQualified } from '../../mysql/quote.ts';
import type { Finding } from '../finding.ts';
import type { ChangedTable } from './changed-table.ts';
import { ask, COUNTED, countRows, type Inquiry } from './inquiry.ts';

/** Rows with NULL in a column that becomes NOT NULL: the server refuses the change with error 1138 or 1265. */
export async function findNulls(inquiry: Inquiry, table: ChangedTable): Promise<Finding[]> {
  const findings: Finding[] = [];
  for (const column of table.after.table.columns) {
    const source = table.source(column.name);
    if (column.isNullable || !source?.isNullable || column.generation !== undefined) continue;
    const [from, name] = [quoteQualified(inquiry.database, table.name), quoteName(source.name)];
    findings.push(
      ...(await ask(inquiry, {
        name: 'null-in-not-null',
        table,
        part: column.name,
        select: `COUNT(*) AS n FROM (SELECT 1 FROM ${from} WHERE ${name} IS NULL LIMIT ${COUNTED}) AS found HAVING COUNT(*) > 0`,
        describe: ([row]) => ({
          what: `${countRows(Number(row?.n))} of production ${Number(row?.n) === 1 ? 'has' : 'have'} NULL in ${source.name}, which becomes NOT NULL`,
          why: 'the server refuses the change for the first such row',
          fix: `give them a value first: UPDATE ${quoteName(table.name)} SET ${name} = … WHERE ${name} IS NULL`,
        }),
      })),
    );
  }
  return findings;
}
