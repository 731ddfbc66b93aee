import { messageOf } from '../../errors.ts';
import { remembering } from '../../statements/recovery/remembered.ts';
import { unitsOf } from '../../statements/unit.ts';
import { ownTables } from '../../statements/way-back/own-tables.ts';
import type { Creations } from '../clone/clone.ts';
import type { Finding } from '../finding.ts';
import { type Applied, journalRows } from '../forward.ts';
import { type Performed, perform, Refused, type Stage } from '../stage.ts';
import { proveInverses, routeOn } from './inverses.ts';
import { repairTo } from './repair.ts';

/** The way back from a migration that was cut off after `after` of its statements. */
export interface BoundaryRoute {
  readonly after: number;
  readonly by: 'exact inverse' | 'end of the down section' | 'none' | 'not tried';
  /** The statement of the down section that the way begins with. */
  readonly from?: number | undefined;
  /** Why there is none. */
  readonly reason?: string | undefined;
}

/** Trying a boundary by itself costs as many statements as stand before it: no more than this many in all. */
const TRIALS = 120;

/**
 * From every point at which a migration can be cut off (k of its n statements done): which way leads back? The clone
 * stands before the migration, and stands there again at the end. Undefined when it could not be brought there.
 */
export async function tryBoundaries(
  stage: Stage,
  applied: Applied,
  creations: Creations,
): Promise<readonly BoundaryRoute[] | undefined> {
  const boundaries = boundariesOf(applied);
  const proven = await proveInverses(stage, applied, boundaries, creations);
  if (proven === undefined) return undefined;
  const routes: BoundaryRoute[] = [];
  let trials = 0;
  for (const after of boundaries) {
    const route: BoundaryRoute | undefined = proven.has(after)
      ? { after, by: 'exact inverse' }
      : trials > TRIALS
        ? { after, by: 'not tried' }
        : await tryBoundary(stage, applied, after, creations);
    if (route === undefined) return undefined;
    if (!proven.has(after)) trials += after * 2;
    routes.push(route);
  }
  return routes;
}

/** Ordinals after which it can be cut off: every statement but the last; the author's own transactions are done or not done as a whole. */
function boundariesOf({ migration }: Applied): number[] {
  const ends = unitsOf(migration.up).map((unit) => unit.statements.at(-1)?.ordinal ?? 0);
  return ends.filter((ordinal) => ordinal < migration.up.length);
}

async function tryBoundary(
  stage: Stage,
  applied: Applied,
  after: number,
  creations: Creations,
): Promise<BoundaryRoute | undefined> {
  const done = await applyPart(stage, applied, after);
  if (done === undefined) return (await repairTo(applied, stage, creations)) ? { after, by: 'not tried' } : undefined;
  const rows = journalRows(applied, done);
  const own = ownTables(applied.migration, rows, applied.madeBefore);
  const route = await routeOn(stage, applied, done, own);
  let reason = route.by === 'none' ? route.reason : undefined;
  if (route.by !== 'none') {
    reason = await whyNotBefore(stage, applied, route.statements);
    if (reason === undefined) return { after, by: 'exact inverse' };
  }
  const from = await trySuffixes(stage, applied, after, creations);
  if (from === 'lost') return undefined;
  if (from !== undefined) return { after, by: 'end of the down section', from, reason };
  return { after, by: 'none', reason };
}

/** The first statement of the down section that a way back can begin with. */
async function trySuffixes(stage: Stage, applied: Applied, after: number, creations: Creations) {
  const { down } = applied.migration;
  let found: number | undefined;
  for (let index = 0; index < down.length && found === undefined; index++) {
    if (!(await repairTo(applied, stage, creations))) return 'lost';
    const done = await applyPart(stage, applied, after);
    if (done === undefined) break;
    const rows = journalRows(applied, done);
    if ((await whyNotBefore(stage, applied, remembering(down.slice(index), rows))) === undefined) found = index + 1;
  }
  return (await repairTo(applied, stage, creations)) ? found : 'lost';
}

async function applyPart(stage: Stage, { migration }: Applied, count: number): Promise<Performed[] | undefined> {
  const done: Performed[] = [];
  try {
    await perform(stage, migration.up.slice(0, count), { after: (performed) => void done.push(performed) });
    return done;
  } catch (error) {
    if (error instanceof Refused) return undefined;
    throw error;
  }
}

/** Undefined: the statements led back to before the migration. */
async function whyNotBefore(stage: Stage, { before }: Applied, statements: Applied['migration']['down']) {
  try {
    await perform(stage, statements);
  } catch (error) {
    if (error instanceof Refused) return messageOf(error);
    throw error;
  }
  return stage.schema.now.fingerprint === before.fingerprint ? undefined : 'it does not end in the schema from before';
}

/** Does the down section itself lead back from a boundary? Other tools know no other way. First that fails, if any. */
export async function findDownOnlyFromEnd(
  stage: Stage,
  applied: Applied,
  creations: Creations,
): Promise<Finding | undefined> {
  const { migration } = applied;
  if (migration.down.length === 0) return undefined;
  for (const after of boundariesOf(applied).slice(0, 5)) {
    const done = await applyPart(stage, applied, after);
    if (done === undefined) break;
    const reason = await whyNotBefore(stage, applied, remembering(migration.down, journalRows(applied, done)));
    if (reason === undefined) continue;
    await repairTo(applied, stage, creations);
    return {
      name: 'down-only-from-the-end',
      level: 'advice',
      group: 'way back',
      version: migration.version,
      object: `after ${after} of ${migration.up.length} statements`,
      what: `its down section leads back only when all ${migration.up.length} statements are done: ${reason}`,
      why: 'a run that is cut off goes back by exact inverses of what is done; by hand the down section would not do',
      fix: 'write one statement a migration, or IF EXISTS in the down section',
    };
  }
  await repairTo(applied, stage, creations);
  return undefined;
}

/**
 * PURE: what the routes mean for the author, in one finding. A deploy that proves a backup before it starts has a way back
 * from everywhere, and a slow one: then it is advice, and `requireRehearsed` sees to the rest.
 */
export function judgeRoutes(
  { migration }: Pick<Applied, 'migration'>,
  routes: readonly BoundaryRoute[],
  hasProvenBackup: boolean,
): Finding[] {
  const bad = routes.filter(({ by }) => by !== 'exact inverse' && by !== 'not tried');
  const [first, ...others] = bad;
  if (!first) return [];
  const verb = migration.up[first.after - 1]?.verb ?? '';
  const or =
    others.length === 0 ? '' : ` or at ${others.length === 1 ? '1 other place' : `${others.length} other places`}`;
  const reason = first.reason ?? 'its down section leads back only from the end';
  const split =
    first.by === 'end of the down section'
      ? `split the migration after statement ${first.after} (its down section leads back from there, from its statement ${first.from} on)`
      : `split the migration after statement ${first.after}, each part with its own -- migrate:down`;
  return [
    {
      name: 'no-way-back-from-the-middle',
      level: hasProvenBackup ? 'advice' : 'error',
      group: 'way back',
      version: migration.version,
      object: `after ${listOf(bad.map(({ after }) => after))} of ${migration.up.length} statements`,
      what: `cut off after statement ${first.after} (${verb})${or}, nobody could undo it with certainty`,
      why: hasProvenBackup
        ? `${reason}; from there the way back is restore, from the backup that deploy proves first`
        : reason,
      fix: `${split}; or say why not: -- migrate:allow no-way-back-from-the-middle REASON`,
    },
  ];
}

/** `1, 2 and 5`; of many the first and the last. */
function listOf(places: readonly number[]): string {
  if (places.length > 5) return `${places[0]} to ${places.at(-1)} (${places.length} places)`;
  return places.length === 1 ? `${places[0]}` : `${places.slice(0, -1).join(', ')} and ${places.at(-1)}`;
}
