import { quoteName, quoteQualified } from '../../mysql/quote.ts';
import type { Column } from '../../schema/types.ts';
import type { Finding } from '../finding.ts';
import { checkConstraints, plainClause } from '../values/check-constraints.ts';
import { type ChangedTable, charsetOf, collationOf } from './changed-table.ts';
import { ask, COUNTED, countRows, type Inquiry } from './inquiry.ts';

/** Rows that break a CHECK that is new (error 3819, MariaDB 4025). */
export async function findCheckBreakers(inquiry: Inquiry, table: ChangedTable): Promise<Finding[]> {
  const findings: Finding[] = [];
  const earlier = new Set(checkConstraints(table.before).map(({ clause }) => clause));
  for (const { name, clause } of checkConstraints(table.after)) {
    const from = earlier.has(clause) ? undefined : rowsFor(table, clause, quoteQualified(inquiry.database, table.name));
    if (from === undefined) continue;
    const isOfNow = from === quoteQualified(inquiry.database, table.name);
    findings.push(
      ...(await ask(inquiry, {
        name: 'rows-break-check',
        table,
        part: name,
        select: `COUNT(*) AS n FROM (SELECT 1 FROM ${from} WHERE NOT (${clause}) LIMIT ${COUNTED}) AS found HAVING COUNT(*) > 0`,
        describe: ([row]) => ({
          what: `${countRows(Number(row?.n))} of production ${Number(row?.n) === 1 ? 'breaks' : 'break'} the new CHECK ${name}: ${clause}`,
          why: 'the server refuses the check for the first such row',
          fix: `mend them first${isOfNow ? '' : ', or give new columns another default'}; they are: SELECT * FROM ${isOfNow ? quoteName(table.name) : from} WHERE NOT (${clause})`,
        }),
      })),
    );
  }
  return findings;
}

/** The table, or what the columns that a clause mentions will hold of it; undefined where that is not known. */
export function rowsFor(table: ChangedTable, clause: string, from: string): string | undefined {
  const mentioned = table.after.table.columns.filter(({ name }) => clause.includes(quoteName(name)));
  if (mentioned.every(({ name }) => table.source(name)?.name === name)) return from;
  const values = mentioned.map((column) => [laterValue(table, column), quoteName(column.name)] as const);
  if (values.some(([value]) => value === undefined)) return undefined;
  return `(SELECT ${values.map(([value, name]) => `${value} AS ${name}`).join(', ')} FROM ${from}) AS later`;
}

/** A new column has its default in every row. */
function laterValue(table: ChangedTable, column: Column): string | undefined {
  const { name, type, generation, default: value, isNullable } = column;
  const source = table.source(name);
  if (source) return quoteName(source.name);
  const later =
    generation === undefined ? (value ?? (isNullable ? 'NULL' : undefined)) : `(${plainClause(generation)})`;
  const collation = collationOf(table.after, name);
  // A text of ours has the collation of the connection.
  if (later === undefined) return undefined;
  // MySQL prints the default of a number as a text, which compares otherwise.
  if (/^(?:\w*int|decimal|float|double)\b/.test(type)) return `0 + ${later}`;
  if (!collation) return later;
  return `CONVERT(${later} USING ${charsetOf(collation)}) COLLATE ${collation}`;
}
