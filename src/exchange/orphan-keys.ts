import { letEverythingIn } from '../backup/load/admission.ts';
import { tellingKept } from '../backup/load/kept-settings.ts';
import type { Session } from '../mysql/connect.ts';
import { quoteName, quoteQualified } from '../mysql/quote.ts';
import { readSnapshot } from '../schema/snapshot.ts';
import type { ForeignKey, Snapshot } from '../schema/types.ts';
import type { RunPatiently } from './stored-objects.ts';

/** A foreign key whose parent is not there: made with foreign_key_checks = 0, or left over when its parent was dropped. */
export interface OrphanKey extends ForeignKey {
  readonly table: string;
  /** The index that serves it, which it may have brought with it. */
  readonly index: string | undefined;
}

/**
 * PURE: the keys that a RENAME TABLE to another schema leaves behind. They go on naming the old schema, and there they
 * take hold of the next table of that name: a key of the kept tables would bind production's restored ones.
 */
export function orphanKeysOf(snapshot: Snapshot): OrphanKey[] {
  return keysOf(snapshot).filter(({ parentTable }) => !snapshot.objects.has(`table:${parentTable}`));
}

/** PURE: every foreign key between two tables of the database, its parent there or not. */
export function keysOf({ database, objects }: Snapshot): OrphanKey[] {
  return [...objects.values()].flatMap(({ name, table }) =>
    (table?.foreignKeys ?? [])
      .filter((key) => key.parentSchema === database)
      .map((key) => ({
        ...key,
        table: name,
        index: table?.indexes.find((one) => leads(key.columns, one.columns))?.name,
      })),
  );
}

/** PURE: each once, as it was told last: what an earlier look has noted may be gone by now. Two tables may have keys of one name. */
export function keysOnce(keys: readonly OrphanKey[]): OrphanKey[] {
  return [...new Map(keys.map((key) => [`${key.table}\n${key.name}`, key])).values()];
}

/** The same of a database whose schema is not known yet; the whole of it is read only when there is such a key. */
export async function readOrphanKeys(session: Session, database: string): Promise<OrphanKey[]> {
  const rows = await session.query(
    `SELECT 1 FROM information_schema.REFERENTIAL_CONSTRAINTS r
     LEFT JOIN information_schema.TABLES t ON t.TABLE_SCHEMA = ? AND t.TABLE_NAME = r.REFERENCED_TABLE_NAME
     WHERE r.CONSTRAINT_SCHEMA = ? AND r.UNIQUE_CONSTRAINT_SCHEMA = ? AND t.TABLE_NAME IS NULL LIMIT 1`,
    [database, database, database],
  );
  return rows.length === 0 ? [] : orphanKeysOf(await readSnapshot(session, database));
}

function leads(columns: readonly string[], indexed: readonly string[]): boolean {
  return columns.every((column, place) => indexed[place] === column);
}

/** Drops those of the keys that are there. */
export async function dropKeys(
  session: Session,
  database: string,
  keys: readonly OrphanKey[],
  run: RunPatiently,
): Promise<void> {
  const present = await presentKeys(session, database, keys);
  for (const key of keys.filter(present)) {
    await run(`ALTER TABLE ${quoteQualified(database, key.table)} DROP FOREIGN KEY ${quoteName(key.name)}`);
  }
}

/** Makes those of the keys that are missing, each with its parent in `database`. Rows are not looked at. */
export async function makeKeys(
  session: Session,
  database: string,
  keys: readonly OrphanKey[],
  run: RunPatiently,
): Promise<void> {
  const present = await presentKeys(session, database, keys);
  const admission = keys.length > 0 ? await letEverythingIn(session) : { kept: [] };
  await session.execute('SET SESSION foreign_key_checks = 0');
  for (const key of keys.filter((one) => !present(one))) {
    await tellingKept(admission, () => run(makeKeySql(database, key)));
    // An index that came with the key gives way to one that comes with it now, under the key's name.
    if (key.index === undefined || (await hasIndex(session, database, key.table, key.index))) continue;
    const table = quoteQualified(database, key.table);
    await run(`ALTER TABLE ${table} RENAME INDEX ${quoteName(key.name)} TO ${quoteName(key.index)}`);
  }
  await session.execute('SET SESSION foreign_key_checks = 1');
}

function makeKeySql(database: string, key: OrphanKey): string {
  const list = (columns: readonly string[]) => columns.map(quoteName).join(', ');
  // What a server takes for granted it does not print, unless it was given: MySQL means NO ACTION, MariaDB RESTRICT.
  const action = (when: string, what: string) => (/^(?:NO ACTION|RESTRICT)$/.test(what) ? '' : ` ON ${when} ${what}`);
  return (
    `ALTER TABLE ${quoteQualified(database, key.table)} ADD CONSTRAINT ${quoteName(key.name)} ` +
    `FOREIGN KEY (${list(key.columns)}) REFERENCES ${quoteQualified(database, key.parentTable)} (${list(key.parentColumns)})` +
    `${action('DELETE', key.onDelete)}${action('UPDATE', key.onUpdate)}`
  );
}

async function presentKeys(session: Session, database: string, keys: readonly OrphanKey[]) {
  if (keys.length === 0) return () => false;
  const rows = await session.query<{ name: string; table: string }>(
    `SELECT CONSTRAINT_NAME AS name, TABLE_NAME AS \`table\` FROM information_schema.TABLE_CONSTRAINTS
     WHERE TABLE_SCHEMA = ? AND CONSTRAINT_TYPE = 'FOREIGN KEY'`,
    [database],
  );
  const present = new Set(rows.map((row) => `${row.table}\n${row.name}`));
  return (key: OrphanKey) => present.has(`${key.table}\n${key.name}`);
}

async function hasIndex(session: Session, database: string, table: string, index: string): Promise<boolean> {
  const rows = await session.query(
    'SELECT 1 FROM information_schema.STATISTICS WHERE TABLE_SCHEMA = ? AND TABLE_NAME = ? AND INDEX_NAME = ? LIMIT 1',
    [database, table, index],
  );
  return rows.length > 0;
}
