import { DEFAULT_MODES, Lexer, type LexicalModes } from './lexer.ts';

export interface Token {
  readonly kind: 'word' | 'name' | 'string' | 'symbol';
  readonly text: string;
  /** In upper case when it is a word, else as written: quoted text never looks like a keyword. */
  readonly keyword: string;
  readonly start: number;
  readonly end: number;
}

/** A name as written: `schema.name` or `name`, unquoted. */
export interface QualifiedName {
  readonly name: string;
  readonly schema?: string | undefined;
}

/**
 * The tokens of one statement without comments and white space; what stands in version comments counts.
 * They are read on demand: the head of a long INSERT costs nothing for its rows.
 */
export class Tokens {
  readonly #lexer: Lexer;
  readonly #read: Token[] = [];
  #at = 0;

  constructor(text: string, modes: LexicalModes = DEFAULT_MODES) {
    this.#lexer = new Lexer(text, modes);
  }

  /** The token `ahead` places from here; undefined past the end. */
  peek(ahead = 0): Token | undefined {
    while (this.#read.length <= this.#at + ahead) {
      const token = this.#readOne();
      if (!token) return undefined;
      this.#read.push(token);
    }
    return this.#read[this.#at + ahead];
  }

  /** The keyword (or symbol) `ahead` places from here; empty for quoted text and at the end. */
  keyword(ahead = 0): string {
    return this.peek(ahead)?.keyword ?? '';
  }

  next(): Token | undefined {
    const token = this.peek();
    if (token) this.#at++;
    return token;
  }

  /** Takes these keywords if all of them come next. */
  take(...keywords: readonly string[]): boolean {
    if (keywords.some((keyword, index) => this.keyword(index) !== keyword)) return false;
    this.#at += keywords.length;
    return true;
  }

  /** Takes any of these keywords, as often as they come. */
  skip(...keywords: readonly string[]): void {
    while (this.peek() && keywords.includes(this.keyword())) this.#at++;
  }

  /** Moves on to the first of these keywords outside parentheses; false (and at the end) if there is none. */
  seek(...keywords: readonly string[]): boolean {
    for (let token = this.peek(); token; token = this.peek()) {
      if (keywords.includes(token.keyword)) return true;
      if (token.keyword === '(') this.skipParentheses();
      else this.#at++;
    }
    return false;
  }

  /** With the next token an opening parenthesis: moves behind the one that closes it. */
  skipParentheses(): void {
    let depth = 0;
    do {
      const keyword = this.next()?.keyword;
      if (keyword === undefined) return;
      if (keyword === '(') depth++;
      if (keyword === ')') depth--;
    } while (depth > 0);
  }

  /** Takes `name` or `schema.name`; undefined when no name comes next. */
  name(): QualifiedName | undefined {
    const first = this.#identifier();
    if (first === undefined) return undefined;
    if (this.keyword() !== '.') return { name: first };
    this.next();
    const second = this.#identifier();
    return second === undefined ? { name: first } : { schema: first, name: second };
  }

  #identifier(): string | undefined {
    const token = this.peek();
    if (token?.kind !== 'word' && token?.kind !== 'name') return undefined;
    this.#at++;
    return unquote(token);
  }

  #readOne(): Token | undefined {
    const lexer = this.#lexer;
    while (lexer.next()) {
      const { kind, start, end } = lexer;
      if (kind !== 'word' && kind !== 'name' && kind !== 'string' && kind !== 'symbol') continue;
      const text = lexer.text.slice(start, end);
      const keyword = kind === 'word' ? text.toUpperCase() : kind === 'symbol' ? text : '';
      return { kind, text, keyword, start, end };
    }
    return undefined;
  }
}

/** PURE: to look forwards and backwards in; reads the whole text. */
export function allTokens(text: string, modes?: LexicalModes): Token[] {
  const tokens = new Tokens(text, modes);
  const all: Token[] = [];
  for (let token = tokens.next(); token; token = tokens.next()) all.push(token);
  return all;
}

/** The identifier that a token stands for. */
export function unquote(token: Token): string {
  if (token.kind !== 'name') return token.text;
  const quote = token.text[0] ?? '';
  return token.text.slice(1, -1).replaceAll(quote + quote, quote);
}
