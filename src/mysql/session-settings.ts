/**
 * What a connection of ours relies on, in one list: a server's globals and its init_connect can turn every one of these the
 * other way. Version comments make one text for all servers: MariaDB passes `/*!50700` and later by, MySQL `/*M!`.
 */

/** No lock of ours is held for longer by a client that vanished, and no dump, load or rehearsal leaves a connection idle for longer. */
const IDLE_SECONDS = 86_400;
/** A reader or writer that is held up by the other end of a pipe; the servers' own 30 and 60 s are too short for that. */
const STALLED_SECONDS = 600;
/** Nobody's statement waits for a year, which is MySQL's default. */
const LOCK_SECONDS = 86_400;
const UNLIMITED = '18446744073709551615';

/**
 * How statements begin, end and are cut off, and that what is read is read whole. Also the statements of a migration are
 * journalled by it, and its connection reads for us.
 */
const EVERY_CONNECTION = [
  // Only one of the two is there; each ends with its comma.
  '/*!50720 max_execution_time = 0, transaction_read_only = 0, */ /*M! max_statement_time = 0, tx_read_only = 0, ' +
    'idle_transaction_timeout = 0, idle_readonly_transaction_timeout = 0, idle_write_transaction_timeout = 0, */ autocommit = 1',
  // COMMIT neither begins a transaction nor ends the connection.
  'completion_type = 0',
  `wait_timeout = ${IDLE_SECONDS}`,
  `net_read_timeout = ${STALLED_SECONDS}`,
  `net_write_timeout = ${STALLED_SECONDS}`,
  'sql_big_selects = 1',
  `sql_select_limit = ${UNLIMITED}`,
];

/** What our own statements mean, and what they return. */
const OUR_STATEMENTS = [
  "/*!50720 transaction_isolation = 'REPEATABLE-READ', */ /*M! tx_isolation = 'REPEATABLE-READ', sql_if_exists = 0, */ " +
    "sql_mode = 'STRICT_TRANS_TABLES,NO_ENGINE_SUBSTITUTION'",
  "time_zone = '+00:00'",
  'group_concat_max_len = 1073741824',
  'foreign_key_checks = 1',
  'unique_checks = 1',
  'sql_safe_updates = 0',
  'sql_auto_is_null = 0',
  'sql_quote_show_create = 1',
  'sql_notes = 1',
  'max_sort_length = 1024',
  'div_precision_increment = 4',
  "lc_time_names = 'en_US'",
  'default_storage_engine = InnoDB',
  `lock_wait_timeout = ${LOCK_SECONDS}`,
  'innodb_lock_wait_timeout = 50',
];

/** Our texts, and the files of migrations, are UTF-8. */
const UTF8_TEXT = ['character_set_client = utf8mb4', 'character_set_results = utf8mb4'];

/** For the connections on which our own statements run. */
export const TOOL_SETTINGS = set([
  ...EVERY_CONNECTION,
  ...OUR_STATEMENTS,
  ...UTF8_TEXT,
  'collation_connection = utf8mb4_general_ci',
]);

/**
 * For a migration's own text: as the stock client would be connected with UTF-8. Its sql_mode is the one that the files were
 * read by. `init_connect` may have chosen another collation of utf8mb4; another character set would lose letters.
 */
export function migrationSettings(stockCollation: string): string {
  return set([
    ...EVERY_CONNECTION,
    'sql_mode = @@GLOBAL.sql_mode',
    ...UTF8_TEXT,
    `collation_connection = IF(@@character_set_connection = 'utf8mb4', @@collation_connection, '${stockCollation}')`,
  ]);
}

/** For the stock programs. `binary`: rows are read as they are stored. */
export function clientProgramSettings(charset: 'utf8mb4' | 'binary'): string {
  return set([
    ...EVERY_CONNECTION,
    ...OUR_STATEMENTS,
    ...['character_set_client', 'character_set_results', 'character_set_connection'].map(
      (name) => `${name} = ${charset}`,
    ),
  ]);
}

function set(assignments: readonly string[]): string {
  return `SET SESSION ${assignments.join(', ')}`;
}
