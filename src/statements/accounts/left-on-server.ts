import { toStatement } from '../../migrations/sql/statement.ts';
import type { Statement } from '../../migrations/types.ts';
import type { Session } from '../../mysql/connect.ts';
import { inTurn, type JournalRow } from '../row.ts';
import { isAboutAccounts, readAccounts } from './accounts.ts';

/** Rights and accounts belong to the server: no statement of ours takes them back. */
const OF_THE_SERVER =
  /^(?:GRANT|REVOKE|(?:CREATE|ALTER|DROP|RENAME) (?:USER|ROLE|SERVER)|SET PASSWORD|SET DEFAULT ROLE)$/;

interface Undone {
  readonly up: readonly JournalRow[];
  readonly down: readonly JournalRow[];
  statementOf(row: JournalRow): Statement | undefined;
}

/** What still stands on the server of what was undone, unless a statement of the way back answers it. */
export async function leftOnServer({ up, down, statementOf }: Undone, session: Session): Promise<string[]> {
  const read = (row: JournalRow) => statementOf(row) ?? toStatement(row.statement, 0);
  const isOfServer = (row: JournalRow) => row.kind !== 'start' && OF_THE_SERVER.test(read(row).verb);
  if (down.some((row) => row.state === 'done' && isOfServer(row))) return [];
  const left: string[] = [];
  for (const row of up.filter(isOfServer).toSorted(inTurn)) {
    const statement = read(row);
    const stands = row.state === 'done' || (row.state === 'intent' && (await mayStand(row, statement, session)));
    if (stands) left.push(`what ${statement.verb} in ${row.version} did`);
  }
  return left;
}

/** Its outcome was never heard, and it is not run again. What takes the mark along and left none did not run. */
async function mayStand({ kind, evidence }: JournalRow, statement: Statement, session: Session): Promise<boolean> {
  if (kind === 'opaque') return false;
  const before = evidence.accounts;
  const now = isAboutAccounts(statement.verb) ? await readAccounts(session, statement) : undefined;
  if (!before || !now) return true;
  return [...new Set([...Object.keys(before), ...Object.keys(now)])].some((name) => before[name] !== now[name]);
}
