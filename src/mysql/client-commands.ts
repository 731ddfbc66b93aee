import type { Command } from '../system/exec.ts';
import type { Clients } from './clients.ts';
import type { Target } from './connect.ts';
import { isAtLeast } from './flavor.ts';
import { identify } from './option-file.ts';
import { clientProgramSettings } from './session-settings.ts';

/** Rows larger than the clients' default of 16 MB must pass. This is the protocol's limit. */
const MAX_PACKET = '--max-allowed-packet=1G';

export interface DumpOptions {
  /** Write the binary log's position of the snapshot into the dump, as a comment. Needs RELOAD in MySQL. */
  readonly withPosition: boolean;
  readonly ignoredTables: readonly string[];
  /** Write the bytes that the rows are stored as, where they are known to be the same as in utf8mb4. */
  readonly asStored?: boolean | undefined;
  /** MariaDB 10.11 and newer: past rows of system-versioned tables, too. */
  readonly withHistory?: boolean | undefined;
  /** Only these tables, with their definitions and rows. Default: all, and every other kind of object. */
  readonly tables?: readonly string[] | undefined;
  /** Their triggers too, and the database's routines and events. */
  readonly withObjects?: boolean;
}

/**
 * Dumps a whole database to standard output: one snapshot, all kinds of objects.
 *
 * Blobs are written as quoted strings, not as `--hex-blob`: hexadecimal doubles their size, and a row that fits the
 * server's max_allowed_packet once would not fit when it is loaded back.
 */
export function dumpCommand(clients: Clients, target: Target, options: DumpOptions): Command {
  const charset = options.asStored ? 'binary' : 'utf8mb4';
  const { args, ...identity } = identify(target, clients.flavor, clientProgramSettings(charset));
  return {
    file: clients.dump,
    args: [
      ...args,
      '--single-transaction',
      '--quick',
      '--skip-lock-tables',
      // Under LOCK TABLES MariaDB cannot fill a table whose default draws from a sequence (error 1100).
      '--skip-add-locks',
      ...(options.tables && !options.withObjects ? ['--skip-triggers'] : ['--routines', '--events', '--triggers']),
      // Asks for PROCESS otherwise, and tablespaces are not what is backed up.
      '--no-tablespaces',
      `--default-character-set=${charset}`,
      MAX_PACKET,
      ...(clients.flavor.kind === 'mysql' ? mysqlOnly(clients) : MARIADB_ONLY),
      ...(options.withHistory ? ['--dump-history'] : []),
      ...(options.withPosition ? [positionFlag(clients)] : []),
      ...options.ignoredTables.map((table) => `--ignore-table=${target.database}.${table}`),
      // A database's name may begin with a dash.
      '--',
      target.database,
      ...(options.tables ?? []),
    ],
    ...identity,
  };
}

const MARIADB_ONLY = [
  // On by default since 11.8: in front of rows that are loaded without the table's head the variable that it sets back is
  // missing (error 1231).
  '--skip-no-autocommit',
];

function mysqlOnly(clients: Clients): string[] {
  return [
    // GTID_PURGED cannot be set on the server that the dump came from (error 3546).
    '--set-gtid-purged=OFF',
    // On by default in the first releases of 8.0, where it fails without rights on its table.
    // Policies belong to the server, not to a database, and reading them takes rights that an application's account does
    // not have (9.7). "loose" lets releases that do not know the option start.
    '--loose-skip-masking-policies',
    ...(isAtLeast(clients.flavor, 8) ? ['--column-statistics=0'] : []),
  ];
}

function positionFlag(clients: Clients): string {
  return clients.flavor.kind === 'mysql' && isAtLeast(clients.flavor, 8, 0, 26) ? '--source-data=2' : '--master-data=2';
}

/**
 * Runs SQL from standard input against a database and stops at the first error, which it names with its line.
 * `reportsAtOnce`: prints each row that it reads without a heading and without waiting for more.
 */
export function shellCommand(clients: Clients, target: Target, options: { reportsAtOnce?: boolean } = {}): Command {
  const { args, ...identity } = identify(target, clients.flavor, clientProgramSettings('utf8mb4'));
  return {
    file: clients.shell,
    args: [
      ...args,
      '--batch',
      // Anew it would be without what its session began with, the lock by which it is found among it.
      '--skip-reconnect',
      // Without it the client changes \r\n into \n inside of routine bodies and stops at a NUL.
      '--binary-mode',
      // MariaDB's client leaves them out otherwise, and with them those in the bodies of routines, triggers and events.
      '--comments',
      '--default-character-set=utf8mb4',
      MAX_PACKET,
      ...(options.reportsAtOnce ? ['--skip-column-names', '--unbuffered'] : []),
      `--database=${target.database}`,
    ],
    ...identity,
  };
}

/**
 * Copies one binary log of the server, byte for byte, into `folder` under its own name. Ends at the log's present end.
 * Asks for REPLICATION SLAVE.
 */
export function copyLogCommand(
  program: string,
  clients: Clients,
  target: Target,
  log: string,
  folder: string,
  begin?: number,
): Command {
  const { args, ...identity } = identify(target, clients.flavor);
  const start = begin === undefined ? [] : [`--start-position=${begin}`];
  return {
    file: program,
    args: [...args, '--read-from-remote-server', '--raw', `--result-file=${folder}/`, ...start, '--', log],
    ...identity,
  };
}
