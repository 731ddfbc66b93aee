import { classify } from '../migrations/classify/classify.ts';
import { readAlterActions } from '../migrations/sql/alter-actions.ts';
import type { LexicalModes } from '../migrations/sql/lexer.ts';
import { JOURNAL_TABLE } from '../schema/types.ts';
import type { QueryEvent } from './events/query-event.ts';
import { type DecodedText, decodeText } from './judgement/client-text.ts';
import type { Collations } from './session.ts';
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

/** A logged statement as it is read here. */
export interface ReadText {
  /** Where it is in a character set that is not known, with a sign for each byte. */
  readonly text: string;
  readonly modes: LexicalModes;
  /** Undefined: it cannot be sent again. */
  readonly decoded: DecodedText | undefined;
}

/** PURE: in the character set and the SQL mode of the client that sent it. */
export function readText(query: QueryEvent, collations: Collations): ReadText {
  const modes = modesOf(query.session.sqlMode ?? 0n);
  const decoded = decodeText(query, collations, modes);
  return { text: decoded?.text ?? query.text.toString('latin1'), modes, decoded };
}

/** PURE: undefined when a transaction does nothing to the database. */
export function concernOf(transaction: Transaction, subject: Subject): Concern | undefined {
  const changes = transaction.changes.filter((one) => means(subject, one.database) && one.table !== JOURNAL_TABLE);
  const statements: JudgedStatement[] = [];
  for (const query of transaction.statements) {
    const { text, modes, decoded } = readText(query, subject.collations);
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
