/** What of the session's sql_mode changes how text is read (MySQL Reference Manual, "Server SQL Modes"). */
export interface LexicalModes {
  /** `NO_BACKSLASH_ESCAPES`: a backslash in a string is an ordinary character. */
  readonly noBackslashEscapes: boolean;
  /** `ANSI_QUOTES`: double quotes enclose a name, not a string. */
  readonly ansiQuotes: boolean;
  /** `lower_case_table_names` is not 0: what a statement names is called as the server will keep it. */
  readonly foldsNames?: boolean | undefined;
}

export const DEFAULT_MODES: LexicalModes = { noBackslashEscapes: false, ansiQuotes: false };

/** `name` is a quoted identifier; `word` an unquoted one, a keyword or a number; `open` and `close` enclose a version comment. */
export type TokenKind = 'space' | 'comment' | 'open' | 'close' | 'string' | 'name' | 'word' | 'symbol';

/** Executable on some servers: the number, if any, has 5 or 6 digits. */
const VERSION_COMMENT = /\/\*M?!(\d{5,6})?/y;
/** Versions that no server will reach: dumps use them for what must run nowhere. */
const NEVER = /^(?:99999|999999)$/;

const TAB = 9;
const NEWLINE = 10;
const SPACE = 32;
const DOUBLE_QUOTE = 34;
const HASH = 35;
const QUOTE = 39;
const STAR = 42;
const DASH = 45;
const SLASH = 47;
const BACKSLASH = 92;
const BACKTICK = 96;
const DELETE = 127;

function isSpace(code: number): boolean {
  return code === SPACE || (code >= TAB && code <= 13);
}

function isWordPart(code: number): boolean {
  return (
    (code >= 97 && code <= 122) ||
    (code >= 48 && code <= 57) ||
    (code >= 65 && code <= 90) ||
    code === 95 ||
    code === 36 ||
    code >= 128
  );
}

/**
 * Reads SQL token by token as the server's own lexer does, in one pass and without copying text.
 * Comments do not nest, but a version comment holds live SQL, which may hold comments.
 */
export class Lexer {
  readonly text: string;
  modes: LexicalModes;
  kind: TokenKind = 'space';
  start = 0;
  /** Where the token ends and the next begins; may be set to read on from elsewhere. */
  end = 0;
  /** How many version comments are open. */
  depth = 0;
  /** The quote or comment that the text's end left open, if any. */
  unclosed: { readonly opener: string; readonly at: number } | undefined;

  constructor(text: string, modes: LexicalModes = DEFAULT_MODES) {
    this.text = text;
    this.modes = modes;
  }

  /** Moves to the next token; false at the end of the text. */
  next(): boolean {
    this.start = this.end;
    if (this.start >= this.text.length) return false;
    this.#read(this.text.charCodeAt(this.start));
    return true;
  }

  #read(code: number): void {
    if (isWordPart(code)) this.#readRun('word', isWordPart);
    else if (isSpace(code)) this.#readRun('space', isSpace);
    else if (code === QUOTE) this.#readQuoted('string', code, !this.modes.noBackslashEscapes);
    else if (code === BACKTICK) this.#readQuoted('name', code, false);
    else if (code === DOUBLE_QUOTE && this.modes.ansiQuotes) this.#readQuoted('name', code, false);
    else if (code === DOUBLE_QUOTE) this.#readQuoted('string', code, !this.modes.noBackslashEscapes);
    else if (code === HASH || (code === DASH && this.#isDashComment())) this.#readLineComment();
    else if (code === SLASH && this.text.charCodeAt(this.start + 1) === STAR) this.#readBlockComment();
    else if (code === STAR && this.depth > 0 && this.text.charCodeAt(this.start + 1) === SLASH) this.#closeVersion();
    else this.#take('symbol', this.start + 1);
  }

  #take(kind: TokenKind, end: number): void {
    this.kind = kind;
    this.end = end;
  }

  #readRun(kind: TokenKind, belongs: (code: number) => boolean): void {
    let end = this.start + 1;
    while (end < this.text.length && belongs(this.text.charCodeAt(end))) end++;
    this.#take(kind, end);
  }

  /** A doubled quote stands for itself: it reads as one token. */
  #readQuoted(kind: 'string' | 'name', quote: number, hasEscapes: boolean): void {
    const { text } = this;
    for (let at = this.start + 1; at < text.length; at++) {
      const code = text.charCodeAt(at);
      if (code === BACKSLASH && hasEscapes) at++;
      else if (code === quote) {
        if (text.charCodeAt(at + 1) !== quote) {
          this.#take(kind, at + 1);
          return;
        }
        at++;
      }
    }
    this.#leaveOpen(String.fromCharCode(quote));
    this.#take(kind, text.length);
  }

  /** `--` opens a comment only before white space, a control character or the end: `1--1` is arithmetic. */
  #isDashComment(): boolean {
    if (this.text.charCodeAt(this.start + 1) !== DASH) return false;
    const after = this.text.charCodeAt(this.start + 2);
    return Number.isNaN(after) || after <= SPACE || after === DELETE;
  }

  #readLineComment(): void {
    const newline = this.text.indexOf('\n', this.start);
    const end = newline < 0 ? this.text.length : newline;
    this.#take('comment', this.text[end - 1] === '\r' ? end - 1 : end);
  }

  #readBlockComment(): void {
    VERSION_COMMENT.lastIndex = this.start;
    const version = VERSION_COMMENT.exec(this.text);
    if (version && !NEVER.test(version[1] ?? '')) {
      this.depth++;
      this.#take('open', this.start + version[0].length);
      return;
    }
    const close = this.text.indexOf('*/', this.start + 2);
    if (close < 0) this.#leaveOpen('/*');
    this.#take('comment', close < 0 ? this.text.length : close + 2);
  }

  #closeVersion(): void {
    this.depth--;
    this.#take('close', this.start + 2);
  }

  #leaveOpen(opener: string): void {
    this.unclosed = { opener, at: this.start };
  }
}

/** True where nothing stands before `at` on its line. */
export function isAtLineStart(text: string, at: number): boolean {
  return at === 0 || text.charCodeAt(at - 1) === NEWLINE;
}
