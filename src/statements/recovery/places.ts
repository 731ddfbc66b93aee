import type { Statement, Touch } from '../../migrations/types.ts';
import { splitId } from '../../schema/snapshot.ts';
import type { ObjectId } from '../../schema/types.ts';

/** Where an object is looked for. */
export interface Place {
  readonly database: string;
  readonly object: ObjectId;
}

/** The objects whose state tells whether a statement took effect, as they are called from within `database`. */
export function touchedObjects(statement: Statement, database: string): ObjectId[] {
  return [...placesOf(statement, database).keys()];
}

/**
 * The same with where each is. What stands in another database has that one's name in front of its own: a table of the
 * same name here has nothing to do with it.
 */
export function placesOf({ touches }: Statement, database: string): Map<ObjectId, Place> {
  const places = new Map<ObjectId, Place>();
  const add = (object: ObjectId, schema: string | undefined) =>
    places.set(idIn(object, schema, database), { database: schema ?? database, object });
  for (const { object, schema, to, toSchema } of touches) {
    add(object, schema);
    if (to) add(to, toSchema);
  }
  return places;
}

/** The statement with its objects called as `placesOf` calls them. */
export function calledFrom(statement: Statement, database: string): Statement {
  const touches = statement.touches.map((touch): Touch => {
    const { object, schema, to, toSchema } = touch;
    return { ...touch, object: idIn(object, schema, database), ...(to ? { to: idIn(to, toSchema, database) } : {}) };
  });
  return { ...statement, touches };
}

function idIn(object: ObjectId, schema: string | undefined, database: string): ObjectId {
  if (schema === undefined || schema === database) return object;
  const [kind, name] = splitId(object);
  return `${kind}:${schema}.${name}`;
}

/** True when everything that it touches is in `database`. */
export function staysIn({ touches }: Statement, database: string): boolean {
  return touches.every(({ schema = database, toSchema = database }) => schema === database && toSchema === database);
}
