import { basename } from 'node:path';
import { compareTables } from '../backup/arrival.ts';
import { dropBeside, makeBeside } from '../backup/beside.ts';
import { loadTables } from '../backup/load-tables.ts';
import { type Manifest, readManifest, type TableEntry } from '../backup/manifest.ts';
import { readRange } from '../backup/range.ts';
import { SectionDigest } from '../backup/section-digest.ts';
import { type Exchange, setDefaults } from '../backup/swap.ts';
import type { Context } from '../context.ts';
import { failedUnchanged, messageOf } from '../errors.ts';
import { type Environment, requireClients } from '../mysql/clients.ts';

/** What the manifest says about some of its tables. */
export async function readManifestOf(file: string, tables: readonly string[]): Promise<Manifest> {
  const manifest = await readManifest(file);
  return { ...manifest, tables: manifest.tables.filter(({ name }) => tables.includes(name)) };
}

interface Filling {
  readonly file: string;
  readonly database: string;
}

/**
 * Loads the tables of the manifest into a marked database of their own, without triggers. Only their part of the file is
 * read, and it must be what was backed up. Throws a failure; what was loaded is dropped on the way back.
 */
export async function fillBeside(
  { file, database }: Filling,
  manifest: Manifest,
  env: Environment,
  { run, server, session }: Exchange,
  context: Context,
): Promise<void> {
  try {
    for (const entry of manifest.tables) await requireUnchanged(file, entry);
    const clients = await requireClients(server.flavor, context.exec, env);
    const target = { ...server.target, database };
    await dropBeside(session, database);
    await makeBeside(session, { name: database, role: 'restore', ofDatabase: server.target.database, run });
    await setDefaults(session, database, manifest);
    await loadTables({ file, manifest }, { target, clients }, 'load-tables', context);
    const expected = { ...manifest, objects: { ...manifest.objects, sequence: [] } };
    const wrong = await compareTables(expected, { ...server, target }, session, context);
    if (wrong.length > 0) throw new Error(`after the load ${wrong.join(', ')}`);
  } catch (error) {
    context.signal.throwIfAborted();
    throw failedUnchanged(
      `loading from ${basename(file)} failed: ${messageOf(error)}`,
      'mend the cause, then: gateway-migrate restore --table',
      error,
    );
  }
}

/** The part of the file that is loaded must be what was backed up; the rest is not read. */
async function requireUnchanged(file: string, { name, digest, range }: TableEntry): Promise<void> {
  const found = new SectionDigest();
  for await (const bytes of readRange(file, range)) found.update(bytes);
  if (found.hex() !== digest) throw new Error(`table ${name} in ${file} differs from what was backed up`);
}
