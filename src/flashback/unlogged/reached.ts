import { type ActingKey, acts } from '../../binlog/judgement/cascades.ts';
import { isSameName } from '../../mysql/name.ts';
import type { TableEffect } from '../collect.ts';

/** PURE: the key changes rows of its own table when this was done to rows of the one that it leads to. */
function acted(key: ActingKey, did: TableEffect['did']): boolean {
  return (did.has('delete') && acts(key.onDelete)) || (did.has('update') && acts(key.onUpdate));
}

/**
 * PURE: the keys that may have changed rows, at any depth, when rows of these tables of a database were changed. What a key does with
 * a row, delete or change it, is not followed: each that acts at all counts below the first one.
 */
export function reachedKeys<K extends ActingKey>(
  keys: readonly K[],
  touched: readonly Pick<TableEffect, 'table' | 'did'>[],
  { database, ignoresCase }: { readonly database: string; readonly ignoresCase: boolean },
): K[] {
  const isSame = (one: string, other: string) => isSameName(one, other, ignoresCase);
  const leadsTo = (key: K, inDatabase: string, table: string) =>
    isSame(key.parentDatabase, inDatabase) && isSame(key.parentTable, table);
  const found = new Set(
    keys.filter((key) => touched.some(({ table, did }) => leadsTo(key, database, table) && acted(key, did))),
  );
  // What is added to a set while it is gone through is gone through as well.
  for (const above of found) {
    for (const key of keys) if (leadsTo(key, above.database, above.table)) found.add(key);
  }
  return [...found];
}
