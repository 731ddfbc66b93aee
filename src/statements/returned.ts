import type { Session } from '../mysql/connect.ts';
import { numberLiteral, textLiteral } from '../mysql/literal.ts';
import { quoteName } from '../mysql/quote.ts';
import type { Returned } from '../saved-rows/return-rows.ts';
import { JOURNAL_TABLE } from '../schema/types.ts';
import { hasToolTables } from './journal.ts';

const JOURNAL = quoteName(JOURNAL_TABLE);
/** Neither up nor down: what looks for statements of migrations passes it by. */
const DIRECTION = 'rows';

interface Returning {
  readonly run: string;
  /** Name of the file, without its folder. */
  readonly file: string;
  readonly connectionId: number;
  readonly returned: Returned;
}

/** SQL that notes that the saved rows of a file are back; belongs into their own transaction. */
export function returnedSql({ run, file, connectionId, returned }: Returning): string {
  const values = [
    ...[
      textLiteral(run),
      textLiteral(file),
      `'${DIRECTION}'`,
      '1',
      "''",
      "'dml'",
      numberLiteral(connectionId),
      "'done'",
    ],
    ...['UTC_TIMESTAMP(3)', 'UTC_TIMESTAMP(3)', textLiteral(JSON.stringify({ objects: {}, returned }))],
    textLiteral(`the saved rows: ${returned.back.join(', ')}`.slice(0, 2_000)),
  ];
  return `INSERT INTO ${JOURNAL} (run, version, direction, ordinal, digest, kind, connection_id, state, started, finished,
    evidence, statement) VALUES (${values.join(', ')})`;
}

/** Names of the files whose rows a run has put back → what it told. */
export async function readReturned(session: Session, run: string): Promise<Map<string, Returned>> {
  if (!(await hasToolTables(session)).journal) return new Map();
  const rows = await session.query<{ file: string; evidence: string }>(
    `SELECT version AS file, evidence FROM ${JOURNAL} WHERE run = ? AND direction = '${DIRECTION}' AND state = 'done'`,
    [run],
  );
  return new Map(rows.map((row) => [row.file, (JSON.parse(row.evidence) as { returned: Returned }).returned]));
}
