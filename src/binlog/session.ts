import type { Session } from '../mysql/connect.ts';
import { type Flavor, isAtLeast } from '../mysql/flavor.ts';
import { textLiteral } from '../mysql/literal.ts';
import type { QueryEvent, SessionFacts } from './events/query-event.ts';

/** `OPTION_NO_FOREIGN_KEY_CHECKS` and `OPTION_RELAXED_UNIQUE_CHECKS` of a statement's flags (both servers). */
const NO_FOREIGN_KEY_CHECKS = 1 << 26;
const RELAXED_UNIQUE_CHECKS = 1 << 27;
/** MySQL's utf8mb4_0900_ai_ci, which is the default anyway; to set it takes a privilege. */
const DEFAULT_UTF8MB4_COLLATION = 255;

/** What the log means by the id of a collation. */
export interface Collation {
  readonly name: string;
  readonly charset: string;
}

export interface Collations {
  readonly byId: ReadonlyMap<number, Collation>;
  /** There is a `character_set_collations` (MariaDB 11.2 and later): where an event does not tell it, it was empty. */
  readonly areAssigned: boolean;
}

export async function readCollations(session: Session, flavor: Flavor): Promise<Collations> {
  // Since 10.10 COLLATIONS has no ids of those that several character sets have.
  const from =
    flavor.kind === 'mariadb' && isAtLeast(flavor, 10, 10)
      ? 'FULL_COLLATION_NAME AS name FROM information_schema.COLLATION_CHARACTER_SET_APPLICABILITY'
      : 'COLLATION_NAME AS name FROM information_schema.COLLATIONS';
  const rows = await session.query<{ id: number | string; name: string; charset: string }>(
    `SELECT ID AS id, CHARACTER_SET_NAME AS charset, ${from} WHERE ID IS NOT NULL`,
  );
  const assigned = await session.query("SHOW VARIABLES LIKE 'character_set_collations'");
  return { byId: new Map(rows.map(({ id, ...one }) => [Number(id), one])), areAssigned: assigned.length > 0 };
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
export function sessionSql(query: QueryEvent, second: number, clientCharset: string, collations: Collations): string {
  const { session } = query;
  const { flags = 0, charset } = session;
  const sets = [
    `timestamp = ${second}.${String(session.microseconds ?? 0).padStart(6, '0')}`,
    `foreign_key_checks = ${flags & NO_FOREIGN_KEY_CHECKS ? 0 : 1}`,
    `unique_checks = ${flags & RELAXED_UNIQUE_CHECKS ? 0 : 1}`,
    ...(session.sqlMode === undefined ? [] : [`sql_mode = ${session.sqlMode}`]),
    `character_set_client = ${clientCharset}`,
    ...(charset ? [`collation_connection = ${charset[1]}`, `collation_server = ${charset[2]}`] : []),
    ...(session.timeZone === undefined ? [] : [`time_zone = ${textLiteral(session.timeZone)}`]),
    ...autoIncrement(session.autoIncrement),
    ...utf8mb4Collation(session.utf8mb4Collation),
    ...(collations.areAssigned ? [`character_set_collations = ${assignments(session.collations, collations)}`] : []),
  ];
  return `SET ${sets.map((set) => `@@session.${set}`).join(', ')}`;
}

/** `'utf8mb4=utf8mb4_bin'`. Throws an error at a collation that the server does not know. */
function assignments(pairs: SessionFacts['collations'] = [], { byId }: Collations): string {
  const texts = pairs.map(([charset, collation]) => {
    const [of, is] = [byId.get(charset), byId.get(collation)];
    if (!of || !is) throw new Error(`the server does not know collation ${of ? collation : charset}`);
    return `${of.charset}=${is.name}`;
  });
  return `'${texts.join(',')}'`;
}

/** To set what is the default anyway would take a privilege (SESSION_VARIABLES_ADMIN) for nothing. */
function autoIncrement(pair: readonly [number, number] | undefined): string[] {
  if (!pair || (pair[0] === 1 && pair[1] === 1)) return [];
  return [`auto_increment_increment = ${pair[0]}`, `auto_increment_offset = ${pair[1]}`];
}

function utf8mb4Collation(id: number | undefined): string[] {
  return id === undefined || id === DEFAULT_UTF8MB4_COLLATION ? [] : [`default_collation_for_utf8mb4 = ${id}`];
}
