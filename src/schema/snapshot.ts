import type { Session } from '../mysql/connect.ts';
import { fingerprintOf } from './fingerprint.ts';
import { isSameObject, NamedObjects } from './named-objects.ts';
import { openScope, type Scope } from './scope.ts';
import { readEvents } from './stored/events.ts';
import { readLibraries } from './stored/libraries.ts';
import { readRoutines } from './stored/routines.ts';
import { readSequences } from './stored/sequences.ts';
import { readTriggers } from './stored/triggers.ts';
import { readViews } from './stored/views.ts';
import { readTables } from './tables.ts';
import type { ObjectId, ObjectKind, SchemaObject, Snapshot } from './types.ts';

const READERS: Readonly<Record<ObjectKind, (scope: Scope) => Promise<SchemaObject[]>>> = {
  table: readTables,
  view: readViews,
  trigger: readTriggers,
  procedure: readRoutines,
  function: readRoutines,
  event: readEvents,
  sequence: readSequences,
  package: readRoutines,
  'package body': readRoutines,
  library: readLibraries,
};

/**
 * Everything the database holds, in a fixed number of information_schema queries (plus one for each view on MySQL, and
 * for each FULLTEXT or versioned table). A definition that the account may not see is part of it as hidden.
 */
export async function readSnapshot(session: Session, database: string): Promise<Snapshot> {
  const scope = await openScope(session, database);
  const defaults = await readDefaults(session, database);
  const objects = new NamedObjects(scope.foldsTableNames);
  for (const read of new Set(Object.values(READERS))) {
    for (const object of await read(scope)) objects.set(`${object.kind}:${object.name}`, object);
  }
  return { database, ...defaults, objects, fingerprint: fingerprintOf(defaults, objects) };
}

/** The given objects as they are now, by the ids they were asked for; those that do not exist are absent. */
export async function readObjects(
  session: Session,
  database: string,
  ids: readonly ObjectId[],
): Promise<Map<ObjectId, SchemaObject>> {
  const found = new Map<ObjectId, SchemaObject>();
  if (ids.length === 0) return found;
  const scope = await openScope(session, database);
  for (const id of new Set(ids)) {
    const [kind, name] = splitId(id);
    const candidates = (await READERS[kind]({ ...scope, name })).filter((object) => object.kind === kind);
    const object = candidates.find((one) => isSameObject(`${one.kind}:${one.name}`, id, scope.foldsTableNames));
    if (object) found.set(id, object);
  }
  return found;
}

/** Kind and name of an object id; the name may hold colons of its own. */
export function splitId(id: ObjectId): [ObjectKind, string] {
  const colon = id.indexOf(':');
  return [id.slice(0, colon) as ObjectKind, id.slice(colon + 1)];
}

async function readDefaults(session: Session, database: string): Promise<{ charset: string; collation: string }> {
  const [row] = await session.query<{ charset: string; collation: string }>(
    'SELECT DEFAULT_CHARACTER_SET_NAME AS charset, DEFAULT_COLLATION_NAME AS collation ' +
      'FROM information_schema.SCHEMATA WHERE SCHEMA_NAME = ?',
    [database],
  );
  return { charset: row?.charset ?? '', collation: row?.collation ?? '' };
}
