import type { Session } from '../../mysql/connect.ts';
import type { NamedDatabase } from '../subject.ts';

/** A column, as far as its bytes in the log mean something. */
export interface ColumnLayout {
  readonly name: string;
  /** `int`, `varchar` …, as the catalogue calls it. */
  readonly type: string;
  readonly isUnsigned: boolean;
  /** Undefined for what is no text. */
  readonly charset: string | undefined;
  /** Texts that differ in case, accents or spaces at their end may be equal. */
  readonly isFolded: boolean;
}

/** Columns by their place, from 0; of a text as many characters as count. */
export interface KeyLayout {
  readonly name: string;
  readonly parts: readonly { readonly at: number; readonly prefix: number | undefined }[];
}

export interface TableLayout {
  readonly columns: readonly ColumnLayout[];
  /** What tells a row from another; undefined: nothing but all its values. */
  readonly primary: KeyLayout | undefined;
  readonly unique: readonly KeyLayout[];
}

/** A foreign key within the database. */
export interface Reference {
  readonly child: string;
  readonly columns: readonly number[];
  readonly parent: string;
  readonly parentColumns: readonly number[];
}

/** What the tables of a database look like now. Names are in lower case where the server compares them so. */
export interface Layouts {
  readonly tables: ReadonlyMap<string, TableLayout>;
  readonly references: readonly Reference[];
}

type ColumnRow = {
  readonly inTable: string;
  readonly name: string;
  readonly type: string;
  readonly fullType: string;
  readonly charset: string | null;
  readonly collation: string | null;
};

type KeyRow = {
  readonly inTable: string;
  readonly name: string;
  readonly column: string | null;
  readonly prefix: number | string | null;
};

type ReferenceRow = {
  readonly child: string;
  readonly name: string;
  readonly column: string;
  readonly parent: string;
  readonly parentColumn: string;
};

export async function readLayouts(session: Session, named: NamedDatabase): Promise<Layouts> {
  const { database } = named;
  const columns = await session.query<ColumnRow>(
    `SELECT TABLE_NAME AS inTable, COLUMN_NAME AS name, DATA_TYPE AS type, COLUMN_TYPE AS fullType,
       CHARACTER_SET_NAME AS charset, COLLATION_NAME AS collation
     FROM information_schema.COLUMNS WHERE TABLE_SCHEMA = ? ORDER BY TABLE_NAME, ORDINAL_POSITION`,
    [database],
  );
  const keys = await session.query<KeyRow>(
    `SELECT TABLE_NAME AS inTable, INDEX_NAME AS name, COLUMN_NAME AS \`column\`, SUB_PART AS prefix
     FROM information_schema.STATISTICS WHERE TABLE_SCHEMA = ? AND NON_UNIQUE = 0
     ORDER BY TABLE_NAME, INDEX_NAME, SEQ_IN_INDEX`,
    [database],
  );
  const references = await session.query<ReferenceRow>(
    `SELECT TABLE_NAME AS child, CONSTRAINT_NAME AS name, COLUMN_NAME AS \`column\`,
       REFERENCED_TABLE_NAME AS parent, REFERENCED_COLUMN_NAME AS parentColumn
     FROM information_schema.KEY_COLUMN_USAGE
     WHERE TABLE_SCHEMA = ? AND REFERENCED_TABLE_SCHEMA = ? ORDER BY TABLE_NAME, CONSTRAINT_NAME, ORDINAL_POSITION`,
    [database, database],
  );
  const fold = nameIn(named);
  const tables = tablesOf(columns, keys, fold);
  return { tables, references: referencesOf(references, tables, fold) };
}

/** PURE: a table's name as layouts are looked up by. */
export function nameIn({ ignoresCase }: NamedDatabase): (name: string) => string {
  return (name) => (ignoresCase ? name.toLowerCase() : name);
}

type Fold = (name: string) => string;

function tablesOf(columns: readonly ColumnRow[], keys: readonly KeyRow[], fold: Fold): Map<string, TableLayout> {
  const keysOf = groupBy(keys, ({ inTable }) => fold(inTable));
  return new Map(
    [...groupBy(columns, ({ inTable }) => fold(inTable))].map(([table, rows]) => {
      const layouts = rows.map(columnOf);
      const unique = [...groupBy(keysOf.get(table) ?? [], ({ name }) => name)].flatMap(([name, parts]) =>
        keyOf(name, parts, layouts),
      );
      const primary = unique.find(({ name }) => name === 'PRIMARY');
      return [table, { columns: layouts, primary, unique: unique.filter((key) => key !== primary) }];
    }),
  );
}

function columnOf({ name, type, fullType, charset, collation }: ColumnRow): ColumnLayout {
  return {
    name,
    type: type.toLowerCase(),
    isUnsigned: /unsigned/i.test(fullType),
    charset: charset ?? undefined,
    isFolded: collation !== null && !/_bin$|^binary$/.test(collation),
  };
}

/** A key over an expression cannot be cut out of a row: the server itself finds a value that is there twice. */
function keyOf(name: string, rows: readonly KeyRow[], columns: readonly ColumnLayout[]): KeyLayout[] {
  const parts = rows.map(({ column, prefix }) => ({
    at: columns.findIndex((one) => one.name === column),
    prefix: prefix === null ? undefined : Number(prefix),
  }));
  return parts.some(({ at }) => at < 0) ? [] : [{ name, parts }];
}

function referencesOf(rows: readonly ReferenceRow[], tables: ReadonlyMap<string, TableLayout>, fold: Fold) {
  const placeOf = (table: string, column: string) =>
    tables.get(table)?.columns.findIndex(({ name }) => name.toLowerCase() === column.toLowerCase()) ?? -1;
  return [...groupBy(rows, ({ child, name }) => `${fold(child)} ${name}`).values()].flatMap((parts): Reference[] => {
    const [first] = parts;
    if (!first) return [];
    const [child, parent] = [fold(first.child), fold(first.parent)];
    const columns = parts.map(({ column }) => placeOf(child, column));
    const parentColumns = parts.map(({ parentColumn }) => placeOf(parent, parentColumn));
    return [...columns, ...parentColumns].includes(-1) ? [] : [{ child, columns, parent, parentColumns }];
  });
}

function groupBy<Row>(rows: readonly Row[], keyOf: (row: Row) => string): Map<string, Row[]> {
  const groups = new Map<string, Row[]>();
  for (const row of rows) {
    const key = keyOf(row);
    const group = groups.get(key);
    if (group) group.push(row);
    else groups.set(key, [row]);
  }
  return groups;
}
