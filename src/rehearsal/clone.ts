import { messageOf } from '../errors.ts';
import type { Server, Session } from '../mysql/connect.ts';
import { type Creation, readCreation } from '../schema/definitions.ts';
import { splitId } from '../schema/snapshot.ts';
import { withoutDatabase } from '../schema/text.ts';
import type { ObjectId, ObjectKind, Snapshot } from '../schema/types.ts';
import { createObject, type Made } from './creation.ts';

/** Text of every object by its id: what makes it again. */
export type Creations = Map<ObjectId, Creation>;

/** An object that could not be made in the clone as it is in production. */
export interface Shortfall {
  readonly object: ObjectId;
  readonly reason: string;
}

export interface Cloned {
  readonly creations: Creations;
  readonly shortfalls: readonly Shortfall[];
  /** Objects whose definer is our own account instead of production's. */
  readonly withoutDefiner: readonly ObjectId[];
}

/** MySQL spends its time in CREATE TABLE waiting for the disk: two connections wait at the same time. */
const CONNECTIONS = 2;
const ORDER: readonly ObjectKind[] = ['sequence', 'table', 'function', 'procedure', 'view', 'trigger', 'event'];

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
  const { creations, shortfalls } = await readCreations(production, snapshot, onto.target.database);
  await loadTables?.(onto);
  const sessions = await Promise.all(Array.from({ length: CONNECTIONS }, () => onto.open()));
  const withoutDefiner: ObjectId[] = [];
  try {
    for (const session of sessions) await session.query('SET SESSION foreign_key_checks = 0');
    for (const kind of loadTables ? ORDER.filter((one) => !LOADED.includes(one)) : ORDER) {
      const ids = [...creations.keys()].filter((id) => splitId(id)[0] === kind);
      const queue = kind === 'table' ? childrenFirst(ids, snapshot) : ids;
      // Only tables are many and independent of one another.
      const workers = kind === 'table' ? sessions : sessions.slice(0, 1);
      const made = await createAll(queue, creations, workers);
      shortfalls.push(...made.shortfalls);
      withoutDefiner.push(...made.withoutDefiner);
    }
  } finally {
    await Promise.all(sessions.map((session) => session.close()));
  }
  return { creations, shortfalls, withoutDefiner };
}

async function readCreations(production: Session, { database, objects }: Snapshot, clone: string) {
  const creations: Creations = new Map();
  const shortfalls: Shortfall[] = [];
  for (const id of objects.keys()) {
    try {
      const creation = await readCreation(production, database, id);
      if (creation) creations.set(id, { ...creation, text: withoutDatabase(creation.text, database) });
    } catch (error) {
      shortfalls.push({ object: id, reason: messageOf(error) });
    }
  }
  for (const [id, { text }] of creations) {
    if (clone === database || !namesDatabase(text, database)) continue;
    // On production's own server it would reach back into production.
    creations.delete(id);
    shortfalls.push({ object: id, reason: `it names the database ${database}, so it would act on production` });
  }
  return { creations, shortfalls };
}

/** True when `database.` stands anywhere in the text, string literals included: prepared statements are made of those. */
export function namesDatabase(text: string, database: string): boolean {
  const name = database.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
  return new RegExp(`(?:\`${name}\`|(?<![\\w$])${name})\\s*\\.`, 'i').test(text);
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
async function createAll(queue: readonly ObjectId[], creations: Creations, workers: readonly Session[]) {
  const withoutDefiner: ObjectId[] = [];
  let open = queue;
  for (;;) {
    const failed: Shortfall[] = [];
    const todo = [...open];
    const work = async (session: Session) => {
      for (let id = todo.shift(); id !== undefined; id = todo.shift()) {
        const made = await attempt(session, id, creations);
        if (made === 'without-definer') withoutDefiner.push(id);
        else if (made !== 'as-it-was') failed.push({ object: id, reason: made.reason });
      }
    };
    await Promise.all(workers.map(work));
    if (failed.length === 0 || failed.length === open.length) return { shortfalls: failed, withoutDefiner };
    open = failed.map((one) => one.object);
  }
}

async function attempt(
  session: Session,
  id: ObjectId,
  creations: Creations,
): Promise<Made | { readonly reason: string }> {
  try {
    return await createObject(session, splitId(id)[0], creations.get(id) as Creation);
  } catch (error) {
    return { reason: messageOf(error) };
  }
}
