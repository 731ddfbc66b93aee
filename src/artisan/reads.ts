import { Tokens, unquote } from '../migrations/sql/tokens.ts';

/** Where the server itself keeps what it knows. */
const SYSTEM = new Set(['information_schema', 'performance_schema', 'mysql', 'sys']);
const ENDS_LIST = new Set([
  'WHERE',
  'GROUP',
  'ORDER',
  'HAVING',
  'LIMIT',
  'UNION',
  'WINDOW',
  'FOR',
  'INTO',
  'ON',
  'USING',
]);
const ASKS_FOR_LAST = /\b(?:LAST_INSERT_ID|ROW_COUNT|FOUND_ROWS)\s*\(/i;

/**
 * PURE: what of production's rows the answer to a query depends on, in a word; undefined for what the clone answers as
 * production would: the schema, settings, and tables that the migrations themselves have made. `isInProduction` knows
 * production's own tables and views.
 */
export function rowsReadBy(sql: string, isInProduction: (table: string) => boolean): string | undefined {
  const last = ASKS_FOR_LAST.exec(sql)?.[0];
  if (last !== undefined) return `${last.replace(/\s*\($/, '')}()`;
  return tablesIn(sql).find(({ schema, name }) => {
    if (schema !== undefined) return !SYSTEM.has(schema.toLowerCase());
    return isInProduction(name);
  })?.name;
}

/** Too many rather than too few: a name behind a comma of a FROM may be a column. */
function tablesIn(sql: string): { readonly name: string; readonly schema?: string | undefined }[] {
  const tokens = new Tokens(sql);
  if (['SHOW', 'DESCRIBE', 'DESC'].includes(tokens.keyword()) || isExplain(tokens)) return [];
  const tables: { name: string; schema?: string | undefined }[] = [];
  let isInList = false;
  let isExpected = tokens.keyword() === 'TABLE';
  for (let token = tokens.next(); token; token = tokens.next()) {
    const { keyword, kind } = token;
    const isName = kind === 'name' || (kind === 'word' && /^[^\d]/.test(token.text));
    if (['FROM', 'JOIN', 'STRAIGHT_JOIN'].includes(keyword)) isInList = isExpected = true;
    else if (keyword === 'SELECT' || ENDS_LIST.has(keyword)) isInList = isExpected = false;
    else if (keyword === ',' && isInList) isExpected = true;
    else if (isExpected && isName && keyword !== 'TABLE' && keyword !== 'LATERAL') {
      const first = unquote(token);
      const second = tokens.take('.') ? tokens.next() : undefined;
      tables.push(second ? { schema: first, name: unquote(second) } : { name: first });
      isExpected = false;
    }
  }
  return tables;
}

/** `EXPLAIN t` is DESCRIBE. A plan depends on rows too, but nobody's statements depend on a plan. */
function isExplain(tokens: Tokens): boolean {
  return tokens.keyword() === 'EXPLAIN';
}
