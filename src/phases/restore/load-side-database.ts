import { basename, join } from 'node:path';
import type { Manifest } from '../../backup/file/manifest.ts';
import { readStoredText } from '../../backup/file/sections.ts';
import { definersIn, requireDefiners } from '../../backup/load/definers.ts';
import { loadBackup } from '../../backup/load/load.ts';
import type { Context } from '../../context.ts';
import { failedUnchanged, messageOf } from '../../errors.ts';
import { compareTables } from '../../exchange/loaded-contents.ts';
import { dropBeside, dropUnmarked, listBeside, makeBeside } from '../../exchange/side-database.ts';
import { readStoredObjects } from '../../exchange/stored-objects.ts';
import { setDefaults } from '../../exchange/swap.ts';
import { arrivingObjectsPath } from '../../exchange/swap-note.ts';
import { requireClients } from '../../mysql/clients.ts';
import type { Session } from '../../mysql/connect.ts';
import { makeFolder, writeFileAtomically } from '../../system/files.ts';
import { requireWhole } from '../backup/whole-backup.ts';
import type { Phase } from '../phase.ts';
import type { ExchangeParts } from './exchange.ts';

/**
 * Loads a backup's tables into a database beside production, which goes on working, and compares them with the manifest.
 * Views, routines, triggers and events are noted for the swap: here an event would fire, and a trigger whose text names
 * its database would reach production.
 */
export function loadBesidePhase(parts: ExchangeParts): Phase<'load-beside'> {
  return {
    async run({ file, database }, context) {
      const manifest = await requireWhole(file, context);
      const session = await context.server.open();
      try {
        await loadInto(database, file, manifest, parts, session, context);
      } catch (error) {
        context.signal.throwIfAborted();
        throw failedUnchanged(
          `loading ${basename(file)} beside production failed: ${messageOf(error)}`,
          'mend the cause, then: gateway-migrate restore',
          error,
        );
      } finally {
        await session.close();
      }
      const rows = manifest.tables.reduce((sum, table) => sum + table.rows, 0);
      const { proof } = manifest;
      // What was loaded is compared by names and counts here; by contents only where the backup was proven.
      const how = proof ? `rows counted; the backup was proven ${proof.at}` : 'rows counted, contents not compared';
      return `${manifest.tables.length} tables with ${rows} rows in ${database}: ${how}`;
    },

    // What an unfinished load has left is dropped and loaded again.
    probe: async () => 'not-done',
  };
}

/** The tables alone, into a database that is made anew. Throws an error where they are not what the manifest says. */
export async function loadTablesInto(
  database: string,
  file: string,
  manifest: Manifest,
  { run, env, stepId }: Pick<ExchangeParts, 'run' | 'env'> & { readonly stepId: string },
  session: Session,
  context: Context,
): Promise<void> {
  const { server } = context;
  const clients = await requireClients(server.flavor, context.exec, env);
  await dropUnfinished(run, database, session, context);
  const ofDatabase = server.target.database;
  await makeBeside(session, { name: database, role: 'restore', ofDatabase, run });
  await setDefaults(session, database, manifest);
  const target = { ...server.target, database };
  await loadBackup(file, target, clients, stepId, context, { part: 'tables', fence: context.fence });
  const wrong = await compareTables(manifest, { ...server, target }, session, context);
  if (wrong.length > 0) throw new Error(`after the load ${wrong.join(', ')}`);
}

async function loadInto(
  database: string,
  file: string,
  manifest: Manifest,
  { run, config, env }: ExchangeParts,
  session: Session,
  context: Context,
): Promise<void> {
  await loadTablesInto(database, file, manifest, { run, env, stepId: 'load-beside' }, session, context);
  const folder = join(config.stateDir, 'runs', run);
  await makeFolder(folder);
  const arriving = await readStoredText(file, context.signal);
  const present = await readStoredObjects(session, context.server.target.database);
  // What the swap drops it must be able to make again, and what arrives as well.
  const sql = [arriving.toString('utf8'), ...present.map(([, { text }]) => text)].join('\n');
  await requireDefiners(session, database, definersIn(sql));
  await writeFileAtomically(arrivingObjectsPath(folder), arriving);
}

/** Under the lock no other restore is going on: what one has left half loaded is of no use to anybody. */
async function dropUnfinished(run: string, database: string, session: Session, context: Context): Promise<void> {
  for (const left of await listBeside(session, context.server.target.database)) {
    // Named by the second: a restore in the same one, taken back since, has kept what production was under this name.
    if (left.role !== 'restore' && left.name === database) {
      throw new Error(`${database} holds what run ${left.run} has kept: it is left alone`);
    }
    if (left.role !== 'restore') continue;
    await dropBeside(session, left.name);
    if (left.run === run) continue;
    context.report({ type: 'note', level: 'info', text: `dropped ${left.name}, left by run ${left.run}` });
  }
  await dropUnmarked(session, context.server.target.database);
  await dropBeside(session, database);
}
