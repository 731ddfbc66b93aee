import { hash } from 'node:crypto';
import { DEFAULT_MODES, Lexer, type LexicalModes } from './sql/lexer.ts';

/** Changes with the way of normalising, so that a new release of the tool never takes an old file for an edited one. */
const ALGORITHM = 'v1';

/**
 * `v1:<sha256 hex>` of a migration's text. A byte order mark, white space at the end and the kind of line ending make
 * no difference (git may change them), except inside quotes, where they are data.
 */
export function checksumOf(text: string): string {
  const unmarked = text.startsWith('\ufeff') ? text.slice(1) : text;
  return `${ALGORITHM}:${sha256(normaliseLineEndings(unmarked, DEFAULT_MODES).replace(/[ \t\r\n]+$/, ''))}`;
}

/** SHA-256, hex, of one statement's text, normalised alike. */
export function digestOf(text: string, modes: LexicalModes = DEFAULT_MODES): string {
  return sha256(normaliseLineEndings(text, modes));
}

function sha256(text: string): string {
  return hash('sha256', text);
}

/** CR LF becomes LF outside quotes. A CR alone is no line ending to MySQL: it does not end a comment. */
function normaliseLineEndings(text: string, modes: LexicalModes): string {
  if (!text.includes('\r\n')) return text;
  const lexer = new Lexer(text, modes);
  const parts: string[] = [];
  while (lexer.next()) {
    const part = text.slice(lexer.start, lexer.end);
    parts.push(lexer.kind === 'string' || lexer.kind === 'name' ? part : part.replaceAll('\r\n', '\n'));
  }
  return parts.join('');
}
