import { basename } from 'node:path';
import type { Manifest } from '../../backup/file/manifest.ts';
import { readEventsText, readStoredText } from '../../backup/file/sections.ts';
import { definersIn, requireDefiners } from '../../backup/load/definers.ts';
import { loadBackup } from '../../backup/load/load.ts';
import type { Context } from '../../context.ts';
import { ExitCode, Failure, failedUnchanged, messageOf } from '../../errors.ts';
import { emptyDatabase } from '../../exchange/empty.ts';
import { afterTheirTime, compareObjects } from '../../exchange/loaded-contents.ts';
import { makeBeside } from '../../exchange/side-database.ts';
import { type Exchange, exchangeTables, keepHistory, setDefaults } from '../../exchange/swap.ts';
import { definitionsPath, readSwapNote } from '../../exchange/swap-note.ts';
import { type Clients, requireClients } from '../../mysql/clients.ts';
import { supersedeSql } from '../../statements/journal.ts';
import { requireWhole } from '../backup/whole-backup.ts';
import type { Phase } from '../phase.ts';
import { type ExchangeParts, withExchange } from './exchange.ts';
import { droppedBy, giveAgain } from './routine-grants.ts';

/**
 * Puts a backup in the place of what the database holds. What was there is moved aside into a database of its own, never
 * dropped; afterwards the set of objects equals the backup's. Killed anywhere, running it again ends in the same state.
 */
export function loadPhase(parts: ExchangeParts): Phase<'load'> {
  return {
    async run({ file, aside }, context) {
      const manifest = await requireWhole(file, context);
      const clients = await requireClients(context.server.flavor, context.exec, parts.env);
      return withExchange(parts, context, async (exchange) => {
        await makeRoom(file, aside, exchange, context);
        await loadIntoRoom(file, manifest, aside, clients, exchange, context);
        return `${basename(file)}: ${manifest.tables.length} tables; what was there before is in ${aside}`;
      });
    },

    // Loading again is always right: what an unfinished load left is replaced, what was there before stays aside.
    probe: async () => 'not-done',
  };
}

async function makeRoom(file: string, aside: string, exchange: Exchange, context: Context): Promise<void> {
  const { run, server, session } = exchange;
  const { database } = server.target;
  try {
    const arriving = await readStoredText(file, context.signal);
    await makeBeside(session, { name: aside, role: 'before', ofDatabase: database, run });
    await requireDefiners(session, aside, definersIn(arriving.toString('utf8')));
    await exchangeTables({ aside }, exchange);
    await emptyDatabase(server, session);
  } catch (error) {
    context.signal.throwIfAborted();
    if (isAccessDenied(error)) throw cannotSetAside(aside, error, context);
    throw changed(
      `making room in ${database} failed: ${messageOf(error)}`,
      `every table is whole, in ${database} or in ${aside}; views, triggers, routines and events are in ${definitionsPath(exchange.folder)}`,
    );
  }
}

async function loadIntoRoom(
  file: string,
  manifest: Manifest,
  aside: string,
  clients: Clients,
  { run, folder, server, session }: Exchange,
  context: Context,
): Promise<void> {
  const { target } = server;
  try {
    await setDefaults(session, target.database, manifest);
    await loadBackup(file, target, clients, 'load', context, { fence: context.fence });
    await keepHistory(target.database, aside, session);
    const events = await readEventsText(file, manifest);
    const wrong = await compareObjects(
      await afterTheirTime(manifest, events, { server, session }, context),
      server,
      session,
    );
    if (wrong.length > 0) throw new Error(`after the load ${wrong.join(', ')}`);
    await giveAgain(droppedBy(await readSwapNote(folder)), session, context);
    await session.execute(supersedeSql(run));
  } catch (error) {
    context.signal.throwIfAborted();
    throw changed(
      `the restore of ${target.database} from ${file} failed: ${messageOf(error)}`,
      `${target.database} is incomplete; all that it held before is whole in ${aside}`,
    );
  }
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
