import { assignmentsOf, mayCall } from '../migrations/sql/assignments.ts';
import { Tokens } from '../migrations/sql/tokens.ts';
import type { Statement } from '../migrations/types.ts';
import type { Session } from '../mysql/connect.ts';
import { quoteName } from '../mysql/quote.ts';
import type { ValueKind } from '../mysql/value-kind.ts';
import { quoteVariable } from './recovery/settings.ts';
import type { Evidence, JournalRow } from './row.ts';
import type { Numbered } from './unit.ts';

const USER_VARIABLE = /(?<!@)@(?:`((?:[^`]|``)+)`|'([^']+)'|"([^"]+)"|([\w.$\u0080-\uffff]+))/y;
/** No longer than the server takes (64). */
const PLAIN_VARIABLE = /(?<![@\w.])@([\w.$\u0080-\uffff]{1,64})(?![\w.$\u0080-\uffff])/g;

/** What of a connection the statements of a section look at: it is noted with each outcome. */
export interface LookedAt {
  /** Names of user variables. */
  readonly variables: readonly string[];
  readonly lastInsertId: boolean;
}

export function lookedAt(statements: readonly Numbered[]): LookedAt {
  const lastInsertId = statements.some(
    ({ statement: { kind, text } }) => kind === 'opaque' || /\b(?:LAST_INSERT_ID|IDENTITY)\b/i.test(text),
  );
  return { variables: userVariables(statements), lastInsertId };
}

/** Names of the user variables (`@x`) that the statements mention. */
export function userVariables(statements: readonly Numbered[]): string[] {
  const names = new Set<string>();
  for (const { statement } of statements) {
    if (!statement.text.includes('@')) continue;
    for (const name of variablesIn(statement.text)) names.add(name.toLowerCase());
  }
  return [...names];
}

/** An @ in a literal begins none, save in a text that may be prepared, where they have no quotes. */
function variablesIn(text: string): string[] {
  const tokens = new Tokens(text);
  const found: string[] = [];
  for (let token = tokens.next(); token; token = tokens.next()) {
    if (token.kind === 'string') found.push(...[...token.text.matchAll(PLAIN_VARIABLE)].map((match) => match[1] ?? ''));
    if (token.text !== '@') continue;
    if (tokens.peek()?.text === '@') {
      tokens.next();
      continue;
    }
    USER_VARIABLE.lastIndex = token.start;
    const match = USER_VARIABLE.exec(text);
    if (match) found.push(match[1]?.replaceAll('``', '`') ?? match[2] ?? match[3] ?? match[4] ?? '');
    if (match && (match[2] ?? match[3]) !== undefined) tokens.next();
  }
  return found;
}

/**
 * The values of user variables as SQL literals. They are kept with the outcome because running `SET @n = (SELECT …)`
 * again after a crash could read something else.
 */
export async function readVariables(session: Session, names: readonly string[]): Promise<Record<string, string>> {
  if (names.length === 0) return {};
  const columns = names.flatMap((name, index) => {
    const variable = `@${quoteName(name)}`;
    return [
      `${variable} AS v${index}, HEX(${variable}) AS h${index}`,
      `CHARSET(${variable}) AS s${index}, COLLATION(${variable}) AS c${index}`,
    ];
  });
  const { rows, kinds } = await session.queryKinds(`SELECT ${columns.join(', ')}`);
  const row = rows[0] as Record<string, string | number | null>;
  const literal = (index: number) => {
    const [value, hex] = [row[`v${index}`], row[`h${index}`]];
    if (value === null || hex === null) return 'NULL';
    const kind = kinds[index * COLUMNS] ?? 'other';
    if (kind === 'geometry') return geometryLiteral(String(hex));
    return kind === 'other'
      ? bytesLiteral(hex, row[`s${index}`], row[`c${index}`])
      : numberLiteral(String(value), kind);
  };
  return Object.fromEntries(names.map((name, index) => [name, literal(index)]));
}

/** Of each variable its value, its bytes, its character set and its collation. */
const COLUMNS = 4;

/** The same type too: what is computed with it is rounded, or refused, by its type. */
function numberLiteral(digits: string, kind: Exclude<ValueKind, 'geometry' | 'other'>): string {
  if (kind === 'integer') return digits;
  if (kind === 'unsigned') return `CAST(${digits} AS UNSIGNED)`;
  if (kind === 'double') return /e/i.test(digits) ? digits : `${digits}e0`;
  return digits.includes('.') ? digits : `CAST('${digits}' AS DECIMAL(65))`;
}

/** Its reference system as four bytes, the lowest first, and its well-known form. */
function geometryLiteral(hex: string): string {
  return `ST_GeomFromWKB(X'${hex.slice(8)}', ${Buffer.from(hex.slice(0, 8), 'hex').readUInt32LE()})`;
}

/** The same bytes in the same character set, with the collation that decides what it may be compared with (error 1267). */
function bytesLiteral(hex: unknown, charset: unknown, collation: unknown): string {
  return charset === 'binary' ? `_binary X'${hex}'` : `_${charset} X'${hex}' COLLATE ${collation}`;
}

/**
 * True for a query, for an assignment to user variables only, and for one that may call. Such may run a stored function that
 * writes rows, so it runs once, in a transaction with its outcome; what it leaves on the connection are values that are noted.
 */
export function isReading(statement: Statement): boolean {
  const { kind, verb } = statement;
  if (kind !== 'admin' && kind !== 'session') return false;
  if (verb !== 'SET') return QUERIES.includes(verb);
  const assignments = assignmentsOf(statement.text);
  return kind === 'session' && (assignments.some(mayCall) || assignments.every(({ scope }) => scope === 'user'));
}

/** `EXPLAIN ANALYZE` runs the query that it explains. */
const QUERIES = ['SELECT', 'VALUES', 'TABLE', 'SHOW', 'EXPLAIN', 'DESCRIBE', 'DESC'];

/** True when a later migration on the same connection could notice that this one ran there. */
export function leavesTraces(statements: readonly Statement[]): boolean {
  return statements.some(
    ({ kind, text }) =>
      kind === 'session' || kind === 'opaque' || text.includes('@') || /\bLAST_INSERT_ID\b/i.test(text),
  );
}

/**
 * Brings a new connection to where the lost one was. The statements that set it up are run again, each with the user
 * variables of its time; queries and assignments are not, their values are known.
 */
export async function replaySession(
  session: Session,
  done: readonly Numbered[],
  rows: readonly JournalRow[],
): Promise<void> {
  const rowOf = new Map(rows.map((row) => [row.ordinal, row]));
  let values: ReadonlyMap<string, string> = new Map();
  for (const [place, { ordinal, statement }] of done.entries()) {
    const text = replayedText(statement, rowOf.get(ordinal)?.evidence);
    if (text !== undefined && !isOver(statement, done.slice(place + 1))) {
      await assign(session, values);
      await session.execute(text);
    }
    values = new Map([...values, ...valuesAfter(rowOf.get(ordinal)?.evidence)]);
  }
  await assign(session, values);
}

/** What is sent of it once more; undefined: nothing. What a SET found for a user variable is known, and what it set for all stays. */
function replayedText(statement: Statement, evidence: Evidence | undefined): string | undefined {
  if (statement.kind !== 'session' || isOfTemporaryTable(statement)) return undefined;
  if (statement.verb !== 'SET') return isReading(statement) ? undefined : statement.text;
  const all = assignmentsOf(statement.text);
  const own = all.filter(({ scope }) => scope === 'SESSION' || scope === 'other');
  if (own.length === 0) return undefined;
  if (own.length === all.length && !own.some(mayCall)) return statement.text;
  const noted = (name: string) => evidence?.session?.[name];
  const parts = own.map((one) => {
    const value = mayCall(one) ? noted(one.name) : undefined;
    return value === undefined ? one.text : `@@session.${quoteVariable(one.name)} = ${value}`;
  });
  return `SET ${parts.join(', ')}`;
}

function isOver(statement: Statement, later: readonly Numbered[]): boolean {
  return isLetGo(statement, later) || isUsedUp(statement, later);
}

/** What was prepared and has been let go, or is let go here: what it names may be gone by now. */
function isLetGo({ text }: Statement, later: readonly Numbered[]): boolean {
  const tokens = new Tokens(text);
  if (tokens.take('DEALLOCATE', 'PREPARE') || tokens.take('DROP', 'PREPARE')) return true;
  const name = preparedName(text, 'PREPARE');
  return name !== undefined && later.some(({ statement }) => letGoName(statement.text) === name);
}

/** PURE: the prepared statement that stands behind these words; undefined where they do not begin the text. */
export function preparedName(text: string, ...words: readonly string[]): string | undefined {
  const tokens = new Tokens(text);
  return tokens.take(...words) ? tokens.name()?.name.toLowerCase() : undefined;
}

/** PREPARE, DEALLOCATE and DROP let what had that name go. */
function letGoName(text: string): string | undefined {
  return (
    preparedName(text, 'PREPARE') ??
    preparedName(text, 'DEALLOCATE', 'PREPARE') ??
    preparedName(text, 'DROP', 'PREPARE')
  );
}

/** What holds for the next transaction or the next INSERT alone. */
function isUsedUp(statement: Statement, later: readonly Numbered[]): boolean {
  if (statement.verb !== 'SET' || later.every((one) => one.statement.kind === 'session' && !isReading(one.statement))) {
    return false;
  }
  return assignmentsOf(statement.text).every(
    ({ scope, name, text }) =>
      (scope === 'other' && /^(?:TRANSACTION|ISOLATION|READ)\b/i.test(text)) ||
      (scope === 'SESSION' && /^insert_id$/i.test(name)),
  );
}

/** All of its use is one transaction, which is done. (Where that was not so, the risk was taken by name.) */
function isOfTemporaryTable({ verb }: Statement): boolean {
  return verb === 'CREATE TEMPORARY TABLE' || verb === 'DROP TEMPORARY TABLE';
}

function valuesAfter(evidence: Evidence | undefined): [string, string][] {
  const variables = Object.entries(evidence?.variables ?? {});
  const assigned = variables.map(([name, literal]): [string, string] => [`@${quoteName(name)}`, literal]);
  const id = evidence?.lastInsertId;
  return id !== undefined && /^\d+$/.test(id) ? [...assigned, ['last_insert_id', id]] : assigned;
}

async function assign(session: Session, values: ReadonlyMap<string, string>): Promise<void> {
  if (values.size === 0) return;
  await session.execute(`SET ${[...values].map(([name, literal]) => `${name} = ${literal}`).join(', ')}`);
}
