import { readTexts } from '../../schema/definitions.ts';
import { diffSnapshots } from '../../schema/diff.ts';
import type { Snapshot } from '../../schema/types.ts';
import { type Route, routeBack } from '../../statements/recovery/route.ts';
import { definitionAfter, tablesToLookAt } from '../../statements/way-back/definitions.ts';
import { type OwnTables, ownTables } from '../../statements/way-back/own-tables.ts';
import type { Creations } from '../clone/clone.ts';
import { type Applied, journalRows } from '../forward.ts';
import { type Performed, perform, Refused, type Stage } from '../stage.ts';
import { repairTo } from './repair.ts';

/**
 * Boundaries from which the exact inverses lead back, proven by induction: if the inverse of what stands between two
 * boundaries leads from the later to the earlier one, the way back from the later is that inverse and then the way
 * back from the earlier. So every statement is applied and undone once, instead of once for every boundary.
 * Undefined when the clone could not be brought back to before the migration.
 */
export async function proveInverses(
  stage: Stage,
  applied: Applied,
  boundaries: readonly number[],
  creations: Creations,
): Promise<ReadonlySet<number> | undefined> {
  for (let upper = boundaries.length; upper > 0; ) {
    const walk = boundaries.slice(0, upper);
    const brokenAt = await walkBack(stage, applied, walk);
    if (brokenAt === undefined) return new Set(walk);
    if (!(await repairTo(applied, stage, creations))) return undefined;
    upper = brokenAt;
  }
  return new Set();
}

/** Index of the boundary whose last step cannot be undone exactly; undefined when all could. */
async function walkBack(stage: Stage, applied: Applied, boundaries: readonly number[]): Promise<number | undefined> {
  const done: { readonly performed: Performed; readonly after: Snapshot }[] = [];
  try {
    await perform(stage, applied.migration.up.slice(0, boundaries.at(-1)), {
      after: (performed) => void done.push({ performed, after: stage.schema.now }),
    });
  } catch (error) {
    if (error instanceof Refused) return boundaries.length - 1;
    throw error;
  }
  const all = journalRows(
    applied,
    done.map((one) => one.performed),
  );
  const own = ownTables(applied.migration, all, applied.madeBefore);
  for (let index = boundaries.length - 1; index >= 0; index--) {
    const from = boundaries[index - 1] ?? 0;
    const between = done.slice(from, boundaries[index]).map((one) => one.performed);
    const wanted = from === 0 ? applied.before : done[from - 1]?.after;
    if (!(await leadsTo(wanted, stage, applied, between, own))) return index;
  }
  return undefined;
}

async function leadsTo(
  wanted: Snapshot | undefined,
  stage: Stage,
  applied: Applied,
  between: readonly Performed[],
  own: OwnTables,
): Promise<boolean> {
  const route = await routeOn(stage, applied, between, own);
  if (route.by === 'none') return false;
  try {
    await perform(stage, route.statements);
  } catch (error) {
    if (error instanceof Refused) return false;
    throw error;
  }
  return wanted !== undefined && isThere(wanted, stage.schema.now, own);
}

/** The way back from here, of a clone that stands just behind these statements. */
export async function routeOn(
  stage: Stage,
  applied: Applied,
  done: readonly Performed[],
  own: OwnTables,
): Promise<Route> {
  const rows = journalRows(applied, done);
  const now = await readTexts(stage.reader, stage.server.target.database, tablesToLookAt(rows));
  return routeBack(applied.migration, rows, [], false, { own, after: definitionAfter(rows, now) });
}

/** What was done to a table of its own stays until the table goes: until then it may look as it likes. */
function isThere(wanted: Snapshot, now: Snapshot, { names }: OwnTables): boolean {
  if (now.fingerprint === wanted.fingerprint) return true;
  return diffSnapshots(wanted, now).every(
    ({ object, change }) =>
      change !== 'added' && object.startsWith('table:') && names.has(object.slice('table:'.length)),
  );
}
