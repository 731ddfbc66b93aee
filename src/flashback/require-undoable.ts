import { concernOf, readText } from '../binlog/concern.ts';
import type { RowChange } from '../binlog/events/row-event.ts';
import { type ActingKey, acts, logsCascades, readActingKeys } from '../binlog/judgement/cascades.ts';
import { findUnlogged } from '../binlog/judgement/unlogged.ts';
import { type LogRange, readRange } from '../binlog/range.ts';
import { shorten } from '../binlog/statement.ts';
import { means, type Subject } from '../binlog/subject.ts';
import { placeOf, readTransactions, type Transaction } from '../binlog/transaction.ts';
import { Failure } from '../errors.ts';
import { isNameOfRestore } from '../exchange/side-database.ts';
import { classify } from '../migrations/classify/classify.ts';
import type { Session } from '../mysql/connect.ts';
import type { Flavor } from '../mysql/flavor.ts';
import { isSameName } from '../mysql/name.ts';
import { JOURNAL_TABLE } from '../schema/types.ts';
import { failsAt } from './cannot-undo.ts';
import type { Effects } from './collect.ts';
import { dropsKeyElsewhere, mayHideKey } from './hidden-keys.ts';
import type { Copied } from './unlogged/copied.ts';
import { lackingKeys, mayGiveKey, rulesOf } from './unlogged/lacking.ts';
import { reachedKeys } from './unlogged/reached.ts';

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
 * `hidden`: foreign keys may have acted unseen, and `requireNoCascades` looks at those that are still there.
 */
export async function requireSameTables(
  range: LogRange,
  transactions: readonly Transaction[],
  { tables, hidden }: { readonly tables: readonly string[]; readonly hidden: Hidden | undefined },
  subject: Subject,
  signal: AbortSignal,
): Promise<void> {
  const [first] = transactions;
  let isBehind = false;
  let lacking = hidden?.lacking ?? [];
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
    if (hidden) requireNoneHidden(first, hidden, texts, transaction, subject);
    lacking = lacking.filter((key) => !texts.some((text) => mayGiveKey(text, key, subject.ignoresCase)));
  }
  const [key] = lacking;
  if (!first || !key) return;
  const which = `${key.table} to ${key.parentTable} (${rulesOf(key)})`;
  throw failsAt(first, `the copy of the moment before lacks a foreign key that production has: ${which}`);
}

/** What foreign keys have done with rows of these tables is not in the log. */
export interface Hidden {
  readonly touched: Effects['touched'];
  /** A copy of the moment before had the keys of its time. Those of other databases it did not have. */
  readonly isCopied: boolean;
  /** Those of production that it did not have, unless they came since. */
  readonly lacking: readonly ActingKey[];
}

function requireNoneHidden(
  first: Transaction,
  { touched, isCopied }: Hidden,
  texts: readonly string[],
  transaction: Transaction,
  subject: Subject,
): void {
  const elsewhere = findDropElsewhere(transaction, subject);
  if (elsewhere !== undefined) throw failsAt(first, `${HIDDEN}: ${shorten(elsewhere)}`);
  const own = isCopied ? undefined : texts.find(mayHideKey);
  if (own !== undefined) throw new ChildrenUnlogged(failsAt(first, `${HIDDEN}: ${shorten(own)}`), touched);
}

const HIDDEN =
  'what foreign keys did with the rows that it deleted or updated is not logged, and one of them may have been dropped since';

/** A child may be in another database. What a restore has loaded beside is nobody's, and is gone again. */
function findDropElsewhere({ statements }: Transaction, subject: Subject): string | undefined {
  for (const query of statements) {
    const { text, modes } = readText(query, subject.collations);
    if (!dropsKeyElsewhere(text)) continue;
    const [altered] = classify(text, modes).touches;
    const database = altered?.schema ?? query.database;
    if (!altered || !(means(subject, database) || isNameOfRestore(database))) return text;
  }
  return undefined;
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
 * Throws where rows that were deleted or changed may have taken others along that the log does not have: InnoDB does what its foreign
 * keys say by itself, and MariaDB, and MySQL up to 9.5, log the parent alone. Of the own database it is `ChildrenUnlogged`: with a
 * copy of the moment before, `copied` is what it has shown. Of another one it is a refusal, copy or not. Resolves with the keys that
 * the copy did not have.
 */
export async function requireNoCascades(
  transactions: readonly Transaction[],
  touched: Effects['touched'],
  copied: Pick<Copied, 'tables' | 'keys'> | undefined,
  subject: Subject,
  session: Session,
): Promise<ActingKey[]> {
  const [first] = transactions;
  if (!first) return [];
  const shown = (copied?.tables ?? []).map((table) => ({ table, did: new Set<RowChange>(['delete', 'update']) }));
  const keys = reachedKeys(await readActingKeys(session), [...touched, ...shown], subject);
  const elsewhere = keys.find(({ database }) => !means(subject, database));
  const key = elsewhere ?? keys[0];
  if (!key) return [];
  if (copied && !elsewhere) return lackingKeys(keys, copied.keys, subject);
  const parent = touched.find(({ table }) => isSameName(table, key.parentTable, subject.ignoresCase));
  const isDelete = acts(key.onDelete) && (!parent || parent.did.has('delete'));
  const rule = isDelete ? `ON DELETE ${key.onDelete}` : `ON UPDATE ${key.onUpdate}`;
  const child = elsewhere ? `${key.database}.${key.table}` : key.table;
  const what = `rows of ${child} went or changed with those of ${key.parentTable} (${rule}), and the server does not log them`;
  throw elsewhere ? failsAt(first, what) : new ChildrenUnlogged(failsAt(first, what), touched);
}

/** A copy of the moment before would show what the log does not have. */
export class ChildrenUnlogged extends Failure {
  readonly touched: Effects['touched'];

  constructor(failure: Failure, touched: Effects['touched']) {
    super(failure.message, failure);
    this.touched = touched;
  }
}
