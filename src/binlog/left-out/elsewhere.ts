import { classify } from '../../migrations/classify/classify.ts';
import { modesOf } from '../statement.ts';
import { means, type NamedDatabase } from '../subject.ts';
import type { Transaction } from '../transaction.ts';

/** PURE: the databases other than the subject's that these transactions changed: there, nothing is taken back. */
export function databasesElsewhere(transactions: readonly Transaction[], subject: NamedDatabase): string[] {
  const names = transactions.flatMap(({ changes, statements }) => [
    ...changes.map(({ database }) => database),
    ...statements.flatMap(({ text, database, session }) => {
      const { touches } = classify(text.toString('utf8'), modesOf(session.sqlMode ?? 0n));
      return touches.map(({ schema }) => schema ?? database);
    }),
  ]);
  return [...new Set(names)].filter((name) => name !== '' && !means(subject, name)).sort();
}
