import { join } from 'node:path';
import type { Manifest } from '../../backup/file/manifest.ts';
import { readInventory } from '../../binlog/copy.ts';
import { findUnloggedParents, logsCascades, readActingKeys } from '../../binlog/judgement/cascades.ts';
import { type LogPosition, type LogRange, readRange } from '../../binlog/range.ts';
import { type NamedDatabase, readNamedDatabase, type UnloggedParent } from '../../binlog/subject.ts';
import { readTransactions, type TableChange } from '../../binlog/transaction.ts';
import type { Context } from '../../context.ts';
import { copiedFolder } from '../../flashback/unlogged/copied.ts';
import type { Session } from '../../mysql/connect.ts';
import { isSameName } from '../../mysql/name.ts';
import { quoteName, quoteQualified } from '../../mysql/quote.ts';
import { JOURNAL_TABLE } from '../../schema/types.ts';
import { boundLockWaits } from '../../statements/patience.ts';
import type { ExchangeParts } from './exchange.ts';
import { loadTablesInto } from './load-side-database.ts';
import { copySince } from './tail.ts';

export interface CopySource {
  /** A backup from before the first of the transactions. */
  readonly file: string;
  readonly manifest: Manifest;
  /** The log from where the backup ends. */
  readonly range: LogRange;
  /** The database that the copy is made in, and that is gone afterwards. */
  readonly side: string;
  readonly stepId: string;
}

/**
 * Loads the tables without their foreign keys to other databases: those would hold live rows there fast, and what is done to live
 * rows would change the copy. Resolves with the parents whose changes the log of the server lacks. Throws an error when they
 * changed while the keys were there.
 */
export async function loadCopy(
  { file, manifest, range, side, stepId }: CopySource,
  parts: ExchangeParts,
  session: Session,
  context: Context,
): Promise<readonly UnloggedParent[]> {
  const { flavor } = context.server;
  const since = (await readInventory(session, flavor)).end;
  await loadTablesInto(side, file, manifest, { ...parts, stepId }, session, context);
  const named = await readNamedDatabase(session, side);
  const parents = findUnloggedParents(await readActingKeys(session), named);
  await dropOuterKeys(side, parts, session);
  if (parents.length > 0) await requireUntouched({ parents, since, range, named }, parts, context);
  return (await logsCascades(session, flavor)) ? [] : parents;
}

async function dropOuterKeys(side: string, { config }: ExchangeParts, session: Session): Promise<void> {
  const keys = await session.query<{ table: string; name: string }>(
    `SELECT TABLE_NAME AS \`table\`, CONSTRAINT_NAME AS name FROM information_schema.REFERENTIAL_CONSTRAINTS
     WHERE CONSTRAINT_SCHEMA = ? AND UNIQUE_CONSTRAINT_SCHEMA <> ?`,
    [side, side],
  );
  // The parent is locked for a moment, too.
  await boundLockWaits(session, config.migrations);
  for (const { table, name } of keys) {
    await session.execute(`ALTER TABLE ${quoteQualified(side, table)} DROP FOREIGN KEY ${quoteName(name)}`);
  }
}

interface Outside {
  readonly parents: readonly UnloggedParent[];
  readonly since: LogPosition;
  readonly range: LogRange;
  readonly named: NamedDatabase;
}

async function requireUntouched({ parents, since, range, named }: Outside, parts: ExchangeParts, context: Context) {
  const logged = await copySince(since, { ...range, folder: join(copiedFolder(range), 'load') }, parts, context);
  if (!logged) return;
  const isSame = (one: string, other: string) => isSameName(one, other, named.ignoresCase);
  const acts = ({ database, table, on }: UnloggedParent, change: TableChange) =>
    isSame(database, change.database) && isSame(table, change.table) && on.some((one) => one === change.change);
  for await (const { changes } of readTransactions(readRange(logged), JOURNAL_TABLE)) {
    const touched = parents.find((parent) => changes.some((change) => acts(parent, change)));
    if (!touched) continue;
    const { database, table } = touched;
    throw new Error(`rows of ${database}.${table} went or changed during the load, and rows of the copy with them`);
  }
}
