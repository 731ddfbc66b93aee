import type { Session } from '../../mysql/connect.ts';
import type { Flavor } from '../../mysql/flavor.ts';
import { quoteName, quoteQualified } from '../../mysql/quote.ts';
import { type Check, detailOf } from './check.ts';
import { nameReference, type Reference } from './references.ts';
import { selectWithin } from './time-limit.ts';

const COUNTED = 1_000;
const SAMPLES = 3;

/** One check a reference: does every key in the child exist in the parent? NULL is no key. */
export async function checkOrphans(
  session: Session,
  flavor: Flavor,
  database: string,
  references: readonly Reference[],
  withinMs = 5_000,
): Promise<Check[]> {
  const checks: Check[] = [];
  for (const reference of references) {
    checks.push(await checkReference(session, flavor, database, reference, withinMs));
  }
  return checks;
}

async function checkReference(
  session: Session,
  flavor: Flavor,
  database: string,
  reference: Reference,
  withinMs: number,
): Promise<Check> {
  const check = { group: 'orphans', name: nameReference(reference) };
  try {
    const keys = await selectWithin(session, flavor, withinMs, orphanQuery(database, reference));
    if (keys === undefined) {
      const detail = `not known: reading the keys takes longer than ${withinMs / 1000} s`;
      const remedy = reference.isIndexed ? {} : { remedy: addIndex(reference) };
      return { ...check, ok: false, level: 'warning', detail, ...remedy };
    }
    if (keys.length === 0) return { ...check, ok: true, level: 'error', detail: 'no orphans' };
    return { ...check, ok: false, level: 'error', detail: describeKeys(keys.map((row) => Object.values(row))) };
  } catch (error) {
    return { ...check, ok: false, level: 'error', detail: detailOf(error) };
  }
}

/**
 * The keys without a parent. When the columns lead an index, the distinct keys come from a loose scan of it ("Using
 * index for group-by", MySQL Reference Manual, 10.2.1.17): the cost is the number of keys, not of rows. Otherwise the
 * rows are read until enough orphans are found.
 */
export function orphanQuery(database: string, reference: Reference): string {
  const { columns, parentColumns } = reference;
  const child = quoteQualified(database, reference.table);
  const keys = columns.map((column) => quoteName(column));
  const source = reference.isIndexed ? `(SELECT DISTINCT ${keys.join(', ')} FROM ${child})` : child;
  const joined = keys.map((key, place) => `p.${quoteName(parentColumns[place] ?? '')} = k.${key}`);
  const present = keys.map((key) => `k.${key} IS NOT NULL`);
  return (
    `${keys.map((key) => `k.${key}`).join(', ')} FROM ${source} k ` +
    `LEFT JOIN ${quoteQualified(reference.parentSchema, reference.parentTable)} p ON ${joined.join(' AND ')} ` +
    `WHERE ${present.join(' AND ')} AND p.${quoteName(parentColumns[0] ?? '')} IS NULL LIMIT ${COUNTED}`
  );
}

/** Without an index a key comes once a row; the count is of distinct keys either way. */
function describeKeys(rows: readonly (readonly unknown[])[]): string {
  const keys = [...new Set(rows.map((values) => (values.length === 1 ? String(values[0]) : `(${values.join(', ')})`)))];
  const count =
    rows.length === COUNTED ? `${keys.length} or more keys` : keys.length === 1 ? '1 key' : `${keys.length} keys`;
  return `${count} without a parent: ${keys.slice(0, SAMPLES).join(', ')}${keys.length > SAMPLES ? ', …' : ''}`;
}

function addIndex(reference: Reference): string {
  return `ALTER TABLE ${quoteName(reference.table)} ADD INDEX (${reference.columns.map(quoteName).join(', ')})`;
}
