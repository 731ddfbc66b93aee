import { quoteName } from '../mysql/quote.ts';

/** A value as a single-quoted literal on one line. */
export function quoteText(value: string): string {
  const escaped = value
    .replaceAll('\\', '\\\\')
    .replaceAll("'", "''")
    .replaceAll('\n', '\\n')
    .replaceAll('\r', '\\r')
    .replaceAll('\0', '\\0');
  return `'${escaped}'`;
}

/** ` comment '…'`, or nothing. */
export function commentSuffix(comment: string | null): string {
  return comment ? ` comment ${quoteText(comment)}` : '';
}

const LITERAL_OR_QUALIFIER = /'(?:[^'\\]|\\.|'')*'|`(?:[^`]|``)*`\.?/gs;

/**
 * Takes the database's own name out of SQL that the server has printed, so that the same object in two databases
 * reads the same. Server-printed SQL quotes every name with backticks, and literals stay as they are. (A table alias
 * equal to the database's name is taken for the database: such a view compares only with itself.)
 */
export function withoutDatabase(sql: string, database: string): string {
  const own = `${quoteName(database)}.`;
  return sql.replace(LITERAL_OR_QUALIFIER, (token, offset: number) =>
    token === own && sql[offset - 1] !== '.' ? '' : token,
  );
}

/** True when `database.` stands anywhere in the text, string literals included: prepared statements are made of those. */
export function namesDatabase(text: string, database: string): boolean {
  const name = database.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
  return new RegExp(`(?:\`${name}\`|(?<![\\w$])${name})\\s*\\.`, 'i').test(text);
}

/**
 * A stored body, two spaces in front of every line. The semicolon at its end is no part of it: whether the server keeps
 * it depends on how the client cut its statements.
 */
export function bodyLines(body: string | null): string[] {
  if (body === null) return ['  (the body is hidden from this account)'];
  return body
    .replace(/[;\s]+$/, '')
    .split(/\r?\n/)
    .map((line) => `  ${line}`);
}
