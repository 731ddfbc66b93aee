import type { SavedTable } from '../plan/step.ts';
import { isComputed } from '../schema/table/columns.ts';
import type { Column, ForeignKey, Index, TableShape } from '../schema/types.ts';

/** How the saved rows of one table, or the values of its columns, come back into the table as it is now. */
export interface Returning {
  readonly table: string;
  /** Rows of a table that was dropped; else values of columns that were. */
  readonly isWhole: boolean;
  /** What comes back of each row: what both have and the server does not compute. */
  readonly columns: readonly string[];
  /** The primary key, or else a unique one without NULL, where both have it; else empty. */
  readonly key: readonly string[];
  /** Columns of each other unique index, where all of them come back. */
  readonly uniques: readonly (readonly string[])[];
  /** Those of the present table that what comes back has to fit. */
  readonly foreignKeys: readonly ForeignKey[];
  /** Columns that may be set to NULL on both sides. */
  readonly nullable: readonly string[];
  /** Columns that an UPDATE would set to the present time: on the side of the saved rows, and on that of the present. */
  readonly renewed: { readonly saved: readonly string[]; readonly present: readonly string[] };
  /** Columns whose values can be told apart by comparing. */
  readonly comparable: readonly ComparableColumn[];
  /** The types of what comes back, in the order of `columns`: before, and now. */
  readonly types: readonly (readonly [saved: string, present: string])[];
}

export interface ComparableColumn {
  readonly name: string;
  readonly isText: boolean;
}

/** What was found, and in sentences what has no place any more. */
export interface Pairing {
  readonly returning: Returning | undefined;
  readonly left: readonly string[];
}

/** Types that the servers do not compare, or not by all that is in them. */
const INCOMPARABLE = /^(?:json|vector|geometry|point|linestring|polygon|multi\w+|geom\w+)\b/;
const TEXT = /^(?:char|varchar|tinytext|text|mediumtext|longtext|enum|set)\b/;

/** PURE: lays the saved table and the present one side by side. The migration's file may have been mended in between. */
export function pairTable(saved: SavedTable, kept: TableShape, present: TableShape | undefined): Pairing {
  const { table } = saved;
  if (!present)
    return { returning: undefined, left: [`there is no table ${table} any more: its rows stay in the file`] };
  const isWhole = saved.columns === 'all';
  const wanted = kept.columns.filter((one) => !isComputed(one) && (isWhole || includes(saved.columns, one.name)));
  const homeless = wanted.filter(({ name }) => !find(present.columns, name)).map(({ name }) => name);
  const columns = present.columns
    .filter((one) => !isComputed(one) && find(wanted, one.name) !== undefined)
    .map(({ name }) => name);
  const left = homeless.map((name) => `${table} has no column ${name} now: its values stay in the file`);
  const identity = keyOf(kept, present);
  // A key that was dropped itself identifies nothing.
  const key = isWhole || !identity.some((name) => includes(columns, name)) ? identity : [];
  if (columns.length === 0) return { returning: undefined, left };
  if (!isWhole && key.length === 0) {
    const what = `${table} has no primary key that tells which row a value belongs to`;
    return { returning: undefined, left: [...left, `${what}: those of ${columns.join(', ')} stay in the file`] };
  }
  const isBack = (name: string) => includes(columns, name);
  const plain = present.indexes.filter((one) => one.isUnique && one.name !== 'PRIMARY' && one.columns.every(isBack));
  return {
    returning: {
      ...{ table, isWhole, columns, key },
      uniques: isWhole ? plain.map((one) => one.columns) : [],
      foreignKeys: present.foreignKeys.filter((one) =>
        isWhole ? one.columns.every(isBack) : one.columns.some(isBack),
      ),
      nullable: columns.filter((name) => [kept, present].every((side) => find(side.columns, name)?.isNullable)),
      renewed: { saved: renewedOf(kept), present: renewedOf(present).filter((name) => !isBack(name)) },
      comparable: columns.flatMap((name) => comparableOf(name, kept, present)),
      types: columns.map((name) => [typeOf(name, kept), typeOf(name, present)] as const),
    },
    left,
  };
}

/** Columns are named without regard to case. */
function find(columns: readonly Column[], name: string): Column | undefined {
  return columns.find((one) => one.name.toLowerCase() === name.toLowerCase());
}

function includes(names: readonly string[] | 'all', name: string): boolean {
  return names === 'all' || names.some((one) => one.toLowerCase() === name.toLowerCase());
}

/** Not one of which only a prefix counts: that stands as `name(20)`, and is the name of no column. */
function keyOf(kept: TableShape, present: TableShape): readonly string[] {
  const identities = present.indexes
    .filter((one) => one.name === 'PRIMARY' || (one.isUnique && [kept, present].every((side) => hasNoNull(one, side))))
    .toSorted((a, b) => Number(b.name === 'PRIMARY') - Number(a.name === 'PRIMARY'));
  for (const { name, columns } of identities) {
    const saved = kept.indexes.find((one) => one.isUnique && one.name === name)?.columns ?? [];
    const isSame = saved.length === columns.length && columns.every((column) => includes(saved, column));
    if (isSame && columns.every((column) => find(present.columns, column))) return columns;
    // Rows that another primary key told apart are not told apart by what is left.
    if (name === 'PRIMARY') return [];
  }
  return [];
}

function hasNoNull({ columns }: Index, side: TableShape): boolean {
  return columns.every((name) => find(side.columns, name)?.isNullable === false);
}

function renewedOf(side: TableShape): string[] {
  return side.columns.filter(({ extra }) => /\bon update\b/i.test(extra)).map(({ name }) => name);
}

function comparableOf(name: string, kept: TableShape, present: TableShape): ComparableColumn[] {
  const types = [kept, present].map((side) => typeOf(name, side));
  if (types.some((type) => INCOMPARABLE.test(type))) return [];
  return [{ name, isText: types.some((type) => TEXT.test(type)) }];
}

function typeOf(name: string, side: TableShape): string {
  return find(side.columns, name)?.type ?? '';
}
