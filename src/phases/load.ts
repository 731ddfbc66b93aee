import { basename, join } from 'node:path';
import { loadBackup } from '../backup/load.ts';
import type { Manifest } from '../backup/manifest.ts';
import { asideNote, chooseAside, dropEverything, emptyHistory, setAside } from '../backup/set-aside.ts';
import { readObjectNames, readTables } from '../backup/source.ts';
import { verifyBackup } from '../backup/verify.ts';
import type { Config } from '../config/config.ts';
import type { Context } from '../context.ts';
import { ExitCode, Failure, failedUnchanged, messageOf, refusal } from '../errors.ts';
import { type Clients, type Environment, requireClients } from '../mysql/clients.ts';
import type { Session } from '../mysql/connect.ts';
import { quoteName } from '../mysql/quote.ts';
import { HISTORY_TABLE } from '../schema/types.ts';
import type { Phase } from './phase.ts';

export interface LoadParts {
  /** Id of the run: a load that is repeated after a crash belongs to the same run. */
  readonly run: string;
  readonly config: Pick<Config, 'stateDir' | 'migrations'>;
  readonly env: Environment;
}

/**
 * Puts a backup in the place of what the database holds. What was there is moved aside into a database of its own, never
 * dropped; afterwards the set of objects equals the backup's. Killed anywhere, running it again ends in the same state.
 */
export function loadPhase(parts: LoadParts): Phase<'load'> {
  return {
    async run({ file }, context) {
      const manifest = await requireWhole(file, context);
      const clients = await requireClients(context.server.flavor, context.exec, parts.env);
      const session = await context.server.open();
      try {
        await session.execute(`SET SESSION lock_wait_timeout = ${parts.config.migrations.lockWaitSeconds}`);
        const aside = await makeRoom(parts, session, context);
        await loadIntoRoom(file, manifest, aside, clients, session, context);
        return `${basename(file)}: ${manifest.tables.length} tables; what was there before is in ${aside}`;
      } finally {
        await session.close();
      }
    },

    // Loading again is always right: what an unfinished load left is replaced, what was there before stays aside.
    probe: async () => 'not-done',
  };
}

/** Everything about the file is checked before anything in production is touched. */
async function requireWhole(file: string, context: Context): Promise<Manifest> {
  const { manifest, problems } = await verifyBackup(file, { signal: context.signal }).catch((error: unknown) => {
    context.signal.throwIfAborted();
    throw refusal(`${file} cannot be restored: ${messageOf(error)}`, 'gateway-migrate backup list');
  });
  if (problems.length > 0) {
    throw refusal(`${file} is damaged: ${problems.join('; ')}`, 'gateway-migrate backup list');
  }
  if (manifest.server.flavor !== context.server.flavor.kind) {
    throw refusal(
      `${file} comes from ${manifest.client}, the server is ${context.server.flavor.label}`,
      'gateway-migrate backup list',
    );
  }
  return manifest;
}

/** Empties the database; resolves with the name of the database that holds what was in it. */
async function makeRoom(parts: LoadParts, session: Session, context: Context): Promise<string> {
  const note = asideNote(join(parts.config.stateDir, 'runs', parts.run));
  const aside = await chooseAside(note, context);
  const { database } = context.server.target;
  try {
    if (!aside.isMoved) await setAside(aside, note, session, context);
    await dropEverything(session, context);
    return aside.database;
  } catch (error) {
    context.signal.throwIfAborted();
    if (isAccessDenied(error)) throw cannotSetAside(aside.database, error, context);
    throw changed(
      `making room in ${database} failed: ${messageOf(error)}`,
      `every table is whole, in ${database} or in ${aside.database}; views, triggers, routines and events are in ${note.definitions}`,
    );
  }
}

async function loadIntoRoom(
  file: string,
  manifest: Manifest,
  aside: string,
  clients: Clients,
  session: Session,
  context: Context,
): Promise<void> {
  const { target } = context.server;
  try {
    const defaults = `CHARACTER SET ${manifest.charset} COLLATE ${manifest.collation}`;
    await session.execute(`ALTER DATABASE ${quoteName(target.database)} ${defaults}`);
    await loadBackup(file, target, clients, 'load', context);
    await emptyHistory(aside, manifest, session, target.database);
    const differences = await compareObjects(manifest, session, context);
    if (differences.length > 0) throw new Error(`after the load ${differences.join(', ')}`);
  } catch (error) {
    context.signal.throwIfAborted();
    throw changed(
      `the restore of ${target.database} from ${file} failed: ${messageOf(error)}`,
      `${target.database} is incomplete; all that it held before is whole in ${aside}`,
    );
  }
}

/** What the database lacks or has too much of, compared with the backup. */
async function compareObjects(manifest: Manifest, session: Session, context: Context): Promise<string[]> {
  const tables = (await readTables(context.server, session)).map(({ name }) => name);
  const present = { ...(await readObjectNames(session, context.server.target.database)), table: tables };
  const expected = { ...manifest.objects, table: manifest.tables.map(({ name }) => name) };
  return (Object.keys(expected) as (keyof typeof expected)[]).flatMap((kind) => [
    ...expected[kind].filter((name) => !present[kind].includes(name)).map((name) => `${kind} ${name} is missing`),
    ...present[kind]
      .filter((name) => !expected[kind].includes(name) && name !== HISTORY_TABLE)
      .map((name) => `${kind} ${name} is there, which the backup does not know`),
  ]);
}

function isAccessDenied(error: unknown): boolean {
  // ER_DBACCESS_DENIED_ERROR
  return (error as { errno?: number }).errno === 1044;
}

function cannotSetAside(aside: string, error: unknown, context: Context): Failure {
  const pattern = `${context.server.target.database.replaceAll('_', '\\_')}\\_before\\_%`;
  return failedUnchanged(
    `the database ${aside}, which is to keep what is there now, cannot be created: ${messageOf(error)}`,
    `as an administrator: GRANT ALL ON \`${pattern}\`.* TO the account ${context.server.target.user}; then gateway-migrate resume`,
    error,
  );
}

function changed(what: string, state: string): Failure {
  return new Failure(what, {
    exitCode: ExitCode.failedChanged,
    production: 'changed',
    state,
    next: 'gateway-migrate resume',
  });
}
