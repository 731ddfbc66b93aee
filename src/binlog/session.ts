import type { Session } from '../mysql/connect.ts';
import { type Flavor, isAtLeast } from '../mysql/flavor.ts';
import { textLiteral } from '../mysql/literal.ts';
import type { QueryEvent, SessionFacts } from './events/query-event.ts';

/**
 * Bits of a statement's flags: `OPTION_AUTO_IS_NULL`, `OPTION_NO_FOREIGN_KEY_CHECKS` and `OPTION_RELAXED_UNIQUE_CHECKS` on both
 * servers, the others on MariaDB (`OPTIONS_WRITTEN_TO_BIN_LOG`).
 */
const Flag = {
  autoIsNull: 1 << 14,
  noCheckConstraints: 1 << 15,
  explicitDefaults: 1 << 24,
  noForeignKeyChecks: 1 << 26,
  relaxedUniqueChecks: 1 << 27,
  ifExists: 1 << 28,
  insertHistory: 1 << 30,
} as const;
/** MySQL's utf8mb4_0900_ai_ci: what a log from before there was the variable means. */
const DEFAULT_UTF8MB4_COLLATION = 255;

/** Not every server has them, or lets a session set them; to set some of them takes a privilege. */
const GUARDED = [
  ...['auto_increment_increment', 'auto_increment_offset', 'explicit_defaults_for_timestamp'],
  ...['default_collation_for_utf8mb4', 'sql_require_primary_key', 'default_table_encryption'],
  ...['check_constraint_checks', 'sql_if_exists', 'system_versioning_insert_history'],
];

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

/** Guarded variables that a session may set here, with the values that it has. Kept up to date by `sessionSql`. */
export type Held = Map<string, string>;

export async function readHeld(session: Session, { kind }: Flavor): Promise<Held> {
  const rows = await session.query<Record<'name' | 'value' | 'Variable_name' | 'Value', string>>(
    kind === 'mariadb'
      ? `SELECT LOWER(VARIABLE_NAME) AS name, SESSION_VALUE AS value FROM information_schema.SYSTEM_VARIABLES
          WHERE VARIABLE_NAME IN (?) AND VARIABLE_SCOPE LIKE 'SESSION%' AND READ_ONLY = 'NO'`
      : 'SHOW SESSION VARIABLES WHERE Variable_name IN (?)',
    [GUARDED],
  );
  return new Map(rows.map((row) => [row.name ?? row.Variable_name, row.value ?? row.Value]));
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

/**
 * Brings a session into the state that a statement was given in: each variable that the log tells, or that it leaves out because it
 * had its default. Nothing of the statement before is left. `held` is what the session has of the guarded ones: they are set only
 * where they differ.
 */
export function sessionSql(
  query: QueryEvent,
  second: number,
  clientCharset: string,
  collations: Collations,
  held: Held,
): string {
  const { session } = query;
  const { flags = 0, charset } = session;
  const sets = [
    `timestamp = ${second}.${String(session.microseconds ?? 0).padStart(6, '0')}`,
    `foreign_key_checks = ${flags & Flag.noForeignKeyChecks ? 0 : 1}`,
    `unique_checks = ${flags & Flag.relaxedUniqueChecks ? 0 : 1}`,
    `sql_auto_is_null = ${flags & Flag.autoIsNull ? 1 : 0}`,
    ...(session.sqlMode === undefined ? [] : [`sql_mode = ${session.sqlMode}`]),
    `character_set_client = ${clientCharset}`,
    ...(charset ? [`collation_connection = ${charset[1]}`, `collation_server = ${charset[2]}`] : []),
    // Left out, it has no part in the statement.
    `time_zone = ${session.timeZone === undefined ? 'DEFAULT' : textLiteral(session.timeZone)}`,
    `lc_time_names = ${session.localeId ?? 0}`,
    // No log tells it: the server's own is the best guess.
    'default_storage_engine = DEFAULT',
    ...(collations.areAssigned ? [`character_set_collations = ${assignments(session.collations, collations)}`] : []),
    ...guardedSets(session, collations, held),
  ];
  return `SET ${sets.map((set) => `@@session.${set}`).join(', ')}`;
}

function guardedSets(session: SessionFacts, { byId }: Collations, held: Held): string[] {
  const { flags = 0, autoIncrement = [1, 1], utf8mb4Collation = DEFAULT_UTF8MB4_COLLATION } = session;
  const isOn = (flag: number) => onOff((flags & flag) !== 0);
  // MySQL has a variable of its own for it, MariaDB a flag.
  const explicit = held.has('check_constraint_checks')
    ? isOn(Flag.explicitDefaults)
    : optional(session.explicitDefaultsForTimestamp);
  const wanted: Record<string, string | undefined> = {
    auto_increment_increment: String(autoIncrement[0]),
    auto_increment_offset: String(autoIncrement[1]),
    explicit_defaults_for_timestamp: explicit,
    default_collation_for_utf8mb4: byId.get(utf8mb4Collation)?.name,
    // What was let in under ON is let in under OFF too.
    sql_require_primary_key: session.requirePrimaryKey === false ? 'OFF' : undefined,
    default_table_encryption: optional(session.tableEncryption),
    check_constraint_checks: onOff((flags & Flag.noCheckConstraints) === 0),
    sql_if_exists: isOn(Flag.ifExists),
    system_versioning_insert_history: isOn(Flag.insertHistory),
  };
  return Object.entries(wanted).flatMap(([name, value]) => {
    if (value === undefined || !held.has(name) || held.get(name) === value) return [];
    held.set(name, value);
    return [`${name} = ${value}`];
  });
}

function onOff(isOn: boolean): string {
  return isOn ? 'ON' : 'OFF';
}

function optional(isOn: boolean | undefined): string | undefined {
  return isOn === undefined ? undefined : onOff(isOn);
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
