import { assignmentsOf, mayCall } from '../../migrations/sql/assignments.ts';
import type { Statement } from '../../migrations/types.ts';
import type { Session } from '../../mysql/connect.ts';
import { quoteVariable, settingLiteral } from '../recovery/settings.ts';

/** Session variables that a statement has worked out by what may write: their values are noted with its outcome. */
export function computedSettings(statement: Statement): string[] {
  if (statement.kind !== 'session' || statement.verb !== 'SET') return [];
  const computed = assignmentsOf(statement.text).filter((one) => one.scope === 'SESSION' && mayCall(one));
  return computed.map(({ name }) => name);
}

/** Their values as SQL literals. */
export async function readSessionSettings(session: Session, names: readonly string[]): Promise<Record<string, string>> {
  if (names.length === 0) return {};
  const columns = names.map((name, index) => `@@session.${quoteVariable(name)} AS s${index}`);
  // What cannot be read is worked out again.
  const [row] = await session.query(`SELECT ${columns.join(', ')}`).catch(() => []);
  if (!row) return {};
  return Object.fromEntries(names.map((name, index) => [name, settingLiteral(row[`s${index}`])]));
}
