import { type CreateTable, parseCreateTable, withoutQuoted, writeCreateTable } from './create-table.ts';

/** How one table is built: what stands in its CREATE TABLE, and what is added to it later. */
export interface TableBuild {
  readonly create: string;
  /** Secondary indexes, added once its rows are there. */
  readonly indexes: string | undefined;
  /** Foreign keys, added once every table has its indexes. */
  readonly foreignKeys: string | undefined;
  /** Its rows end in the same table whatever order they come in: nothing but the primary key is looked at meanwhile. */
  readonly isOrdered: boolean;
}

/** A table's CREATE TABLE (bytes as latin1, without its semicolon) and whether it is large enough to gain by it. */
export interface TableText {
  readonly create: string;
  readonly isLarge: boolean;
}

const KEY = /^(?:UNIQUE )?KEY /;
const UNIQUE = /^UNIQUE /;
const PRIMARY = /^PRIMARY KEY \(/;
const FOREIGN_KEY = /^CONSTRAINT `(?:[^`]|``)+` FOREIGN KEY /;
const CHECK = /^CONSTRAINT `(?:[^`]|``)+` CHECK /;
const COLUMN = /^`/;
const REFERENCE = /\) REFERENCES (`(?:[^`]|``)+`(?:\.`(?:[^`]|``)+`)?) \(((?:`(?:[^`]|``)+`(?:, ?)?)+)\)/;

/**
 * Words that stand for something whose index is more than a sorted list of columns: an index on an expression or a
 * generated column brings a column of its own, a versioned or partitioned table has keys that the server completes.
 */
const UNCERTAIN =
  /\(\(|\bAS \(|GENERATED ALWAYS|USING HASH|SYSTEM VERSIONING|PERIOD FOR|PARTITION BY|(?:DATA|INDEX) DIRECTORY/i;

/**
 * PURE: which indexes are built after the rows. Sorting all entries once is faster than finding the place of each, but
 * it must end in exactly the same table, so that only plain InnoDB tables are touched, and none when the text of any
 * is not understood. The server sorts keys by kind and then by age, so that they are taken out kind by kind.
 */
export function deferIndexes(tables: ReadonlyMap<string, TableText>): Map<string, TableBuild> {
  const parsed = new Map([...tables].map(([name, { create }]) => [name, parseCreateTable(create)] as const));
  const isUnderstood = [...parsed.values()].every((table) => table?.items.every(isKnown) === true);
  const needed = isUnderstood ? referencedBesidePrimary(parsed) : new Set<string>();
  return new Map(
    [...tables].map(([name, { create, isLarge }]) => {
      const table = parsed.get(name);
      const isDeferred = isUnderstood && table && isLarge && !needed.has(quoted(name)) && isPlain(table);
      return [
        name,
        isDeferred ? build(name, table) : { create, indexes: undefined, foreignKeys: undefined, isOrdered: false },
      ];
    }),
  );
}

/** Whether the item is of a kind that we know, or at least one that is left where it is. */
function isKnown(item: string): boolean {
  return [COLUMN, PRIMARY, KEY, FOREIGN_KEY, CHECK, /^(?:FULLTEXT|SPATIAL|VECTOR) KEY /, /^PERIOD FOR /].some((kind) =>
    kind.test(item),
  );
}

function isPlain(table: CreateTable): boolean {
  if (!/^\) ENGINE=InnoDB\b/.test(table.closing) || UNCERTAIN.test(withoutQuoted(table.closing))) return false;
  // A full-text, spatial or vector index is built by rules of its own.
  return (
    table.items.every((item) => isKnown(item) && !/^[FSV]\w+ KEY /.test(item) && !UNCERTAIN.test(shape(item))) &&
    countsByPrimaryKey(table)
  );
}

/** The item without quoted text; of a check the expression does not matter. */
function shape(item: string): string {
  return CHECK.test(item) ? '' : withoutQuoted(item);
}

/** An AUTO_INCREMENT column has to lead an index from the beginning. */
function countsByPrimaryKey({ items }: CreateTable): boolean {
  const counted = items.find((item) => COLUMN.test(item) && /\bAUTO_INCREMENT\b/.test(withoutQuoted(item)));
  if (counted === undefined) return true;
  const name = /^`(?:[^`]|``)+`/.exec(counted)?.[0] ?? '';
  return items.some((item) => item.startsWith(`PRIMARY KEY (${name}`));
}

/** Parents (quoted) that a foreign key reaches by another key than the primary one: it has to be there before the child. */
function referencedBesidePrimary(parsed: ReadonlyMap<string, CreateTable | undefined>): Set<string> {
  const primary = new Map(
    [...parsed].map(([name, table]) => [quoted(name), table?.items.find((item) => PRIMARY.test(item)) ?? '']),
  );
  const references = [...parsed.values()].flatMap(
    (table) => table?.items.filter((item) => FOREIGN_KEY.test(item)) ?? [],
  );
  return new Set(
    references.flatMap((item) => {
      const [, parent = '', columns = ''] = REFERENCE.exec(item) ?? [];
      const wanted = `PRIMARY KEY (${columns.replaceAll(', ', ',')}`;
      return primary.get(parent)?.startsWith(wanted) === true ? [] : [parent];
    }),
  );
}

function build(name: string, table: CreateTable): TableBuild {
  // Without a primary key a unique one decides how the rows are stored.
  const hasPrimary = table.items.some((item) => PRIMARY.test(item));
  const indexes = table.items.filter((item) => KEY.test(item) && (hasPrimary || !UNIQUE.test(item)));
  const foreignKeys = table.items.filter((item) => FOREIGN_KEY.test(item));
  const kept = table.items.filter((item) => !indexes.includes(item) && !foreignKeys.includes(item));
  return {
    create: writeCreateTable(table, kept),
    indexes: addition(name, indexes),
    foreignKeys: addition(name, foreignKeys),
    isOrdered: hasPrimary,
  };
}

function addition(name: string, items: readonly string[]): string | undefined {
  if (items.length === 0) return undefined;
  return `ALTER TABLE ${quoted(name)} ${items.map((item) => `ADD ${item}`).join(', ')};\n`;
}

/** A name as it stands in a dump whose bytes are read as latin1. */
function quoted(name: string): string {
  return `\`${Buffer.from(name, 'utf8').toString('latin1').replaceAll('`', '``')}\``;
}
