import type { Session } from '../mysql/connect.ts';
import { textLiteral } from '../mysql/literal.ts';
import { quoteName } from '../mysql/quote.ts';
import type { Evidence, JournalRow } from './row.ts';
import type { Numbered } from './unit.ts';

const USER_VARIABLE = /(?<!@)@(?:`((?:[^`]|``)+)`|'([^']+)'|"([^"]+)"|([\w.$]+))/g;

/** Names of the user variables (`@x`) that the statements mention. */
export function userVariables(statements: readonly Numbered[]): string[] {
  const names = new Set<string>();
  for (const { statement } of statements) {
    if (!statement.text.includes('@')) continue;
    for (const match of statement.text.matchAll(USER_VARIABLE)) {
      names.add((match[1] ?? match[2] ?? match[3] ?? match[4] ?? '').toLowerCase());
    }
  }
  return [...names];
}

/**
 * The values of user variables as SQL literals. They are kept with the outcome because running `SET @n = (SELECT …)`
 * again after a crash could read something else.
 */
export async function readVariables(session: Session, names: readonly string[]): Promise<Record<string, string>> {
  if (names.length === 0) return {};
  const columns = names.map((name, index) => `CAST(@${quoteName(name)} AS CHAR) AS v${index}`);
  const [row] = await session.query<Record<string, string | null>>(`SELECT ${columns.join(', ')}`);
  return Object.fromEntries(names.map((name, index) => [name, literalOf(row?.[`v${index}`] ?? null)]));
}

function literalOf(value: string | null): string {
  if (value !== null && /^-?\d{1,18}$/.test(value)) return value;
  return textLiteral(value);
}

/**
 * Brings a new connection to where the lost one was: the SET statements already done are run again, then user
 * variables and LAST_INSERT_ID() get the values noted after the last statement.
 */
export async function replaySession(
  session: Session,
  done: readonly Numbered[],
  rows: readonly JournalRow[],
): Promise<void> {
  for (const { statement } of done) {
    if (statement.kind === 'session') await session.execute(statement.text);
  }
  const variables = Object.assign({}, ...rows.map((row) => row.evidence.variables ?? {})) as Evidence['variables'];
  const assignments = Object.entries(variables ?? {}).map(([name, literal]) => `@${quoteName(name)} = ${literal}`);
  const lastInsertId = rows.findLast((row) => row.evidence.lastInsertId !== undefined)?.evidence.lastInsertId;
  if (lastInsertId !== undefined && /^\d+$/.test(lastInsertId)) assignments.push(`last_insert_id = ${lastInsertId}`);
  if (assignments.length > 0) await session.execute(`SET ${assignments.join(', ')}`);
}
