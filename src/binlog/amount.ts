import type { TableChange } from './transaction.ts';

/** How much a part of the log does to a database. */
export interface Amount {
  transactions: number;
  /** Undefined when the rows of one table cannot be counted. */
  rows: number | undefined;
}

/** Undefined when the rows of one cannot be counted. */
export function sumOf(changes: readonly TableChange[]): number | undefined {
  return changes.reduce<number | undefined>(
    (sum, { rows }) => (sum === undefined || rows === undefined ? undefined : sum + rows),
    0,
  );
}

/** Counts one transaction. */
export function addTo(amount: Amount, changes: readonly TableChange[]): void {
  const rows = sumOf(changes);
  amount.transactions++;
  amount.rows = amount.rows === undefined || rows === undefined ? undefined : amount.rows + rows;
}

/** PURE */
export function without(all: Amount, some: Amount): Amount {
  const rows = all.rows === undefined || some.rows === undefined ? undefined : all.rows - some.rows;
  return { transactions: all.transactions - some.transactions, rows };
}
