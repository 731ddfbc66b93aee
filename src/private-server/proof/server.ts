import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, dirname } from 'node:path';
import type { LoadContext } from '../../backup/load/loading-client.ts';
import type { BackupToProve, ProofOutcome, ProofPlace, Unable } from '../../backup/proof/place.ts';
import { messageOf } from '../../errors.ts';
import { CLIENTS_VARIABLE, type Clients, type Environment, findClients } from '../../mysql/clients.ts';
import { connect, type Server } from '../../mysql/connect.ts';
import { parseFlavor } from '../../mysql/flavor.ts';
import { quoteName } from '../../mysql/quote.ts';
import type { Exec } from '../../system/exec.ts';
import { findServerBinaries, type ServerBinaries } from '../binaries.ts';
import { makeOwners } from '../definers.ts';
import { ownFolderArgs, type PrivateServer, startPrivateServer } from '../server.ts';
import { makeProofFolder } from './folder.ts';

export interface ProofServerParts {
  readonly env: Environment;
  /** Where its files may be beside the folder for temporary files: the one with room for them is taken. */
  readonly folders: readonly string[];
  /** Production, when it can be asked for the settings that a server is started with. */
  readonly production: Server | undefined;
}

/** Rows, their indexes, and what a server sorts and logs meanwhile, as multiples of the SQL text. */
const ROOM_PER_BYTE = 3;
/** An empty data folder with its logs. */
const ROOM_FOR_SERVER = 400e6;

/** What decides how a definition is read, and how long a statement may be; the rest is in the dump. */
const SETTINGS = [
  'explicit_defaults_for_timestamp',
  'innodb_strict_mode',
  'innodb_default_row_format',
  'max_allowed_packet',
];
/** What is laid down when a data folder is made, as a private server can have it. */
const FIXED: Readonly<Record<string, readonly string[]>> = {
  lower_case_table_names: ['0', '1'],
  innodb_page_size: ['16384'],
};

/**
 * A server of the backup's own series on a data folder of its own, for the time of `body`: production does no work, and
 * nothing enters its binary log. The folder goes on every exit; one that a killed run left goes with the next.
 */
export async function withProofServer(
  backup: BackupToProve,
  context: LoadContext,
  parts: ProofServerParts,
  body: (place: ProofPlace) => Promise<ProofOutcome>,
): Promise<ProofOutcome> {
  const { manifest } = backup;
  const found = await findFitting(manifest.server, context.exec, parts.env);
  if ('unable' in found) return found;
  const settings = await readSettings(parts.production);
  const other = Object.keys(FIXED).find((name) => !FIXED[name]?.includes(settings.get(name) ?? FIXED[name][0] ?? ''));
  if (other !== undefined) return { unable: `${other} is ${settings.get(other)} in production` };
  const parentDir = await makeProofFolder(
    [tmpdir(), ...parts.folders],
    manifest.rawBytes * ROOM_PER_BYTE + ROOM_FOR_SERVER,
  );
  if (parentDir === undefined) return { unable: 'there is no room for a private server' };
  try {
    return await withServer(found.binaries, parentDir, settings, context, async (server) => {
      const target = server.target(manifest.database);
      const open = await connect(target, { database: null });
      const session = await open.open({ database: null });
      const defaults = `CHARACTER SET ${manifest.charset} COLLATE ${manifest.collation}`;
      await session.query(`CREATE DATABASE ${quoteName(manifest.database)} ${defaults}`);
      await makeOwners(backup, session);
      await session.close();
      const title = `a private ${found.binaries.label}`;
      return body({ title, server: open, clients: found.clients, isUnlogged: false, isShared: false });
    });
  } finally {
    await rm(parentDir, { recursive: true, force: true });
  }
}

async function withServer(
  binaries: ServerBinaries,
  parentDir: string,
  settings: ReadonlyMap<string, string>,
  { exec }: LoadContext,
  body: (server: PrivateServer) => Promise<ProofOutcome>,
): Promise<ProofOutcome> {
  const own = SETTINGS.flatMap((name) => {
    const value = settings.get(name);
    return value === undefined ? [] : [`--${name.replaceAll('_', '-')}=${value}`];
  });
  // An event that is created must not be carried out; nothing here has to outlive the process.
  const args = [
    '--event-scheduler=OFF',
    '--innodb-flush-log-at-trx-commit=0',
    '--innodb-buffer-pool-size=256M',
    '--max-allowed-packet=1G',
    ...ownFolderArgs(binaries.kind),
    ...own,
  ];
  const foldsNames = settings.get('lower_case_table_names') === '1';
  let server: PrivateServer;
  try {
    server = await startPrivateServer(exec, { binaries, parentDir, binlog: false, args, foldsNames });
  } catch (error) {
    return { unable: messageOf(error) };
  }
  try {
    return await body(server);
  } finally {
    await server.stop();
  }
}

/** A server program and clients of the series that the backup comes from, the very same release if there is one. */
async function findFitting(
  from: { readonly flavor: string; readonly version: string },
  exec: Exec,
  env: Environment,
): Promise<{ binaries: ServerBinaries; clients: Clients } | Unable> {
  const wanted = parseFlavor(from.version);
  const [major, minor] = wanted.version;
  const clientsDir = env[CLIENTS_VARIABLE];
  // The server's program lies beside its clients, in `bin` or in `sbin`.
  const prefixes = clientsDir === undefined ? [] : [dirname(clientsDir)];
  const all = await findServerBinaries(exec, { prefixes, path: env.PATH });
  const series = all.filter((one) => one.kind === from.flavor && one.version.startsWith(`${major}.${minor}.`));
  const binaries = series.find((one) => one.version === wanted.version.join('.')) ?? series[0];
  if (!binaries) return { unable: `there is no server program of ${wanted.label} on this machine` };
  const clients = await findClients(wanted, exec, { ...env, PATH: [binaries.binDir, env.PATH ?? ''].join(delimiter) });
  return 'problem' in clients ? { unable: clients.problem } : { binaries, clients };
}

async function readSettings(production: Server | undefined): Promise<Map<string, string>> {
  if (!production) return new Map();
  const session = await production.open({ database: null });
  try {
    const names = [...SETTINGS, ...Object.keys(FIXED)].map((name) => `'${name}'`).join(', ');
    const rows = await session.query<{ Variable_name: string; Value: string }>(
      `SHOW GLOBAL VARIABLES WHERE Variable_name IN (${names})`,
    );
    return new Map(rows.map((row) => [row.Variable_name, row.Value]));
  } finally {
    await session.close();
  }
}
