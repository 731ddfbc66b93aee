import { quoteName, quoteQualified } from '../../mysql/quote.ts';
import { checkConstraints } from '../check-constraints.ts';
import type { Finding } from '../finding.ts';
import type { ChangedTable } from './changed-table.ts';
import { ask, COUNTED, countRows, type Inquiry } from './inquiry.ts';

/** Rows that break a CHECK that is new (error 3819, MariaDB 4025). */
export async function findCheckBreakers(inquiry: Inquiry, table: ChangedTable): Promise<Finding[]> {
  const findings: Finding[] = [];
  const earlier = new Set(checkConstraints(table.before).map(({ clause }) => clause));
  for (const { name, clause } of checkConstraints(table.after)) {
    if (earlier.has(clause) || mentionsNew(table, clause)) continue;
    const from = quoteQualified(inquiry.database, table.name);
    findings.push(
      ...(await ask(inquiry, {
        name: 'rows-break-check',
        table,
        part: name,
        select: `COUNT(*) AS n FROM (SELECT 1 FROM ${from} WHERE NOT (${clause}) LIMIT ${COUNTED}) AS found HAVING COUNT(*) > 0`,
        describe: ([row]) => ({
          what: `${countRows(Number(row?.n))} of production ${Number(row?.n) === 1 ? 'breaks' : 'break'} the new CHECK ${name}: ${clause}`,
          why: 'the server refuses the check for the first such row',
          fix: `mend them first; they are: SELECT * FROM ${quoteName(table.name)} WHERE NOT (${clause})`,
        }),
      })),
    );
  }
  return findings;
}

/** A new column has its default in every row; what the check makes of it, the clone has shown. */
function mentionsNew(table: ChangedTable, clause: string): boolean {
  return table.after.table.columns.some(
    ({ name }) => clause.includes(quoteName(name)) && table.source(name)?.name !== name,
  );
}
