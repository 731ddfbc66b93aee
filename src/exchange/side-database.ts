import type { Server, Session } from '../mysql/connect.ts';
import { textLiteral } from '../mysql/literal.ts';
import { suffixed } from '../mysql/name.ts';
import { quoteName, quoteQualified } from '../mysql/quote.ts';
import { BESIDE_TABLE } from '../schema/types.ts';
import { fileStamp } from '../system/clock.ts';

/** `restore`: what is loaded beside production. `before`: what production held until it was replaced. */
export type BesideRole = 'restore' | 'before';

/** A database that a restore has made beside production: its marker table says so, never its name alone. */
export interface Beside {
  readonly name: string;
  readonly role: BesideRole;
  /** The database that it stands beside. */
  readonly ofDatabase: string;
  readonly run: string;
  readonly madeAt: Date;
}

/** `<db>_restore_YYYYMMDD_HHMMSS`, `<db>_before_…`; a long name is cut. */
export function nameBeside(database: string, role: BesideRole, at: Date): string {
  return suffixed(database, `_${role}_${fileStamp(at)}`);
}

/** The first second from `at` on of which no database has a name: names tell no more than the second. */
export async function findFreeSecond(server: Server, at: Date): Promise<Date> {
  const session = await server.open({ database: null });
  try {
    for (let second = at; ; second = new Date(second.getTime() + 1000)) {
      const names = (['restore', 'before'] as const).map((role) => nameBeside(server.target.database, role, second));
      const taken = await session.query('SELECT 1 FROM information_schema.SCHEMATA WHERE SCHEMA_NAME IN (?, ?)', names);
      if (taken.length === 0) return second;
    }
  } finally {
    await session.close();
  }
}

/** `<table>_restored_YYYYMMDD_HHMMSS`. */
export function nameCopy(table: string, at: Date): string {
  return suffixed(table, `_restored_${fileStamp(at)}`);
}

/** Makes the database and marks it, or marks it anew when it is there. */
export async function makeBeside(session: Session, beside: Omit<Beside, 'madeAt'>): Promise<void> {
  const marker = quoteQualified(beside.name, BESIDE_TABLE);
  await session.execute(`CREATE DATABASE IF NOT EXISTS ${quoteName(beside.name)}`);
  await session.execute(
    `CREATE TABLE IF NOT EXISTS ${marker} (run VARCHAR(64) PRIMARY KEY, role VARCHAR(16) NOT NULL,
       of_database VARCHAR(64) NOT NULL, made DATETIME NOT NULL) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin`,
  );
  const values = [beside.run, beside.role, beside.ofDatabase].map(textLiteral);
  await session.execute(`REPLACE INTO ${marker} VALUES (${values.join(', ')}, UTC_TIMESTAMP())`);
}

/** All that restores of this database have made and left, oldest first. */
export async function listBeside(session: Session, database: string): Promise<Beside[]> {
  const marked = await session.query<{ name: string }>(
    'SELECT TABLE_SCHEMA AS name FROM information_schema.TABLES WHERE TABLE_NAME = ?',
    [BESIDE_TABLE],
  );
  const found: Beside[] = [];
  for (const { name } of marked) {
    const row = await readMarker(session, name);
    if (row?.ofDatabase === database) found.push({ name, ...row, madeAt: new Date(`${row.made}Z`) });
  }
  return found.sort((a, b) => a.madeAt.getTime() - b.madeAt.getTime());
}

interface Marker {
  readonly run: string;
  readonly role: BesideRole;
  readonly ofDatabase: string;
  readonly made: string;
  [column: string]: unknown;
}

/** Undefined when the database has gone since it was listed: other runs on the server make and drop theirs. */
async function readMarker(session: Session, name: string): Promise<Marker | undefined> {
  const marker = quoteQualified(name, BESIDE_TABLE);
  try {
    const [row] = await session.query<Marker>(
      `SELECT run, role, of_database AS ofDatabase, made FROM ${marker} ORDER BY made DESC LIMIT 1`,
    );
    return row;
  } catch (error) {
    if (GONE.has((error as { errno?: number }).errno ?? 0)) return undefined;
    throw error;
  }
}

/** ER_BAD_DB_ERROR, ER_NO_SUCH_TABLE. */
const GONE = new Set([1049, 1146]);

/** Drops a database that a restore has made, or one without a table. Throws when it is somebody else's. */
export async function dropBeside(session: Session, name: string): Promise<void> {
  const tables = await tableNames(session, name);
  if (tables.length > 0 && !tables.includes(BESIDE_TABLE)) {
    throw new Error(`the database ${name} was not made by this tool: it is left alone`);
  }
  // Where the account may make none, there is none, and it may not drop one either: IF EXISTS asks for the right first.
  if (tables.length === 0 && !(await isThere(session, name))) return;
  // Its tables may refer to each other in circles.
  await session.execute('SET SESSION foreign_key_checks = 0');
  await session.execute(`DROP DATABASE IF EXISTS ${quoteName(name)}`);
  await session.execute('SET SESSION foreign_key_checks = 1');
}

/** PURE: nothing but a restore gives a database such a name, of whichever database it is. */
export function isNameOfRestore(name: string): boolean {
  return /_restore_\d{8}_\d{6}$/.test(name);
}

/** `fileStamp`'s form, as MySQL and MariaDB both read it. */
const NAME_ENDS = '^_restore_[0-9]{8}_[0-9]{6}$';

/**
 * Drops databases with nothing in them under the very names that restores of `database` load into: killed between making one
 * and marking it. What keeps something has another name, and is in the plan of its run. Only under the lock, where no other
 * run is between the two. A name that was cut may be another database's.
 */
export async function dropUnmarked(session: Session, database: string): Promise<void> {
  const rows = await session.query<{ name: string }>(
    `SELECT SCHEMA_NAME AS name FROM information_schema.SCHEMATA
     WHERE LEFT(SCHEMA_NAME, CHAR_LENGTH(?)) = ? AND SUBSTRING(SCHEMA_NAME, CHAR_LENGTH(?) + 1) REGEXP ?
       AND SCHEMA_NAME NOT IN (SELECT TABLE_SCHEMA FROM information_schema.TABLES)
       AND SCHEMA_NAME NOT IN (SELECT ROUTINE_SCHEMA FROM information_schema.ROUTINES)
       AND SCHEMA_NAME NOT IN (SELECT EVENT_SCHEMA FROM information_schema.EVENTS)`,
    [database, database, database, NAME_ENDS],
  );
  for (const { name } of rows) await dropBeside(session, name);
}

async function isThere(session: Session, name: string): Promise<boolean> {
  const rows = await session.query('SELECT 1 FROM information_schema.SCHEMATA WHERE SCHEMA_NAME = ?', [name]);
  return rows.length > 0;
}

/** Tables and sequences of a database beside, but for the marker; none when it does not exist. */
export async function tablesBeside(session: Session, name: string): Promise<string[]> {
  return (await tableNames(session, name)).filter((table) => table !== BESIDE_TABLE);
}

async function tableNames(session: Session, database: string): Promise<string[]> {
  const rows = await session.query<{ name: string }>(
    `SELECT TABLE_NAME AS name FROM information_schema.TABLES WHERE TABLE_SCHEMA = ? AND TABLE_TYPE <> 'VIEW' ORDER BY name`,
    [database],
  );
  return rows.map((row) => row.name);
}
