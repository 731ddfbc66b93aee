import { basename } from 'node:path';
import { type Manifest, readManifest } from '../../backup/file/manifest.ts';
import type { Context } from '../../context.ts';
import { failedUnchanged, messageOf } from '../../errors.ts';
import type { Exchange } from '../../exchange/swap.ts';
import type { Environment } from '../../mysql/clients.ts';
import { fillBeside } from './fill-side-database.ts';

/** What the manifest says about some of its tables. */
export async function readManifestOf(file: string, tables: readonly string[]): Promise<Manifest> {
  const manifest = await readManifest(file);
  return { ...manifest, tables: manifest.tables.filter(({ name }) => tables.includes(name)) };
}

/** Loads the tables of the manifest beside production, for a restore. Throws a failure; what was loaded is dropped on the way back. */
export async function loadSingleTables(
  { file, database }: { readonly file: string; readonly database: string },
  manifest: Manifest,
  env: Environment,
  { run, session }: Exchange,
  context: Context,
): Promise<void> {
  try {
    await fillBeside({ file, manifest, database, run, stepId: 'load-tables' }, env, session, context);
  } catch (error) {
    context.signal.throwIfAborted();
    throw failedUnchanged(
      `loading from ${basename(file)} failed: ${messageOf(error)}`,
      'mend the cause, then: gateway-migrate restore --table',
      error,
    );
  }
}
