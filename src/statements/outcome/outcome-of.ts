import type { Statement } from '../../migrations/types.ts';
import type { Session, StatementResult } from '../../mysql/connect.ts';
import { type LookedAt, readVariables } from '../session-state.ts';
import { computedSettings, readSessionSettings } from './computed-settings.ts';

/** The packet's id is not always that of LAST_INSERT_ID(): one that the author wrote out is in the packet alone. */
export async function outcomeOf(result: StatementResult, statement: Statement, looked: LookedAt, work: Session) {
  const state = 'done' as const;
  const { variables, lastInsertId } = looked;
  const computed = computedSettings(statement);
  if (variables.length === 0 && !lastInsertId && computed.length === 0) return { state, rows: result.rows };
  const session = computed.length > 0 ? await readSessionSettings(work, computed) : undefined;
  const [row] = lastInsertId ? await work.query<{ id: number | string }>('SELECT LAST_INSERT_ID() AS id') : [];
  const after = {
    variables: await readVariables(work, variables),
    session,
    lastInsertId: row === undefined ? undefined : String(row.id),
  };
  return { state, rows: result.rows, after };
}
