import { quoteName } from '../../mysql/quote.ts';
import { byText, groupBy } from '../group.ts';
import { readFacts, type Scope } from '../scope.ts';
import { commentSuffix } from '../text.ts';
import type { Index } from '../types.ts';
import type { Described } from './described.ts';

type IndexRow = {
  table: string;
  name: string;
  nonUnique: number;
  ordinal: number;
  column: string | null;
  direction: 'A' | 'D' | null;
  prefix: number | null;
  type: string;
  comment: string | null;
  hidden: 'YES' | 'NO';
  expression?: string | null;
};

/**
 * The indexes of every table in scope, by name: the order in which a table's indexes were added is no property of the
 * schema, and an index that is dropped and added again stands last.
 */
export async function readIndexes(scope: Scope): Promise<Map<string, Described<Index>[]>> {
  const isMySql = scope.flavor.kind === 'mysql';
  const rows = await readFacts<IndexRow>(scope, {
    select: {
      table: 'TABLE_NAME',
      name: 'INDEX_NAME',
      nonUnique: 'NON_UNIQUE',
      ordinal: 'SEQ_IN_INDEX',
      column: 'COLUMN_NAME',
      direction: 'COLLATION',
      prefix: 'SUB_PART',
      type: 'INDEX_TYPE',
      comment: 'INDEX_COMMENT',
      ...(isMySql ? { hidden: "IF(IS_VISIBLE = 'NO', 'YES', 'NO')", expression: 'EXPRESSION' } : { hidden: 'IGNORED' }),
    },
    from: 'STATISTICS',
    schema: 'TABLE_SCHEMA',
    name: 'TABLE_NAME',
  });
  const indexes = new Map<string, Described<Index>[]>();
  for (const [table, ofTable] of groupBy(rows, (row) => row.table)) {
    const described = [...groupBy(ofTable, (row) => row.name).values()].map(describeIndex);
    indexes.set(table, described.sort(byText((index) => index.shape.name)));
  }
  return indexes;
}

function describeIndex(rows: IndexRow[]): Described<Index> {
  rows.sort((a, b) => Number(a.ordinal) - Number(b.ordinal));
  const first = rows[0] as IndexRow;
  const index: Index = {
    name: first.name,
    isUnique: Number(first.nonUnique) === 0,
    columns: rows.map((row) => `${row.column ?? `(${row.expression})`}${prefixOf(row)}`),
    type: first.type,
  };
  const parts = rows.map(
    (row) =>
      `${row.column === null ? `(${row.expression})` : quoteName(row.column)}${prefixOf(row)}${row.direction === 'D' ? ' desc' : ''}`,
  );
  const kind = `${index.isUnique ? 'unique ' : ''}${index.type === 'BTREE' ? '' : `${index.type.toLowerCase()} `}index`;
  const hidden = first.hidden === 'YES' ? ' invisible' : '';
  return {
    shape: index,
    line: `${kind} ${quoteName(index.name)} (${parts.join(', ')})${hidden}${commentSuffix(first.comment)}`,
  };
}

function prefixOf(row: IndexRow): string {
  // SPATIAL indexes report a prefix of 32 bytes on both servers; it cannot be chosen.
  return row.prefix === null || row.type === 'SPATIAL' ? '' : `(${row.prefix})`;
}
