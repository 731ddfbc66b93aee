import type { Session } from '../../mysql/connect.ts';
import { numberLiteral, textLiteral } from '../../mysql/literal.ts';
import { quoteName } from '../../mysql/quote.ts';
import { JOURNAL_TABLE } from '../../schema/types.ts';
import { hasToolTables } from '../../statements/journal.ts';

const JOURNAL = quoteName(JOURNAL_TABLE);
/** Neither up nor down: what looks for statements of migrations passes it by. */
const DIRECTION = 'undo';

/** What an undo of rows has done, as its run tells it. */
export interface Undone {
  /** `orders: 3 rows back, 2 set back, 1 gone`. */
  readonly told: readonly string[];
  /** Rows that were left as they are. */
  readonly conflicts: readonly { readonly table: string; readonly key: string; readonly reason: string }[];
}

/** SQL that notes that a run has undone its rows; belongs into the transaction that does it. */
export function undoneSql(run: string, connectionId: number, undone: Undone): string {
  const values = [
    ...[textLiteral(run), "'flashback'", `'${DIRECTION}'`, '1', "''", "'dml'", numberLiteral(connectionId), "'done'"],
    ...['UTC_TIMESTAMP(3)', 'UTC_TIMESTAMP(3)', textLiteral(JSON.stringify({ objects: {}, undone }))],
    textLiteral(`rows undone: ${undone.told.join(', ')}`.slice(0, 2_000)),
  ];
  return `INSERT INTO ${JOURNAL} (run, version, direction, ordinal, digest, kind, connection_id, state, started, finished,
    evidence, statement) VALUES (${values.join(', ')})`;
}

/** What a run has undone; undefined when it has not committed. */
export async function readUndone(session: Session, run: string): Promise<Undone | undefined> {
  if (!(await hasToolTables(session)).journal) return undefined;
  const [row] = await session.query<{ evidence: string }>(
    `SELECT evidence FROM ${JOURNAL} WHERE run = ? AND direction = '${DIRECTION}' AND state = 'done'`,
    [run],
  );
  return row && (JSON.parse(row.evidence) as { undone: Undone }).undone;
}
