import { quoteQualified } from '../mysql/quote.ts';
import { OWN_TABLES } from '../schema/types.ts';
import { dropKeys, makeKeys, readOrphanKeys } from './orphan-keys.ts';
import { dropBeside, makeBeside, tablesBeside } from './side-database.ts';
import { dropStoredObjects, makeStoredObjects } from './stored-objects.ts';
import { type Exchange, readCarried, rename, setDefaults } from './swap.ts';
import type { SwapNote } from './swap-note.ts';
import { isWrittenSince, readUpdateTimes } from './written-since.ts';

/** Where what production holds by now goes, when what was there before comes back. */
export interface Return {
  readonly note: SwapNote;
  readonly side: string;
  /** Keep it: the site has been up, and may have written to it. */
  readonly keeps: boolean;
}

/**
 * Takes an exchange back, however far it came: tables in one RENAME TABLE, then the stored objects that were noted.
 * Returns what the server refuses to make again. Killed anywhere, doing it again ends in the same state.
 */
export async function returnTables({ note, side, keeps }: Return, exchange: Exchange): Promise<string[]> {
  const { run, server, session, runPatiently } = exchange;
  const { database } = server.target;
  const returning = await tablesBeside(session, note.aside);
  if (returning.length > 0) {
    const present = await readCarried(server, session);
    const going = present.filter((name) => returning.includes(name) || !note.tables.includes(name));
    const role = keeps || (await mayHoldRows(note, going, exchange)) ? 'before' : 'restore';
    // Where what was to come has not come, a copy of it is still there: under a name that somebody has made meanwhile as well.
    const copies = await tablesBeside(session, side);
    await dropTables(
      side,
      going.filter((name) => copies.includes(name)),
      exchange,
    );
    if (going.length > 0) await makeBeside(session, { name: side, role, ofDatabase: database, run });
    await dropStoredObjects(session, database, runPatiently);
    await dropKeys(session, database, await readOrphanKeys(session, database), runPatiently);
    await rename(
      [
        ...going.map((name) => [database, side, name] as const),
        ...returning.map((name) => [note.aside, database, name] as const),
      ],
      exchange,
    );
  }
  await setDefaults(session, database, note);
  await dropStoredObjects(session, database, runPatiently, new Set(note.storedObjects.map(([id]) => id)));
  await makeKeys(session, database, note.orphanKeys, runPatiently);
  const refused = await makeStoredObjects(session, database, note.collation, note.storedObjects);
  await dropBeside(session, note.aside);
  return refused;
}

/**
 * Whether rows of somebody's may be in the tables that go: production was them for a moment, or is them still. Not while it is
 * loaded in place, by nobody but the run.
 */
export async function mayHoldRows(
  { arriving, updateTimes }: SwapNote,
  going: readonly string[],
  { server, session }: Exchange,
): Promise<boolean> {
  if (arriving === undefined) return false;
  const { database } = server.target;
  const now = await readUpdateTimes(session, server.flavor, database);
  const times = Object.entries(now).filter(([name]) => going.includes(name) && !OWN_TABLES.includes(name));
  if (isWrittenSince(updateTimes, Object.fromEntries(times))) return true;
  // Of some tables the server never knows.
  for (const [name] of times.filter(([, at]) => at === null)) {
    const rows = await session.query(`SELECT 1 FROM ${quoteQualified(database, name)} LIMIT 1`);
    if (rows.length > 0) return true;
  }
  return false;
}

async function dropTables(database: string, names: readonly string[], { session, runPatiently }: Exchange) {
  if (names.length === 0) return;
  await session.execute('SET SESSION foreign_key_checks = 0');
  await runPatiently(`DROP TABLE ${names.map((name) => quoteQualified(database, name)).join(', ')}`);
}
