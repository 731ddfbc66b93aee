import { createHash } from 'node:crypto';
import type { Server, Session } from '../../mysql/connect.ts';
import { isAtLeast, parseFlavor } from '../../mysql/flavor.ts';
import { missingPrivileges, readGrants } from '../../mysql/grants.ts';
import { requireKnownKinds } from '../../schema/kinds.ts';
import { JOURNAL_TABLE } from '../../schema/types.ts';
import type { BinlogPosition, Manifest, ServerIdentity } from '../file/manifest.ts';

/** What the server says about a database that is to be backed up. */
export interface Source {
  readonly identity: ServerIdentity;
  readonly charset: string;
  readonly collation: string;
  /** Base tables, without the tool's journal. */
  readonly tables: readonly SourceTable[];
  readonly objects: Manifest['objects'];
  /** Why the binary log's position cannot be part of the dump; undefined when it can. */
  readonly noPositionBecause: string | undefined;
}

export interface SourceTable {
  readonly name: string;
  readonly engine: string;
  /** The server's estimate of the size of its rows, without secondary indexes. */
  readonly dataBytes: number;
  /** The server's estimate of how many rows it has. */
  readonly rows: number;
}

/** Reads what a complete dump has to hold. */
export async function readSource(server: Server, session: Session): Promise<Source> {
  const { database } = server.target;
  await requireKnownKinds(session, database);
  return {
    identity: await readIdentity(server, session),
    ...(await readDefaults(session, database)),
    tables: await readTables(server, session),
    objects: await readObjectNames(session, database),
    noPositionBecause: await whyNoPosition(server, session),
  };
}

/** Who the server is, as well as it can tell. */
export async function readIdentity(server: Server, session: Session): Promise<ServerIdentity> {
  type Told = { version: string; host: string; dataFolder: string; port: number | string; id: number | string };
  const [row] = await session.query<Told>(
    'SELECT VERSION() AS version, @@hostname AS host, @@datadir AS dataFolder, @@port AS port, @@server_id AS id',
  );
  const { version, host, dataFolder, port, id } = row as Told;
  const [uuid] = await session.query<{ Value: string }>(
    "SHOW GLOBAL VARIABLES WHERE Variable_name IN ('server_uuid', 'server_uid')",
  );
  const place = createHash('sha256').update(`${dataFolder}\n${port}\n${id}`).digest('hex');
  return { flavor: server.flavor.kind, version, uuid: uuid?.Value ?? null, host, place };
}

async function readDefaults(session: Session, database: string): Promise<{ charset: string; collation: string }> {
  const [row] = await session.query<{ charset: string; collation: string }>(
    `SELECT default_character_set_name AS charset, default_collation_name AS collation
       FROM information_schema.schemata WHERE schema_name = ?`,
    [database],
  );
  if (!row) throw new Error(`there is no database ${database}, or the account may not see it`);
  return { charset: row.charset, collation: row.collation };
}

/** The base tables of the target's database, with the server's own, fresh estimate of their sizes. */
export async function readTables(server: Server, session: Session): Promise<SourceTable[]> {
  // MySQL 8 answers from a cache that is up to a day old, and knows nothing of tables made since.
  if (server.flavor.kind === 'mysql' && isAtLeast(server.flavor, 8)) {
    await session.query('SET SESSION information_schema_stats_expiry = 0');
  }
  type Estimate = number | string | null;
  const rows = await session.query<{ name: string; engine: string | null; dataBytes: Estimate; rows: Estimate }>(
    `SELECT table_name AS name, engine AS engine, data_length AS dataBytes, table_rows AS \`rows\`
       FROM information_schema.tables
      WHERE table_schema = ? AND table_type IN ('BASE TABLE', 'SYSTEM VERSIONED') AND table_name <> ?
      ORDER BY table_name`,
    [server.target.database, JOURNAL_TABLE],
  );
  return rows.map((row) => ({
    name: row.name,
    engine: row.engine ?? '',
    dataBytes: Number(row.dataBytes ?? 0),
    rows: Number(row.rows ?? 0),
  }));
}

/** Names of everything in a database that is not a base table, sorted, by kind. */
export async function readObjectNames(session: Session, database: string): Promise<Required<Manifest['objects']>> {
  const hasLibraries = await knowsLibraries(session);
  const rows = await session.query<{ kind: string; name: string }>(
    `SELECT LOWER(table_type) AS kind, table_name AS name FROM information_schema.tables
      WHERE table_schema = ? AND table_type IN ('VIEW', 'SEQUENCE')
     UNION ALL SELECT 'trigger', trigger_name FROM information_schema.triggers WHERE trigger_schema = ?
     UNION ALL SELECT LOWER(routine_type), routine_name FROM information_schema.routines WHERE routine_schema = ?
     UNION ALL SELECT 'event', event_name FROM information_schema.events WHERE event_schema = ?
     ${hasLibraries ? "UNION ALL SELECT 'library', library_name FROM information_schema.libraries WHERE library_schema = ?" : ''}`,
    [database, database, database, database, ...(hasLibraries ? [database] : [])],
  );
  const namesOf = (kind: string) => rows.flatMap((row) => (row.kind === kind ? [row.name] : [])).sort();
  return {
    view: namesOf('view'),
    trigger: namesOf('trigger'),
    procedure: namesOf('procedure'),
    function: namesOf('function'),
    event: namesOf('event'),
    sequence: namesOf('sequence'),
    package: namesOf('package'),
    'package body': namesOf('package body'),
    library: namesOf('library'),
  };
}

async function knowsLibraries(session: Session): Promise<boolean> {
  const [row] = await session.query<{ version: string }>('SELECT VERSION() AS version');
  const flavor = parseFlavor(row?.version ?? '');
  return flavor.kind === 'mysql' && isAtLeast(flavor, 9, 2);
}

const POSITION = { mysql: ['RELOAD', 'REPLICATION CLIENT'], mariadb: [] } as const;

/**
 * mysqldump takes the position under FLUSH TABLES WITH READ LOCK, which asks for RELOAD, and reads it with REPLICATION
 * CLIENT. MariaDB's snapshot knows its own position, so that mariadb-dump needs neither a lock nor a privilege.
 */
export async function whyNoPosition(server: Server, session: Session): Promise<string | undefined> {
  const [row] = await session.query<{ isOn: number }>('SELECT @@log_bin AS isOn');
  if (!row?.isOn) return 'the server writes no binary log (log_bin is OFF)';
  const missing = missingPrivileges(await readGrants(session), '', POSITION[server.flavor.kind]);
  return missing.length > 0 ? `the account lacks ${missing.join(' and ')}` : undefined;
}

/** Reads the position that the dump program wrote in front of the first table, and asks the server for its GTID. */
export async function readPosition(
  server: Server,
  session: Session,
  preamble: string,
): Promise<BinlogPosition | undefined> {
  const match =
    /^-- CHANGE (?:MASTER|REPLICATION SOURCE) TO (?:MASTER|SOURCE)_LOG_FILE='([^']+)', (?:MASTER|SOURCE)_LOG_POS=(\d+);/m.exec(
      preamble,
    );
  if (!match?.[1] || !match[2]) return undefined;
  const at = { file: match[1], position: Number(match[2]) };
  const gtid = server.flavor.kind === 'mysql' ? await mysqlGtid(server, session, at) : await mariaDbGtid(session, at);
  return { ...at, gtid };
}

/** What is logged as a statement no restore repeats: who looks at the backup is to know it before the accident. */
export async function readBinlogFormat(session: Session): Promise<{ binlogFormat?: string }> {
  const [row] = await session.query<{ Value: string }>("SHOW GLOBAL VARIABLES LIKE 'binlog_format'");
  return row === undefined ? {} : { binlogFormat: row.Value };
}

/** MySQL tells the set only for the present end of its log: good when nothing was written since the snapshot. */
async function mysqlGtid(server: Server, session: Session, at: { file: string; position: number }) {
  const show = isAtLeast(server.flavor, 8, 2) ? 'SHOW BINARY LOG STATUS' : 'SHOW MASTER STATUS';
  const [row] = await session.query<{ File: string; Position: number; Executed_Gtid_Set: string }>(show);
  const isThere = row?.File === at.file && Number(row.Position) === at.position;
  return isThere && row.Executed_Gtid_Set !== '' ? row.Executed_Gtid_Set.replaceAll('\n', '') : null;
}

async function mariaDbGtid(session: Session, at: { file: string; position: number }): Promise<string | null> {
  const [row] = await session.query<{ gtid: string | null }>('SELECT BINLOG_GTID_POS(?, ?) AS gtid', [
    at.file,
    at.position,
  ]);
  return row?.gtid || null;
}
