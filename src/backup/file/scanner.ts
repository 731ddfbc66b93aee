import { type RowCounter, RowLines, RowsInALine } from './row-counter.ts';

/** What a part of a dump is about. */
export interface Section {
  readonly kind: 'table' | 'sequence' | 'view' | 'triggers' | 'other';
  /** Of a table, sequence or view; the table's of triggers; else what the dump program calls it. */
  readonly name: string;
}

/** A stretch of a dump that belongs to one section. `begins`: the section that starts with its first byte. */
export interface Piece {
  readonly begins: Section | undefined;
  readonly bytes: Buffer;
  /** Rows that begin in these bytes; where each is a line of its own, that end in them. */
  readonly rows: number;
}

/** What a line of a dump means. `instead`: what is handed on in its place. */
interface Line {
  readonly section?: Section;
  readonly instead?: Buffer;
}

/** How many statements of a dump create an object of each kind. */
export interface CreatedCounts {
  trigger: number;
  procedure: number;
  function: number;
  event: number;
  package: number;
  'package body': number;
  library: number;
}

const NEWLINE = 0x0a;
const LETTER_V = 0x56;
const BACKTICK = 0x60;

const INSERT = Buffer.from('INSERT INTO `');
const VALUES_BYTES = 'VALUES'.length;
const SANDBOX = '/*M!999999\\-';
/** What a dump says whose rows are written as they are stored, and what is true of them: see `areRowsUtf8`. */
const NAMES_BINARY = '/*!40101 SET NAMES binary */;';
const NAMES_UTF8 = Buffer.from('/*!40101 SET NAMES utf8mb4 */;\n');
const NOTHING = Buffer.alloc(0);
const LONGEST_MARKER = 1024;
/** Behind a table's rows nothing but its triggers stands. Their database's character set may be switched for them. */
const TRIGGERS = /^(?:\/\*!50003 SET |ALTER DATABASE |DELIMITER ;;)/;

/** `-- Table structure for table `t``; views are complete only at their final structure. */
const SECTION =
  /^-- (?:(Table structure for table|Sequence structure for|Final view structure for view|Temporary (?:table|view) structure for view) `((?:[^`]|``)+)`|(Dumping \w+ for database) )/;

/** MariaDB's position, in a comment; then the dump sets back what it has set in the beginning; its last line tells the time. */
const ENDING = /^(?:-- The deferred gtid setting |\/\*!40103 SET TIME_ZONE=@OLD_TIME_ZONE)/;
export const END_OF_DUMP = 'the end';

/** In front of an event's statement stand lines that set its character set, and the database's if that has changed since. */
const SETTING = /^(?:\/\*![0-9]+ SET |ALTER DATABASE `)/;

/** First line of a statement between `DELIMITER ;;` and `DELIMITER ;`. Names are quoted as the object's sql_mode has it. */
const CREATE =
  /^(?:\/\*![0-9]+ )?CREATE(?:\*\/)? (?:\/\*![0-9]+ )?(?:OR REPLACE )?(?:DEFINER ?= ?(?:`(?:[^`]|``)*`(?:@`(?:[^`]|``)*`)?|"(?:[^"]|"")*"(?:@"(?:[^"]|"")*")?))?(?:\*\/)? *(?:\/\*![0-9]+ )?(?:AGGREGATE )?(TRIGGER|PROCEDURE|FUNCTION|EVENT|PACKAGE BODY|PACKAGE|LIBRARY)\b/i;

/**
 * Reads a dump as it streams by: cuts it at section boundaries, counts the rows of every INSERT and the objects that it
 * creates, leaves out MariaDB's sandbox line, which stops MySQL's and MariaDB's own older clients, and gives rows that are
 * dumped as they are stored the name of their character set.
 *
 * Both dump programs write every newline inside a value as `\n`, so a raw line break ends a line of the dump; inside
 * routine bodies (between two DELIMITER lines) it does not, and nothing there is taken for a boundary.
 */
export class DumpScanner {
  readonly created: CreatedCounts = {
    ...{ trigger: 0, procedure: 0, function: 0, event: 0 },
    ...{ package: 0, 'package body': 0, library: 0 },
  };
  #carried: Buffer = Buffer.alloc(0);
  /** While rows are read. */
  #rows: RowCounter | undefined;
  #isInBody = false;
  #isBodyStart = false;
  #isLastLineRead = false;
  readonly #cutsTriggers: boolean;
  /** The table whose section is read, while it may still have triggers. */
  #table: string | undefined;

  /** `cutsTriggers`: the triggers of a table are a section of their own, not the end of the table's. */
  constructor(options: { readonly cutsTriggers: boolean } = { cutsTriggers: false }) {
    this.#cutsTriggers = options.cutsTriggers;
  }

  /** The `-- Dump completed` line has been read, and nothing but blank lines after it. */
  get isComplete(): boolean {
    return this.#isLastLineRead && this.#carried.length === 0;
  }

  /** Pieces in the order of the dump; bytes of an unfinished line are kept for the next call. */
  *read(chunk: Buffer): Generator<Piece> {
    const bytes = this.#carried.length > 0 ? Buffer.concat([this.#carried, chunk]) : chunk;
    let pieceStart = 0;
    let begins: Section | undefined;
    let rows = 0;
    let at = 0;
    while (at < bytes.length) {
      if (this.#rows) {
        const { end, counted, isLast } = this.#rows.read(bytes, at);
        rows += counted;
        at = end;
        if (isLast) this.#rows = undefined;
        continue;
      }
      const line = this.#line(bytes, at);
      if (line === undefined) break;
      if (line.instead || line.section) {
        if (at > pieceStart) yield { begins, bytes: bytes.subarray(pieceStart, at), rows };
        if (line.instead?.length) yield { begins: undefined, bytes: line.instead, rows: 0 };
        pieceStart = line.instead ? line.end : at;
        begins = line.section;
        rows = 0;
      }
      at = line.end;
    }
    if (at > pieceStart) yield { begins, bytes: bytes.subarray(pieceStart, at), rows };
    // A copy: whoever reads may use the chunk's memory again.
    this.#carried = Buffer.from(bytes.subarray(at));
  }

  /** One line from `at`, or the head of an INSERT up to its rows; undefined when more bytes are needed. */
  #line(bytes: Buffer, at: number): (Line & { end: number }) | undefined {
    if (!this.#isInBody && startsWith(bytes, at, INSERT)) {
      const keyword = valuesKeyword(bytes, at);
      if (keyword === undefined || keyword + VALUES_BYTES >= bytes.length) return undefined;
      const rowsStart = keyword + VALUES_BYTES;
      const isRowALine = bytes[rowsStart] === NEWLINE;
      this.#rows = isRowALine ? new RowLines() : new RowsInALine();
      return { end: isRowALine ? rowsStart + 1 : rowsStart };
    }
    const newline = bytes.indexOf(NEWLINE, at);
    if (newline === -1) return undefined;
    const text = bytes.toString('latin1', at, Math.min(newline, at + LONGEST_MARKER));
    return { end: newline + 1, ...this.#readLine(text, bytes, at, newline) };
  }

  #readLine(text: string, bytes: Buffer, at: number, newline: number): Line {
    if (this.#isInBody) {
      if (this.#isBodyStart && !SETTING.test(text)) {
        this.#countCreated(text);
        this.#isBodyStart = false;
      }
      if (text === 'DELIMITER ;') this.#isInBody = false;
      // Between two events the delimiter is not set back, but set once more.
      else if (text === 'DELIMITER ;;') this.#isBodyStart = true;
      const instead = mendEnding(bytes.subarray(at, newline + 1));
      return instead ? { instead } : {};
    }
    if (text !== '') this.#isLastLineRead = text.startsWith('-- Dump completed');
    const triggers = this.#cutsTriggers ? this.#beginTriggers(text) : {};
    if (text === 'DELIMITER ;;') {
      this.#isInBody = true;
      this.#isBodyStart = true;
      return triggers;
    }
    if (text.startsWith(SANDBOX)) return { instead: NOTHING };
    if (text === NAMES_BINARY) return { instead: NAMES_UTF8 };
    if (ENDING.test(text)) return { section: { kind: 'other', name: END_OF_DUMP } };
    if (!text.startsWith('-- ')) return triggers;
    const section = parseSection(bytes.toString('utf8', at, newline));
    if (section) this.#table = section.kind === 'table' ? section.name : undefined;
    return section ? { section } : {};
  }

  #beginTriggers(text: string): { section?: Section } {
    if (this.#table === undefined || !TRIGGERS.test(text)) return {};
    const section = { kind: 'triggers', name: this.#table } as const;
    this.#table = undefined;
    return { section };
  }

  #countCreated(line: string): void {
    const kind = CREATE.exec(line)?.[1]?.toLowerCase() as keyof CreatedCounts | undefined;
    if (kind) this.created[kind]++;
  }
}

/**
 * How a dump ends a trigger, event or routine whose text ends with a semicolon. MySQL keeps it where the client sent several
 * statements in one packet; inside of the comment that a dump puts around it no server takes it.
 */
const KEPT_SEMICOLON = /\s*;[;\s]*( (?:\*\/ ?)?;;)$/;
const LONGEST_ENDING = 32;

/** What MySQL's dump program puts behind a text on its last line. */
const ENDING_OF_TEXT = /\S( (?:\*\/ ?)?;;)$/;

/**
 * The line without that semicolon; and where a comment to the end of the line may be open, what the dump program puts behind it
 * on a line of its own, where it is no part of the comment. Undefined: it stays as it is.
 */
function mendEnding(line: Buffer): Buffer | undefined {
  const end = line.length - 1;
  const tail = line.toString('latin1', Math.max(0, end - LONGEST_ENDING), end);
  if (!tail.endsWith(';;')) return undefined;
  const semicolon = KEPT_SEMICOLON.exec(tail);
  const ending = semicolon?.[1] ?? ENDING_OF_TEXT.exec(tail)?.[1];
  if (ending === undefined) return undefined;
  const text = line.subarray(0, end - (semicolon?.[0] ?? ending).length);
  const mayEndInComment = text.includes('--') || text.includes('#');
  if (!semicolon && !mayEndInComment) return undefined;
  return Buffer.concat([text, Buffer.from(`${mayEndInComment ? '\n' : ''}${ending}\n`)]);
}

function startsWith(bytes: Buffer, at: number, prefix: Buffer): boolean {
  return bytes.compare(prefix, 0, prefix.length, at, Math.min(at + prefix.length, bytes.length)) === 0;
}

/** Where the V of VALUES stands: outside of quoted names nothing before it has a V. */
function valuesKeyword(bytes: Buffer, at: number): number | undefined {
  let isQuoted = false;
  for (let i = at; i < bytes.length; i++) {
    const byte = bytes[i];
    if (byte === BACKTICK) isQuoted = !isQuoted;
    else if (byte === LETTER_V && !isQuoted) return i;
  }
  return undefined;
}

function parseSection(line: string): Section | undefined {
  const match = SECTION.exec(line);
  if (!match) return undefined;
  const name = match[2]?.replaceAll('``', '`');
  if (name === undefined) return { kind: 'other', name: match[3] ?? '' };
  if (match[1]?.startsWith('Table')) return { kind: 'table', name };
  if (match[1]?.startsWith('Sequence')) return { kind: 'sequence', name };
  return match[1]?.startsWith('Final') ? { kind: 'view', name } : { kind: 'other', name: `placeholder of ${name}` };
}
