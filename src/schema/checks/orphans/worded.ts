import { quoteName } from '../../../mysql/quote.ts';
import type { Check } from '../check.ts';
import type { Link, Way } from './link.ts';
import { orphanRemedy } from './sql.ts';

/** What was read of a link. */
export interface Reading {
  readonly by: Way['by'];
  /** Distinct keys, or rows, that were looked at; and how many of these have no parent. */
  readonly read: number;
  readonly orphans: number;
  /** The first of them. */
  readonly keys: readonly (readonly unknown[])[];
  readonly end: 'whole' | 'budget' | 'not begun' | { readonly error: string };
}

/** PURE. "No orphans" is said of what was read to its end, and of nothing else. `budgetMs` undefined: there was none. */
export function wordOrphans(link: Link, reading: Reading, budgetMs: number | undefined): Check {
  const check = { group: 'orphans', name: link.name };
  const { end, orphans } = reading;
  if (typeof end === 'object') return { ...check, ok: false, level: 'error', detail: end.error };
  if (orphans > 0) {
    const detail = end === 'whole' ? describe(reading) : `${describe(reading)} (in ${portion(reading)})`;
    return { ...check, ok: false, level: 'error', detail, remedy: orphanRemedy(link) };
  }
  if (end === 'whole') return { ...check, ok: true, level: 'error', detail: 'no orphans' };
  const limit =
    budgetMs === undefined ? 'one of its statements takes too long' : `the ${budgetMs / 1000} s are used up`;
  const looked =
    end === 'budget' ? `only ${portion(reading)} were read, none of them an orphan` : 'nothing of it was read';
  return {
    ...check,
    ok: false,
    level: 'warning',
    detail: `not known: ${limit}; ${looked}`,
    remedy: link.isIndexed ? 'gateway-migrate verify --only orphans' : addIndex(link),
  };
}

function portion({ by, read }: Reading): string {
  if (by === 'keys') return `the first ${read} keys`;
  return by === 'entries' ? `the rows of the first keys, ${read} of them,` : `the newest ${read} rows`;
}

function describe({ by, orphans, keys }: Reading): string {
  const names = [
    ...new Set(keys.map((values) => (values.length === 1 ? text(values[0]) : `(${values.map(text).join(', ')})`))),
  ];
  const isAll = names.length === orphans;
  const noun = by === 'keys' || isAll ? 'key' : 'row';
  const count = `${orphans} ${noun}${orphans === 1 ? '' : 's'}`;
  return `${count} without a parent: ${names.join(', ')}${isAll || (noun === 'row' && keys.length < 20) ? '' : ', …'}`;
}

function text(value: unknown): string {
  return Buffer.isBuffer(value) ? `0x${value.toString('hex')}` : String(value);
}

function addIndex(link: Link): string {
  return `ALTER TABLE ${quoteName(link.table)} ADD INDEX (${link.columns.map(quoteName).join(', ')})`;
}
