import { definersIn, requireDefiners } from '../backup/load/definers.ts';
import type { Session } from '../mysql/connect.ts';
import { byText } from '../schema/group.ts';
import { readSnapshot } from '../schema/snapshot.ts';
import type { SeamKeys } from './broken-keys.ts';
import { dropKeys, keysOf, makeKeys, type OrphanKey, orphanKeysOf } from './orphan-keys.ts';
import { dropBeside, makeBeside, tablesBeside } from './side-database.ts';
import { dropStoredObjects, makeStoredObjects, readStoredObjects, readTriggersOf } from './stored-objects.ts';
import { type Exchange, rename } from './swap.ts';
import { mayHoldRows, type Return } from './swap-back.ts';
import { readSwapNote, type SwapNote, writeSwapNote } from './swap-note.ts';
import { readUpdateTimes } from './written-since.ts';

export interface SingleTables {
  readonly tables: readonly string[];
  /** Where they were loaded, without triggers. */
  readonly from: string;
  /** Where those go that are there now. */
  readonly aside: string;
}

/**
 * Puts single tables in the place of production's, all in one RENAME TABLE. A foreign key follows its table and its
 * parent on both servers, so that those between a table that moves and one that stays are noted, dropped, and made again;
 * triggers, which hold a table back, are noted and dropped. `requireWhole` is asked before anything is. Killed anywhere,
 * doing it again ends in the same state.
 */
export async function exchangeSingle(
  { tables, from, aside }: SingleTables,
  exchange: Exchange,
  requireWhole: (keys: SeamKeys) => Promise<void>,
): Promise<SwapNote> {
  const { run, server, session, folder, runPatiently } = exchange;
  const { database } = server.target;
  const coming = await among(tables, from, session);
  const note = coming.length > 0 ? await noteTables({ tables, from, aside }, exchange) : await readSwapNote(folder);
  if (note === undefined) throw new Error(`the note of what production was is gone from ${folder}`);
  const staying = note.orphanKeys.filter(({ table }) => !tables.includes(table));
  if (coming.length > 0) {
    await requireWhole({ arriving: note.arrivingKeys, staying });
    await requireDefiners(session, from, definersIn(note.storedObjects.map(([, { text }]) => text).join('\n')));
    if (note.tables.length > 0) await makeBeside(session, { name: aside, role: 'before', ofDatabase: database, run });
    await dropStoredObjects(session, database, runPatiently, await readTriggersOf(session, database, tables));
    await dropKeys(session, database, note.orphanKeys, runPatiently);
    await dropKeys(session, from, note.arrivingKeys, runPatiently);
    await writeSwapNote(folder, { ...note, updateTimes: await readUpdateTimes(session, server.flavor, from) });
    await rename(
      [
        ...note.tables.map((name) => [database, aside, name] as const),
        ...coming.map((name) => [from, database, name] as const),
      ],
      exchange,
    );
  }
  await makeKeys(session, database, [...note.arrivingKeys, ...staying], runPatiently);
  return note;
}

/** Takes that back, however far it came. Returns the triggers that the server refuses to make again. */
export async function returnSingle({ note, side, keeps }: Return, exchange: Exchange): Promise<string[]> {
  const { run, server, session, runPatiently } = exchange;
  const { database } = server.target;
  const tables = note.only ?? [];
  if (await hasMoved(note, side, session)) {
    const going = await among(tables, database, session);
    const beside = { name: side, ofDatabase: database, run };
    await makeBeside(session, { ...beside, role: 'before' });
    await dropStoredObjects(session, database, runPatiently, await readTriggersOf(session, database, tables));
    await dropKeys(session, database, seamKeysOf(keysOf(await readSnapshot(session, database)), tables), runPatiently);
    await rename(
      [
        ...going.map((name) => [database, side, name] as const),
        ...note.tables.map((name) => [note.aside, database, name] as const),
      ],
      exchange,
    );
    const isKept = keeps || (await mayHoldRows(note, { side, going }, exchange));
    if (!isKept) await makeBeside(session, { ...beside, role: 'restore' });
  }
  await dropStoredObjects(session, database, runPatiently, new Set(note.storedObjects.map(([id]) => id)));
  await makeKeys(session, database, note.orphanKeys, runPatiently);
  const refused = await makeStoredObjects(session, database, note.collation, note.storedObjects);
  await dropBeside(session, note.aside);
  return refused;
}

/** The RENAME is one statement. Where nothing was there to be kept, what was loaded has left the side when it happened. */
async function hasMoved(note: SwapNote, side: string, session: Session): Promise<boolean> {
  const tables = note.only ?? [];
  if (note.tables.length > 0) return (await among(tables, note.aside, session)).length > 0;
  return (await among(tables, side, session)).length === 0;
}

async function among(tables: readonly string[], database: string, session: Session): Promise<string[]> {
  const present = await tablesBeside(session, database);
  return tables.filter((table) => present.includes(table));
}

/** PURE: those of the keys with one end among the tables, and the other outside; by name. */
export function seamKeysOf(keys: readonly OrphanKey[], tables: readonly string[]): OrphanKey[] {
  const seam = keys.filter(({ table, parentTable }) => tables.includes(table) !== tables.includes(parentTable));
  return seam.sort(byText(({ name }) => name));
}

/** After a crash before the RENAME some triggers and keys may be dropped already: what the first note knew stays in it. */
async function noteTables(
  { tables, from, aside }: SingleTables,
  { folder, server, session }: Exchange,
): Promise<SwapNote> {
  const { database } = server.target;
  const earlier = await readSwapNote(folder);
  const triggers = await readStoredObjects(session, database, await readTriggersOf(session, database, tables));
  const ids = new Set(triggers.map(([id]) => id));
  const snapshot = await readSnapshot(session, database);
  const keys = [...(earlier?.orphanKeys ?? []), ...seamKeysOf(keysOf(snapshot), tables)];
  const { charset, collation, fingerprint } = earlier ?? snapshot;
  const note = {
    ...{ aside, only: tables, arriving: tables, charset, collation, fingerprint },
    tables: await among(tables, database, session),
    storedObjects: [...(earlier?.storedObjects ?? []).filter(([id]) => !ids.has(id)), ...triggers],
    orphanKeys: [...new Map(keys.map((key) => [`${key.table}\n${key.name}`, key])).values()],
    arrivingKeys: earlier?.arrivingKeys ?? orphanKeysOf(await readSnapshot(session, from)),
  };
  await writeSwapNote(folder, note);
  return note;
}
