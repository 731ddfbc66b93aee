import { dirname } from 'node:path';
import { findBrokenViews } from '../backup/dump/broken-views.ts';
import { dumpDatabase } from '../backup/dump/dump.ts';
import type { Manifest } from '../backup/file/manifest.ts';
import { loadBackup } from '../backup/load/load.ts';
import type { Context } from '../context.ts';
import type { Clients } from '../mysql/clients.ts';
import { connect, type Server, type Session } from '../mysql/connect.ts';
import { quoteName, quoteQualified } from '../mysql/quote.ts';
import { findServerBinaries, type ServerBinaries } from '../private-server/binaries.ts';
import { makeDefiners, makeOwners } from '../private-server/definers.ts';
import { ownFolderArgs, startPrivateServer } from '../private-server/server.ts';
import type { Exec } from '../system/exec.ts';
import type { LeftOutWatch } from './left-out/watch.ts';
import { cutRange, type LogPosition, type LogRange } from './range.ts';
import { replayLog } from './replay.ts';
import { readNamedDatabase } from './subject.ts';

/**
 * The server program of this machine that understands all that production's does, looked for beside the client programs
 * first; undefined when there is none.
 */
export async function findTwin(
  { flavor }: Server,
  clients: Clients,
  exec: Exec,
  path: string | undefined,
): Promise<ServerBinaries | undefined> {
  const release = (version: string) => version.split('.').slice(0, 2).join('.');
  const prefixes = [dirname(dirname(clients.dump))];
  const found = await findServerBinaries(exec, { prefixes, path });
  const wanted = release(flavor.version.join('.'));
  return found.find(({ kind, version }) => kind === flavor.kind && release(version) === wanted);
}

export interface PrivateReplay {
  /** The backup to begin with. */
  readonly file: string;
  readonly manifest: Manifest;
  readonly range: LogRange;
  readonly until: LogPosition;
  /** The backup to write. */
  readonly into: string;
  readonly clients: Clients;
  readonly binaries: ServerBinaries;
  readonly stepId: string;
  /** See `ReplayRequest`. */
  readonly leftOut?: LeftOutWatch | undefined;
}

/**
 * Loads a backup into a private server, where the database has its own name, repeats the binary log there, and backs the
 * result up: a backup like any other, of the moment that the log was repeated up to. Production is only read.
 */
export async function replayPrivately(request: PrivateReplay, context: Context): Promise<Manifest> {
  const { binaries, manifest } = request;
  const { exec, server } = context;
  const args = [...SETTINGS, ...ownFolderArgs(binaries.kind), ...(await settingsOf(server))];
  const { foldsNames } = server;
  const place = await startPrivateServer(exec, { binaries, binlog: false, args, foldsNames });
  try {
    const target = place.target(manifest.database);
    const twin = await connect(target, { database: null });
    const there = { ...context, server: twin };
    const session = await twin.open({ database: null, purpose: 'migration' });
    try {
      await fill(request, session, there);
      await leaveBrokenViews(manifest.database, session, context);
      const { into, clients, stepId, until } = request;
      // For production at that place of its log, so that a later restore can go on from it.
      const standsFor = { server: manifest.server, position: { ...until, gtid: null } };
      return await dumpDatabase({ file: into, compression: manifest.compression, clients, stepId, standsFor }, there);
    } finally {
      await session.close();
    }
  } finally {
    await place.stop();
  }
}

/**
 * A view that lacked a table or a column at that moment would stop the dump, and no restore could make it: it is left
 * out, and told with its definition. A backup of production is refused until such a view is mended; here it cannot be.
 */
async function leaveBrokenViews(database: string, session: Session, context: Context): Promise<void> {
  for (const { name, reason } of await findBrokenViews(session, database)) {
    const view = quoteQualified(database, name);
    const [row] = await session.query<{ 'Create View': string }>(`SHOW CREATE VIEW ${view}`);
    const text = `without the view ${name}, which was broken at that moment: ${reason}. Its definition: ${row?.['Create View']}`;
    context.report({ type: 'note', level: 'warning', text });
    await session.execute(`DROP VIEW ${view}`);
  }
}

/**
 * Nothing may happen there but what the log says; whatever passed production's limits passes here; and nothing has to
 * outlive a power cut, so that no write waits for the disk.
 */
const SETTINGS = [
  '--event-scheduler=OFF',
  '--max-allowed-packet=1G',
  '--skip-name-resolve',
  '--innodb-flush-log-at-trx-commit=0',
  '--innodb-flush-method=nosync',
];

/** Server-wide settings that decide what a definition comes to mean. */
const DECISIVE = ['character_set_server', 'collation_server', 'explicit_defaults_for_timestamp', 'innodb_strict_mode'];

async function settingsOf(server: Server): Promise<string[]> {
  const session = await server.open();
  try {
    const [row] = await session.query(`SELECT ${DECISIVE.map((name) => `@@GLOBAL.${name} AS ${name}`).join(', ')}`);
    return DECISIVE.map((name) => `--${name.replaceAll('_', '-')}=${row?.[name]}`);
  } finally {
    await session.close();
  }
}

async function fill(request: PrivateReplay, session: Session, context: Context): Promise<void> {
  const { file, manifest, range, until, clients, stepId, leftOut } = request;
  const { database, charset, collation } = manifest;
  await session.query(`CREATE DATABASE ${quoteName(database)} CHARACTER SET ${charset} COLLATE ${collation}`);
  await makeOwners(request, session);
  await loadBackup(file, context.server.target, clients, stepId, context);
  await makeDefiners(session, database);
  const cut = cutRange(range, until);
  const from = await readNamedDatabase(session, database);
  await replayLog({ range: cut, from, into: database, isPrivate: true, stepId, leftOut }, session, context);
}
