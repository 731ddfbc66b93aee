import { JOURNAL_TABLE } from '../../schema/types.ts';
import { comparePlaces, type LogRange, readRange } from '../range.ts';
import { placeOf, readTransactions, startOf, type Transaction } from '../transaction.ts';
import { formatName, type TransactionName } from './names.ts';

export interface NamedTransactions {
  /** In the order of the log, each once. */
  readonly transactions: readonly Transaction[];
  /** What the log has nothing of. */
  readonly missing: readonly TransactionName[];
}

/** Reads the whole range for the transactions that a user means. Throws an error when the logs are damaged. */
export async function findNamed(
  range: LogRange,
  names: readonly TransactionName[],
  signal: AbortSignal,
): Promise<NamedTransactions> {
  const searches = names.map((name) => ({ name, search: name.is === 'run' ? searchRun(name.run) : searchPlace(name) }));
  const found = new Map<string, Transaction>();
  const met = new Set<string>();
  for await (const transaction of readTransactions(readRange(range), JOURNAL_TABLE)) {
    signal.throwIfAborted();
    for (const { name, search } of searches) {
      for (const one of search(transaction)) {
        found.set(placeOf(one), one);
        met.add(formatName(name));
      }
    }
  }
  return {
    transactions: [...found.values()].sort((one, other) => comparePlaces(startOf(one), startOf(other))),
    missing: names.filter((name) => !met.has(formatName(name))),
  };
}

/** Given one transaction after the other, says which of those that it has been given are meant. */
type Search = (transaction: Transaction) => readonly Transaction[];

/** A place within a transaction is the transaction's. */
function searchPlace({ file, position }: { readonly file: string; readonly position: number }): Search {
  return (transaction) =>
    transaction.file === file && startOf(transaction).position <= position && position < transaction.end
      ? [transaction]
      : [];
}

/**
 * Rows that a migration changes stand in one transaction with the run's note of them. A definition commits by itself: it is
 * the run's when it came from a connection that the run has noted, and between two of its notes.
 */
export function searchRun(run: string): Search {
  const connections = new Set<number>();
  let between: Transaction[] = [];
  let hasBegun = false;
  return (transaction) => {
    const { runs, threadId, noted } = transaction;
    if (!runs.includes(run)) {
      if (hasBegun && threadId !== undefined && connections.has(threadId)) between.push(transaction);
      return [];
    }
    for (const connection of noted) connections.add(connection);
    hasBegun = true;
    const meant = [...between, transaction];
    between = [];
    return meant;
  };
}
