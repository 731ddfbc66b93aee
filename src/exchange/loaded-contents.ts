import { readObjectNames, readTables } from '../backup/dump/source.ts';
import { readVersioned, withPast } from '../backup/dump/system-versioning.ts';
import type { Manifest } from '../backup/file/manifest.ts';
import { describePastEvent, findPastEvents, withoutPast } from '../backup/load/past-events.ts';
import type { Context } from '../context.ts';
import type { Server, Session } from '../mysql/connect.ts';
import { quoteQualified } from '../mysql/quote.ts';
import { BESIDE_TABLE, HISTORY_TABLE } from '../schema/types.ts';

type Names = Readonly<Record<string, readonly string[]>>;

/** What the database lacks or has too much of, compared with the backup (or with other tables): a sentence each. */
export async function compareObjects(
  manifest: Manifest,
  server: Server,
  session: Session,
  expectedTables: readonly string[] = tablesOf(manifest),
): Promise<string[]> {
  const tables = (await readTables(server, session)).map(({ name }) => name);
  const present = { ...(await readObjectNames(session, server.target.database)), table: tables };
  return differences({ ...manifest.objects, table: expectedTables }, present);
}

/**
 * The manifest without the events that their time has taken away on their way in: told, not required. `text`: what made the
 * backup's stored objects, bytes as latin1.
 */
export async function afterTheirTime(
  manifest: Manifest,
  text: string,
  { server, session }: { readonly server: Server; readonly session: Session },
  context: Pick<Context, 'report'>,
): Promise<Manifest> {
  if (manifest.objects.event.length === 0) return manifest;
  const past = await findPastEvents(text, server.target.database, session);
  for (const one of past) context.report({ type: 'note', level: 'warning', text: describePastEvent(one) });
  return { ...manifest, objects: withoutPast(manifest.objects, past) };
}

/** The same for a database beside, which has only the tables; and the rows of each. */
export async function compareTables(
  manifest: Manifest,
  server: Server,
  session: Session,
  context: Context,
): Promise<string[]> {
  const { database } = server.target;
  const tables = (await readTables(server, session)).map(({ name }) => name);
  const { sequence } = await readObjectNames(session, database);
  const found = differences(
    { table: tablesOf(manifest), sequence: manifest.objects.sequence },
    { table: tables, sequence },
  );
  if (found.length > 0) return found;
  const { names: versioned } = await readVersioned(server, session, server.flavor);
  for (const { name, rows } of manifest.tables) {
    context.signal.throwIfAborted();
    const [row] = await session.query<{ n: number | string }>(
      `SELECT COUNT(*) AS n FROM ${withPast(quoteQualified(database, name), name, versioned)}`,
    );
    if (Number(row?.n) !== rows) found.push(`table ${name} has ${row?.n} rows instead of ${rows}`);
  }
  return found;
}

function tablesOf(manifest: Manifest): string[] {
  return manifest.tables.map(({ name }) => name);
}

/** The history is there even when the backup is from before the tool's first deploy. */
function differences(expected: Names, present: Names): string[] {
  const isOurs = (name: string) => name === HISTORY_TABLE || name === BESIDE_TABLE;
  return Object.entries(expected).flatMap(([kind, names]) => [
    ...names.filter((name) => !present[kind]?.includes(name)).map((name) => `${kind} ${name} is missing`),
    ...(present[kind] ?? [])
      .filter((name) => !names.includes(name) && !isOurs(name))
      .map((name) => `${kind} ${name} is there, which the backup does not know`),
  ]);
}
