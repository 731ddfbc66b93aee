import type { Index, TableShape } from './types.ts';

/** An index begins with these columns, in this order: it finds the rows of one key without the others. */
export function isLeading(shape: TableShape | undefined, columns: readonly string[]): boolean {
  return (shape?.indexes ?? []).some((index) => columns.every((column, place) => index.columns[place] === column));
}

/**
 * Every query that `index` serves is served by `other` too. Only plain B-trees: a unique key forbids something even
 * where a longer index reads as well. Of two equal ones the second by name is the needless one, and not both.
 */
export function isCoveredBy(index: Index, other: Index): boolean {
  if (index.isUnique || index.type !== 'BTREE' || other.type !== 'BTREE') return false;
  if (!index.columns.every((column, place) => other.columns[place] === column)) return false;
  return other.columns.length > index.columns.length || other.isUnique || other.name < index.name;
}

/** Covered by one of the same columns, which is a mistake; the beginning of a longer or a unique one may be meant. */
export function isTwice(index: Index, other: Index): boolean {
  return index.columns.length === other.columns.length && !other.isUnique;
}
