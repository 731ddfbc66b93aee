import { Tokens } from './tokens.ts';

/** `CREATE OR REPLACE …`, whatever comments stand between. */
export function isReplacing(text: string): boolean {
  return new Tokens(text).take('CREATE', 'OR', 'REPLACE');
}

const SEVERAL = ['TABLE', 'TABLES', 'VIEW', 'SEQUENCE', 'USER', 'ROLE'];

/** A DROP of several objects that passes over those that are gone; any other text as it is. */
export function dropIfExists(text: string): string {
  const tokens = new Tokens(text);
  if (!tokens.take('DROP') || !SEVERAL.includes(tokens.keyword())) return text;
  const kind = tokens.next();
  if (!kind || tokens.keyword() === 'IF') return text;
  return `${text.slice(0, kind.end)} IF EXISTS${text.slice(kind.end)}`;
}
