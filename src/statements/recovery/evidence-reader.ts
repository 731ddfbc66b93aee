import type { Definitions } from '../../migrations/losses/losses.ts';
import type { Statement } from '../../migrations/types.ts';
import type { Session } from '../../mysql/connect.ts';
import { circumstanceSettings, readCreation } from '../../schema/definitions.ts';
import { holdsRows, storageIdentity, tableIdentity, untilAlterShows } from '../../schema/identity.ts';
import { isSameObject } from '../../schema/named-objects.ts';
import { readObjects, splitId } from '../../schema/snapshot.ts';
import { readRoutineGrants } from '../../schema/stored/routine-grants.ts';
import { placedTrigger } from '../../schema/stored/trigger-order.ts';
import type { ObjectId, Snapshot } from '../../schema/types.ts';
import { isAboutAccounts, readAccounts } from '../accounts/accounts.ts';
import type { Evidence } from '../row.ts';
import { contentsReader, readReaches } from './contents.ts';
import { type Noted, notedOf } from './identity-evidence.ts';
import { type Place, placesOf, touchedObjects } from './places.ts';
import { readSettings } from './settings.ts';
import type { Present } from './verdict.ts';

const ROUTINE = /^(?:procedure|function|package|package body):/;

/** Notes what stands before each statement, with as few reads as the journal needs. */
export interface EvidenceReader {
  /** Finds tables and views that somebody else has made since: call before what makes new ones is noted. */
  lookAround(): Promise<void>;
  /** What is there before this statement. */
  before(statement: Statement): Promise<Evidence>;
  /** Call after a statement ran: its objects are read again the next time somebody asks. */
  forget(statement: Statement): void;
}

/**
 * `snapshot` is production at the start of the phase: what was not there then needs no look at each object, so that a
 * migration that creates new tables costs no read of its own. `isAlone`: nobody else is in this database, and nothing
 * of it will ever be decided after a crash. `notesRows`: what a way back needs to tell whether rows and settings are
 * back, too.
 */
export function evidenceReader(
  session: Session,
  snapshot: Snapshot,
  { isAlone = false, notesRows = false }: { readonly isAlone?: boolean; readonly notesRows?: boolean } = {},
): EvidenceReader {
  const { database } = snapshot;
  const known = new Map<ObjectId, string>([...snapshot.objects].map(([id, object]) => [id, object.digest]));
  const stale = new Set<ObjectId>();
  let isEverythingStale = false;
  const contentsBefore = contentsReader(session, snapshot);

  async function rowsBefore(statement: Statement, definitions: Definitions): Promise<Partial<Evidence>> {
    const reaches = isAlone ? [] : await readReaches(session, database, statement);
    const accounts = isAlone || !isAboutAccounts(statement.verb) ? undefined : await readAccounts(session, statement);
    const told = { ...(reaches.length > 0 ? { reaches } : {}), ...(accounts ? { accounts } : {}) };
    if (!notesRows) return told;
    const settings = await readSettings(session, statement);
    const contents = await contentsBefore(statement, definitions, reaches);
    return { ...told, ...contents, ...(settings.length > 0 ? { settings } : {}) };
  }

  async function refresh(places: ReadonlyMap<ObjectId, Place>): Promise<void> {
    const toRead = [...places].filter(([id]) => isEverythingStale || stale.has(id));
    const found = await readPlaces(session, new Map(toRead));
    for (const [id] of toRead) {
      const digest = found.get(id);
      if (digest === undefined) known.delete(id);
      else known.set(id, digest);
      stale.delete(id);
    }
  }

  return {
    async lookAround() {
      for (const id of await readNames(session, database)) if (!known.has(id)) stale.add(id);
    },
    async before(statement) {
      if (statement.kind !== 'ddl' && statement.kind !== 'truncate')
        return { objects: {}, ...(await rowsBefore(statement, {})) };
      const places = placesOf(statement, database);
      // What is there may have been changed by somebody else since the beginning.
      for (const [id, place] of places) if (!isAlone && (known.has(id) || place.database !== database)) stale.add(id);
      await refresh(places);
      const objects: Partial<Record<ObjectId, string | null>> = {};
      for (const id of places.keys()) objects[id] = known.get(id) ?? null;
      const present = new Map([...places].filter(([id]) => known.has(id)));
      const noted = notedOf(statement);
      if (noted === 'storage' && !isAlone) for (const place of present.values()) await waitForClock(session, place);
      const creations = { ...(await readCreations(session, present)), ...(await readGrants(session, present)) };
      const identities = await readIdentities(session, present, noted);
      const counters = countersIn(statement, creations.definitions);
      const rows = await rowsBefore(statement, creations.definitions);
      if (statement.kind === 'truncate') return { objects, identities, counters, ...rows };
      return { objects, ...creations, identities, ...(noted ? { counters } : {}), ...rows };
    },
    forget(statement) {
      if (statement.kind === 'opaque') isEverythingStale = true;
      if (changesOthers(statement, known)) for (const id of known.keys()) stale.add(id);
      for (const id of touchedObjects(statement, database)) stale.add(id);
    },
  };
}

/**
 * A table that goes takes its triggers with it, a renamed one appears in the foreign keys and triggers of others, a
 * changed column shows in views: only a statement that makes new objects leaves the noted state of all others true.
 */
function changesOthers(statement: Statement, known: ReadonlyMap<ObjectId, string>): boolean {
  return statement.touches.some((touch) => touch.action !== 'create' || known.has(touch.object));
}

/** What is there now, for deciding a statement after a crash. */
export async function readPresent(session: Session, database: string, statement: Statement): Promise<Present> {
  const digests = await readPlaces(session, placesOf(statement, database));
  const places = new Map([...placesOf(statement, database)].filter(([id]) => digests.has(id)));
  const noted = notedOf(statement);
  const identities = await readIdentities(session, places, noted);
  const { definitions } = noted ? await readCreations(session, places) : { definitions: {} };
  const filled = new Set<ObjectId>();
  for (const [id, { database: where, object }] of noted ? places : []) {
    if (object.startsWith('table:') && (await holdsRows(session, where, splitId(object)[1]))) filled.add(id);
  }
  return { digests, filled, identities: mapOf(identities), counters: mapOf(countersIn(statement, definitions)) };
}

function mapOf<T>(record: Readonly<Partial<Record<ObjectId, T>>>): Map<ObjectId, T> {
  return new Map(Object.entries(record) as [ObjectId, T][]);
}

/** Digests by id; what is not there is absent. */
async function readPlaces(session: Session, places: ReadonlyMap<ObjectId, Place>): Promise<Map<ObjectId, string>> {
  const found = new Map<ObjectId, string>();
  const databases = new Set([...places.values()].map((place) => place.database));
  for (const database of databases) {
    const here = [...places].filter(([, place]) => place.database === database);
    const objects = await readObjects(
      session,
      database,
      here.map(([, place]) => place.object),
    );
    for (const [id, { object }] of here) {
      const digest = objects.get(object)?.digest;
      if (digest !== undefined) found.set(id, digest);
    }
  }
  return found;
}

async function readCreations(session: Session, places: ReadonlyMap<ObjectId, Place>) {
  const definitions: Partial<Record<ObjectId, string>> = {};
  const circumstances: Partial<Record<ObjectId, readonly string[]>> = {};
  for (const [id, { database, object }] of places) {
    const creation = await readCreation(session, database, object);
    if (creation === undefined) continue;
    const [kind, name] = splitId(object);
    definitions[id] = kind === 'trigger' ? await placedTrigger(session, database, name, creation.text) : creation.text;
    const settings = circumstanceSettings(creation);
    if (settings.length > 0) circumstances[id] = settings;
  }
  return Object.keys(circumstances).length > 0 ? { definitions, circumstances } : { definitions };
}

async function readGrants(session: Session, places: ReadonlyMap<ObjectId, Place>): Promise<Pick<Evidence, 'grants'>> {
  const grants: Partial<Record<ObjectId, readonly string[]>> = {};
  for (const [id, { database, object }] of places) {
    if (!ROUTINE.test(object)) continue;
    const all = (await readRoutineGrants(session, database)) ?? [];
    const own = all.filter((grant) => isSameObject(grant.object, object, false)).map(({ sql }) => sql);
    if (own.length > 0) grants[id] = own;
  }
  return Object.keys(grants).length > 0 ? { grants } : {};
}

async function readIdentities(session: Session, places: ReadonlyMap<ObjectId, Place>, noted: Noted) {
  const identities: Partial<Record<ObjectId, string>> = {};
  if (noted === undefined) return identities;
  const read = noted === 'storage' ? storageIdentity : tableIdentity;
  for (const [id, { database, object }] of places) {
    if (!object.startsWith('table:')) continue;
    const identity = await read(session, database, splitId(object)[1]);
    if (identity !== undefined) identities[id] = identity;
  }
  return identities;
}

/** A table that was made within this second shows an ALTER only in the next. */
async function waitForClock(session: Session, { database, object }: Place): Promise<void> {
  await untilAlterShows(session, database, splitId(object)[1]);
}

function countersIn(statement: Statement, definitions: Readonly<Partial<Record<ObjectId, string>>>) {
  const counters: Partial<Record<ObjectId, number>> = {};
  if (notedOf(statement) !== 'table') return counters;
  for (const [id, text = ''] of Object.entries(definitions) as [ObjectId, string][]) {
    const counter = /^\).*\bAUTO_INCREMENT=(\d+)/m.exec(text)?.[1];
    if (counter !== undefined) counters[id] = Number(counter);
  }
  return counters;
}

/** Tables, views and sequences that are there: a look that opens none of them. */
async function readNames(session: Session, database: string): Promise<ObjectId[]> {
  const rows = await session.query<{ name: string }>(
    'SELECT TABLE_NAME AS name FROM information_schema.TABLES WHERE TABLE_SCHEMA = ?',
    [database],
  );
  return rows.flatMap(({ name }): ObjectId[] => [`table:${name}`, `view:${name}`, `sequence:${name}`]);
}
