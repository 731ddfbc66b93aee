import { DEFAULT_MODES, isAtLineStart, Lexer, type LexicalModes } from './lexer.ts';
import { modesAfter } from './sql-mode.ts';
import { StoredProgram } from './stored-program.ts';

/** A statement's text without its delimiter and the comments around it; lines are 1-based. */
export interface StatementText {
  readonly type: 'statement';
  readonly text: string;
  readonly line: number;
  /** How its quotes and backslashes are to be read. */
  readonly modes: LexicalModes;
}

/** A line `-- migrate:NAME …`. */
export interface SectionHeading {
  readonly type: 'section';
  readonly name: string;
  readonly argument: string;
  readonly line: number;
}

/** Something that no server could make sense of. */
export interface SyntaxProblem {
  readonly line: number;
  readonly what: string;
  readonly remedy: string;
}

export interface Script {
  readonly pieces: readonly (StatementText | SectionHeading)[];
  readonly problems: readonly SyntaxProblem[];
}

// dbmate takes the heading without a blank after the dashes too, although MySQL would not call that a comment.
// goose and sql-migrate have headings of their own; what else they say in comments, the splitter knows by itself.
const HEADING = /--[ \t]*(?:migrate:([A-Za-z_]+)|\+(?:goose|migrate)[ \t]+(Up|Down)\b)([^\n]*)/y;
const DELIMITER_COMMAND = /delimiter(?:[ \t]+([^\n]*))?(?=\n|$)/iy;
const DOLLAR_QUOTE = /\$[A-Za-z0-9_]*\$/y;

/**
 * Splits a script into statements and section headings, in one pass.
 *
 * `;` ends a statement, except in a stored program's body and in version comments. `DELIMITER`, a command of the
 * mysql client, is obeyed at the start of a line. A heading ends the statement before it and sets the delimiter back.
 * `modes` are those that the session begins with; `SET sql_mode` in the script is followed.
 */
export function splitScript(text: string, modes: LexicalModes = DEFAULT_MODES): Script {
  return new Splitter(text, modes).run();
}

class Splitter {
  readonly #text: string;
  readonly #initialModes: LexicalModes;
  readonly #lexer: Lexer;
  readonly #pieces: (StatementText | SectionHeading)[] = [];
  readonly #problems: SyntaxProblem[] = [];
  #delimiter = ';';
  #delimiterLine = 0;
  /** Where the delimiter stands next in the text, at or after what has been read. */
  #nextDelimiter = -1;
  #program = new StoredProgram();
  #statementStart = -1;
  #statementEnd = -1;
  #countedTo = 0;
  #line = 1;

  constructor(text: string, modes: LexicalModes) {
    this.#text = text.startsWith('\ufeff') ? text.slice(1) : text;
    this.#initialModes = modes;
    this.#lexer = new Lexer(this.#text, modes);
  }

  run(): Script {
    while (this.#step());
    this.#finish(this.#text.length);
    return { pieces: this.#pieces, problems: this.#problems };
  }

  #step(): boolean {
    const lexer = this.#lexer;
    if (this.#delimiter !== ';' && this.#isAtDelimiter()) return true;
    if (!lexer.next()) return false;
    if (lexer.kind === 'space' || (this.#isLineStart() && this.#readCommand())) return true;
    if (lexer.kind === 'comment') return true;
    if (this.#endsHere()) {
      this.#endStatement();
      return true;
    }
    this.#extendStatement();
    return true;
  }

  /** A delimiter set by the author counts anywhere outside quotes and comments, within a word too (`END$$`). */
  #isAtDelimiter(): boolean {
    const lexer = this.#lexer;
    if (this.#nextDelimiter < lexer.end) {
      const found = this.#text.indexOf(this.#delimiter, lexer.end);
      this.#nextDelimiter = found < 0 ? Number.POSITIVE_INFINITY : found;
    }
    if (this.#nextDelimiter !== lexer.end || lexer.depth > 0) return false;
    this.#endStatement();
    lexer.end += this.#delimiter.length;
    return true;
  }

  /** A semicolon ends a statement under another delimiter too, unless it stands in a stored program. */
  #endsHere(): boolean {
    const { kind, start, depth } = this.#lexer;
    if (kind !== 'symbol' || depth > 0 || this.#text[start] !== ';') return false;
    return this.#delimiter === ';' ? !this.#program.isOpen : !this.#program.isProgram;
  }

  #extendStatement(): void {
    const lexer = this.#lexer;
    if (lexer.kind === 'word') {
      if (this.#delimiter !== ';' && this.#nextDelimiter < lexer.end) lexer.end = this.#nextDelimiter;
      this.#takeDollarQuoted();
    }
    if (this.#statementStart < 0) this.#statementStart = lexer.start;
    this.#statementEnd = lexer.end;
    this.#program.read(lexer.kind, this.#text, lexer.start, lexer.end);
  }

  #takeDollarQuoted(): void {
    if (!this.#program.isAfterAs || this.#delimiter.startsWith('$')) return;
    DOLLAR_QUOTE.lastIndex = this.#lexer.start;
    const opener = DOLLAR_QUOTE.exec(this.#text)?.[0];
    if (opener === undefined) return;
    const close = this.#text.indexOf(opener, this.#lexer.start + opener.length);
    if (close < 0) this.#lexer.unclosed = { opener, at: this.#lexer.start };
    this.#lexer.end = close < 0 ? this.#text.length : close + opener.length;
    this.#lexer.kind = 'string';
  }

  /** White space may stand before DELIMITER, but not before a heading: an indented one is a comment. */
  #isLineStart(): boolean {
    const { kind, depth, start } = this.#lexer;
    if (depth > 0) return false;
    if (kind !== 'word') return isAtLineStart(this.#text, start);
    if (start + 9 > this.#lexer.end || !/^delimiter$/i.test(this.#text.slice(start, start + 9))) return false;
    let at = start;
    while (at > 0 && /[ \t]/.test(this.#text[at - 1] ?? '')) at--;
    return isAtLineStart(this.#text, at);
  }

  #readCommand(): boolean {
    const { start, kind } = this.#lexer;
    const pattern = kind === 'word' ? DELIMITER_COMMAND : HEADING;
    pattern.lastIndex = start;
    const match = pattern.exec(this.#text);
    if (!match) return false;
    this.#lexer.end = start + match[0].length;
    if (kind === 'word') this.#setDelimiter(match[1] ?? '');
    else this.#readHeading(match[1] ?? match[2] ?? '', match[3] ?? '');
    return true;
  }

  #readHeading(name: string, argument: string): void {
    const at = this.#lexer.start;
    if (name.toLowerCase() !== 'allow') this.#finish(at);
    this.#pieces.push({ type: 'section', name: name.toLowerCase(), argument: argument.trim(), line: this.#lineOf(at) });
  }

  /** As the client does: the first word is taken, quotes around it are dropped, a statement left open is ended. */
  #setDelimiter(argument: string): void {
    this.#endStatement();
    const line = this.#lineOf(this.#lexer.start);
    const delimiter = (argument.trim().split(/\s+/)[0] ?? '').replace(/^(['"`])(.+)\1$/, '$2');
    if (delimiter === '' || delimiter.includes('\\')) {
      this.#problems.push({
        line,
        what: delimiter === '' ? 'DELIMITER without a delimiter' : 'DELIMITER with a backslash',
        remedy: 'write for example: DELIMITER //',
      });
      return;
    }
    this.#delimiter = delimiter;
    this.#delimiterLine = line;
    this.#nextDelimiter = -1;
  }

  #endStatement(): void {
    if (this.#statementStart >= 0) {
      const text = this.#text.slice(this.#statementStart, this.#statementEnd);
      const { modes } = this.#lexer;
      this.#pieces.push({ type: 'statement', text, line: this.#lineOf(this.#statementStart), modes });
      this.#lexer.modes = modesAfter(text, modes, this.#initialModes);
    }
    this.#program = new StoredProgram();
    this.#statementStart = -1;
  }

  /** The end of a section or of the file: the last statement needs no delimiter, but nothing may be left open. */
  #finish(at: number): void {
    const problem = this.#whatIsOpen(at);
    if (problem) this.#problems.push(problem);
    this.#endStatement();
    this.#delimiter = ';';
    this.#lexer.depth = 0;
    this.#lexer.modes = this.#initialModes;
  }

  #whatIsOpen(at: number): SyntaxProblem | undefined {
    const { unclosed, depth } = this.#lexer;
    const begun = Math.max(this.#statementStart, 0);
    if (unclosed && at === this.#text.length) {
      const isComment = unclosed.opener === '/*';
      return {
        line: this.#lineOf(unclosed.at),
        what: `${isComment ? 'comment' : 'quote'} ${unclosed.opener} is never closed`,
        remedy: `close it with ${isComment ? '*/' : unclosed.opener}`,
      };
    }
    if (depth > 0) {
      return { line: this.#lineOf(begun), what: 'version comment /*! is never closed', remedy: 'close it with */' };
    }
    if (this.#program.isOpen && this.#delimiter === ';') {
      return { line: this.#lineOf(begun), what: 'BEGIN without its END', remedy: 'end the body with END;' };
    }
    if (this.#delimiter !== ';') {
      return {
        line: this.#delimiterLine,
        what: `DELIMITER ${this.#delimiter} is never set back`,
        remedy: 'write DELIMITER ; after the last statement that needs it',
      };
    }
    return undefined;
  }

  /** Lines are counted onward from the last question; a question about text before it starts over. */
  #lineOf(at: number): number {
    if (at < this.#countedTo) {
      this.#countedTo = 0;
      this.#line = 1;
    }
    for (let next = this.#text.indexOf('\n', this.#countedTo); next >= 0 && next < at; this.#line++) {
      this.#countedTo = next + 1;
      next = this.#text.indexOf('\n', this.#countedTo);
    }
    return this.#line;
  }
}
