import type { Statement } from '../migrations/types.ts';
import type { Session } from '../mysql/connect.ts';
import { quoteName } from '../mysql/quote.ts';
import { fingerprintOf } from '../schema/fingerprint.ts';
import { NamedObjects } from '../schema/named-objects.ts';
import { openScope } from '../schema/scope.ts';
import { readObjects, readSnapshot, splitId } from '../schema/snapshot.ts';
import type { ObjectId, Snapshot } from '../schema/types.ts';
import { touchedObjects } from '../statements/recovery/places.ts';

/**
 * The schema after each statement, read again only where the statement could have changed it: reading all of it after
 * each of 500 statements would take minutes.
 */
export interface TrackedSchema {
  readonly now: Snapshot;
  /** Call after the statement ran. */
  follow(statement: Statement): Promise<Snapshot>;
  /** Reads everything again. */
  reread(): Promise<Snapshot>;
}

export async function trackSchema(session: Session, database: string): Promise<TrackedSchema> {
  let now = await readSnapshot(session, database);
  const tracked = {
    get now() {
      return now;
    },
    async follow(statement: Statement) {
      if (statement.kind !== 'ddl' && statement.kind !== 'opaque') return now;
      if (reachesFurther(statement, now)) return tracked.reread();
      const ids = couldHaveChanged(statement, now);
      const found = await readObjects(session, database, ids);
      const objects = new NamedObjects((await openScope(session, database)).foldsTableNames, now.objects);
      for (const id of ids) {
        const object = found.get(id);
        objects.delete(id);
        if (object) objects.set(`${object.kind}:${object.name}`, object);
      }
      now = { ...now, objects, fingerprint: fingerprintOf(now, objects) };
      return now;
    },
    async reread() {
      now = await readSnapshot(session, database);
      return now;
    },
  };
  return tracked;
}

/** Nobody knows what a CALL does; a dropped or renamed table takes its triggers along, a trigger moves its neighbours. */
function reachesFurther(statement: Statement, now: Snapshot): boolean {
  if (statement.kind === 'opaque' || statement.touches.length === 0) return true;
  if (statement.touches.some((touch) => touch.object.startsWith('trigger:'))) return true;
  const moved = statement.touches.filter((touch) => touch.action === 'drop' || touch.action === 'rename' || touch.to);
  return moved.some((touch) => hasTriggers(touch.object, now));
}

function hasTriggers(id: ObjectId, now: Snapshot): boolean {
  const on = ` on ${quoteName(splitId(id)[1])},`.toLowerCase();
  return [...now.objects.values()].some(
    (object) => object.kind === 'trigger' && object.definition.split('\n', 1)[0]?.toLowerCase().includes(on),
  );
}

/** The touched objects, and the tables whose foreign keys lead to them: those print the names of the parent. */
function couldHaveChanged(statement: Statement, now: Snapshot): ObjectId[] {
  const touched = new Set(touchedObjects(statement, now.database));
  const children = [...now.objects].filter(([, object]) =>
    object.table?.foreignKeys.some((key) => touched.has(`table:${key.parentTable}`)),
  );
  return [...touched, ...children.map(([id]) => id).filter((id) => !touched.has(id))];
}
