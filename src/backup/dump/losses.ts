import type { Context } from '../../context.ts';
import type { Server, Session } from '../../mysql/connect.ts';
import { isAtLeast } from '../../mysql/flavor.ts';
import { quoteName, quoteQualified } from '../../mysql/quote.ts';
import type { Loss } from '../file/manifest.ts';
import { isToldOtherwise } from './floats/exact-floats.ts';
import type { FloatTable } from './floats/float-tables.ts';

/** Conversion to utf8mb4 and back loses nothing: these are Unicode, or each of their bytes has a character. */
const WHOLE = ['utf8mb4', 'utf8mb3', 'utf8', 'ucs2', 'utf16', 'utf16le', 'utf32', 'latin1', 'binary'];
const TEXT_TYPES = ['char', 'varchar', 'tinytext', 'text', 'mediumtext', 'longtext'];

interface Suspect {
  readonly [column: string]: unknown;
  readonly table: string;
  readonly column: string;
  readonly type: string;
  readonly charset: string | null;
}

/**
 * Values that a dump cannot hold, counted by the server itself: it writes each as the dump program would be told it, reads it
 * again, and compares. Only columns of types where that can matter are read: FLOAT, which is told with six digits, of tables
 * that `ExactFloats` cannot help; JSON, whose dates, times and bytes are told as strings; text with bytes that its character set
 * does not define.
 */
export async function findLosses(
  { server, signal }: Context,
  session: Session,
  tables: readonly { readonly name: string }[],
  floatTables: readonly FloatTable[],
): Promise<Loss[]> {
  const { database } = server.target;
  const names = new Set(tables.map(({ name }) => name));
  const told = new Set(floatTables.map(({ name }) => name));
  const losses: Loss[] = [];
  for (const suspect of await findSuspects(server, session)) {
    signal.throwIfAborted();
    const { table, column } = suspect;
    if (!names.has(table) || (suspect.type === 'float' && told.has(table))) continue;
    const [row] = await session.query<{ lost: number | string }>(
      `SELECT COUNT(*) AS lost FROM ${quoteQualified(database, table)} WHERE ${changedBy(suspect)}`,
    );
    const rows = Number(row?.lost ?? 0);
    if (rows > 0) losses.push({ table, column, type: suspect.charset ?? suspect.type, rows });
  }
  return losses;
}

function findSuspects({ flavor, target: { database } }: Server, session: Session): Promise<Suspect[]> {
  const types = flavor.kind === 'mariadb' ? ['float'] : isAtLeast(flavor, 8, 0, 17) ? ['float', 'json'] : ['json'];
  return session.query<Suspect>(
    `SELECT table_name AS \`table\`, column_name AS \`column\`, LOWER(data_type) AS type, character_set_name AS charset
       FROM information_schema.columns
      WHERE table_schema = ? AND (data_type IN (?)
        OR (data_type IN (?) AND character_set_name NOT IN (?)))
      ORDER BY table_name, ordinal_position`,
    [database, types, TEXT_TYPES, WHOLE],
  );
}

/** SQL that is true of a value which is another one after it was a text. */
function changedBy({ column, type, charset }: Suspect): string {
  const name = quoteName(column);
  if (type === 'float') return isToldOtherwise(column);
  if (type === 'json') return `${name} <> CAST(CAST(${name} AS CHAR) AS JSON)`;
  const isOther = `CAST(${name} AS BINARY) <> CONVERT(CONVERT(${name} USING utf8mb4) USING ${charset})`;
  // Most text is plain ASCII, the same bytes in UTF-8: to see that first takes a third of the time. In sjis the way back from a
  // backslash is another character.
  return charset === 'sjis' ? isOther : `CAST(${name} AS BINARY) <> CONVERT(${name} USING utf8mb4) AND ${isOther}`;
}

/** PURE: a sentence for people. */
export function describeLoss({ table, column, type, rows }: Loss): string {
  const where = `${table}.${column}`;
  const many = rows === 1 ? '1 value' : `${rows} values`;
  if (type === 'float')
    return `${many} of ${where} come back with six digits: no unique key without NULL finds the rows again, or they changed as the dump began; DOUBLE keeps all`;
  if (type === 'json') return `${many} of ${where} come back with strings for the dates, times or bytes in their JSON`;
  return `${many} of ${where} hold bytes that ${type} does not define, and come back without them`;
}
