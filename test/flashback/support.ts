import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { HEADER_BYTES, seal } from '../../src/binlog/events/event.ts';
import { findNamed } from '../../src/binlog/named/find.ts';
import { parseName } from '../../src/binlog/named/names.ts';
import type { LogPosition } from '../../src/binlog/range.ts';
import type { Config } from '../../src/config/config.ts';
import { dropBeside } from '../../src/exchange/side-database.ts';
import {
  lockRows,
  type OnConflict,
  requireUndone,
  type Settled,
  settle,
  undoRows,
} from '../../src/flashback/carry-out.ts';
import type { Bounds } from '../../src/flashback/collect.ts';
import { BOUNDS, type Prepared, prepareUndo } from '../../src/flashback/prepare.ts';
import { ChildrenUnlogged } from '../../src/flashback/require-undoable.ts';
import type { Copied } from '../../src/flashback/unlogged/copied.ts';
import type { connect } from '../../src/mysql/connect.ts';
import { quoteName } from '../../src/mysql/quote.ts';
import { type CopyRequest, copyBefore, MOST_KEPT } from '../../src/phases/restore/copy-before.ts';
import { readSnapshot } from '../../src/schema/snapshot.ts';
import { contextFor, type Taken } from '../backup/support.ts';
import { copySince, endOfLog, withRoot } from '../binlog/support.ts';
import type { TestServer } from '../support/servers.ts';

type Session = Awaited<ReturnType<Awaited<ReturnType<typeof connect>>['open']>>;

export interface Accident {
  readonly from: LogPosition;
  readonly places: readonly string[];
  /** The log says that a server of this version wrote it. Default: the one that did. */
  readonly writtenBy?: string;
  /** From before it: where foreign keys did what the log does not have, a copy of the moment before is made of it. */
  readonly backup?: Pick<Taken, 'file' | 'manifest'>;
  /** What a copy has shown already. */
  readonly copied?: Copied;
  /** Bytes of rows that the copy may put aside. */
  readonly mostKept?: number;
  /** What somebody else does while the copy is made: before the load, or before the n-th stretch of the log is repeated. */
  readonly meanwhile?: { readonly at: 'load' | number; readonly sql: string };
}

/** Does each piece of work in a transaction of its own, and tells where the log has it. */
export async function happen(server: TestServer, database: string, ...works: readonly string[]): Promise<Accident> {
  const from = await endOfLog(server);
  const places: string[] = [];
  for (const work of works) {
    const { file, position } = await endOfLog(server);
    places.push(`${file}:${position}`);
    await server.sql(work, database);
  }
  return { from, places };
}

/** Lays what happened beside production, and takes it away again after `body`. */
export async function prepare<T>(
  server: TestServer,
  database: string,
  { from, places, writtenBy, backup, copied: shown, meanwhile, mostKept = MOST_KEPT }: Accident,
  bounds: Bounds,
  body: (prepared: Prepared, session: Session) => Promise<T>,
): Promise<T> {
  const range = await copySince(server, backup?.manifest.position ?? from);
  if (writtenBy !== undefined) for (const { name } of range.files) claimWriter(join(range.folder, name), writtenBy);
  const { signal } = new AbortController();
  const names = places.flatMap((place) => parseName(place) ?? []);
  const { transactions } = await findNamed(range, names, signal);
  const side = `${database}_restore_20260101_000000`;
  return withRoot(server, database, async (session, flavor) => {
    const snapshot = await readSnapshot(session, database);
    await session.query("SET time_zone = '+00:00', sql_mode = 'STRICT_TRANS_TABLES'");
    const request = { range, transactions, side, run: 'r', bounds, flavor, signal, copied: shown };
    const prepareAgain = async (error: unknown) => {
      if (!(error instanceof ChildrenUnlogged) || !backup) throw error;
      const asked = { ...backup, range, transactions, touched: error.touched, mostKept };
      const copied = await copyFor(server, database, asked, meanwhile);
      return prepareUndo({ ...request, copied }, snapshot, session);
    };
    try {
      return await body(await prepareUndo(request, snapshot, session).catch(prepareAgain), session);
    } finally {
      await session.execute('ROLLBACK');
      await dropBeside(session, side);
    }
  });
}

async function copyFor(
  server: TestServer,
  database: string,
  request: Omit<CopyRequest, 'side' | 'stepId'>,
  meanwhile: Accident['meanwhile'],
): Promise<Copied> {
  // Asked for by the session of the copy, the client that loads, and each repetition, in this order.
  const turn = meanwhile?.at === 'load' ? 2 : (meanwhile?.at ?? 0) + 2;
  let turns = 0;
  const fence = () => (meanwhile && ++turns === turn ? [meanwhile.sql] : []);
  const parts = {
    run: 'r',
    config: { stateDir: request.range.folder, migrations: { lockWaitSeconds: 5, lockRetries: 0 } } as Config,
    env: { GATEWAY_MIGRATE_CLIENTS: server.binDir },
  };
  const side = `${database}_restore_20260101_000001`;
  return copyBefore({ ...request, side, stepId: 'copy' }, parts, await contextFor(server.target(database), { fence }));
}

/** Behind the magic number and the event's header stand two bytes, and then the version. */
function claimWriter(path: string, version: string): void {
  const log = readFileSync(path);
  const description = log.subarray(4, 4 + log.readUInt32LE(4 + 9));
  description.fill(0, HEADER_BYTES + 2, HEADER_BYTES + 52).write(version, HEADER_BYTES + 2);
  // Of a log in use the flag is not part of the checksum.
  description.writeUInt16LE(0, 17);
  seal(description, true);
  writeFileSync(path, log);
}

async function readsOf(session: Session): Promise<number> {
  const rows = await session.query<{ Value: string }>("SHOW SESSION STATUS LIKE 'Handler\\_read%'");
  return rows.reduce((sum, { Value }) => sum + Number(Value), 0);
}

/** Undoes what happened, without the program around it. `onRead` is told how many rows it has read. */
export function undo(
  server: TestServer,
  database: string,
  accident: Accident,
  rule: OnConflict = 'stop',
  bounds: Bounds = BOUNDS,
  onRead?: (rows: number) => void,
): Promise<Settled['conflicts']> {
  return prepare(server, database, accident, bounds, async ({ undo: prepared, fullBytes }, session) => {
    await session.execute('SET SESSION TRANSACTION ISOLATION LEVEL SERIALIZABLE');
    await session.execute('START TRANSACTION');
    await lockRows(prepared, session);
    const settled = await settle(prepared, rule, session);
    if (settled.conflicts.length === 0 || rule === 'theirs') {
      await undoRows(prepared, settled, fullBytes, session);
      await requireUndone(prepared, session);
    }
    await session.execute('COMMIT');
    onRead?.(await readsOf(session));
    return settled.conflicts;
  });
}

/** All rows of all tables, as text of their bytes. */
export async function contentOf(server: TestServer, database: string): Promise<Record<string, string[]>> {
  return withRoot(server, database, async (session) => {
    const content: Record<string, string[]> = {};
    for (const table of await tablesOf(session, database)) {
      const columns = await session.query<{ name: string }>(
        'SELECT COLUMN_NAME AS name FROM information_schema.COLUMNS WHERE TABLE_SCHEMA = ? AND TABLE_NAME = ? ORDER BY ORDINAL_POSITION',
        [database, table],
      );
      const rows = await session.query(
        `SELECT ${columns.map(({ name }) => quoteName(name)).join(', ')} FROM ${quoteName(table)}`,
      );
      content[table] = rows.map((row) => JSON.stringify(row)).sort();
    }
    return content;
  });
}

async function tablesOf(session: Session, database: string): Promise<string[]> {
  const rows = await session.query<{ name: string }>(
    "SELECT TABLE_NAME AS name FROM information_schema.TABLES WHERE TABLE_SCHEMA = ? AND TABLE_TYPE = 'BASE TABLE' ORDER BY 1",
    [database],
  );
  return rows.map(({ name }) => name);
}
