import { quoteName, quoteQualified } from '../../mysql/quote.ts';
import type { SchemaObject } from '../../schema/types.ts';
import type { Finding } from '../finding.ts';
import type { ChangedTable } from './changed-table.ts';
import { ask, COUNTED, countRows, type Inquiry } from './inquiry.ts';

/**
 * Rows that none of a table's partitions takes (error 1526), where the table is divided anew. Partitions that are added
 * to others or dropped, with their rows, are none of this.
 */
export async function findRowsWithoutPartition(inquiry: Inquiry, table: ChangedTable): Promise<Finding[]> {
  const division = divisionOf(table.after);
  if (!division || divisionOf(table.before)?.by === division.by) return [];
  const isOfNow = table.after.table.columns.every(
    ({ name }) => !division.by.includes(quoteName(name)) || table.source(name)?.name === name,
  );
  const condition = isOfNow ? outside(division) : undefined;
  if (condition === undefined) return [];
  const from = quoteQualified(inquiry.database, table.name);
  return ask(inquiry, {
    name: 'rows-without-partition',
    table,
    part: '',
    select: `COUNT(*) AS n FROM (SELECT 1 FROM ${from} WHERE ${condition} LIMIT ${COUNTED}) AS found HAVING COUNT(*) > 0`,
    describe: ([row]) => ({
      what: `${countRows(Number(row?.n))} of production ${Number(row?.n) === 1 ? 'has' : 'have'} no place in the partitions: ${division.by}`,
      why: 'the server refuses the change with error 1526 for the first such row',
      fix: `add a partition for them (VALUES LESS THAN MAXVALUE); they are: SELECT * FROM ${quoteName(table.name)} WHERE ${condition}`,
    }),
  });
}

interface Division {
  /** `partition by RANGE (year(`born`))` */
  readonly by: string;
  readonly method: string;
  readonly expression: string;
  /** What each partition takes: an upper bound, or a list. */
  readonly values: readonly string[];
}

/** From the table's canonical text; undefined where it has no partitions. */
function divisionOf({ definition }: SchemaObject): Division | undefined {
  const lines = definition.split('\n');
  for (const line of lines) {
    const match = /^partition by ((?:RANGE|LIST)(?: COLUMNS)?) \((.*?)\)(?: subpartition by .*)?$/.exec(line);
    if (!match) continue;
    const partition = /^partition `(?:[^`]|``)+`(?: subpartition `(?:[^`]|``)+`)? values (.*?)(?: comment .*)?$/;
    const values = lines.flatMap((text) => partition.exec(text)?.[1] ?? []);
    return { by: line, method: match[1] ?? '', expression: match[2] ?? '', values };
  }
  return undefined;
}

/** True for rows that are in none; undefined where every row has its place. NULL is below every bound. */
function outside({ method, expression, values }: Division): string | undefined {
  const isOfMany = /`,\s*`/.test(expression) && method.endsWith('COLUMNS');
  const value = isOfMany ? `(${expression})` : expression;
  const highest = values.at(-1);
  if (highest === undefined || values.some((one) => /\bMAXVALUE\b|^DEFAULT$/.test(one))) return undefined;
  if (method.startsWith('RANGE')) return `${value} >= ${isOfMany ? `(${highest})` : highest}`;
  const listed = values.flatMap((one) => (isOfMany ? [one] : (one.match(/'(?:[^']|'')*'|[^,]+/g) ?? [])));
  const named = listed.filter((one) => one !== 'NULL');
  const isNamed = named.length === 0 ? 'FALSE' : `${value} IN (${named.join(', ')})`;
  if (isOfMany) return `NOT (${isNamed})`;
  return `${value} IS ${named.length < listed.length ? 'NOT NULL AND' : 'NULL OR'} NOT (${isNamed})`;
}
