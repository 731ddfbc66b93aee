import type { TokenKind } from './lexer.ts';

type Block = { readonly opener: string; expectsThen: boolean };

/** The object of a CREATE that may carry a body, and those that say it carries none. */
const WITH_BODY = new Set(['PROCEDURE', 'FUNCTION', 'TRIGGER', 'EVENT', 'PACKAGE', 'LIBRARY']);
const WITHOUT_BODY = new Set(
  'TABLE VIEW INDEX DATABASE SCHEMA USER ROLE SERVER SEQUENCE TEMPORARY UNIQUE FULLTEXT SPATIAL VECTOR ALGORITHM LOGFILE TABLESPACE UNDO RESOURCE'.split(
    ' ',
  ),
);
/** After one of these a statement of the body begins. */
const BEFORE_STATEMENT = new Set([';', ':', 'THEN', 'ELSE', 'DO', 'BEGIN', 'LOOP', 'REPEAT']);
/** Before a BEGIN that is the name of a column. */
const BEFORE_NAME = new Set(['.', ',', '(', '=']);

/**
 * Follows the blocks of a stored program's body, so that its semicolons are known from the one that ends it,
 * also where the author set no DELIMITER. BEGIN, END and REPEAT are no reserved words (they may name a column or
 * a function) and IF is a function too: each counts only where the grammar expects it.
 */
export class StoredProgram {
  #head: 'unread' | 'create' | 'begin' | 'program' | 'other' = 'unread';
  #blocks: Block[] = [];
  #previous = '';
  #isInHandler = false;
  /** How far `FOR name IN` (MariaDB's loop) has been read. */
  #forWords = 0;

  /** True for CREATE PROCEDURE, FUNCTION, TRIGGER, EVENT and for MariaDB's BEGIN NOT ATOMIC. */
  get isProgram(): boolean {
    return this.#head === 'program';
  }

  /** True inside a block: a semicolon here ends a statement of the body. */
  get isOpen(): boolean {
    return this.#blocks.length > 0;
  }

  /** True right after `AS`: MySQL 9 lets a body in another language follow between dollar quotes. */
  get isAfterAs(): boolean {
    return this.isProgram && this.#previous === 'AS';
  }

  read(kind: TokenKind, text: string, start: number, end: number): void {
    if (this.#head === 'other') return;
    const token = kind === 'word' || kind === 'symbol' ? text.slice(start, end).toUpperCase() : '';
    if (this.#head === 'program') this.#readBody(token);
    else this.#readHead(token);
    this.#previous = token;
  }

  #readHead(token: string): void {
    if (this.#head === 'unread') {
      this.#head =
        token === 'CREATE' || token === 'ALTER'
          ? 'create'
          : token === 'BEGIN' || token === 'DECLARE'
            ? 'begin'
            : 'other';
    } else if (this.#head === 'begin') {
      this.#head = token === 'NOT' ? 'program' : 'other';
      if (token === 'NOT') this.#open('BEGIN');
    } else if (WITH_BODY.has(token)) this.#head = 'program';
    else if (WITHOUT_BODY.has(token)) this.#head = 'other';
  }

  #readBody(token: string): void {
    const previous = this.#previous;
    this.#readFor(token);
    if (previous === 'REPEAT' && token === '(') this.#blocks.pop();
    if (previous === '.') return;
    if (token === ';') this.#isInHandler = false;
    else if (token === 'HANDLER') this.#isInHandler = true;
    else if (token === 'BEGIN') this.#readBegin();
    else if (token === 'END') this.#readEnd();
    else if (token === 'WHEN' || token === 'ELSEIF') this.#expectThen();
    else if (token === 'THEN') this.#readThen();
    else if (token === 'REPEAT' && previous === 'END') this.#close('REPEAT');
    else if (previous !== 'END' && (token === 'CASE' || token === 'LOOP' || token === 'WHILE' || token === 'REPEAT')) {
      this.#open(token);
    }
  }

  #readFor(token: string): void {
    if (token === 'FOR' && this.#previous !== 'END') this.#forWords = 1;
    else if (this.#forWords === 1) this.#forWords = 2;
    else {
      if (this.#forWords === 2 && token === 'IN') this.#open('FOR');
      this.#forWords = 0;
    }
  }

  #readBegin(): void {
    const isExpected = this.isOpen
      ? BEFORE_STATEMENT.has(this.#previous) || this.#isInHandler
      : !BEFORE_NAME.has(this.#previous);
    if (!isExpected) return;
    this.#isInHandler = false;
    this.#open('BEGIN');
  }

  /** A block's END follows a semicolon (or its own BEGIN), a CASE's END anything, a REPEAT's END its condition. */
  #readEnd(): void {
    const isInCase = this.#blocks.at(-1)?.opener === 'CASE';
    if (isInCase || this.#previous === ';' || this.#previous === 'BEGIN') this.#blocks.pop();
  }

  #expectThen(): void {
    const block = this.#blocks.at(-1);
    if (block) block.expectsThen = true;
  }

  /** A THEN that no WHEN or ELSEIF announced belongs to an IF: this alone tells the statement from the function. */
  #readThen(): void {
    const block = this.#blocks.at(-1);
    if (block?.expectsThen) block.expectsThen = false;
    else this.#open('IF');
  }

  #open(opener: string): void {
    this.#blocks.push({ opener, expectsThen: false });
  }

  #close(opener: string): void {
    if (this.#blocks.at(-1)?.opener === opener) this.#blocks.pop();
  }
}
