import type { Flavor } from '../../mysql/flavor.ts';
import { quoteName } from '../../mysql/quote.ts';
import { groupBy } from '../group.ts';
import { readFacts, type Scope } from '../scope.ts';
import { commentSuffix, quoteText, withoutDatabase } from '../text.ts';
import type { Column } from '../types.ts';
import type { Described } from './described.ts';
import { readInstants } from './instants.ts';

type ColumnRow = {
  table: string;
  ordinal: number;
  name: string;
  type: string;
  nullable: 'YES' | 'NO';
  default: string | null;
  extra: string | null;
  generation: string | null;
  collation: string | null;
  comment: string | null;
  srid?: number | null;
};

/** The columns of every table in scope, in their order: it is the order of `SELECT *` and of INSERT without names. */
export async function readColumns(scope: Scope): Promise<Map<string, Described<Column>[]>> {
  const rows = await readFacts<ColumnRow>(scope, {
    select: {
      table: 'TABLE_NAME',
      ordinal: 'ORDINAL_POSITION',
      name: 'COLUMN_NAME',
      type: 'COLUMN_TYPE',
      nullable: 'IS_NULLABLE',
      default: 'COLUMN_DEFAULT',
      extra: 'EXTRA',
      generation: 'GENERATION_EXPRESSION',
      collation: 'COLLATION_NAME',
      comment: 'COLUMN_COMMENT',
      ...(scope.flavor.kind === 'mysql' ? { srid: 'SRS_ID' } : {}),
    },
    from: 'COLUMNS',
    schema: 'TABLE_SCHEMA',
    name: 'TABLE_NAME',
  });
  rows.sort((a, b) => Number(a.ordinal) - Number(b.ordinal));
  const instants = await readInstants(scope, rows);
  const columns = new Map<string, Described<Column>[]>();
  for (const [table, group] of groupBy(rows, (row) => row.table)) {
    columns.set(
      table,
      group.map((row) =>
        describeColumn({ ...row, default: instants.get(`${table}\n${row.name}`) ?? row.default }, scope),
      ),
    );
  }
  return columns;
}

/** PURE: the server gives it its value: no statement may. */
export function isComputed({ generation, extra }: Column): boolean {
  return generation !== undefined || /\bGENERATED\b/i.test(extra);
}

function describeColumn(row: ColumnRow, scope: Scope): Described<Column> {
  const column: Column = {
    name: row.name,
    type: withoutDisplayWidth(row.type),
    isNullable: row.nullable === 'YES',
    default: defaultOf(row, scope),
    extra: (row.extra ?? '').replace('DEFAULT_GENERATED', '').trim(),
    generation: row.generation ? withoutDatabase(row.generation, scope.database) : undefined,
  };
  return { shape: column, line: lineOf(column, row) };
}

function lineOf(column: Column, row: ColumnRow): string {
  return [
    `column ${quoteName(column.name)} ${column.type} ${column.isNullable ? 'null' : 'not null'}`,
    row.collation ? ` collate ${row.collation}` : '',
    column.default === null ? '' : ` default ${column.default}`,
    column.generation === undefined ? '' : ` as (${column.generation})`,
    column.extra ? ` ${column.extra}` : '',
    row.srid === null || row.srid === undefined ? '' : ` srid ${row.srid}`,
    commentSuffix(row.comment),
  ].join('');
}

/** The width of integers and YEAR changes nothing but padding; `tinyint(1)` stays, applications read it as boolean. */
function withoutDisplayWidth(type: string): string {
  if (/^tinyint\(1\)|zerofill/.test(type)) return type;
  return type.replace(/^((?:tiny|small|medium|big)?int|year)\(\d+\)/, '$1');
}

/**
 * The default as SQL. MariaDB prints it as SQL (`'NULL'` where there is none to speak of); MySQL prints the bare value
 * and marks expressions in EXTRA (MySQL Reference Manual, 28.3.8 "The INFORMATION_SCHEMA COLUMNS Table").
 */
function defaultOf(row: ColumnRow, { flavor, database }: { flavor: Flavor; database: string }): string | null {
  const value = row.default;
  if (value === null) return null;
  if (flavor.kind === 'mariadb') return value === 'NULL' ? null : withoutDatabase(value, database);
  if (row.extra?.includes('DEFAULT_GENERATED')) return value.startsWith('CURRENT_TIMESTAMP') ? value : `(${value})`;
  const isBitOrBytes = /^(?:bit|(?:var)?binary)\b/.test(row.type);
  return isBitOrBytes ? value : quoteText(value);
}
