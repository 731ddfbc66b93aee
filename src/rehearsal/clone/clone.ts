import { type KeptSetting, letEverythingIn, refusedFor } from '../../backup/load/admission.ts';
import { addingColumn, getsColumn } from '../../backup/load/kept-settings.ts';
import { messageOf } from '../../errors.ts';
import type { Server, Session } from '../../mysql/connect.ts';
import { type Creation, readCreation } from '../../schema/definitions.ts';
import { splitId } from '../../schema/snapshot.ts';
import { namesDatabase, withoutDatabase } from '../../schema/text.ts';
import type { ObjectId, ObjectKind, Snapshot } from '../../schema/types.ts';
import { createObject, type Made } from './creation.ts';
import { type Neighbours, neighbourNamedIn, readNeighbours } from './neighbours.ts';

/** Text of every object by its id: what makes it again. */
export type Creations = Map<ObjectId, Creation>;

/** An object that could not be made in the clone as it is in production. */
export interface Shortfall {
  readonly object: ObjectId;
  readonly reason: string;
  /** Why, where the account may not change it. */
  readonly setting?: KeptSetting | undefined;
}

export interface Cloned {
  readonly creations: Creations;
  readonly shortfalls: Shortfall[];
  /** Objects whose definer is our own account instead of production's. */
  readonly withoutDefiner: ObjectId[];
}

/** MySQL spends its time in CREATE TABLE waiting for the disk: two connections wait at the same time. */
const CONNECTIONS = 2;
const ORDER: readonly ObjectKind[] = [
  'sequence',
  'table',
  'library',
  'function',
  'procedure',
  'package',
  'package body',
  'view',
  'trigger',
  'event',
];

/** What stands in a backup's tables as they are loaded, and has not to be made. */
const LOADED: readonly ObjectKind[] = ['sequence', 'table'];

/**
 * Makes all of production's objects in the empty database that `onto` leads to. No row is copied; `loadTables` brings
 * tables of its own, with rows.
 */
export async function cloneSchema(
  production: Session,
  snapshot: Snapshot,
  onto: Server,
  loadTables?: (onto: Server) => Promise<void>,
): Promise<Cloned> {
  const reading = readCreations(production, snapshot, onto.target.database, await readNeighbours(onto));
  await loadTables?.(onto);
  const cloned: Cloned = { creations: new Map(), shortfalls: [], withoutDefiner: [] };
  const sessions = await Promise.all(Array.from({ length: CONNECTIONS }, () => onto.open()));
  try {
    const workers: Worker[] = [];
    for (const session of sessions) workers.push({ session, kept: await admitAll(session) });
    for (const [kind, ids] of reading) {
      if (loadTables && LOADED.includes(kind)) await readAll(ids, cloned);
      // Only tables are many and independent of one another.
      else await createAll(ids, kind === 'table' ? workers : workers.slice(0, 1), cloned);
    }
  } finally {
    await Promise.all(sessions.map((session) => session.close()));
  }
  return cloned;
}

/** What production holds comes in, whatever the settings say of new tables; and nothing is put into a folder of production. */
async function admitAll(session: Session): Promise<readonly KeptSetting[]> {
  const { kept } = await letEverythingIn(session);
  await session.query(
    // In a strict mode MariaDB refuses a table whose folder it would leave out (1618).
    "SET SESSION foreign_key_checks = 0, sql_mode = 'NO_ENGINE_SUBSTITUTION,NO_DIR_IN_CREATE'",
  );
  return kept;
}

interface Worker {
  readonly session: Session;
  readonly kept: readonly KeptSetting[];
}

/** Text of an object, or why it cannot be made in the clone; undefined when it is gone by now. */
type Readable = Promise<Creation | { readonly reason: string } | undefined>;

/**
 * Asks for all of them at once, in the order in which they can be made: while the first are being made, the answers of the
 * others come in.
 */
function readCreations(
  production: Session,
  snapshot: Snapshot,
  clone: string,
  others: Neighbours,
): Map<ObjectKind, Map<ObjectId, Readable>> {
  const ids = [...snapshot.objects.keys()];
  const ofKind = (kind: ObjectKind) => ids.filter((id) => splitId(id)[0] === kind);
  const inOrder = (kind: ObjectKind) => (kind === 'table' ? childrenFirst(ofKind(kind), snapshot) : ofKind(kind));
  const read = (id: ObjectId) => [id, readOne(production, snapshot.database, id, { clone, others })] as const;
  return new Map(ORDER.map((kind) => [kind, new Map(inOrder(kind).map(read))]));
}

interface Around {
  readonly clone: string;
  readonly others: Neighbours;
}

async function readOne(production: Session, database: string, id: ObjectId, { clone, others }: Around): Readable {
  try {
    const creation = await readCreation(production, database, id);
    if (!creation) return undefined;
    const text = withoutDatabase(creation.text, database);
    if (clone !== database && namesDatabase(text, database)) {
      // On production's own server it would reach back into production.
      return { reason: `it names the database ${database}, so it would act on production` };
    }
    const other = splitId(id)[0] === 'table' ? undefined : neighbourNamedIn(text, others, clone);
    if (other === undefined) return { ...creation, text };
    return { reason: `it names the database ${other}, so it would act there: rehearsal: private has none beside it` };
  } catch (error) {
    return { reason: messageOf(error) };
  }
}

async function readAll(reading: ReadonlyMap<ObjectId, Readable>, cloned: Cloned): Promise<void> {
  for (const id of reading.keys()) await arrive(id, reading, cloned);
}

/** Undefined when there is nothing that could be made. */
async function arrive(
  id: ObjectId,
  reading: ReadonlyMap<ObjectId, Readable>,
  { creations, shortfalls }: Cloned,
): Promise<Creation | undefined> {
  const creation = await reading.get(id);
  if (creation === undefined) return undefined;
  if ('reason' in creation) {
    shortfalls.push({ object: id, reason: creation.reason });
    return undefined;
  }
  creations.set(id, creation);
  return creation;
}

/** A new child of an existing parent makes MySQL open the parent again, so that parents come last. */
function childrenFirst(ids: readonly ObjectId[], snapshot: Snapshot): ObjectId[] {
  const parentsFirst = new Set<ObjectId>();
  const visited = new Set<ObjectId>();
  const visit = (id: ObjectId) => {
    if (visited.has(id)) return;
    visited.add(id);
    for (const key of snapshot.objects.get(id)?.table?.foreignKeys ?? []) visit(`table:${key.parentTable}`);
    parentsFirst.add(id);
  };
  for (const id of ids) visit(id);
  const wanted = new Set(ids);
  return [...parentsFirst].filter((id) => wanted.has(id)).reverse();
}

/** Creates what can be created, again and again until nothing more can: a view may need another that comes later. */
async function createAll(reading: ReadonlyMap<ObjectId, Readable>, workers: readonly Worker[], cloned: Cloned) {
  const todo: [ObjectId, Creation | undefined][] = [...reading.keys()].map((id) => [id, undefined]);
  for (;;) {
    const failed: [Shortfall, Creation][] = [];
    const tried = todo.length;
    const work = async (worker: Worker) => {
      for (let next = todo.shift(); next !== undefined; next = todo.shift()) {
        const [object, known] = next;
        const creation = known ?? (await arrive(object, reading, cloned));
        if (!creation) continue;
        const made = await attempt(worker, object, creation);
        if (made === 'without-definer') cloned.withoutDefiner.push(object);
        else if (made !== 'as-it-was') failed.push([{ object, ...made }, creation]);
      }
    };
    await Promise.all(workers.map(work));
    if (failed.length === 0 || failed.length === tried) {
      cloned.shortfalls.push(...failed.map(([shortfall]) => shortfall));
      return;
    }
    todo.push(...failed.map(([{ object }, creation]): [ObjectId, Creation] => [object, creation]));
  }
}

async function attempt(
  { session, kept }: Worker,
  id: ObjectId,
  creation: Creation,
): Promise<Made | Omit<Shortfall, 'object'>> {
  const kind = splitId(id)[0];
  const adding = kind === 'table' && getsColumn(creation.text) ? addingColumn(kept) : undefined;
  if (adding) return { reason: 'it would get a column', setting: adding };
  try {
    return await createObject(session, kind, creation);
  } catch (error) {
    const reason = messageOf(error);
    return { reason, setting: refusedFor(reason, (error as { errno?: number }).errno, kept) };
  }
}
