import { Tokens, unquote } from './tokens.ts';

/** What an inverse needs to know of a table, read from its SHOW CREATE TABLE text. */
export interface TableText {
  readonly columns: ReadonlySet<string>;
  /** Secondary indexes. */
  readonly indexes: readonly NamedPart[];
  readonly foreignKeys: readonly NamedPart[];
  readonly checks: readonly NamedPart[];
  /** The primary key's columns. */
  readonly primaryKey: readonly string[];
}

export interface NamedPart {
  readonly name: string;
  readonly columns: readonly string[];
  /** The line of the definition, as it stands behind ADD. */
  readonly line: string;
}

const INDEX_LINE = /^(?:UNIQUE |FULLTEXT |SPATIAL |VECTOR )?KEY /;
const FOREIGN_KEY_LINE = /^CONSTRAINT `(?:[^`]|``)+` FOREIGN KEY/;
const CHECK_LINE = /^CONSTRAINT `(?:[^`]|``)+` CHECK/;

/** SHOW CREATE TABLE puts each column, index and constraint on a line of its own, and quotes every name. */
export function readTableText(definition: string): TableText {
  const lines = definition
    .split('\n')
    .slice(1)
    .map((line) => line.trim().replace(/,$/, ''));
  const primary = lines.find((line) => line.startsWith('PRIMARY KEY'));
  return {
    columns: new Set(lines.filter((line) => line.startsWith('`')).map(nameIn)),
    indexes: toParts(lines, INDEX_LINE),
    foreignKeys: toParts(lines, FOREIGN_KEY_LINE),
    checks: toParts(lines, CHECK_LINE),
    primaryKey: primary === undefined ? [] : columnsIn(primary),
  };
}

function toParts(lines: readonly string[], pattern: RegExp): NamedPart[] {
  return lines
    .filter((line) => pattern.test(line))
    .map((line) => ({ name: nameIn(line), columns: columnsIn(line), line }));
}

function nameIn(line: string): string {
  const tokens = new Tokens(line);
  for (let token = tokens.next(); token; token = tokens.next()) {
    if (token.kind === 'name') return unquote(token);
  }
  return '';
}

function columnsIn(line: string): string[] {
  // Fulltext and spatial indexes serve no foreign key.
  if (/^(?:FULLTEXT|SPATIAL|VECTOR) /.test(line)) return [];
  const tokens = new Tokens(line);
  tokens.seek('(');
  return readColumnList(tokens);
}

/** With `(` next: the leading columns of an index that are indexed whole; moves behind the list. */
export function readColumnList(tokens: Tokens): string[] {
  const columns: string[] = [];
  let isKnown = tokens.take('(');
  while (tokens.peek() && !tokens.take(')')) {
    const column = tokens.keyword() === '(' ? undefined : tokens.name();
    // An expression, or the length of a prefix.
    if (tokens.keyword() === '(') isKnown = false;
    if (isKnown && column) columns.push(column.name);
    tokens.seek(',', ')');
    tokens.take(',');
  }
  return columns;
}

/** An index on `index` serves a foreign key on `columns` when they lead it in the same order. */
export function covers(index: readonly string[], columns: readonly string[]): boolean {
  return columns.length > 0 && columns.every((name, place) => index[place]?.toLowerCase() === name.toLowerCase());
}
