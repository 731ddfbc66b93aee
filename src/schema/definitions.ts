import type { Row, Session } from '../mysql/connect.ts';
import { quoteQualified } from '../mysql/quote.ts';
import { splitId } from './snapshot.ts';
import type { ObjectId, ObjectKind } from './types.ts';

/** What to ask, and the column that holds the statement. */
const SHOW: Readonly<Record<ObjectKind, readonly [what: string, column: string]>> = {
  table: ['TABLE', 'Create Table'],
  view: ['VIEW', 'Create View'],
  trigger: ['TRIGGER', 'SQL Original Statement'],
  procedure: ['PROCEDURE', 'Create Procedure'],
  function: ['FUNCTION', 'Create Function'],
  event: ['EVENT', 'Create Event'],
  sequence: ['SEQUENCE', 'Create Table'],
  package: ['PACKAGE', 'Create Package'],
  'package body': ['PACKAGE BODY', 'Create Package Body'],
  library: ['LIBRARY', 'Create Library'],
};

/** No such table, routine, trigger or event; not a view, table or sequence; no such database; unknown table. */
const ABSENT = new Set([1146, 1305, 1360, 1539, 1347, 1049, 4089]);

/** The statement that makes an object, and the circumstances that a stored program or a view remembers. */
export interface Creation {
  readonly text: string;
  /** Stored programs only: the sql_mode they run under. */
  readonly sqlMode?: string | undefined;
  readonly clientCharset?: string | undefined;
  readonly connectionCollation?: string | undefined;
  /** Events only: what their times mean. */
  readonly timeZone?: string | undefined;
  /** Stored programs only: what the database's default was. */
  readonly databaseCollation?: string | undefined;
}

/**
 * The statement that makes the object as it is now, DEFINER and all, and the circumstances that are not in its text;
 * undefined when there is none. Throws when the account may not see the text.
 */
export async function readCreation(session: Session, database: string, id: ObjectId): Promise<Creation | undefined> {
  const [kind, name] = splitId(id);
  const [what, column] = SHOW[kind];
  try {
    const [row] = await session.query(`SHOW CREATE ${what} ${quoteQualified(database, name)}`);
    const text = row?.[column];
    if (row !== undefined && typeof text === 'string') return { text, ...circumstancesOf(row) };
    // SHOW CREATE TABLE answers for views and sequences too, under another column.
    if (row === undefined || !(column in row)) return undefined;
  } catch (error) {
    if (ABSENT.has((error as { errno?: number }).errno ?? 0)) return undefined;
    throw error;
  }
  throw new Error(
    `the definition of ${kind} ${name} is hidden from this account (it needs SHOW_ROUTINE or the definer)`,
  );
}

/** Texts alone, of those that are there. */
export async function readTexts(
  session: Session,
  database: string,
  ids: readonly ObjectId[],
): Promise<Map<ObjectId, string>> {
  const texts = new Map<ObjectId, string>();
  for (const id of ids) {
    const creation = await readCreation(session, database, id);
    if (creation) texts.set(id, creation.text);
  }
  return texts;
}

function circumstancesOf(row: Row): Omit<Creation, 'text'> {
  const textIn = (column: string) => (typeof row[column] === 'string' ? row[column] : undefined);
  return {
    sqlMode: textIn('sql_mode'),
    clientCharset: textIn('character_set_client'),
    connectionCollation: textIn('collation_connection'),
    timeZone: textIn('time_zone'),
    databaseCollation: textIn('Database Collation'),
  };
}

/** What a session has to be SET to, so that what it makes remembers the same; empty for a table. */
export function circumstanceSettings(creation: Creation): string[] {
  const { text, sqlMode, clientCharset, connectionCollation, timeZone } = creation;
  // Our text goes out as utf8mb4: under another charset only ASCII stays what it is.
  const isSafe = clientCharset?.startsWith('utf8') || [...text].every((one) => one < '\u0080');
  return [
    ...(clientCharset !== undefined && isSafe ? [`character_set_client = '${clientCharset}'`] : []),
    ...(connectionCollation === undefined ? [] : [`collation_connection = '${connectionCollation}'`]),
    ...(sqlMode === undefined ? [] : [`sql_mode = '${sqlMode}'`]),
    ...(timeZone === undefined ? [] : [`time_zone = '${timeZone}'`]),
  ];
}
