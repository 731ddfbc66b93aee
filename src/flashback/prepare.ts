import { readSubject } from '../binlog/judgement/cascades.ts';
import type { LogRange } from '../binlog/range.ts';
import { requireStrict } from '../binlog/strict.ts';
import type { Subject } from '../binlog/subject.ts';
import type { Transaction } from '../binlog/transaction.ts';
import { refusal } from '../errors.ts';
import { dropBeside, makeBeside } from '../exchange/side-database.ts';
import type { Session } from '../mysql/connect.ts';
import type { Flavor } from '../mysql/flavor.ts';
import type { Snapshot } from '../schema/types.ts';
import { type Bounds, collectEffects, type Effects } from './collect.ts';
import {
  type Hidden,
  hasUnloggedCascades,
  requireNoCascades,
  requireRowsAlone,
  requireSameTables,
} from './require-undoable.ts';
import { fillBeside, type Undo, understandRows } from './scratch.ts';
import { readUndo } from './undo.ts';
import { type Copied, withCopied } from './unlogged/copied.ts';

export interface UndoRequest {
  readonly range: LogRange;
  /** In the order of the log. */
  readonly transactions: readonly Transaction[];
  /** The database that is made beside production. */
  readonly side: string;
  readonly run: string;
  readonly bounds: Bounds;
  readonly flavor: Flavor;
  readonly signal: AbortSignal;
  /** What a copy of the moment before has shown of it; undefined: there was none, or none was needed. */
  readonly copied?: Copied | undefined;
}

export interface Prepared {
  readonly undo: Undo;
  /** How much of the log a statement may hold; 0: one event. */
  readonly fullBytes: number;
}

/** Below these everything is undone in one transaction, and held in memory: two images a row. */
export const BOUNDS: Bounds = { rows: 200_000, bytes: 256 * 1024 * 1024 };

/**
 * Reads what is to be undone, and lays it beside production, where the server can compare it. Throws a refusal where it could
 * not be undone whole: before anything is made beside.
 */
export async function prepareUndo(request: UndoRequest, snapshot: Snapshot, session: Session): Promise<Prepared> {
  const { range, transactions, side, run, flavor, signal } = request;
  const subject = await readSubject(session, flavor, snapshot.database);
  const { effects, hidden } = await readEffects(request, subject, session);
  const { description, tables } = effects;
  const names = tables.map(({ table }) => table);
  if (!description || tables.length === 0) throw nothingToUndo(snapshot.database);
  await requireSameTables(range, transactions, { tables: names, hidden }, subject, signal);
  const undo = await readUndo(
    effects,
    snapshot,
    { side, named: subject, isMariaDb: flavor.kind === 'mariadb' },
    session,
  );
  await requireRoom(effects, session);
  await requireStrict(session, flavor).catch(({ message }: Error) => {
    throw refusal(message, 'let errors count on this server, then the same command again');
  });
  if (flavor.kind === 'mariadb') await requireQuietTriggers(names, snapshot.database, session);
  await dropBeside(session, side);
  await makeBeside(session, { name: side, role: 'restore', ofDatabase: snapshot.database, run });
  const fullBytes = await understandRows(session, flavor, description);
  // What a default of a table would not let in, its rows may hold all the same.
  await session.query("SET SESSION sql_mode = 'NO_ENGINE_SUBSTITUTION,ALLOW_INVALID_DATES'");
  await fillBeside(undo, fullBytes, session);
  return { undo, fullBytes };
}

/** From the log, and where that lacks what foreign keys did, from the copy. */
async function readEffects(
  { range, transactions, bounds, flavor, signal, copied }: UndoRequest,
  subject: Subject,
  session: Session,
): Promise<{ readonly effects: Effects; readonly hidden: Hidden | undefined }> {
  requireRowsAlone(transactions, subject);
  const logged = await collectEffects(range, transactions, subject, bounds, signal);
  // Whether they are logged is a setting of now: a copy was made because they were not.
  if (!copied && !(await hasUnloggedCascades(logged, flavor, session))) return { effects: logged, hidden: undefined };
  const { touched } = logged;
  const lacking = await requireNoCascades(transactions, touched, copied, subject, session);
  const hidden = { touched, isCopied: copied !== undefined, lacking };
  if (!copied) return { effects: logged, hidden };
  return { effects: await withCopied(logged, copied, transactions, subject, bounds, signal), hidden };
}

function nothingToUndo(database: string) {
  return refusal(
    `there is nothing to undo: these transactions leave no row of ${database} other than they found it`,
    'gateway-migrate restore (lists what the binary log has)',
  );
}

/** A row is sent with its table's description, in base64. */
async function requireRoom({ tables }: Effects, session: Session): Promise<void> {
  const [row] = await session.query<{ packet: number | string }>('SELECT @@GLOBAL.max_allowed_packet AS packet');
  const size = (image: string | undefined) => image?.length ?? 0;
  const largest = tables.reduce(
    (most, { net }) => net.rows.reduce((so, { before, after }) => Math.max(so, size(before) + size(after)), most),
    0,
  );
  const needed = Math.ceil(((1024 * 1024 + largest) * 4) / 3) + 64 * 1024;
  if (needed <= Number(row?.packet)) return;
  throw refusal(
    `a row of ${largest} bytes does not fit max_allowed_packet (${row?.packet})`,
    `SET GLOBAL max_allowed_packet = ${needed} as an administrator, then the same command again`,
  );
}

/** MariaDB can be told to fire triggers for rows that come from a log. */
async function requireQuietTriggers(tables: readonly string[], database: string, session: Session): Promise<void> {
  const [row] = await session.query<{ fires: string }>('SELECT @@GLOBAL.slave_run_triggers_for_rbr AS fires');
  if (row?.fires === 'NO') return;
  const triggers = await session.query<{ name: string }>(
    `SELECT TRIGGER_NAME AS name FROM information_schema.TRIGGERS WHERE TRIGGER_SCHEMA = ?
     AND EVENT_OBJECT_TABLE IN (${tables.map(() => '?').join(', ')})`,
    [database, ...tables],
  );
  const [first] = triggers;
  if (!first) return;
  throw refusal(
    `the trigger ${first.name} would fire for rows that are undone (slave_run_triggers_for_rbr is ${row?.fires})`,
    'SET GLOBAL slave_run_triggers_for_rbr = NO as an administrator, then the same command again',
  );
}
