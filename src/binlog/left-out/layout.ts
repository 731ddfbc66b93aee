import type { Session } from '../../mysql/connect.ts';
import type { Flavor } from '../../mysql/flavor.ts';
import { groupBy } from '../../schema/group.ts';
import { logsCascades } from '../judgement/cascades.ts';
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
  /** As the catalogue calls them: `CASCADE`, `SET NULL` … */
  readonly onDelete: string;
  readonly onUpdate: string;
}

/** What the tables of a database look like now. Names are in lower case where the server compares them so. */
export interface Layouts {
  readonly tables: ReadonlyMap<string, TableLayout>;
  readonly references: readonly Reference[];
  /** What foreign keys do to the rows of their tables is in the log. */
  readonly logsCascades: boolean;
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
  readonly onDelete: string;
  readonly onUpdate: string;
};

export async function readLayouts(session: Session, flavor: Flavor, named: NamedDatabase): Promise<Layouts> {
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
    `SELECT k.TABLE_NAME AS child, k.CONSTRAINT_NAME AS name, k.COLUMN_NAME AS \`column\`,
       k.REFERENCED_TABLE_NAME AS parent, k.REFERENCED_COLUMN_NAME AS parentColumn,
       r.DELETE_RULE AS onDelete, r.UPDATE_RULE AS onUpdate
     FROM information_schema.KEY_COLUMN_USAGE k JOIN information_schema.REFERENTIAL_CONSTRAINTS r
       ON r.CONSTRAINT_SCHEMA = k.CONSTRAINT_SCHEMA AND r.TABLE_NAME = k.TABLE_NAME AND r.CONSTRAINT_NAME = k.CONSTRAINT_NAME
     WHERE k.TABLE_SCHEMA = ? AND k.REFERENCED_TABLE_SCHEMA = ?
     ORDER BY k.TABLE_NAME, k.CONSTRAINT_NAME, k.ORDINAL_POSITION`,
    [database, database],
  );
  const fold = nameIn(named);
  const tables = tablesOf(columns, keys, fold);
  const logged = await logsCascades(session, flavor);
  return { tables, references: referencesOf(references, tables, fold), logsCascades: logged };
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
    const { onDelete, onUpdate } = first;
    const isKnown = ![...columns, ...parentColumns].includes(-1);
    return isKnown ? [{ child, columns, parent, parentColumns, onDelete, onUpdate }] : [];
  });
}
