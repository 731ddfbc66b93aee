import type { LexicalModes } from './lexer.ts';
import { type Token, Tokens } from './tokens.ts';

/** `other`: not a variable: NAMES, TRANSACTION, ROLE, PASSWORD and the like. */
export type AssignmentScope = 'GLOBAL' | 'PERSIST' | 'PERSIST_ONLY' | 'SESSION' | 'user' | 'other';

/** One part of a SET statement. */
export interface Assignment {
  readonly scope: AssignmentScope;
  /** Of a system variable, as written: `sql_mode`, `validate_password.policy`. Of `other` its first word. */
  readonly name: string;
  /** As written, without comments. */
  readonly text: string;
  /** Keywords of the value, empty for quoted text. */
  readonly value: readonly string[];
}

/** SET NAMES and the like, which no scope is about. */
const CONNECTION = ['NAMES', 'CHARACTER', 'CHARSET', 'ROLE'];
const SCOPES = ['GLOBAL', 'PERSIST', 'PERSIST_ONLY', 'SESSION', 'LOCAL'];

/** PURE: of a SET statement; of any other one none. */
export function assignmentsOf(text: string, modes?: LexicalModes): Assignment[] {
  const tokens = new Tokens(text, modes);
  return tokens.take('SET') ? assignmentsIn(tokens) : [];
}

/**
 * The tokens stand behind SET. A scope in front of a variable holds for those behind it that have none; `@@GLOBAL.` does not
 * (MySQL Reference Manual, "SET Syntax for Variable Assignment").
 */
export function assignmentsIn(tokens: Tokens): Assignment[] {
  const found: Assignment[] = [];
  let sticky: AssignmentScope = 'SESSION';
  for (let piece = nextPiece(tokens); piece.length > 0; piece = nextPiece(tokens)) {
    const word = piece[0]?.keyword ?? '';
    if (SCOPES.includes(word) && isWord(piece[1])) sticky = scopeOf(word);
    found.push(readPiece(piece, sticky));
  }
  return found;
}

function isWord(token: Token | undefined): boolean {
  return token?.kind === 'word' || token?.kind === 'name';
}

function scopeOf(word: string): AssignmentScope {
  return word === 'LOCAL' ? 'SESSION' : (word as AssignmentScope);
}

/** Up to the next comma outside parentheses. */
function nextPiece(tokens: Tokens): Token[] {
  const piece: Token[] = [];
  let depth = 0;
  for (let token = tokens.next(); token; token = tokens.next()) {
    if (token.keyword === ',' && depth === 0) return piece;
    if (token.keyword === '(') depth++;
    if (token.keyword === ')') depth--;
    piece.push(token);
  }
  return piece;
}

function readPiece(piece: readonly Token[], sticky: AssignmentScope): Assignment {
  const text = joined(piece);
  const at = piece.findIndex(({ keyword }) => keyword === '=');
  const value = at < 0 ? [] : piece.slice(at + 1).map(({ keyword }) => keyword);
  const left = piece.slice(0, at < 0 ? piece.length : at).filter(({ keyword }) => keyword !== ':');
  const isSystem = left[0]?.keyword === '@' && left[1]?.keyword === '@';
  if (left[0]?.keyword === '@' && !isSystem) return { scope: 'user', name: '', text, value };
  const behind = isSystem ? left.slice(2) : left;
  const word = behind[0]?.keyword ?? '';
  const hasScope = SCOPES.includes(word) && behind.length > 1;
  const names = (hasScope ? behind.slice(1) : behind).filter(({ keyword }) => keyword !== '.');
  const name = names.map(nameOf).join('.');
  if (at < 0) {
    const isOfConnection = CONNECTION.includes(word) || !isServerWide(sticky);
    return { scope: isOfConnection ? 'other' : sticky, name: names[0] ? nameOf(names[0]) : '', text, value };
  }
  if (isSystem) return { scope: hasScope ? scopeOf(word) : 'SESSION', name, text, value };
  return { scope: sticky, name, text, value };
}

function nameOf({ kind, text }: Token): string {
  return kind === 'name' ? text.slice(1, -1) : text;
}

/** Lasts beyond the connection. */
export function isServerWide(scope: AssignmentScope): boolean {
  return scope === 'GLOBAL' || scope === 'PERSIST' || scope === 'PERSIST_ONLY';
}

/** What it sets is worked out by the server. */
export function isComputed({ value }: Assignment): boolean {
  return value.some(
    (word) => word === '@' || word === '(' || /^(?:SELECT|NOW|SYSDATE|LOCALTIME|CURRENT_|UTC_)/.test(word),
  );
}

/** It may call a stored function, which may write rows. */
export function mayCall({ value }: Assignment): boolean {
  return value.includes('(');
}

function joined(tokens: readonly Token[]): string {
  return tokens
    .map(({ text, end }, at) => (tokens[at + 1] && tokens[at + 1]?.start !== end ? `${text} ` : text))
    .join('');
}
