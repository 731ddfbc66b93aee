import { readObjectNames, readTables } from '../backup/dump/source.ts';
import { definersIn, requireDefiners } from '../backup/load/definers.ts';
import { failedUnchanged } from '../errors.ts';
import type { Server, Session } from '../mysql/connect.ts';
import { quoteName, quoteQualified } from '../mysql/quote.ts';
import { readSnapshot } from '../schema/snapshot.ts';
import { readRoutineGrants } from '../schema/stored/routine-grants.ts';
import { HISTORY_TABLE } from '../schema/types.ts';
import { dropKeys, keysOnce, makeKeys, orphanKeysOf, readOrphanKeys } from './orphan-keys.ts';
import { makeBeside, tablesBeside } from './side-database.ts';
import { dropStoredObjects, type RunPatiently, readStoredObjects } from './stored-objects.ts';
import { readSwapNote, type SwapNote, writeSwapNote } from './swap-note.ts';
import { readUpdateTimes } from './written-since.ts';

/** Where a swap happens, and how its statements get their locks. */
export interface Exchange {
  readonly run: string;
  /** The run's folder: what was there is written down in it before anything is dropped. */
  readonly folder: string;
  readonly server: Server;
  /** A session whose default database is production. */
  readonly session: Session;
  readonly runPatiently: RunPatiently;
}

/** What changes places. */
export interface Exchanged {
  /** Undefined: production is only emptied. */
  readonly from?: string;
  readonly aside: string;
  /**
   * Done when production's tables have left and before the others come: nobody can write to either then. The two are a
   * RENAME TABLE each, and who asks production between them is refused. The tool's history, which whoever goes on with
   * the run looks for, leaves with the second.
   */
  readonly whileEmpty?: (() => Promise<void>) | undefined;
}

/**
 * Puts the tables of `from` in production's place; production's go to `aside`. All in one RENAME TABLE, which is atomic: it
 * happens, or it does not; with `whileEmpty` in two, and that between them. What a RENAME cannot carry is noted, then
 * dropped on production's side, and must not be in `from`. The journal stays: it holds the lease of this very run. Killed
 * anywhere, doing it again ends in the same state.
 */
export async function exchangeTables(names: Exchanged, exchange: Exchange): Promise<SwapNote> {
  const { server, session, runPatiently } = exchange;
  const { database } = server.target;
  const isMoved = (await tablesBeside(session, names.aside)).length > 0;
  if (!isMoved) {
    await makeBeside(session, { name: names.aside, role: 'before', ofDatabase: database, run: exchange.run });
    if (names.from !== undefined) await keepHistory(names.from, database, session);
  }
  const noted = isMoved ? await requireNote(exchange.folder) : await notePresent(names, exchange);
  const definers = definersIn(noted.storedObjects.map(([, { text }]) => text).join('\n'));
  if (!isMoved) await requireDefiners(session, names.aside, definers);
  if (!isMoved) await loosen(names.from, noted, exchange);
  const leaving = await tablesLeaving(noted, exchange);
  if (names.whileEmpty && names.from !== undefined) await requireFree(names.from, exchange);
  const first = names.whileEmpty ? leaving.filter((name) => name !== HISTORY_TABLE) : [];
  const moves = (tables: readonly string[]) => tables.map((name) => [database, noted.aside, name] as const);
  await rename(moves(first), exchange);
  let note = noted;
  if (names.whileEmpty) {
    // Nothing keeps anybody from making a table while the RENAME waits.
    if (first.length > 0) note = await sendAfter(note, exchange);
    await names.whileEmpty();
  }
  const coming = names.from === undefined ? [] : await tablesBeside(session, names.from);
  if (coming.length > 0 && names.from !== undefined) {
    const noteThem = names.whileEmpty ? noteArriving : noteTimes;
    note = await noteThem(note, { from: names.from, coming }, exchange);
    if (names.whileEmpty) await requireEmpty(exchange);
  }
  const arriving = coming.map((name) => [names.from ?? '', database, name] as const);
  await rename([...moves(leaving.filter((name) => !first.includes(name))), ...arriving], exchange);
  await makeKeys(session, database, note.arrivingKeys, runPatiently);
  return note;
}

/** Whoever reads what is to come would hold it back while production has no tables: waited for, and named, before. */
async function requireFree(from: string, { session, runPatiently }: Exchange): Promise<void> {
  // A lock on a table takes one on those that its keys refer to: no other database shall wait for us.
  const bound = await session.query<{ name: string }>(
    `SELECT TABLE_NAME AS name FROM information_schema.REFERENTIAL_CONSTRAINTS
     WHERE CONSTRAINT_SCHEMA = ? AND UNIQUE_CONSTRAINT_SCHEMA <> CONSTRAINT_SCHEMA`,
    [from],
  );
  const free = (await tablesBeside(session, from)).filter((table) => !bound.some(({ name }) => name === table));
  const locks = free.map((name) => `${quoteQualified(from, name)} WRITE`);
  if (locks.length === 0) return;
  await runPatiently(`LOCK TABLES ${locks.join(', ')}`);
  await session.execute('UNLOCK TABLES');
}

async function tablesLeaving(note: SwapNote, { server, session }: Exchange): Promise<string[]> {
  const gone = await tablesBeside(session, note.aside);
  const present = await readCarried(server, session);
  return note.tables.filter((name) => !gone.includes(name) && present.includes(name));
}

/** Tables that nobody had when the others were noted, and that are in the way of none that has left. */
async function sendAfter(noted: SwapNote, exchange: Exchange): Promise<SwapNote> {
  const { folder, server, session } = exchange;
  for (let note = noted; ; ) {
    const made = (await readCarried(server, session)).filter((name) => !note.tables.includes(name));
    if (made.length === 0) return note;
    note = { ...note, tables: [...note.tables, ...made] };
    await writeSwapNote(folder, note);
    await dropStoredObjects(session, server.target.database, exchange.runPatiently);
    await rename(
      made.map((name) => [server.target.database, note.aside, name] as const),
      exchange,
    );
  }
}

/** Rows of somebody's are in it: it is not for us to move them out of sight. */
async function requireEmpty({ server, session }: Exchange): Promise<void> {
  const present = (await readCarried(server, session)).filter((name) => name !== HISTORY_TABLE);
  if (present.length === 0) return;
  throw failedUnchanged(
    `${present.join(', ')} ${present.length === 1 ? 'was' : 'were'} made while production had no tables`,
    'gateway-migrate restore, with what makes tables where it finds none stopped (it lists what there is to choose from)',
  );
}

/** What was done while production was empty may have made tables, and dropped some; keys that would not follow, as well. */
async function noteArriving(
  note: SwapNote,
  { from, coming: arriving }: Coming,
  { folder, session, runPatiently }: Exchange,
): Promise<SwapNote> {
  const made = await readOrphanKeys(session, from);
  const kept = note.arrivingKeys.filter(({ table }) => arriving.includes(table));
  const renewed = { ...note, arriving, arrivingKeys: keysOnce([...kept, ...made]) };
  await writeSwapNote(folder, renewed);
  await dropKeys(session, from, made, runPatiently);
  return renewed;
}

interface Coming {
  readonly from: string;
  readonly coming: readonly string[];
}

/** So that a way back can tell whether rows were written to them since. */
async function noteTimes(note: SwapNote, { from }: Coming, { folder, server, session }: Exchange): Promise<SwapNote> {
  const timed = { ...note, updateTimes: await readUpdateTimes(session, server.flavor, from) };
  await writeSwapNote(folder, timed);
  return timed;
}

/** Takes away what holds tables back, or would not follow them. */
async function loosen(from: string | undefined, note: SwapNote, { server, session, runPatiently }: Exchange) {
  const { database } = server.target;
  await dropStoredObjects(session, database, runPatiently);
  await dropKeys(session, database, note.orphanKeys, runPatiently);
  if (from !== undefined) await dropKeys(session, from, note.arrivingKeys, runPatiently);
}

/** One RENAME TABLE. Its order matters: a name is free once its table has left. */
export async function rename(
  moves: readonly (readonly [from: string, to: string, table: string])[],
  { session, runPatiently }: Pick<Exchange, 'session' | 'runPatiently'>,
): Promise<void> {
  if (moves.length === 0) return;
  // Off, the servers do not let foreign keys follow their tables.
  await session.execute('SET SESSION foreign_key_checks = 1');
  const parts = moves.map(([from, to, name]) => `${quoteQualified(from, name)} TO ${quoteQualified(to, name)}`);
  await runPatiently(`RENAME TABLE ${parts.join(', ')}`);
}

export async function setDefaults(
  session: Session,
  database: string,
  defaults: { readonly charset: string; readonly collation: string },
): Promise<void> {
  const { charset, collation } = defaults;
  await session.execute(`ALTER DATABASE ${quoteName(database)} CHARACTER SET ${charset} COLLATE ${collation}`);
}

/** Tables and MariaDB's sequences of production: what RENAME TABLE can carry. */
export async function readCarried(server: Server, session: Session): Promise<string[]> {
  const tables = await readTables(server, session);
  const { sequence } = await readObjectNames(session, server.target.database);
  return [...tables.map(({ name }) => name), ...sequence];
}

async function requireNote(folder: string): Promise<SwapNote> {
  const note = await readSwapNote(folder);
  if (note === undefined) throw new Error(`the note of what production was is gone from ${folder}`);
  return note;
}

/** After a crash before the RENAME some stored objects may be dropped already: what the first note knew stays in it. */
async function notePresent(
  { from, aside }: { from?: string; aside: string },
  { folder, server, session }: Exchange,
): Promise<SwapNote> {
  const { database } = server.target;
  const earlier = await readSwapNote(folder);
  const now = await readStoredObjects(session, database);
  const ids = new Set(now.map(([id]) => id));
  const snapshot = await readSnapshot(session, database);
  const keys = [...(earlier?.orphanKeys ?? []), ...orphanKeysOf(snapshot)];
  const { charset, collation, fingerprint } = earlier ?? snapshot;
  // What an earlier attempt has dropped took its grants along.
  const grants = [...(earlier?.routineGrants ?? []), ...((await readRoutineGrants(session, database)) ?? [])];
  const note = {
    aside,
    tables: await readCarried(server, session),
    arriving: from === undefined ? undefined : await tablesBeside(session, from),
    storedObjects: [...(earlier?.storedObjects ?? []).filter(([id]) => !ids.has(id)), ...now],
    orphanKeys: keysOnce(keys),
    routineGrants: [...new Map(grants.map((grant) => [grant.sql, grant])).values()],
    arrivingKeys: earlier?.arrivingKeys ?? (from === undefined ? [] : await readOrphanKeys(session, from)),
    ...{ charset, collation, fingerprint },
  };
  await writeSwapNote(folder, note);
  return note;
}

/** A backup from before the tool's first deploy has no history: then the history is there, and empty. */
export async function keepHistory(beside: string, database: string, session: Session): Promise<void> {
  const [theirs, ours] = await Promise.all([hasHistory(beside, session), hasHistory(database, session)]);
  if (theirs || !ours) return;
  await session.execute(
    `CREATE TABLE ${quoteQualified(beside, HISTORY_TABLE)} LIKE ${quoteQualified(database, HISTORY_TABLE)}`,
  );
}

async function hasHistory(database: string, session: Session): Promise<boolean> {
  const rows = await session.query(
    'SELECT 1 FROM information_schema.TABLES WHERE TABLE_SCHEMA = ? AND TABLE_NAME = ?',
    [database, HISTORY_TABLE],
  );
  return rows.length > 0;
}
