import { readObjectNames } from '../backup/dump/source.ts';
import type { Session } from '../mysql/connect.ts';
import { eventTimeOf } from '../mysql/event-text.ts';
import { quoteName, quoteQualified } from '../mysql/quote.ts';
import { createAsRemembered, dropObject } from '../schema/creation.ts';
import { type Creation, readCreation } from '../schema/definitions.ts';
import { requireKnownKinds } from '../schema/kinds.ts';
import { splitId } from '../schema/snapshot.ts';
import type { ObjectId } from '../schema/types.ts';

/**
 * What RENAME TABLE cannot carry to another schema: MySQL's "stored objects" (Reference Manual, chapter "Stored Objects").
 * Events stand first, so that none fires while the rest is dropped.
 */
export const STORED_KINDS = [
  'event',
  'trigger',
  'view',
  'package body',
  'package',
  'procedure',
  'function',
  'library',
] as const;

/** A stored object and the statement that makes it again. */
export type StoredObject = readonly [id: ObjectId, creation: Creation];

/** Runs a statement that may have to wait for its locks. */
export type RunPatiently = (sql: string) => Promise<unknown>;

/**
 * Reads every definition, triggers in the order in which they fire. Not with the dump program: it stops at the first view
 * whose tables are gone, and tables that are gone are why people restore.
 */
export async function readStoredObjects(
  session: Session,
  database: string,
  only?: ReadonlySet<ObjectId>,
): Promise<StoredObject[]> {
  await requireKnownKinds(session, database);
  const names = { ...(await readObjectNames(session, database)), trigger: await triggerNames(session, database) };
  const found: StoredObject[] = [];
  for (const id of STORED_KINDS.flatMap((kind) => names[kind].map((name): ObjectId => `${kind}:${name}`))) {
    if (only && !only.has(id)) continue;
    const creation = await readCreation(session, database, id);
    if (creation) found.push([id, creation]);
  }
  return found;
}

async function triggerNames(session: Session, database: string): Promise<string[]> {
  return (await triggersInOrder(session, database)).map(({ name }) => name);
}

/** The triggers of some tables. */
export async function readTriggersOf(
  session: Session,
  database: string,
  tables: readonly string[],
): Promise<Set<ObjectId>> {
  const triggers = await triggersInOrder(session, database);
  return new Set(triggers.flatMap(({ name, table }) => (tables.includes(table) ? [`trigger:${name}` as const] : [])));
}

async function triggersInOrder(session: Session, database: string): Promise<{ name: string; table: string }[]> {
  return session.query<{ name: string; table: string }>(
    `SELECT TRIGGER_NAME AS name, EVENT_OBJECT_TABLE AS \`table\` FROM information_schema.TRIGGERS WHERE TRIGGER_SCHEMA = ?
     ORDER BY EVENT_OBJECT_TABLE, ACTION_TIMING, EVENT_MANIPULATION, ACTION_ORDER`,
    [database],
  );
}

/** Drops all of them, or those in `only`. */
export async function dropStoredObjects(
  session: Session,
  database: string,
  run: RunPatiently,
  only?: ReadonlySet<ObjectId>,
): Promise<void> {
  const names = await readObjectNames(session, database);
  for (const kind of STORED_KINDS) {
    for (const name of names[kind]) {
      if (only && !only.has(`${kind}:${name}`)) continue;
      await dropObject(session, kind, quoteQualified(database, name), run);
    }
  }
}

/**
 * In which order they are made: a function may import a library, a body fills its package, a view may call a function, a
 * trigger needs its table alone, an event fires.
 */
const MAKING = ['library', 'function', 'procedure', 'package', 'package body', 'view', 'trigger', 'event'] as const;

/**
 * Makes the objects as they were. Returns those that the server refuses, with its words: a view whose tables were gone
 * when it was noted cannot be made. The session's default database is `database`.
 */
export async function makeStoredObjects(
  session: Session,
  database: string,
  collation: string,
  objects: readonly StoredObject[],
): Promise<string[]> {
  const ordered = MAKING.flatMap((kind) => objects.filter(([id]) => splitId(id)[0] === kind));
  const inCollation = async ({ databaseCollation }: Creation, make: () => Promise<void>) => {
    if (databaseCollation === undefined || databaseCollation === collation) return make();
    await session.execute(`ALTER DATABASE ${quoteName(database)} COLLATE ${databaseCollation}`);
    await make().finally(() => session.execute(`ALTER DATABASE ${quoteName(database)} COLLATE ${collation}`));
  };
  let open = ordered;
  for (;;) {
    const refused: NotMade[] = [];
    for (const object of open) {
      await inCollation(object[1], () => createAsRemembered(session, object[1])).catch((error: Error) => {
        refused.push({ object, reason: error.message });
      });
    }
    // A view may need another one that comes later.
    if (refused.length === 0 || refused.length === open.length) {
      const past = await eventsNotThere(session, database, ordered, refused);
      return [...refused, ...past].map(({ object, reason }) => `${object[0].replace(':', ' ')} (${reason})`);
    }
    open = refused.map((one) => one.object);
  }
}

interface NotMade {
  readonly object: StoredObject;
  readonly reason: string;
}

/** The servers say of an event whose time has come that it was made, and drop it at once. */
async function eventsNotThere(
  session: Session,
  database: string,
  objects: readonly StoredObject[],
  refused: readonly NotMade[],
): Promise<NotMade[]> {
  const events = objects.filter(([id]) => id.startsWith('event:') && !refused.some(({ object }) => object[0] === id));
  if (events.length === 0) return [];
  const { event: present } = await readObjectNames(session, database);
  const gone = events.filter(([id]) => !present.includes(splitId(id)[1]));
  return gone.map((object) => ({ object, reason: `its time has come: ${eventTimeOf(object[1].text)?.last}` }));
}

/** The same as a script for people. The delimiter is on a line of its own: a text may end in a comment. */
export function scriptOf(objects: readonly StoredObject[]): string {
  return `DELIMITER ;;\n${objects.map(([, { text }]) => `${text}\n;;\n`).join('')}DELIMITER ;\n`;
}
