import { quoteName, quoteQualified } from '../../mysql/quote.ts';
import type { Column } from '../../schema/types.ts';
import type { Finding } from '../finding.ts';
import { type ChangedTable, charsetOf, collationOf } from './changed-table.ts';
import { ask, COUNTED, type Inquiry, samples } from './inquiry.ts';
import { type Misfit, misfitsOf } from './misfit.ts';

/** Values that a column's new type or charset cannot hold. */
export async function findMisfits(inquiry: Inquiry, table: ChangedTable): Promise<Finding[]> {
  const findings: Finding[] = [];
  for (const column of table.after.table.columns) {
    const source = table.source(column.name);
    if (!source || column.generation !== undefined || source.generation !== undefined) continue;
    for (const misfit of allMisfits(table, source, column)) {
      findings.push(...(await askForMisfit(inquiry, table, source, column, misfit)));
    }
  }
  return findings;
}

function allMisfits(table: ChangedTable, source: Column, column: Column): Misfit[] {
  const value = quoteName(source.name);
  const ofType = source.type === column.type ? [] : misfitsOf(source.type, column.type, value);
  const after = collationOf(table.after, column.name);
  const lost = isBinary(source)
    ? noTextIn(after, value)
    : lostInCharset(collationOf(table.before, source.name), after, value);
  return lost === undefined ? ofType : [...ofType, { condition: lost, outcome: 'refused' }];
}

/** Every character has its place in utf8mb4; in no other charset. */
function lostInCharset(before: string | undefined, after: string | undefined, value: string): string | undefined {
  if (!before || !after || charsetOf(before) === charsetOf(after) || charsetOf(after) === 'utf8mb4') return undefined;
  const there = `CONVERT(${value} USING ${charsetOf(after)})`;
  return `CONVERT(${there} USING utf8mb4) <> CONVERT(${value} USING utf8mb4) COLLATE utf8mb4_bin`;
}

function isBinary({ type }: Column): boolean {
  return /^(?:var)?binary\b|blob$/.test(type);
}

/** Bytes that are no text of the charset: MySQL makes NULL of them, MariaDB question marks. Wide charsets pad them. */
function noTextIn(after: string | undefined, value: string): string | undefined {
  if (!after || /^(?:utf16|utf16le|utf32|ucs2)$/.test(charsetOf(after))) return undefined;
  const text = `CONVERT(${value} USING ${charsetOf(after)})`;
  return `${value} IS NOT NULL AND NOT (CAST(${text} AS BINARY) <=> ${value})`;
}

function askForMisfit(
  inquiry: Inquiry,
  table: ChangedTable,
  source: Column,
  column: Column,
  { condition, outcome }: Misfit,
): Promise<Finding[]> {
  const name = quoteName(source.name);
  const isRefused = outcome === 'refused';
  const from = quoteQualified(inquiry.database, table.name);
  return ask(inquiry, {
    name: isRefused ? 'value-out-of-range' : 'value-changed',
    level: isRefused ? 'error' : 'advice',
    table,
    part: column.name,
    select: `DISTINCT ${name} FROM (SELECT ${name} FROM ${from} WHERE ${condition} LIMIT ${COUNTED}) AS found LIMIT 4`,
    describe: (rows) => ({
      what: `${column.name} becomes ${column.type}, and production has values that ${isRefused ? 'do not fit' : 'lose a part'}: ${samples(rows)}`,
      why: isRefused
        ? 'the server refuses the change for the first such row; without strict mode it would cut the values'
        : 'the server rounds or cuts them without an error',
      fix: `mend them first, or keep the wider type; they are: SELECT * FROM ${quoteName(table.name)} WHERE ${condition}`,
    }),
  });
}
