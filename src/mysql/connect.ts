import type { Connection, ConnectionOptions, ResultSetHeader, RowDataPacket } from 'mysql2/promise';
import type { Secret } from '../system/secret.ts';
import { withExactNames } from './exact-names.ts';
import { type Flavor, isAtLeast, parseFlavor } from './flavor.ts';
import { foldName } from './name.ts';
import { migrationSettings, TOOL_SETTINGS } from './session-settings.ts';
import { kindOf, type ValueKind } from './value-kind.ts';

/** Where a database is and who we are there. */
export interface Target {
  readonly host?: string | undefined;
  readonly port?: number | undefined;
  /** Path of a unix socket; wins over host and port. */
  readonly socket?: string | undefined;
  readonly database: string;
  readonly user: string;
  readonly password?: Secret | undefined;
  readonly tls: false | true | { readonly ca: string };
}

export type Row = Record<string, unknown>;

export interface StatementResult {
  /** Rows changed, or rows returned when the statement returns some. */
  readonly rows: number;
  /** LAST_INSERT_ID() when the statement made one. */
  readonly lastInsertId: string | undefined;
  /** `SHOW WARNINGS` of the statement, as `Code 1051: Unknown table …`. */
  readonly warnings: readonly string[];
}

/** One connection. Everything that talks SQL goes through it. */
export interface Session {
  /** The server's id of this connection, stable over its life, save behind some proxies (`readLockBinds`). */
  readonly connectionId: number;
  /** Rows of one statement; BIGINT and DECIMAL arrive as strings when they do not fit a double, dates as strings. */
  query<T extends Row = Row>(sql: string, values?: readonly unknown[]): Promise<T[]>;
  /** Rows as `query` gives them, and what kind of value each column holds, in their order. */
  queryKinds(sql: string): Promise<{ readonly rows: Row[]; readonly kinds: readonly ValueKind[] }>;
  /** Runs one statement of a migration exactly as written: no placeholders, no escaping. */
  execute(sql: string): Promise<StatementResult>;
  /** Says goodbye to the server. Never throws. */
  close(): Promise<void>;
  /** Drops the socket at once. */
  destroy(): void;
}

export interface OpenOptions {
  /** `null`: no default database. Default: the target's. */
  readonly database?: string | null;
  /** Allow several statements in one packet (journal writes only, never a migration's own text). */
  readonly multipleStatements?: boolean;
  /**
   * `tool` (default): all that our statements rely on is set, so that nothing depends on the server's settings.
   * `migration`: what the stock client's connection would be, save what the journal relies on (session-settings.ts).
   */
  readonly purpose?: 'tool' | 'migration';
}

/** A database server together with the credentials to reach it. */
export interface Server {
  readonly target: Target;
  readonly flavor: Flavor;
  /** `lower_case_table_names` is not 0: names of databases and tables are compared without regard to case. */
  readonly foldsNames: boolean;
  open(options?: OpenOptions): Promise<Session>;
}

const CONNECT_TIMEOUT_MS = 10_000;
/** The kernel probes a silent connection after this long; the default of two hours is longer than a deploy. */
const KEEP_ALIVE_AFTER_MS = 10_000;
const CLOSE_WITHIN_MS = 2_000;

/** What the stock client of a release says when it is asked for UTF-8. */
function stockCollation(flavor: Flavor | undefined): string {
  return flavor?.kind === 'mysql' && isAtLeast(flavor, 8) ? 'utf8mb4_0900_ai_ci' : 'utf8mb4_general_ci';
}

function connectionOptions(target: Target, options: OpenOptions, flavor?: Flavor): ConnectionOptions {
  const database = options.database === undefined ? target.database : options.database;
  return {
    ...(target.socket
      ? { socketPath: target.socket }
      : { host: target.host ?? '127.0.0.1', port: target.port ?? 3306 }),
    user: target.user,
    ...(target.password ? { password: target.password.reveal() } : {}),
    ...(database === null ? {} : { database }),
    ...(target.tls === false ? {} : { ssl: target.tls === true ? {} : { ca: target.tls.ca } }),
    flags: driverFlags(options),
    charset: options.purpose === 'migration' ? stockCollation(flavor) : 'utf8mb4',
    connectTimeout: CONNECT_TIMEOUT_MS,
    dateStrings: true,
    supportBigNumbers: true,
    jsonStrings: true,
    multipleStatements: options.multipleStatements ?? false,
    // We prepare none; the driver makes room for so many at every connection, 16,000 by default.
    maxPreparedStatements: 1,
    enableKeepAlive: true,
    keepAliveInitialDelay: KEEP_ALIVE_AFTER_MS,
  };
}

/**
 * IGNORE_SPACE would stay in the sql_mode of every routine that a migration creates. With SESSION_TRACK the driver hears of
 * SET NAMES and encodes what follows anew: the bytes of a migration's file are sent as they stand. FOUND_ROWS changes what
 * ROW_COUNT() says, in routines too.
 */
function driverFlags({ purpose }: OpenOptions): string[] {
  return ['-IGNORE_SPACE', '-SESSION_TRACK', ...(purpose === 'migration' ? ['-FOUND_ROWS'] : [])];
}

/**
 * Connects once to learn what the server is; `database: null` when the target's is not made yet. Throws the driver's
 * own error; callers turn it into a `Failure`.
 */
export async function connect(target: Target, options: Pick<OpenOptions, 'database'> = {}): Promise<Server> {
  const { server, session } = await connectWithSession(target, options);
  await session.close();
  return server;
}

/** The same, and the connection stays open for the caller, who closes it. */
export async function connectWithSession(
  target: Target,
  options: Pick<OpenOptions, 'database'> = {},
): Promise<{ server: Server; session: Session }> {
  const naming = { isExact: false };
  const session = await open(target, options, undefined, naming);
  try {
    // Not the version of the greeting: a proxy greets with its own.
    const [row] = await session.query<{ version: string; folding: number | string }>(
      'SELECT VERSION() AS version, @@lower_case_table_names AS folding',
    );
    const flavor = parseFlavor(row?.version ?? '');
    const folding = Number(row?.folding);
    // As the catalogue calls it, whatever the configuration does.
    const named = folding === 1 ? { ...target, database: foldName(target.database) } : target;
    const foldsNames = folding !== 0;
    naming.isExact = flavor.kind === 'mariadb' && !foldsNames;
    return {
      server: { target: named, flavor, foldsNames, open: (others = {}) => open(named, others, flavor, naming) },
      session,
    };
  } catch (error) {
    session.destroy();
    throw error;
  }
}

/** `isExact`: its catalogue does not tell names apart that the server does. */
interface Naming {
  readonly isExact: boolean;
}

async function open(
  target: Target,
  options: OpenOptions,
  flavor: Flavor | undefined,
  naming: Naming,
): Promise<Session> {
  // A CommonJS package: the bundle has its names on the default export alone.
  const { default: mysql } = await import('mysql2/promise');
  const connection = await mysql.createConnection({
    ...connectionOptions(target, options, flavor),
    // The driver looks for placeholders in every statement, with values or without.
    queryFormat: (sql: string, values: unknown) =>
      Array.isArray(values) && values.length === 0
        ? sql
        : mysql.format(sql, values as Parameters<typeof mysql.format>[1]),
  });
  // Without a listener a connection that dies while idle would end the process.
  connection.on('error', () => undefined);
  const session = toSession(connection, naming);
  await settle(session, options.purpose === 'migration' ? migrationSettings(stockCollation(flavor)) : TOOL_SETTINGS);
  return session;
}

async function settle(session: Session, settings: string): Promise<void> {
  const late = setTimeout(() => session.destroy(), CONNECT_TIMEOUT_MS);
  try {
    await session.query(settings);
  } catch (error) {
    session.destroy();
    throw error;
  } finally {
    clearTimeout(late);
  }
}

function toSession(connection: Connection, naming: Naming): Session {
  // The driver leaves the statements of a destroyed connection waiting for ever: here they fail.
  let giveUp: (error: Error) => void = () => undefined;
  const destroyed = new Promise<never>((_, reject) => {
    giveUp = reject;
  });
  destroyed.catch(() => undefined);
  return {
    connectionId: connection.threadId,
    async query<T extends Row>(sql: string, values?: readonly unknown[]) {
      const text = naming.isExact ? withExactNames(sql) : sql;
      const answer = connection.query<RowDataPacket[]>(text, values as unknown[] | undefined);
      const [rows] = await Promise.race([answer, destroyed]);
      return rows as unknown as T[];
    },
    async queryKinds(sql) {
      const [rows, columns] = await Promise.race([connection.query<RowDataPacket[]>(sql), destroyed]);
      return { rows, kinds: columns.map(({ columnType: type, flags }) => kindOf({ type, flags: Number(flags) })) };
    },
    async execute(sql) {
      const run = async () => {
        const [result] = await connection.query(sql);
        return toResult(result as ResultSetHeader | RowDataPacket[], connection);
      };
      return Promise.race([run(), destroyed]);
    },
    async close() {
      const goodbye = connection.end().catch(() => undefined);
      await Promise.race([goodbye, destroyed.catch(() => undefined), patience(CLOSE_WITHIN_MS)]);
      connection.destroy();
    },
    destroy() {
      connection.destroy();
      giveUp(new Error('the connection was given up'));
    },
  };
}

async function patience(ms: number): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, ms).unref());
}

async function toResult(result: ResultSetHeader | RowDataPacket[], connection: Connection): Promise<StatementResult> {
  if (Array.isArray(result)) return { rows: result.length, lastInsertId: undefined, warnings: [] };
  return {
    rows: result.affectedRows,
    lastInsertId: result.insertId ? String(result.insertId) : undefined,
    warnings: result.warningStatus ? await readWarnings(connection) : [],
  };
}

async function readWarnings(connection: Connection): Promise<string[]> {
  const [rows] = await connection.query<RowDataPacket[]>('SHOW WARNINGS');
  return rows.map((row) => `${row.Level} ${row.Code}: ${row.Message}`);
}
