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
    // What was to come comes in one statement: where copies of it are left, none has come, and a name may be taken meanwhile.
    const beside = { name: side, ofDatabase: database, run };
    if (going.length > 0) {
      await dropTables(side, await tablesBeside(session, side), exchange);
      const isInPlace = note.arriving === undefined && !keeps;
      await makeBeside(session, { ...beside, role: isInPlace ? 'restore' : 'before' });
    }
    await dropStoredObjects(session, database, runPatiently);
    await dropKeys(session, database, await readOrphanKeys(session, database), runPatiently);
    await rename(
      [
        ...going.map((name) => [database, side, name] as const),
        ...returning.map((name) => [note.aside, database, name] as const),
      ],
      exchange,
    );
    // The RENAME has waited for everybody who was writing.
    const isKept = keeps || going.length === 0 || (await mayHoldRows(note, { side, going }, exchange));
    if (!isKept) await makeBeside(session, { ...beside, role: 'restore' });
  }
  await setDefaults(session, database, note);
  await dropStoredObjects(session, database, runPatiently, new Set(note.storedObjects.map(([id]) => id)));
  await makeKeys(session, database, note.orphanKeys, runPatiently);
  const refused = await makeStoredObjects(session, database, note.collation, note.storedObjects);
  await dropBeside(session, note.aside);
  return refused;
}

/**
 * Whether rows of somebody's may be in the tables that have gone to `side`: production was them for a moment. Not while it is loaded in
 * place, by nobody but the run.
 */
export async function mayHoldRows(
  { arriving, updateTimes }: SwapNote,
  { side, going }: { readonly side: string; readonly going: readonly string[] },
  { server, session }: Exchange,
): Promise<boolean> {
  if (arriving === undefined) return false;
  const now = await readUpdateTimes(session, server.flavor, side);
  const times = Object.entries(now).filter(([name]) => going.includes(name) && !OWN_TABLES.includes(name));
  if (isWrittenSince(updateTimes, Object.fromEntries(times))) return true;
  // Of some tables the server never knows.
  for (const [name] of times.filter(([, at]) => at === null)) {
    const rows = await session.query(`SELECT 1 FROM ${quoteQualified(side, name)} LIMIT 1`);
    if (rows.length > 0) return true;
  }
  return false;
}

async function dropTables(database: string, names: readonly string[], { session, runPatiently }: Exchange) {
  if (names.length === 0) return;
  await session.execute('SET SESSION foreign_key_checks = 0');
  await runPatiently(`DROP TABLE ${names.map((name) => quoteQualified(database, name)).join(', ')}`);
}
