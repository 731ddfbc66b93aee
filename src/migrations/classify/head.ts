import type { Tokens } from '../sql/tokens.ts';

const MODIFIERS = [
  'AGGREGATE',
  'UNIQUE',
  'FULLTEXT',
  'SPATIAL',
  'VECTOR',
  'ONLINE',
  'OFFLINE',
  'IGNORE',
  'UNDO',
] as const;

/**
 * Takes what may stand between CREATE or ALTER and the kind of the object. By the grammar, not by a search: an account may be called
 * as a kind of object is (`DEFINER=user@host VIEW`).
 */
export function skipModifiers(tokens: Tokens): void {
  for (;;) {
    if (tokens.take('DEFINER', '=')) skipAccount(tokens);
    else if (tokens.take('ALGORITHM', '=') || tokens.take('SQL', 'SECURITY')) tokens.next();
    else if (MODIFIERS.some((word) => tokens.take(word))) continue;
    else return;
  }
}

/** `name`, `name@host`, `CURRENT_USER()`; a host without quotes may hold dots and digits. */
function skipAccount(tokens: Tokens): void {
  tokens.next();
  tokens.take('(', ')');
  if (!tokens.take('@')) return;
  for (let last = tokens.next(); last?.kind === 'word' || last?.text === '.'; last = tokens.next()) {
    const next = tokens.peek();
    if (next?.start !== last.end || (next.kind !== 'word' && next.text !== '.')) return;
  }
}
