import { classify } from '../migrations/classify/classify.ts';
import { readAlterActions } from '../migrations/sql/alter-actions.ts';
import { JOURNAL_TABLE } from '../schema/types.ts';
import { decodeText } from './judgement/client-text.ts';
import { judgeStatement, modesOf, type Verdict } from './statement.ts';
import { means, type Subject } from './subject.ts';
import type { TableChange, Transaction } from './transaction.ts';

/** What of a transaction is about one database, the tool's own journal aside. */
export interface Concern {
  readonly changes: readonly TableChange[];
  readonly statements: readonly JudgedStatement[];
}

export interface JudgedStatement {
  readonly text: string;
  readonly verdict: Exclude<Verdict, { is: 'skip' }>;
  /** Takes away a table or a column, which a view or a trigger may be about. */
  readonly takesNamesAway: boolean;
}

export const UNREADABLE = 'it is in a character set that is not known here';

/** PURE: undefined when a transaction does nothing to the database. */
export function concernOf(transaction: Transaction, subject: Subject): Concern | undefined {
  const changes = transaction.changes.filter((one) => means(subject, one.database) && one.table !== JOURNAL_TABLE);
  const statements: JudgedStatement[] = [];
  for (const query of transaction.statements) {
    const modes = modesOf(query.session.sqlMode ?? 0n);
    const decoded = decodeText(query, subject.collations, modes);
    const text = decoded?.text ?? query.text.toString('latin1');
    const verdict = judgeStatement({ text, database: query.database, modes }, subject);
    if (verdict.is === 'skip') continue;
    const known = decoded ? verdict : ({ is: 'refuse', reason: UNREADABLE } as const);
    statements.push({ text, verdict: known, takesNamesAway: takesNamesAway(text) });
  }
  return changes.length > 0 || statements.length > 0 ? { changes, statements } : undefined;
}

function takesNamesAway(text: string): boolean {
  const { verb, touches } = classify(text);
  if (touches.some(({ action }) => action === 'drop' || action === 'rename')) return true;
  if (verb !== 'ALTER TABLE') return false;
  return readAlterActions(text).some(({ type }) => type === 'other' || type === 'rename column');
}
