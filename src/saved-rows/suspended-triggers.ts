import { existsSync } from 'node:fs';
import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { definersIn, requireDefiners } from '../backup/load/definers.ts';
import {
  dropStoredObjects,
  makeStoredObjects,
  type RunPatiently,
  type StoredObject,
} from '../exchange/stored-objects.ts';
import type { Session } from '../mysql/connect.ts';
import { readCreation } from '../schema/definitions.ts';
import { splitId } from '../schema/snapshot.ts';
import { makeFolder, writeFileAtomically } from '../system/files.ts';

/** Where triggers are taken away, and in which folder it is noted which they were. */
export interface TriggerPlace {
  readonly database: string;
  /** The database's own, which a trigger may differ from. */
  readonly collation: string;
  /** The folder of the run. */
  readonly folder: string;
  readonly session: Session;
}

function notePath(folder: string): string {
  return join(folder, 'triggers-away.json');
}

/** Names of the triggers of these tables, in the order in which they fire. */
export async function readTriggerNames(
  session: Session,
  database: string,
  tables: readonly string[],
): Promise<string[]> {
  const rows = await session.query<{ name: string; table: string }>(
    `SELECT TRIGGER_NAME AS name, EVENT_OBJECT_TABLE AS \`table\` FROM information_schema.TRIGGERS WHERE TRIGGER_SCHEMA = ?
     ORDER BY EVENT_OBJECT_TABLE, ACTION_TIMING, EVENT_MANIPULATION, ACTION_ORDER`,
    [database],
  );
  return rows.filter((row) => tables.includes(row.table)).map((row) => row.name);
}

/**
 * Drops triggers, and has them on disk before. `probe` is a database of ours, where it is tried that they can be made
 * again. Killed anywhere, doing it again, or bringing them back, ends well.
 */
export async function takeTriggersAway(
  names: readonly string[],
  probe: string,
  { database, folder, session }: TriggerPlace,
  run: RunPatiently,
): Promise<void> {
  if (names.length === 0) return;
  const now: StoredObject[] = [];
  for (const name of names) {
    const creation = await readCreation(session, database, `trigger:${name}`);
    if (creation) now.push([`trigger:${name}`, creation]);
  }
  await requireDefiners(session, probe, definersIn(now.map(([, { text }]) => text).join('\n')));
  const ids = new Set(now.map(([id]) => id));
  const earlier = (await readNote(folder)).filter(([id]) => !ids.has(id));
  await makeFolder(folder);
  await writeFileAtomically(notePath(folder), JSON.stringify([...earlier, ...now]));
  await dropStoredObjects(session, database, run, ids);
}

/** Makes those that are away. Throws an error with what the server refuses to make. */
export async function bringTriggersBack({ database, collation, folder, session }: TriggerPlace): Promise<void> {
  const noted = await readNote(folder);
  if (noted.length === 0) return;
  const rows = await session.query<{ name: string }>(
    'SELECT TRIGGER_NAME AS name FROM information_schema.TRIGGERS WHERE TRIGGER_SCHEMA = ?',
    [database],
  );
  const present = new Set(rows.map((row) => row.name));
  const missing = noted.filter(([id]) => !present.has(splitId(id)[1]));
  const refused = await makeStoredObjects(session, database, collation, missing);
  if (refused.length > 0) throw new Error(`cannot be made again: ${refused.join(', ')}`);
  await rm(notePath(folder), { force: true });
}

async function readNote(folder: string): Promise<StoredObject[]> {
  const path = notePath(folder);
  return existsSync(path) ? (JSON.parse(await readFile(path, 'utf8')) as StoredObject[]) : [];
}
