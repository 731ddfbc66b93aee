import type { Statement } from '../../migrations/types.ts';
import type { Session } from '../../mysql/connect.ts';
import { circumstanceSettings, readCreation } from '../../schema/definitions.ts';
import { tableIdentity } from '../../schema/identity.ts';
import { readObjects } from '../../schema/snapshot.ts';
import type { ObjectId, Snapshot } from '../../schema/types.ts';
import type { Evidence } from '../row.ts';
import { needsIdentity, type Present, touchedObjects } from './evidence.ts';

/** Notes what stands before each statement, with as few reads as the journal needs. */
export interface EvidenceReader {
  /** What is there before this statement. */
  before(statement: Statement): Promise<Evidence>;
  /** Call after a statement ran: its objects are read again the next time somebody asks. */
  forget(statement: Statement): void;
}

/**
 * `snapshot` is production at the start of the phase: objects that no statement has touched since are known from it
 * without asking the server again, so a migration that creates new tables costs no read at all.
 */
export function evidenceReader(session: Session, snapshot: Snapshot): EvidenceReader {
  const { database } = snapshot;
  const known = new Map<ObjectId, string>([...snapshot.objects].map(([id, object]) => [id, object.digest]));
  const stale = new Set<ObjectId>();
  let isEverythingStale = false;

  async function refresh(ids: readonly ObjectId[]): Promise<void> {
    const toRead = isEverythingStale ? ids : ids.filter((id) => stale.has(id));
    if (toRead.length === 0) return;
    const found = await readObjects(session, database, toRead);
    for (const id of toRead) {
      const digest = found.get(id)?.digest;
      if (digest === undefined) known.delete(id);
      else known.set(id, digest);
      stale.delete(id);
    }
  }

  return {
    async before(statement) {
      if (statement.kind !== 'ddl' && statement.kind !== 'truncate') return { objects: {} };
      const ids = touchedObjects(statement);
      await refresh(ids);
      const objects: Partial<Record<ObjectId, string | null>> = {};
      for (const id of ids) objects[id] = known.get(id) ?? null;
      const present = ids.filter((id) => known.has(id));
      const creations = statement.kind === 'ddl' ? await readCreations(session, database, present) : {};
      const identities = needsIdentity(statement) ? await readIdentities(session, database, present) : {};
      return { objects, ...creations, identities };
    },
    forget(statement) {
      if (statement.kind === 'opaque') isEverythingStale = true;
      if (changesOthers(statement, known)) for (const id of known.keys()) stale.add(id);
      for (const id of touchedObjects(statement)) stale.add(id);
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
  const ids = touchedObjects(statement);
  const objects = await readObjects(session, database, ids);
  const identities = needsIdentity(statement) ? await readIdentities(session, database, [...objects.keys()]) : {};
  return {
    digests: new Map([...objects].map(([id, object]) => [id, object.digest])),
    identities: new Map(Object.entries(identities) as [ObjectId, string][]),
  };
}

async function readCreations(session: Session, database: string, ids: readonly ObjectId[]) {
  const definitions: Partial<Record<ObjectId, string>> = {};
  const circumstances: Partial<Record<ObjectId, readonly string[]>> = {};
  for (const id of ids) {
    const creation = await readCreation(session, database, id);
    if (creation === undefined) continue;
    definitions[id] = creation.text;
    const settings = circumstanceSettings(creation);
    if (settings.length > 0) circumstances[id] = settings;
  }
  return Object.keys(circumstances).length > 0 ? { definitions, circumstances } : { definitions };
}

async function readIdentities(session: Session, database: string, ids: readonly ObjectId[]) {
  const identities: Partial<Record<ObjectId, string>> = {};
  for (const id of ids.filter((candidate) => candidate.startsWith('table:'))) {
    const identity = await tableIdentity(session, database, id.slice('table:'.length));
    if (identity !== undefined) identities[id] = identity;
  }
  return identities;
}
