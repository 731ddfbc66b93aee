import type { Config } from '../../config/config.ts';
import { messageOf, refusal } from '../../errors.ts';
import { connect, type Server, type Session } from '../../mysql/connect.ts';
import { findServerBinaries, type ServerBinaries } from '../../private-server/binaries.ts';
import { makeAccounts } from '../../private-server/definers.ts';
import { keptFoldersIn } from '../../private-server/kept-folder.ts';
import { makeMemoryFolder } from '../../private-server/memory-folder.ts';
import { ownFolderArgs, startPrivateServer } from '../../private-server/server.ts';
import { readDefiners } from '../../schema/definers.ts';
import type { Exec } from '../../system/exec.ts';
import { readSettings } from './likeness.ts';
import { machineZone, readZone, zoneArgs } from './time-zone.ts';

/** The server on which a rehearsal takes place; its target names the clone. */
export interface RehearsalPlace {
  readonly server: Server;
  /** Another server than production's: then its settings must be compared. */
  readonly isElsewhere: boolean;
}

interface PlaceParts {
  readonly config: Config;
  readonly production: Server;
  /** On production, with no transaction open. */
  readonly session: Session;
  readonly exec: Exec;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** What a private server takes; it is in memory when that has ample room. Undefined: nobody knows. */
  readonly roomBytes?: number | undefined;
}

/** Reaches the server of the rehearsal, or starts one for its time. */
export async function withPlace<T>(parts: PlaceParts, body: (place: RehearsalPlace) => Promise<T>): Promise<T> {
  const { config, production } = parts;
  if (config.rehearsal === 'private') return withPrivateServer(parts, body);
  const { rehearsal } = config;
  const isElsewhere =
    rehearsal.socket !== production.target.socket ||
    rehearsal.host !== production.target.host ||
    rehearsal.port !== production.target.port;
  try {
    return await body({ server: await connect(rehearsal, { database: null }), isElsewhere });
  } catch (error) {
    if ((error as { syscall?: string }).syscall !== 'connect') throw error;
    throw refusal(
      `cannot connect to the server of the rehearsal: ${messageOf(error)}`,
      'mend rehearsal in the configuration, or the same command with --skip-rehearsal',
    );
  }
}

/**
 * For speed alone: no statement means anything else by them. Statistics of a table are counted when it is opened instead
 * of written when it is made, which takes MariaDB a third of the time of a CREATE TABLE; nothing has to outlive the server.
 */
const THROWAWAY = [
  '--innodb-stats-persistent=OFF',
  '--innodb-flush-log-at-trx-commit=0',
  // MariaDB only: its own files are not flushed to the disk either.
  '--loose-debug-no-sync=ON',
  '--loose-sync-frm=OFF',
];

/** A server of the same family with production's settings. The clone has production's name there. */
async function withPrivateServer<T>(parts: PlaceParts, body: (place: RehearsalPlace) => Promise<T>): Promise<T> {
  const { production, exec, env } = parts;
  const { kind, version, label } = production.flavor;
  const all = await findServerBinaries(exec, { path: env.PATH });
  const family = all.filter((one) => one.kind === kind);
  const binaries = family.find((one) => one.version === version.join('.')) ?? family[0];
  if (!binaries) {
    throw refusal(
      `rehearsal: private needs the server program of ${label} on this machine, and there is none`,
      'install it, or set rehearsal.database in the configuration',
    );
  }
  const memory = parts.roomBytes === undefined ? undefined : await makeMemoryFolder(exec, parts.roomBytes);
  try {
    return await onServer(parts, binaries, memory?.dir, body);
  } finally {
    await memory?.close();
  }
}

async function onServer<T>(
  { production, session, exec, env }: PlaceParts,
  binaries: ServerBinaries,
  parentDir: string | undefined,
  body: (place: RehearsalPlace) => Promise<T>,
): Promise<T> {
  const settings = await readSettings(session);
  const server = await startPrivateServer(exec, {
    binaries,
    ...(parentDir === undefined ? {} : { parentDir }),
    keptFolders: keptFoldersIn(env),
    args: [
      ...THROWAWAY,
      ...ownFolderArgs(binaries.kind),
      ...settingsArgs(settings),
      ...zoneArgs(await readZone(session), machineZone()),
    ],
    foldsNames: settings.get('lower_case_table_names') === '1',
    binlog: false,
  });
  try {
    const { database } = production.target;
    const place = await connect(server.target(database), { database: null });
    // A view upon another one's view, or with its function, cannot be made where that has no owner.
    const own = await place.open({ database: null });
    await makeAccounts(own, await readDefiners(session, database));
    await own.close();
    return await body({ server: place, isElsewhere: true });
  } finally {
    await server.stop();
  }
}

/** What can be set when a server starts; the rest is compared. */
function settingsArgs(settings: ReadonlyMap<string, string>): string[] {
  const fixed = new Set(['lower_case_table_names', 'innodb_page_size']);
  return [...settings]
    .filter(([name]) => !fixed.has(name))
    .map(([name, value]) => `--${name.replaceAll('_', '-')}=${value}`);
}
