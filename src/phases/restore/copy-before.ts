import { join } from 'node:path';
import { describeLoss } from '../../backup/dump/losses.ts';
import { readInventory } from '../../binlog/copy.ts';
import { type ActingKey, readActingKeys } from '../../binlog/judgement/cascades.ts';
import { cutRange, type LogPosition, rangeFrom } from '../../binlog/range.ts';
import { replayLog } from '../../binlog/replay.ts';
import { readNamedDatabase, type UnloggedParent } from '../../binlog/subject.ts';
import { placeOf, startOf, type Transaction } from '../../binlog/transaction.ts';
import type { Context } from '../../context.ts';
import { dropBeside } from '../../exchange/side-database.ts';
import { failsAt } from '../../flashback/cannot-undo.ts';
import type { Effects } from '../../flashback/collect.ts';
import { shapeOf, type UndoneTable } from '../../flashback/shape.ts';
import { type Copied, type CopiedTransaction, copiedFolder, writeCopied } from '../../flashback/unlogged/copied.ts';
import { bytesToKeep, type Copy, dropLaidOut, keepRows, layOut } from '../../flashback/unlogged/difference.ts';
import { reachedKeys } from '../../flashback/unlogged/reached.ts';
import type { Session } from '../../mysql/connect.ts';
import { isSameName } from '../../mysql/name.ts';
import { readSnapshot } from '../../schema/snapshot.ts';
import type { ExchangeParts } from './exchange.ts';
import { type CopySource, loadCopy } from './load-copy.ts';
import { copySince } from './tail.ts';

export interface CopyRequest extends CopySource {
  /** In the order of the log. */
  readonly transactions: readonly Transaction[];
  /** Of the rows that the log has of them. */
  readonly touched: Effects['touched'];
  /** So many bytes of rows are put aside for comparison, in all: each is logged, and each table is one transaction. */
  readonly mostKept: number;
}

/** On the server of production, where the log of one large transaction holds up every commit. */
export const MOST_KEPT = 2_000_000_000;

/**
 * Makes a copy of the moment before each of the transactions, repeats it there, and notes beside the log what it did to the tables that
 * foreign keys lead to. Production is only read. Throws an error that says what of it failed.
 */
export async function copyBefore(request: CopyRequest, parts: ExchangeParts, context: Context): Promise<Copied> {
  const { range, transactions, side } = request;
  const session = await context.server.open();
  try {
    for (const sql of context.fence?.() ?? []) await session.query(sql);
    const unloggedParents = await loadCopy(request, parts, session, context);
    await prepareSession(session);
    const repeat = (from: LogPosition, until: LogPosition) =>
      repeatLog({ request, unloggedParents, from, until }, context);
    const copied: CopiedTransaction[] = [];
    let found: Reached = { tables: [], keys: [] };
    let at: LogPosition = { file: range.files[0]?.name ?? '', position: range.from };
    for (const [index, transaction] of transactions.entries()) {
      await repeat(at, startOf(transaction));
      const reached = await readReached(request, session);
      requireExact(request, reached, transaction);
      if (index > 0 && namesOf(reached) !== namesOf(found)) throw failsAt(transaction, OTHER_KEYS);
      found = reached;
      if (index === 0) await requireFewToKeep(request, reached, transaction, session);
      at = { file: transaction.file, position: transaction.end };
      copied.push(
        await compare({ request, transaction, tables: found.tables, index, repeat }, parts, session, context),
      );
    }
    const { tables, keys } = found;
    const result = { database: side, tables: tables.map(({ table }) => table), keys, transactions: copied };
    await writeCopied(range, result);
    return result;
  } finally {
    await dropBeside(session, side).catch(() => undefined);
    await session.close();
  }
}

const OTHER_KEYS = 'foreign keys were changed between the transactions, and what they did is not logged';

async function requireFewToKeep(
  { side, transactions, mostKept }: CopyRequest,
  { tables }: Reached,
  transaction: Transaction,
  session: Session,
): Promise<void> {
  const bytes = (await bytesToKeep({ database: side, tables }, session)) * transactions.length;
  if (bytes <= mostKept) return;
  const names = tables.map(({ table }) => table).join(', ');
  const [much, most] = [bytes, mostKept].map((one) => `${Math.round(one / 1e6)} MB`);
  throw failsAt(
    transaction,
    `to find what foreign keys did to ${names}, ${much} of rows would be put aside in production's log: more than ${most}`,
  );
}

/** What was lost in the backup looks the same before and after. */
function requireExact({ manifest }: CopyRequest, { tables }: Reached, transaction: Transaction): void {
  const loss = manifest.losses?.find((one) => tables.some(({ table }) => table === one.table));
  if (!loss) return;
  throw failsAt(
    transaction,
    `foreign keys lead to ${loss.table}, which the backup does not hold exactly: ${describeLoss(loss)}`,
  );
}

/** What foreign keys may have changed, and those keys. */
interface Reached {
  readonly tables: readonly UndoneTable[];
  readonly keys: readonly ActingKey[];
}

function namesOf({ tables }: Reached): string {
  return JSON.stringify(tables.map(({ table }) => table));
}

/** Rows are put in as they are, whatever a definition would not let in, and are logged as rows. */
async function prepareSession(session: Session): Promise<void> {
  await session.query(
    "SET SESSION sql_mode = 'NO_ENGINE_SUBSTITUTION,ALLOW_INVALID_DATES,NO_AUTO_VALUE_ON_ZERO', time_zone = '+00:00'",
  );
  await logAsRows(session);
}

/** Throws the server's error where it logs statements and the account may not have it log rows. */
export async function logAsRows(session: Session): Promise<void> {
  const [row] = await session.query<{ format: string }>('SELECT @@SESSION.binlog_format AS format');
  if (row?.format !== 'ROW') await session.query("SET SESSION binlog_format = 'ROW'");
}

interface Repeating {
  readonly request: CopyRequest;
  /** Their keys are not in the copy any more. */
  readonly unloggedParents: readonly UnloggedParent[];
  readonly from: LogPosition;
  readonly until: LogPosition;
}

async function repeatLog({ request, unloggedParents, from, until }: Repeating, context: Context): Promise<void> {
  const { range, side, stepId } = request;
  const session = await context.server.open({ database: side, purpose: 'migration' });
  try {
    for (const sql of context.fence?.() ?? []) await session.query(sql);
    const named = await readNamedDatabase(session, context.server.target.database);
    const stretch = cutRange(rangeFrom(range, from), until);
    const replay = { range: stretch, from: named, into: side, isPrivate: false, stepId, unloggedParents };
    await replayLog(replay, session, context);
  } finally {
    await session.close();
  }
}

/** By the keys that the copy has now: those of the moment. */
async function readReached({ side, touched }: CopyRequest, session: Session): Promise<Reached> {
  const named = await readNamedDatabase(session, side);
  const keys = reachedKeys(await readActingKeys(session), touched, named);
  const isReached = (table: string) => keys.some((key) => isSameName(key.table, table, named.ignoresCase));
  const { objects } = await readSnapshot(session, side);
  const reached = [...objects.values()].flatMap(({ name, table }) =>
    table && isReached(name) ? [shapeOf(name, table)] : [],
  );
  return { tables: reached.sort((one, other) => (one.table < other.table ? -1 : 1)), keys };
}

interface Comparing {
  readonly request: CopyRequest;
  readonly transaction: Transaction;
  readonly tables: readonly UndoneTable[];
  readonly index: number;
  repeat(from: LogPosition, until: LogPosition): Promise<void>;
}

/** Repeats the transaction, and has the server log what it did. */
async function compare(
  { request, transaction, tables, index, repeat }: Comparing,
  parts: ExchangeParts,
  session: Session,
  context: Context,
): Promise<CopiedTransaction> {
  const { side, range } = request;
  const copy: Copy = { database: side, tables };
  await keepRows(copy, session);
  await repeat(startOf(transaction), { file: transaction.file, position: transaction.end });
  const { end } = await readInventory(session, context.server.flavor);
  const counts = await layOut(copy, session);
  const folder = join(copiedFolder(range), String(index));
  const logged = await copySince(end, { ...range, folder }, parts, context);
  await dropLaidOut(copy, session);
  return { place: placeOf(transaction), range: logged, counts };
}
