import type { Session } from '../mysql/connect.ts';
import type { Flavor } from '../mysql/flavor.ts';
import { textLiteral } from '../mysql/literal.ts';
import type { QueryEvent } from './query-event.ts';

/** `OPTION_NO_FOREIGN_KEY_CHECKS` and `OPTION_RELAXED_UNIQUE_CHECKS` of a statement's flags (both servers). */
const NO_FOREIGN_KEY_CHECKS = 1 << 26;
const RELAXED_UNIQUE_CHECKS = 1 << 27;
/** MySQL's utf8mb4_0900_ai_ci, which is the default anyway; to set it takes a privilege. */
const DEFAULT_UTF8MB4_COLLATION = 255;

/** Names of character sets by the ids of their collations. */
export type Charsets = ReadonlyMap<number, string>;

export async function readCharsets(session: Session): Promise<Charsets> {
  const rows = await session.query<{ id: number | string; name: string }>(
    'SELECT ID AS id, CHARACTER_SET_NAME AS name FROM information_schema.COLLATIONS WHERE ID IS NOT NULL',
  );
  return new Map(rows.map(({ id, name }) => [Number(id), name]));
}

/** A statement's text, and the character set that the server has to take it for. */
export interface DecodedText {
  readonly text: string;
  /** Undefined: utf8mb4, which the connection speaks. */
  readonly collation: number | undefined;
}

/**
 * Statements are in the log in the character set of the client that sent them. Our connection sends UTF-8, so that text in
 * UTF-8, and text that is ASCII alone, can be sent as it was. Undefined: it is in a character set that is not known here.
 */
export function decodeText({ text, session }: QueryEvent, charsets: Charsets): DecodedText | undefined {
  const collation = session.charset?.[0];
  const name = collation === undefined ? 'utf8mb4' : charsets.get(collation);
  const isUtf8 = name === 'utf8mb4' || name === 'utf8mb3' || name === 'utf8';
  if (isUtf8 || text.every((byte) => byte < 128)) return { text: text.toString('utf8'), collation };
  // Both servers mean Windows-1252 by it.
  if (name === 'latin1') return { text: new TextDecoder('windows-1252').decode(text), collation: undefined };
  return undefined;
}

/** Settings that have the server log, with every event of rows, the whole text of the statement that made it. */
const TEXT_WITH_ROWS = { mysql: 'binlog_rows_query_log_events', mariadb: 'binlog_annotate_row_events' } as const;

/**
 * Keeps the server from logging our BINLOG statements as text, once for each event in them. False when that is on (as
 * MariaDB has it by default) and the account may not turn it off.
 */
export async function keepTextOut(session: Session, kind: Flavor['kind']): Promise<boolean> {
  const name = TEXT_WITH_ROWS[kind];
  const [row] = await session.query<{ isOn: number }>(`SELECT @@session.${name} AS isOn`);
  if (Number(row?.isOn) === 0) return true;
  return session.query(`SET @@session.${name} = 0`).then(
    () => true,
    () => false,
  );
}

/** Brings a session into the state that a statement was given in. */
export function sessionSql(query: QueryEvent, second: number, clientCollation: number | undefined): string {
  const { session } = query;
  const { flags = 0, charset } = session;
  const sets = [
    `timestamp = ${second}.${String(session.microseconds ?? 0).padStart(6, '0')}`,
    `foreign_key_checks = ${flags & NO_FOREIGN_KEY_CHECKS ? 0 : 1}`,
    `unique_checks = ${flags & RELAXED_UNIQUE_CHECKS ? 0 : 1}`,
    ...(session.sqlMode === undefined ? [] : [`sql_mode = ${session.sqlMode}`]),
    ...(clientCollation === undefined
      ? ['character_set_client = utf8mb4']
      : [`character_set_client = ${clientCollation}`]),
    ...(charset ? [`collation_connection = ${charset[1]}`, `collation_server = ${charset[2]}`] : []),
    ...(session.timeZone === undefined ? [] : [`time_zone = ${textLiteral(session.timeZone)}`]),
    ...autoIncrement(session.autoIncrement),
    ...utf8mb4Collation(session.utf8mb4Collation),
  ];
  return `SET ${sets.map((set) => `@@session.${set}`).join(', ')}`;
}

/** To set what is the default anyway would take a privilege (SESSION_VARIABLES_ADMIN) for nothing. */
function autoIncrement(pair: readonly [number, number] | undefined): string[] {
  if (!pair || (pair[0] === 1 && pair[1] === 1)) return [];
  return [`auto_increment_increment = ${pair[0]}`, `auto_increment_offset = ${pair[1]}`];
}

function utf8mb4Collation(id: number | undefined): string[] {
  return id === undefined || id === DEFAULT_UTF8MB4_COLLATION ? [] : [`default_collation_for_utf8mb4 = ${id}`];
}
