import { classify } from '../../migrations/classify/classify.ts';
import { readText } from '../concern.ts';
import { means, type Readable } from '../subject.ts';
import type { Transaction } from '../transaction.ts';

/** PURE: the databases other than the subject's that these transactions changed: there, nothing is taken back. */
export function databasesElsewhere(transactions: readonly Transaction[], subject: Readable): string[] {
  const names = transactions.flatMap(({ changes, statements }) => [
    ...changes.map(({ database }) => database),
    ...statements.flatMap((query) => {
      const { text, modes } = readText(query, subject.collations);
      return classify(text, modes).touches.map(({ schema }) => schema ?? query.database);
    }),
  ]);
  return [...new Set(names)].filter((name) => name !== '' && !means(subject, name)).sort();
}
