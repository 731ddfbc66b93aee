/** A CREATE TABLE statement as a dump program writes it, taken apart. */
export interface CreateTable {
  /** Up to and with the parenthesis that opens the list. */
  readonly opening: string;
  /** Columns, keys and constraints as written, without what separates them. */
  readonly items: readonly string[];
  /** From the parenthesis that closes the list, without the semicolon: engine, options, partitions. */
  readonly closing: string;
}

const QUOTES = new Set(["'", '"', '`']);

/** PURE: takes the statement apart; undefined when it is not understood, to be left as it is. */
export function parseCreateTable(statement: string): CreateTable | undefined {
  const open = indexOutsideQuotes(statement, '(', 0);
  if (open === undefined) return undefined;
  const items: string[] = [];
  let depth = 0;
  let start = open + 1;
  for (let at = open; at < statement.length; at++) {
    const char = statement[at] as string;
    if (QUOTES.has(char)) at = endOfQuoted(statement, at);
    else if (char === '(') depth++;
    else if (char === ')') depth--;
    const isLast = char === ')' && depth === 0;
    if (isLast || (char === ',' && depth === 1)) {
      items.push(statement.slice(start, at).trim());
      start = at + 1;
    }
    if (isLast) return { opening: statement.slice(0, open + 1), items, closing: statement.slice(at) };
  }
  return undefined;
}

/** PURE: the same statement with these items instead. */
export function writeCreateTable({ opening, closing }: CreateTable, items: readonly string[]): string {
  return `${opening}\n  ${items.join(',\n  ')}\n${closing}`;
}

/** PURE: where `char` stands for the first time from `from`, outside of names, strings and all that is quoted. */
export function indexOutsideQuotes(text: string, char: string, from: number): number | undefined {
  for (let at = from; at < text.length; at++) {
    const here = text[at] as string;
    if (here === char) return at;
    if (QUOTES.has(here)) at = endOfQuoted(text, at);
  }
  return undefined;
}

/** PURE: the text with everything quoted taken out, so that only the server's own words are left to be looked at. */
export function withoutQuoted(text: string): string {
  let rest = '';
  for (let at = 0; at < text.length; at++) {
    const char = text[at] as string;
    if (QUOTES.has(char)) at = endOfQuoted(text, at);
    rest += char;
  }
  return rest;
}

/** Where the quote that opens at `at` is closed; a doubled quote opens once more at once. */
function endOfQuoted(text: string, at: number): number {
  const quote = text[at];
  for (let i = at + 1; i < text.length; i++) {
    if (text[i] === '\\' && quote !== '`') i++;
    else if (text[i] === quote) return i;
  }
  return text.length;
}
