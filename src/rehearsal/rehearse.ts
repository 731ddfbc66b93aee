import type { Statement } from '../migrations/types.ts';
import type { Session } from '../mysql/connect.ts';
import { type Check, warns } from '../run/check.ts';
import { withScratch } from '../schema/scratch.ts';
import { findUnknownAllowances, withoutAllowed } from './allowance.ts';
import { type Cloned, type Creations, cloneSchema } from './clone/clone.ts';
import { findEscapes } from './clone/confinement.ts';
import { compareClone, compareServers } from './clone/likeness.ts';
import { readNeighbours } from './clone/neighbours.ts';
import { type RehearsalPlace, withPlace } from './clone/place.ts';
import { roomForEmptyTables } from './clone/room.ts';
import { examine } from './examination.ts';
import type { Finding } from './finding.ts';
import { type Applied, goForward } from './forward.ts';
import { executeForecasting } from './locks/forecast.ts';
import { tryCheckQueries } from './own-queries.ts';
import type { Rehearsal } from './rehearsal.ts';
import { type Stage, withStage } from './stage.ts';
import { compareRepetition, endOf, goBack, toRepetition } from './way-back/back.ts';
import { type BoundaryRoute, findDownOnlyFromEnd, judgeRoutes, tryBoundaries } from './way-back/boundaries.ts';

export interface Rehearsed {
  readonly rehearsedOn: string;
  readonly applied: readonly Applied[];
  /** By version: how it can be undone from its middle. */
  readonly routes: ReadonlyMap<string, readonly BoundaryRoute[]>;
  readonly checks: readonly Check[];
  readonly findings: readonly Finding[];
}

/**
 * Rehearses migrations on a clone of production's schema: forward, back one by one, forward again, back from every
 * point at which they can be cut off. Production is only read. Throws a `Failure` when there can be no rehearsal.
 */
export async function rehearse(rehearsal: Rehearsal): Promise<Rehearsed> {
  const { production, migrations } = rehearsal;
  const session = await production.open();
  try {
    const roomBytes = roomForEmptyTables(rehearsal);
    return await withPlace({ ...rehearsal, session, roomBytes }, async (place) => {
      const { flavor, target } = place.server;
      const others = await readNeighbours(place.server);
      const escapes = findEscapes(migrations, production.target.database, target.database, others);
      const results: Results = { applied: [], routes: new Map(), checks: [], findings: [] };
      results.findings.push(...findUnknownAllowances(migrations), ...escapes);
      if (escapes.length === 0) await onClone(rehearsal, place, session, results);
      return { rehearsedOn: flavor.label, ...results, findings: withoutAllowed(results.findings, migrations) };
    });
  } finally {
    await session.close();
  }
}

interface Results {
  applied: readonly Applied[];
  readonly routes: Map<string, readonly BoundaryRoute[]>;
  readonly checks: Check[];
  readonly findings: Finding[];
}

async function onClone(rehearsal: Rehearsal, place: RehearsalPlace, session: Session, results: Results): Promise<void> {
  const { production, snapshot, signal, keep, loadTables } = rehearsal;
  const { server, isElsewhere } = place;
  const { charset, collation } = snapshot;
  await withScratch(server, { name: server.target.database, charset, collation, keep }, async () => {
    let cloned: Cloned | undefined;
    await rehearsal.part('clone', "Clone production's schema", async () => {
      cloned = await cloneSchema(session, snapshot, server, loadTables);
      return `${cloned.creations.size} objects${loadTables ? ', with the rows of the backup' : ''}`;
    });
    const about = { production: production.target.database, hasRows: loadTables !== undefined, signal };
    await withStage(server, about, async (stage) => {
      results.checks.push(...compareClone(snapshot, stage.schema.now, cloned as Cloned));
      if (isElsewhere) {
        results.checks.push(
          ...(await compareServers(
            { flavor: production.flavor, session },
            { flavor: server.flavor, session: stage.reader },
          )),
        );
      }
      await runThrough(rehearsal, stage, (cloned as Cloned).creations, session, results);
    });
  });
}

async function runThrough(
  rehearsal: Rehearsal,
  stage: Stage,
  creations: Creations,
  session: Session,
  results: Results,
): Promise<void> {
  const { part } = rehearsal;
  const before = stage.schema.now;
  let isComplete = false;
  await part('forward', 'Forward', async () => {
    const forward = await goForward(stage, rehearsal.migrations, {
      forecasting: forecaster(rehearsal, stage),
      onMigration: async (migration) => void results.findings.push(...(await tryCheckQueries(stage.reader, migration))),
    });
    results.applied = forward.applied;
    isComplete = forward.refused === undefined;
    if (forward.refused) results.findings.push(forward.refused);
    results.findings.push(...forward.applied.flatMap(lockFindings));
    return `${count(forward.applied)} statements`;
  });
  results.checks.push(...results.applied.flatMap(leftOut));
  if (isComplete) {
    const examined = await examine(rehearsal, stage, before, session);
    results.checks.push(...examined.checks);
    results.findings.push(...examined.findings);
  }
  let isBefore = false;
  await part('back', 'Back, one migration at a time', async () => {
    const back = await goBack(stage, results.applied, creations);
    results.findings.push(...back.findings);
    isBefore = back.isBefore;
    return back.findings.length === 0 ? 'each time exactly as before' : `${back.findings.length} with a finding`;
  });
  if (!isBefore || !isComplete) return;
  const provesBackup = rehearsal.config.backup.verify === 'restore';
  await part('repeat', 'Forward again, and back from every statement', () =>
    repeat({ stage, creations, provesBackup }, results),
  );
}

/** Asks on the connection that runs the migrations: what they SET decides with. */
function forecaster({ snapshot }: Rehearsal, stage: Stage) {
  return (statement: Statement) => executeForecasting({ clone: stage.work, statement, production: snapshot });
}

function lockFindings({ migration: { version }, steps }: Applied): Finding[] {
  return steps.flatMap(({ forecast }) => (forecast?.finding ? [{ ...forecast.finding, version }] : []));
}

function leftOut({ migration: { version }, steps }: Applied): Check[] {
  return steps.flatMap(({ performed: { isLeftOut, ordinal, statement } }) => {
    const detail = `${statement.verb} acts on the whole server, so it was not run`;
    return isLeftOut ? [warns({ group: 'forward', name: `${version} statement ${ordinal}`, detail })] : [];
  });
}

interface Repetition {
  readonly stage: Stage;
  readonly creations: Creations;
  /** The deploy will have a backup that was proven. */
  readonly provesBackup: boolean;
}

/**
 * Each migration once more, which must end as it did the first time; and back from every point at which it can be cut
 * off, on the schema that it will meet, before the next one. What does not end so leaves the rest nothing to stand on.
 */
async function repeat(repetition: Repetition, results: Results): Promise<string> {
  const { stage, creations } = repetition;
  let tried = 0;
  for (const one of results.applied) {
    const again = await goForward(stage, [one.migration]);
    const findings = again.refused ? [toRepetition(again.refused)] : compareRepetition([one], again.applied);
    results.findings.push(...findings);
    if (findings.length > 0) return `${one.migration.version} ends not as the first time`;
    if (one.steps.length < 2) continue;
    // What the way back leaves was told the first time.
    if (!(await goBack(stage, again.applied, creations)).isBefore) return `given up at ${one.migration.version}`;
    const routes = await fromEveryStatement(one, repetition, results);
    if (!routes) return `given up at ${one.migration.version}`;
    tried += routes.length;
    await goForward(stage, [one.migration]);
  }
  const places = tried === 0 ? 'each migration is one statement' : `back from ${tried} places to be cut off at`;
  return `the same schema: ${endOfAll(results.applied)}; ${places}`;
}

async function fromEveryStatement(one: Applied, { stage, creations, provesBackup }: Repetition, results: Results) {
  const routes = await tryBoundaries(stage, one, creations);
  if (!routes) return undefined;
  const advice = await findDownOnlyFromEnd(stage, one, creations);
  results.routes.set(one.migration.version, routes);
  results.findings.push(...judgeRoutes(one, routes, provesBackup), ...(advice ? [advice] : []));
  return routes;
}

function count(applied: readonly Applied[]): number {
  return applied.reduce((sum, one) => sum + one.steps.length, 0);
}

function endOfAll(applied: readonly Applied[]): string {
  const last = applied.at(-1);
  return last ? endOf(last).fingerprint.slice(0, 12) : 'nothing was applied';
}
