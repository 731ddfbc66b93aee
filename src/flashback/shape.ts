import { quoteName } from '../mysql/quote.ts';
import { isComputed } from '../schema/table/columns.ts';
import type { Column, Snapshot, TableShape } from '../schema/types.ts';

/** How two values of a column are told apart to the last bit. */
export type Comparison = 'plain' | 'bytes' | 'text of it' | 'hex';

export interface UndoneColumn {
  readonly name: string;
  readonly compare: Comparison;
  /** The server shows fewer digits of it than it has. */
  readonly isFloat: boolean;
  /** The server computes it from the others. */
  readonly isComputed: boolean;
}

/** What has to be known of a table whose rows are undone. */
export interface UndoneTable {
  readonly table: string;
  /** In the order of the log. */
  readonly columns: readonly UndoneColumn[];
  /** Columns that tell one row from all others: those of the primary key, else of a unique one without NULL; empty: none does. */
  readonly key: readonly string[];
  /** Columns of every unique index; NULL is equal to nothing there. */
  readonly uniques: readonly (readonly string[])[];
  /** A unique index of MariaDB over values that are too long for one. */
  readonly hasLongUnique: boolean;
}

/** A foreign key, from a table of the database or of another one to a table of it, or from it. */
export interface Reference {
  readonly name: string;
  readonly child: { readonly database: string; readonly table: string; readonly columns: readonly string[] };
  readonly parent: { readonly database: string; readonly table: string; readonly columns: readonly string[] };
}

const HEX = /^(?:vector|geometry|point|linestring|polygon|multi\w+|geom\w+)\b/;
const BYTES = /^(?:char|varchar|tinytext|text|mediumtext|longtext|enum|set|uuid|inet[46])\b/;

/** PURE: of a table that is there. */
export function shapeOf(table: string, shape: TableShape): UndoneTable {
  const names = new Map(shape.columns.map(({ name, isNullable }) => [name.toLowerCase(), isNullable]));
  const uniques = shape.indexes.filter(({ isUnique }) => isUnique);
  // One over an expression or a prefix is not to be compared by its columns: the server itself refuses what collides in it.
  const plain = uniques.filter(({ columns }) => columns.every((name) => names.has(name.toLowerCase())));
  const primary = plain.find(({ name }) => name === 'PRIMARY');
  const certain = plain.find(({ columns }) => columns.every((name) => names.get(name.toLowerCase()) === false));
  return {
    table,
    columns: shape.columns.map(columnOf),
    key: (primary ?? certain)?.columns ?? [],
    uniques: plain.map(({ columns }) => columns),
    hasLongUnique: uniques.some(({ type }) => type === 'HASH'),
  };
}

function columnOf(column: Column): UndoneColumn {
  const { name, type } = column;
  const compare = HEX.test(type) ? 'hex' : BYTES.test(type) ? 'bytes' : /^json\b/.test(type) ? 'text of it' : 'plain';
  return { name, compare, isFloat: /^float\b/.test(type), isComputed: isComputed(column) };
}

/** PURE: all foreign keys of a database's own tables. Keys of other databases that lead here are read by `readReferences`. */
export function referencesOf({ database, objects }: Snapshot): Reference[] {
  return [...objects.values()].flatMap(({ name: table, table: shape }) =>
    (shape?.foreignKeys ?? []).map((key) => ({
      name: key.name,
      child: { database, table, columns: key.columns },
      parent: { database: key.parentSchema || database, table: key.parentTable, columns: key.parentColumns },
    })),
  );
}

/** PURE: the expression whose `<=>` compares a column of two rows exactly. */
export function exactly({ compare }: UndoneColumn, value: string): string {
  if (compare === 'bytes') return `CAST(${value} AS BINARY)`;
  if (compare === 'text of it') return `CAST(CAST(${value} AS CHAR) AS BINARY)`;
  return compare === 'hex' ? `HEX(${value})` : value;
}

/** PURE: 32 bytes that are the same for rows which are equal to the last bit, and for no others. NULL is a value of its own. */
export function digestOf({ columns }: UndoneTable, alias: string): string {
  const parts = columns
    .filter(({ isComputed }) => !isComputed)
    .map((column) => {
      const value = exactly(column, `${alias}.${quoteName(column.name)}`);
      return `IFNULL(SHA2(${column.isFloat ? `${value} + 0e0` : value}, 256), '-')`;
    });
  return `UNHEX(SHA2(CONCAT(${parts.join(', ')}), 256))`;
}
