import { classify } from '../migrations/classify/classify.ts';
import type { LexicalModes } from '../migrations/sql/lexer.ts';
import { Tokens, unquote } from '../migrations/sql/tokens.ts';
import type { StatementKind, Touch } from '../migrations/types.ts';

/** What a restore does with a statement of the binary log. */
export type Verdict =
  /** It changes nothing of the database that is restored. */
  | { readonly is: 'skip' }
  /** It may run in another database of the same server: every name in it is without a database's. */
  | { readonly is: 'anywhere' }
  /** Only where the database has its own name, and nothing else is of worth. */
  | { readonly is: 'private'; readonly reason: string }
  /** Running it again would not bring about what it did then. */
  | { readonly is: 'refuse'; readonly reason: string };

export interface LoggedStatement {
  readonly text: string;
  /** The database in use; empty for none. */
  readonly database: string;
  readonly modes: LexicalModes;
}

/** MODE_ANSI_QUOTES and MODE_NO_BACKSLASH_ESCAPES: the same bits in both servers (sql_class.h, system_variables.h). */
const ANSI_QUOTES = 0x4n;
const NO_BACKSLASH_ESCAPES = 0x100000n;

export function modesOf(sqlMode: bigint): LexicalModes {
  return {
    ansiQuotes: (sqlMode & ANSI_QUOTES) !== 0n,
    noBackslashEscapes: (sqlMode & NO_BACKSLASH_ESCAPES) !== 0n,
  };
}

/** Accounts and the server's own settings are not part of a database. */
const OF_THE_SERVER =
  /^(?:(?:CREATE|ALTER|DROP|RENAME|SET) (?:USER|ROLE|SERVER|RESOURCE|INSTANCE|PASSWORD|DEFAULT)|GRANT|REVOKE|INSTALL|UNINSTALL|FLUSH|PURGE|RESET)/;
const AS_STATEMENT =
  'it is in the log as a statement, not as the rows that it changed (binlog_format), and may not do the same again';
const MOVES_TABLES = 'it moves tables between two databases, as a restore does';

/** Decides about one statement. Names are compared in lower case: too strict where case tells databases apart. */
export function judgeStatement(statement: LoggedStatement, live: string): Verdict {
  const { text, modes } = statement;
  const { kind, verb, touches } = classify(text, modes);
  const isNamed = namesDatabase(text, live, modes);
  if (!isNamed && !isSame(statement.database, live)) return { is: 'skip' };
  if (isOfDatabase(verb)) return isNamed ? { is: 'private', reason: `${verb} names ${live}` } : { is: 'skip' };
  if (kind === 'session' || kind === 'admin' || OF_THE_SERVER.test(verb)) return { is: 'skip' };
  if (!isRepeatable(kind, verb) || selectsRows(verb, text, modes)) return { is: 'refuse', reason: AS_STATEMENT };
  const qualifiers = findQualifiers(text, modes);
  const [other] = qualifiers.filter((name) => !isSame(name, live));
  // Both names of a RENAME may stand in one database or in two; of the other one nothing is known here.
  if (other !== undefined && touches.some(({ to }) => to)) return { is: 'refuse', reason: MOVES_TABLES };
  if (isNamed) return { is: 'private', reason: `it names ${live} in its text` };
  if (other === undefined) return reachOf(touches, verb);
  if (touches.every(({ schema }) => schema !== undefined)) return { is: 'skip' };
  return { is: 'private', reason: `it names ${other} in its text` };
}

function reachOf(touches: readonly Touch[], verb: string): Verdict {
  const isOfTables = touches.every(({ object }) => object.startsWith('table:'));
  return isOfTables ? { is: 'anywhere' } : { is: 'private', reason: `${verb} is about more than a table` };
}

/** `ALTER TABLE … TRUNCATE PARTITION` and the like count as opaque elsewhere, because no evidence is left of them. */
function isRepeatable(kind: StatementKind, verb: string): boolean {
  return kind === 'ddl' || kind === 'truncate' || (kind === 'opaque' && verb === 'ALTER TABLE');
}

/** `CREATE TABLE … SELECT`. In ROW format the log has the table's definition and then its rows. */
function selectsRows(verb: string, text: string, modes: LexicalModes): boolean {
  if (verb !== 'CREATE TABLE') return false;
  const tokens = new Tokens(text, modes);
  for (let token = tokens.next(); token; token = tokens.next()) if (token.keyword === 'SELECT') return true;
  return false;
}

function isOfDatabase(verb: string): boolean {
  return /^(?:CREATE|ALTER|DROP) (?:DATABASE|SCHEMA)$/.test(verb);
}

/** Whether the text names the database: in front of a dot, or behind DATABASE and SCHEMA. */
export function namesDatabase(text: string, database: string, modes: LexicalModes): boolean {
  if (findQualifiers(text, modes).some((name) => isSame(name, database))) return true;
  const tokens = new Tokens(text, modes);
  for (let token = tokens.next(); token; token = tokens.next()) {
    if (token.keyword !== 'DATABASE' && token.keyword !== 'SCHEMA') continue;
    tokens.skip('IF', 'NOT', 'EXISTS');
    const name = tokens.peek();
    if (name && isSame(unquote(name), database)) return true;
  }
  return false;
}

/** Every name in front of a dot: databases, but also tables and aliases in front of columns. */
function findQualifiers(text: string, modes: LexicalModes): string[] {
  const tokens = new Tokens(text, modes);
  const names: string[] = [];
  for (let token = tokens.next(); token; token = tokens.next()) {
    const isName = (token.kind === 'word' && !/^\d+$/.test(token.text)) || token.kind === 'name';
    if (isName && tokens.keyword() === '.') names.push(unquote(token));
  }
  return names;
}

function isSame(one: string, other: string): boolean {
  return one.toLowerCase() === other.toLowerCase();
}
