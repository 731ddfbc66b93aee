import { type QualifiedName, type Tokens, unquote } from './tokens.ts';

export interface TableReference {
  readonly table: QualifiedName;
  readonly alias?: string | undefined;
}

/** What may stand behind a table's name without being its alias. */
const NOT_ALIASES = new Set(
  'SET WHERE ORDER LIMIT USING FROM ON JOIN INNER CROSS LEFT RIGHT OUTER NATURAL STRAIGHT_JOIN PARTITION USE FORCE IGNORE RETURNING FOR'.split(
    ' ',
  ),
);

/**
 * The tables of a list or join up to one of the words in `until`, which is left in place (as is the end).
 * Subqueries are passed over, parentheses that only group are entered.
 */
export function aliasedTables(tokens: Tokens, until: readonly string[]): TableReference[] {
  const references: TableReference[] = [];
  let isExpected = true;
  for (let token = tokens.peek(); token && !until.includes(token.keyword); token = tokens.peek()) {
    const { keyword } = token;
    if (keyword === '(' && (!isExpected || isSubquery(tokens))) {
      tokens.skipParentheses();
      isExpected = false;
    } else if (isExpected && (token.kind === 'name' || token.kind === 'word')) {
      if (startsFunction(tokens)) tokens.next();
      else references.push(readReference(tokens));
      isExpected = false;
    } else {
      if (keyword === ',' || keyword === 'JOIN' || keyword === 'STRAIGHT_JOIN') isExpected = true;
      tokens.next();
    }
  }
  return references;
}

function isSubquery(tokens: Tokens): boolean {
  return ['SELECT', 'WITH', 'VALUES', 'TABLE'].includes(tokens.keyword(1));
}

/** `JSON_TABLE(…)`, `LATERAL (…)`: rows that are not stored. */
function startsFunction(tokens: Tokens): boolean {
  return tokens.peek()?.kind === 'word' && tokens.keyword(1) === '(';
}

function readReference(tokens: Tokens): TableReference {
  const table = tokens.name() ?? { name: '' };
  // `DELETE t.* FROM …`
  tokens.take('*');
  tokens.take('AS');
  const token = tokens.peek();
  const isAlias = token?.kind === 'name' || (token?.kind === 'word' && !NOT_ALIASES.has(token.keyword));
  if (!token || !isAlias) return { table };
  tokens.next();
  return { table, alias: unquote(token) };
}
