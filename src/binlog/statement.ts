import { classify } from '../migrations/classify/classify.ts';
import type { LexicalModes } from '../migrations/sql/lexer.ts';
import { Tokens, unquote } from '../migrations/sql/tokens.ts';
import type { StatementKind, Touch } from '../migrations/types.ts';
import { JOURNAL_TABLE } from '../schema/types.ts';
import { findRecomputed } from './judgement/recomputed.ts';
import { means, type NamedDatabase } from './subject.ts';

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

/** PURE: decides about one statement. */
export function judgeStatement(statement: LoggedStatement, live: NamedDatabase): Verdict {
  const { text, modes } = statement;
  const { kind, verb, touches } = classify(text, modes);
  const isNamed = namesDatabase(text, live, modes);
  if (!isNamed && !means(live, statement.database)) return { is: 'skip' };
  // It stays where it is, with the lease of the very run that restores.
  if (touches.length > 0 && touches.every(({ object }) => object === `table:${JOURNAL_TABLE}`)) return { is: 'skip' };
  if (isOfDatabase(verb)) return judgeOfDatabase(verb, isNamed, text, live, modes);
  // With a condition a migration may repeat it; here it is a part of the database all the same.
  if (/ LIBRARY$/.test(verb)) return { is: 'refuse', reason: AS_STATEMENT };
  if (kind === 'session' || kind === 'admin' || OF_THE_SERVER.test(verb)) return { is: 'skip' };
  if (!isRepeatable(kind, verb) || selectsRows(verb, text, modes)) return { is: 'refuse', reason: AS_STATEMENT };
  const qualifiers = findQualifiers(text, modes);
  const [other] = qualifiers.filter((name) => !means(live, name));
  // Both names of a RENAME may stand in one database or in two; of the other one nothing is known here.
  if (other !== undefined && (touches.some(({ to }) => to) || movesPartition(kind, verb, text, modes))) {
    return { is: 'refuse', reason: MOVES_TABLES };
  }
  const recomputed = findRecomputed(text, modes);
  if (recomputed && !recomputed.isSameByName) return { is: 'refuse', reason: recomputed.reason };
  if (isNamed) return { is: 'private', reason: `it names ${live.database} in its text` };
  if (other === undefined) return recomputed ? { is: 'private', reason: recomputed.reason } : reachOf(touches, verb);
  if (touches.length > 0 && touches.every(({ schema }) => schema !== undefined)) return { is: 'skip' };
  if (touches.length === 0 && isOfOtherTable(text, modes)) return { is: 'skip' };
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

/** EXCHANGE PARTITION … WITH TABLE, and MariaDB's CONVERT PARTITION … TO TABLE and CONVERT TABLE … TO PARTITION. */
function movesPartition(kind: StatementKind, verb: string, text: string, modes: LexicalModes): boolean {
  if (kind !== 'opaque' || verb !== 'ALTER TABLE') return false;
  const tokens = new Tokens(text, modes);
  for (let token = tokens.next(); token; token = tokens.next()) {
    if (token.keyword === 'EXCHANGE' || token.keyword === 'CONVERT') return true;
  }
  return false;
}

/** The table of `ALTER TABLE other.t TRUNCATE PARTITION p` is named with its database. */
function isOfOtherTable(text: string, modes: LexicalModes): boolean {
  const tokens = new Tokens(text, modes);
  tokens.seek('TABLE');
  tokens.next();
  tokens.take('IF', 'EXISTS');
  return tokens.name()?.schema !== undefined;
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

/** What stands behind DATABASE where no name does: the database in use is meant. */
const OPTIONS = /^(?:CHARACTER|CHARSET|COLLATE|DEFAULT|ENCRYPTION|READ|COMMENT|UPGRADE)$/;

function judgeOfDatabase(
  verb: string,
  isNamed: boolean,
  text: string,
  { database }: NamedDatabase,
  modes: LexicalModes,
): Verdict {
  if (isNamed) return { is: 'private', reason: `${verb} names ${database}` };
  const tokens = new Tokens(text, modes);
  const isUnnamed = verb.startsWith('ALTER') && tokens.seek('DATABASE', 'SCHEMA') && OPTIONS.test(tokens.keyword(1));
  return isUnnamed ? { is: 'private', reason: `${verb} is about the database in use` } : { is: 'skip' };
}

/** Whether the text names the database: in front of a dot, or behind DATABASE and SCHEMA. */
function namesDatabase(text: string, database: NamedDatabase, modes: LexicalModes): boolean {
  if (findQualifiers(text, modes).some((name) => means(database, name))) return true;
  const tokens = new Tokens(text, modes);
  for (let token = tokens.next(); token; token = tokens.next()) {
    if (token.keyword !== 'DATABASE' && token.keyword !== 'SCHEMA') continue;
    tokens.skip('IF', 'NOT', 'EXISTS');
    const name = tokens.peek();
    if (name && means(database, unquote(name))) return true;
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
