import type { Session } from '../mysql/connect.ts';
import { parseFlavor } from '../mysql/flavor.ts';
import { quoteQualified } from '../mysql/quote.ts';
import { CLOSING_TRIGGERS, JOURNAL_TABLE } from './types.ts';

const PROCESS_DENIED = 1227;

/**
 * A text that TRUNCATE changes (so does a rebuild, which no TRUNCATE is mistaken for) and nothing that only writes rows
 * does: InnoDB's id of the table, of every partition if it has some. Undefined when there is no such table.
 *
 * Reading it needs PROCESS; without it, or for another engine or a name InnoDB is not asked by, it is the time of creation, to the second: a TRUNCATE
 * in the same second as the CREATE before it is not seen then.
 */
export async function tableIdentity(session: Session, database: string, table: string): Promise<string | undefined> {
  const [row] = await session.query<{ created: string | null; engine: string | null; version: string }>(
    'SELECT CREATE_TIME AS created, ENGINE AS engine, VERSION() AS version FROM information_schema.TABLES ' +
      'WHERE TABLE_SCHEMA = ? AND TABLE_NAME = ?',
    [database, table],
  );
  if (!row) return undefined;
  const ids = row.engine === 'InnoDB' ? await readInnoDbIds(session, database, table, row.version) : [];
  return ids.length > 0 ? `innodb ${ids.join(' ')}` : `created ${row.created}`;
}

/**
 * The same, and the time of its last ALTER to the second: one that moves values between columns in place keeps InnoDB's
 * id, and leaves no trace but that time. (UPDATE_TIME and the counts beside it are the rows'.)
 */
export async function storageIdentity(session: Session, database: string, table: string): Promise<string | undefined> {
  const identity = await tableIdentity(session, database, table);
  const altered = identity === undefined ? undefined : await readAltered(session, database, table);
  return altered && `${identity} altered ${altered.at}`;
}

/** Waits until an ALTER from now on gives the table another time than it has. */
export async function untilAlterShows(session: Session, database: string, table: string): Promise<void> {
  const altered = await readAltered(session, database, table);
  if (altered && Number(altered.isNow) === 1) await session.query('DO SLEEP(1 - MICROSECOND(SYSDATE(6)) / 1000000)');
}

async function readAltered(session: Session, database: string, table: string) {
  const [row] = await session.query<{ at: string | null; isNow: number }>(
    'SELECT CREATE_TIME AS at, CREATE_TIME >= SYSDATE() AS isNow FROM information_schema.TABLES ' +
      'WHERE TABLE_SCHEMA = ? AND TABLE_NAME = ?',
    [database, table],
  );
  return row;
}

export async function holdsRows(session: Session, database: string, table: string): Promise<boolean> {
  const rows = await session.query(`SELECT 1 FROM ${quoteQualified(database, table)} LIMIT 1`);
  return rows.length > 0;
}

async function readInnoDbIds(session: Session, database: string, table: string, version: string): Promise<string[]> {
  const source = parseFlavor(version).kind === 'mysql' ? 'INNODB_TABLES' : 'INNODB_SYS_TABLES';
  const name = `${toFileName(database)}/${toFileName(table)}`;
  try {
    const rows = await session.query<{ id: number | string }>(
      `SELECT TABLE_ID AS id FROM information_schema.${source} ` +
        'WHERE NAME = ? OR LEFT(NAME, CHAR_LENGTH(?) + 3) IN (?, ?) ORDER BY NAME',
      [name, name, `${name}#p#`, `${name}#P#`],
    );
    return rows.map((row) => String(row.id));
  } catch (error) {
    if ((error as { errno?: number }).errno === PROCESS_DENIED) return [];
    throw error;
  }
}

/**
 * The name as InnoDB knows it (MySQL Reference Manual, 11.2.4 "Mapping of Identifiers to File Names"). Letters beyond
 * ASCII have codes of their own there; such a name is not found and the time of creation decides.
 */
function toFileName(name: string): string {
  return name.replace(/[^0-9A-Za-z_]/g, (char) => `@${char.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

/** What InnoDB keeps beside a table: of an ALTER that is under way, and of full-text indexes. */
const HELPERS = /^(?:#sql|FTS_[0-9a-f]{16}_)/i;

/**
 * By `kind:name` a text that RENAME, TRUNCATE and ALTER change and writing rows does not: of tables InnoDB's ids (where
 * PROCESS allows to read them) and the time of creation, which both servers set with every ALTER; of triggers and
 * routines the time of their last change. Times are of a second. Without the tool's journal.
 */
export async function readStamps(session: Session, database: string): Promise<Map<string, string>> {
  const rows = await session.query<{ id: string; changed: string | null; version: string }>(
    `SELECT CONCAT('table:', TABLE_NAME) AS id, CREATE_TIME AS changed, VERSION() AS version FROM information_schema.TABLES
      WHERE TABLE_SCHEMA = ? AND TABLE_TYPE IN ('BASE TABLE', 'SYSTEM VERSIONED') AND TABLE_NAME <> '${JOURNAL_TABLE}'
     UNION ALL SELECT CONCAT('trigger:', TRIGGER_NAME), CREATED, '' FROM information_schema.TRIGGERS
      WHERE TRIGGER_SCHEMA = ? AND LEFT(TRIGGER_NAME, ${CLOSING_TRIGGERS.length}) <> '${CLOSING_TRIGGERS}'
     UNION ALL SELECT CONCAT(LOWER(ROUTINE_TYPE), ':', ROUTINE_NAME), LAST_ALTERED, '' FROM information_schema.ROUTINES
      WHERE ROUTINE_SCHEMA = ?`,
    [database, database, database],
  );
  const stamps = new Map(rows.map(({ id, changed }) => [id, `${changed}`]));
  const version = rows.find((row) => row.version !== '')?.version;
  const ids = version === undefined ? [] : await readAllInnoDbIds(session, database, version);
  for (const { name, id } of ids) {
    const key = `table:${name}`;
    stamps.set(key, `${stamps.get(key) ?? ''} ${id}`);
  }
  return stamps;
}

async function readAllInnoDbIds(session: Session, database: string, version: string) {
  const source = parseFlavor(version).kind === 'mysql' ? 'INNODB_TABLES' : 'INNODB_SYS_TABLES';
  const prefix = `${toFileName(database)}/`;
  try {
    const rows = await session.query<{ name: string; id: number | string }>(
      `SELECT NAME AS name, TABLE_ID AS id FROM information_schema.${source} WHERE LEFT(NAME, CHAR_LENGTH(?)) = ? ORDER BY NAME`,
      [prefix, prefix],
    );
    const own = rows.map(({ name, id }) => ({ name: fromFileName(name.slice(prefix.length)), id: String(id) }));
    return own.filter(({ name }) => !HELPERS.test(name) && name !== JOURNAL_TABLE);
  } catch (error) {
    if ((error as { errno?: number }).errno === PROCESS_DENIED) return [];
    throw error;
  }
}

/** Without the partition; letters beyond ASCII stay as InnoDB writes them. */
function fromFileName(name: string): string {
  const table = name.replace(/#p#.*$/i, '');
  return table.replace(/@([0-9a-f]{4})/g, (_, code: string) => String.fromCharCode(Number.parseInt(code, 16)));
}
