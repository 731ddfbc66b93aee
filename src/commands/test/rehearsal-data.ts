import { resolve } from 'node:path';
import { holdsSavedRows, listBackups } from '../../backup/file/folder.ts';
import { ofDestination } from '../../backup/file/origin.ts';
import { verifyBackup } from '../../backup/file/verify.ts';
import { loadBackup } from '../../backup/load/load.ts';
import type { Config } from '../../config/config.ts';
import { messageOf, refusal } from '../../errors.ts';
import { requireClients } from '../../mysql/clients.ts';
import type { Server } from '../../mysql/connect.ts';
import { findDestination } from '../restore/destination.ts';
import type { Invocation } from '../shared/invocation.ts';

/** Fills the rehearsal's database with the tables and rows of a backup. */
export type LoadTables = (clone: Server) => Promise<void>;

/** `test --from-backup FILE|latest`: everything about the file is checked before the rehearsal begins. */
export async function chooseData(chosen: string, config: Config, invocation: Invocation): Promise<LoadTables> {
  const { cwd, env, exec, clock, signal, hub } = invocation;
  const file = chosen === 'latest' ? await findLatest(config) : resolve(cwd, chosen);
  const { problems } = await verifyBackup(file, { signal }).catch((error: unknown) => {
    signal.throwIfAborted();
    return { problems: [messageOf(error)] };
  });
  if (problems.length > 0) {
    throw refusal(`there is no rehearsal on ${file}: ${problems.join('; ')}`, 'gateway-migrate backup list');
  }
  return async (clone) => {
    const clients = await requireClients(clone.flavor, exec, env);
    // Without triggers, routines and events: those are made as they are in production now, confined to the clone.
    const options = { part: 'tables', ignoresFolders: true } as const;
    await loadBackup(file, clone.target, clients, 'clone', { exec, clock, signal, report: hub.report }, options);
  };
}

async function findLatest(config: Config): Promise<string> {
  const { backup } = config;
  const destination = await findDestination(config);
  const database = destination?.database ?? config.database.database;
  const backups = ofDestination(await listBackups(backup.dir), destination);
  const latest = backups.find(({ path, manifest }) => manifest?.database === database && !holdsSavedRows(path));
  if (latest) return latest.path;
  throw refusal(`there is no backup of ${database} in ${backup.dir}`, 'gateway-migrate backup create');
}
