import type { Config } from '../config/config.ts';
import { messageOf } from '../errors.ts';
import type { Migration } from '../migrations/types.ts';
import type { Server, Session } from '../mysql/connect.ts';
import { type Check, fails, holds } from '../run/check.ts';
import { diffObject } from '../schema/diff.ts';
import { isFreeOrOurs, withScratch } from '../schema/scratch.ts';
import { readSnapshot } from '../schema/snapshot.ts';
import type { ObjectId, Snapshot } from '../schema/types.ts';

const GROUP = 'tables already there';

export interface Adoption {
  /** Versions whose tables are there and equal what the migration would create. */
  readonly versions: readonly string[];
  readonly checks: readonly Check[];
}

/** Pending migrations that create a table that is there already. PURE. */
export function alreadyThere(pending: readonly Migration[], snapshot: Snapshot): Migration[] {
  return pending.filter((migration) => createdTables(migration).some((id) => snapshot.objects.has(id)));
}

function createdTables(migration: Migration): ObjectId[] {
  return migration.up.flatMap((statement) =>
    statement.touches
      .filter((touch) => touch.action === 'create' && touch.object.startsWith('table:') && !touch.isConditional)
      .map((touch) => touch.object),
  );
}

/**
 * Compares tables that are there without being in the history with what their migrations would create, by creating
 * those in an empty scratch database (foreign keys unchecked, so no parent is needed). Equal ones can be adopted.
 */
export async function compareExisting(
  server: Server,
  session: Session,
  pending: readonly Migration[],
  snapshot: Snapshot,
  config: Config,
): Promise<Adoption> {
  const candidates = alreadyThere(pending, snapshot);
  if (candidates.length === 0) return { versions: [], checks: [] };
  try {
    const built = await withComparison(server, session, config, (scratch) => build(candidates, scratch, server));
    const checks = candidates.map((migration) => compare(migration, snapshot, built));
    return { versions: candidates.filter((_, index) => checks[index]?.ok).map((one) => one.version), checks };
  } catch (error) {
    const detail = `${candidates.length} pending migrations create tables that are there already, and they could not be compared: ${messageOf(error)}`;
    const remedy = 'let the account create the database named in rehearsal.database';
    return { versions: [], checks: [fails({ group: GROUP, name: 'comparison', detail, remedy })] };
  }
}

async function build(candidates: readonly Migration[], scratch: string, server: Server): Promise<Snapshot> {
  const work = await server.open({ database: scratch, purpose: 'migration' });
  try {
    await work.execute('SET SESSION foreign_key_checks = 0');
    for (const { statement } of candidates.flatMap((one) => one.up.map((statement) => ({ statement })))) {
      const isCreation = statement.touches.length > 0 && statement.touches.every((touch) => touch.action === 'create');
      if (isCreation || statement.kind === 'session') await work.execute(statement.text);
    }
    return await readSnapshot(work, scratch);
  } finally {
    await work.close();
  }
}

function compare(migration: Migration, snapshot: Snapshot, built: Snapshot): Check {
  const about = { group: GROUP, name: migration.version };
  const hasOthers = migration.up.some(
    (one) =>
      one.kind !== 'session' && !(one.touches.length > 0 && one.touches.every((touch) => touch.action === 'create')),
  );
  const created = migration.up.flatMap((one) => one.touches.map((touch) => touch.object));
  const lines = created.flatMap((id) => {
    const difference = diffObject(id, snapshot.objects.get(id), built.objects.get(id));
    return difference ? [`${id.replace(':', ' ')}:`, ...difference.lines.map((line) => `  ${line}`)] : [];
  });
  if (lines.length === 0 && !hasOthers) {
    return holds({
      ...about,
      detail: `${created.map((id) => id.replace(':', ' ')).join(', ')} equal: adopted as applied`,
    });
  }
  const why =
    hasOthers && lines.length === 0 ? ['it does more than create tables, and nobody knows whether that is done'] : [];
  return fails({
    ...about,
    detail: [
      'what is there differs from what the migration creates (- production, + migration):',
      ...lines,
      ...why,
    ].join('\n'),
    remedy: 'make production and the migration equal, or rename the table that is there',
  });
}

/** Beside a rehearsal database that somebody else fills, another one is made. */
async function withComparison<T>(
  server: Server,
  session: Session,
  config: Config,
  body: (name: string) => Promise<T>,
): Promise<T> {
  const base = config.rehearsal === 'private' ? `${server.target.database}_test` : config.rehearsal.database;
  const name = (await isFreeOrOurs(session, base)) ? base : `${base}_compare`;
  const [defaults] = await session.query<{ charset: string; collation: string }>(
    'SELECT @@character_set_database AS charset, @@collation_database AS collation',
  );
  const { charset, collation } = defaults ?? { charset: 'utf8mb4', collation: 'utf8mb4_unicode_ci' };
  return withScratch(server, { name, charset, collation }, () => body(name));
}
