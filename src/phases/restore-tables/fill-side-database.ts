import type { Manifest, TableEntry } from '../../backup/file/manifest.ts';
import { readRange } from '../../backup/file/range.ts';
import { SectionDigest } from '../../backup/file/section-digest.ts';
import { loadTables } from '../../backup/load/load-tables.ts';
import type { Context } from '../../context.ts';
import { compareTables } from '../../exchange/loaded-contents.ts';
import { dropBeside, makeBeside } from '../../exchange/side-database.ts';
import { setDefaults } from '../../exchange/swap.ts';
import { type Environment, requireClients } from '../../mysql/clients.ts';
import type { Session } from '../../mysql/connect.ts';

interface Filling {
  readonly file: string;
  /** Its tables are those to be loaded, and no others. */
  readonly manifest: Manifest;
  readonly database: string;
  readonly run: string;
  readonly stepId: string;
}

/**
 * Loads single tables of a backup into a database beside production, made anew and marked as ours, and compares their rows
 * with the manifest. Only their part of the file is read, and it has to be what was backed up.
 */
export async function fillBeside(
  { file, manifest, database, run, stepId }: Filling,
  env: Environment,
  session: Session,
  context: Context,
): Promise<void> {
  const { server, exec } = context;
  for (const entry of manifest.tables) await requireUnchanged(file, entry);
  const clients = await requireClients(server.flavor, exec, env);
  const target = { ...server.target, database };
  await dropBeside(session, database);
  await makeBeside(session, { name: database, role: 'restore', ofDatabase: server.target.database, run });
  await setDefaults(session, database, manifest);
  await loadTables({ file, manifest }, { target, clients, fence: context.fence }, stepId, context);
  const expected = { ...manifest, objects: { ...manifest.objects, sequence: [] } };
  const wrong = await compareTables(expected, { ...server, target }, session, context);
  if (wrong.length > 0) throw new Error(`after the load ${wrong.join(', ')}`);
}

/** The part of the file that is loaded must be what was backed up; the rest is not read. */
async function requireUnchanged(file: string, { name, digest, range }: TableEntry): Promise<void> {
  const found = new SectionDigest();
  for await (const bytes of readRange(file, range)) found.update(bytes);
  if (found.hex() !== digest) throw new Error(`table ${name} in ${file} differs from what was backed up`);
}
