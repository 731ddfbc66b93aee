import { quoteName, quoteQualified } from '../../mysql/quote.ts';
import type { Index } from '../../schema/types.ts';
import type { Finding } from '../finding.ts';
import { plainClause } from '../values/check-constraints.ts';
import { type ChangedTable, charsetOf, collationOf } from './changed-table.ts';
import { ask, type Inquiry, samples } from './inquiry.ts';

/** Rows that are equal under a unique key that is new, or whose columns get another collation (error 1062). */
export async function findDuplicates(inquiry: Inquiry, table: ChangedTable): Promise<Finding[]> {
  const findings: Finding[] = [];
  for (const key of table.after.table.indexes.filter((index) => index.isUnique)) {
    if (isImplied(table, key)) continue;
    const values = comparedValues(table, key);
    if (!values) continue;
    findings.push(...(await askForKey(inquiry, table, key, values)));
  }
  return findings;
}

function askForKey(inquiry: Inquiry, table: ChangedTable, key: Index, values: readonly string[]): Promise<Finding[]> {
  const from = quoteQualified(inquiry.database, table.name);
  const named = values.map((value, place) => `${value} AS k${place}`);
  const present = values.map((value) => `${value} IS NOT NULL`).join(' AND ');
  const select =
    values.length === 0
      ? `COUNT(*) AS n FROM (SELECT 1 FROM ${from} LIMIT 2) AS found HAVING COUNT(*) > 1`
      : `${named.join(', ')} FROM ${from} WHERE ${present} GROUP BY ${values.join(', ')} HAVING COUNT(*) > 1 LIMIT 4`;
  return ask(inquiry, {
    name: 'duplicates-under-unique',
    table,
    part: key.name,
    select,
    describe: (rows) => ({
      what:
        values.length === 0
          ? `every row gets the same value under the unique key ${key.name} (${key.columns.join(', ')})`
          : `rows of production are equal under the unique key ${key.name} (${key.columns.join(', ')}): ${samples(rows)}`,
      why: 'the server refuses the key with error 1062 as soon as it meets the second of them',
      fix: `keep one of each first; they are: SELECT ${select.replace(/ LIMIT 4$/, '').replace(from, quoteName(table.name))}`,
    }),
  });
}

/** A key of production on some of its columns forbids the same rows already. */
function isImplied(table: ChangedTable, key: Index): boolean {
  const { columns, indexes } = table.before.table;
  const sources = key.columns.map((column) => table.source(column));
  const isRecollated = key.columns.some((column, place) => {
    const source = sources[place];
    return source && collationOf(table.before, source.name) !== collationOf(table.after, column);
  });
  if (isRecollated) return false;
  const names = new Set(sources.map((source) => source?.name));
  return indexes.some(
    (index) =>
      index.isUnique &&
      index.columns.every(
        (column) =>
          names.has(column) &&
          (index.columns.length === key.columns.length || !columns.find(({ name }) => name === column)?.isNullable),
      ),
  );
}

/** What the key compares, in production's columns; undefined when no two rows can be equal under it. */
function comparedValues(table: ChangedTable, key: Index): string[] | undefined {
  const values: string[] = [];
  for (const part of key.columns) {
    const value = comparedAs(table, part);
    if (value === 'distinct') return undefined;
    if (value !== 'constant') values.push(value);
  }
  return values;
}

function comparedAs(table: ChangedTable, part: string): string {
  if (part.startsWith('(')) return part;
  const [, name = part, length] = /^(.*?)(?:\((\d+)\))?$/s.exec(part) ?? [];
  const column = table.after.table.columns.find((candidate) => candidate.name === name);
  const source = table.source(name);
  if (source) {
    const value = recollated(table, source.name, name);
    return length === undefined ? value : `LEFT(${value}, ${length})`;
  }
  if (column?.generation) return `(${plainClause(column.generation)})`;
  const isDistinct = column?.default === null ? column.isNullable : /\(/.test(column?.default ?? '');
  return isDistinct || column?.extra.includes('auto_increment') ? 'distinct' : 'constant';
}

function recollated(table: ChangedTable, from: string, to: string): string {
  const [before, after] = [collationOf(table.before, from), collationOf(table.after, to)];
  const name = quoteName(from);
  if (after === undefined || before === after) return name;
  const isSameCharset = before !== undefined && charsetOf(before) === charsetOf(after);
  return `${isSameCharset ? name : `CONVERT(${name} USING ${charsetOf(after)})`} COLLATE ${after}`;
}
