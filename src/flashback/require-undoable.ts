import { concernOf } from '../binlog/concern.ts';
import { type ActingKey, acts, logsCascades, readActingKeys } from '../binlog/judgement/cascades.ts';
import { findUnlogged } from '../binlog/judgement/unlogged.ts';
import { type LogRange, readRange } from '../binlog/range.ts';
import { shorten } from '../binlog/statement.ts';
import { means, type Subject } from '../binlog/subject.ts';
import { placeOf, readTransactions, type Transaction } from '../binlog/transaction.ts';
import { classify } from '../migrations/classify/classify.ts';
import type { Session } from '../mysql/connect.ts';
import type { Flavor } from '../mysql/flavor.ts';
import { isSameName } from '../mysql/name.ts';
import { JOURNAL_TABLE } from '../schema/types.ts';
import { failsAt } from './cannot-undo.ts';
import type { Effects, TableEffect } from './collect.ts';
import { dropsKeyElsewhere, mayHideKey } from './hidden-keys.ts';

/** Throws a refusal at a transaction that did more to the database than change rows, or something that the log does not tell. */
export function requireRowsAlone(transactions: readonly Transaction[], subject: Subject): void {
  const prepared = new Set<string>();
  for (const transaction of transactions) {
    if (transaction.oddity) throw failsAt(transaction, transaction.oddity.reason);
    const unlogged = findUnlogged(transaction, subject, prepared);
    if (unlogged !== undefined) throw failsAt(transaction, unlogged);
    // By itself, by a trigger, or by foreign keys that are logged: only what is here would be undone.
    const elsewhere = transaction.changes.find(({ database }) => !means(subject, database));
    if (elsewhere) throw failsAt(transaction, `it changed rows of ${elsewhere.database}, too`);
    const [statement] = concernOf(transaction, subject)?.statements ?? [];
    if (statement) throw failsAt(transaction, `it is no change of rows alone: ${shorten(statement.text)}`);
  }
}

/**
 * Throws a refusal when one of the tables was defined anew since the first of the transactions: its rows look another way now.
 * `hasUnlogged`: foreign keys may have acted unseen, and `requireNoCascades` looks at those that are still there.
 */
export async function requireSameTables(
  range: LogRange,
  transactions: readonly Transaction[],
  { tables, hasUnlogged }: { readonly tables: readonly string[]; readonly hasUnlogged: boolean },
  subject: Subject,
  signal: AbortSignal,
): Promise<void> {
  const [first] = transactions;
  let isBehind = false;
  for await (const transaction of readTransactions(readRange(range), JOURNAL_TABLE)) {
    signal.throwIfAborted();
    isBehind ||= first !== undefined && placeOf(transaction) === placeOf(first);
    if (!isBehind || !first) continue;
    if (transaction.oddity?.isBlind) throw failsAt(transaction, transaction.oddity.reason);
    const texts = (concernOf(transaction, subject)?.statements ?? []).map(({ text }) => text);
    for (const text of texts) {
      const table = tables.find((name) => touches(text, name, subject));
      if (table !== undefined) throw failsAt(first, `${table} was defined anew since: ${shorten(text)}`);
    }
    const hiding = hasUnlogged && (texts.find(mayHideKey) ?? findDropElsewhere(transaction));
    if (hiding) throw failsAt(first, `${HIDDEN}: ${shorten(hiding)}`);
  }
}

const HIDDEN =
  'what foreign keys did with the rows that it deleted or updated is not logged, and one of them may have been dropped since';

/** A child may be in another database. */
function findDropElsewhere({ statements }: Transaction): string | undefined {
  return statements.map(({ text }) => text.toString('latin1')).find(dropsKeyElsewhere);
}

/** What leaves the columns of a table alone is told by its verb; of what is not known, anything is assumed. */
function touches(text: string, table: string, { ignoresCase }: Subject): boolean {
  const { verb, touches: objects } = classify(text);
  if (/^(?:CREATE|DROP) (?:UNIQUE |FULLTEXT |SPATIAL )?INDEX$/.test(verb)) return false;
  if (objects.length === 0) return true;
  const names = objects.flatMap(({ object, to }) => [object, ...(to === undefined ? [] : [to])]);
  return names.some((object) => object.startsWith('table:') && isSameName(object.slice(6), table, ignoresCase));
}

/** Rows were deleted or updated while the server logged nothing of what its foreign keys did with others. */
export async function hasUnloggedCascades(
  { touched, hasLoggedCascades }: Effects,
  flavor: Flavor,
  session: Session,
): Promise<boolean> {
  if (!touched.some(({ did }) => did.has('delete') || did.has('update'))) return false;
  return !hasLoggedCascades || !(await logsCascades(session, flavor));
}

/**
 * Throws a refusal where rows that were deleted or changed may have taken others along that the log does not have: InnoDB does
 * what its foreign keys say by itself, and MariaDB, and MySQL up to 9.5, log the parent alone.
 */
export async function requireNoCascades(
  transactions: readonly Transaction[],
  touched: Effects['touched'],
  subject: Subject,
  session: Session,
): Promise<void> {
  const [first] = transactions;
  if (!first) return;
  const keys = (await readActingKeys(session)).filter((key) => means(subject, key.parentDatabase));
  for (const { table, did } of touched) {
    const key = keys.find((one) => isSameName(one.parentTable, table, subject.ignoresCase) && acted(one, did));
    if (!key) continue;
    const rule = acts(key.onDelete) && did.has('delete') ? `ON DELETE ${key.onDelete}` : `ON UPDATE ${key.onUpdate}`;
    const what = `rows of ${key.table} went or changed with those of ${table} (${rule}), and the server does not log them`;
    throw failsAt(first, what);
  }
}

function acted(key: ActingKey, did: TableEffect['did']): boolean {
  return (did.has('delete') && acts(key.onDelete)) || (did.has('update') && acts(key.onUpdate));
}
