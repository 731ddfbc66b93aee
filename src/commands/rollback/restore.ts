import type { Config } from '../../config/config.ts';
import { type Failure, refusal } from '../../errors.ts';
import { tablesBeside } from '../../exchange/side-database.ts';
import { readSwapNote } from '../../exchange/swap-note.ts';
import { undoesRows } from '../../plan/flashback.ts';
import { planRestoreBack, type RestoreBackFacts } from '../../plan/restore.ts';
import { exchangeOf, type Plan, type StepInputs } from '../../plan/step.ts';
import { describeTarget } from '../../preflight/reach.ts';
import type { Standing } from '../../preflight/standing.ts';
import { findLastChange, type LocalRun } from '../../run/folder.ts';
import { leavesSiteDown, leavesWorkersPaused, type Unfinished } from '../../run/unfinished.ts';
import { carryOut } from '../shared/carry-out.ts';
import { declined } from '../shared/declined.ts';
import type { Invocation } from '../shared/invocation.ts';
import { siteOnTheWayBack } from '../shared/site-facts.ts';
import type { Ending } from '../shared/with-run.ts';

/** What of the command line says which run is meant. */
interface Meant {
  readonly run?: string | undefined;
  readonly steps?: number | undefined;
  readonly to?: string | undefined;
}

/** The restore that a rollback is about: one that was cut off, or the last run that changed anything. */
export async function findRestore(
  meant: Meant,
  unfinished: Unfinished | undefined,
  config: Config,
): Promise<LocalRun | undefined> {
  if (meant.steps !== undefined || meant.to !== undefined) return undefined;
  const found = unfinished ? unfinished.local : await findLastChange(config.stateDir);
  const isRestore =
    found?.record.plan.command === 'restore' &&
    !undoesRows(found.record.plan) &&
    (!found.progress.isFinished || exchangeOf(found.record.plan));
  const isMeant = isRestore && (meant.run ?? found.record.run) === found.record.run;
  return isMeant ? found : undefined;
}

/** Brings back what was there before a restore. */
export async function undoRestore(
  restore: LocalRun,
  config: Config,
  standing: Standing,
  { maintenance }: { readonly maintenance: boolean },
  invocation: Invocation,
): Promise<Ending> {
  const { record, progress } = restore;
  const { side, aside } = namesOf(record.plan);
  const note = await readSwapNote(restore.folder);
  // Single tables may have come back where none was.
  const isKept = !(note?.only && note.tables.length === 0);
  if (progress.isFinished && isKept) await requireKept(aside, record.run, standing);
  const plan = planRestoreBack(await backFacts(restore, { side, aside }, config, maintenance, invocation));
  invocation.hub.report({
    type: 'summary',
    title: 'Rollback',
    rows: [
      ['Run', `${record.run} (restore)`],
      ['Comes back', progress.isFinished && isKept ? `what was there before, from ${aside}` : 'what was there before'],
      ['Goes', describeGoing(restore, side)],
    ],
  });
  if (!(await invocation.prompt.confirm('Undo this in PRODUCTION?'))) throw declined();
  const errand = { plan, config, server: standing.server, migrations: standing.migrations };
  return carryOut(errand, invocation);
}

function describeGoing({ record: { plan }, progress }: LocalRun, side: string): string {
  if (progress.isFinished) return `every write since the restore: it is kept in ${side}`;
  const exchange = exchangeOf(plan);
  const hasBegun = exchange?.phase !== 'load' && progress.steps.has(exchange?.id ?? '');
  return hasBegun
    ? `what has come in its place, if it has; kept in ${side} where rows may have been written to it`
    : 'what was loaded so far';
}

async function backFacts(
  { record, progress }: LocalRun,
  names: { side: string; aside: string },
  config: Config,
  maintenance: boolean,
  invocation: Invocation,
): Promise<RestoreBackFacts> {
  const { isFinished, steps } = progress;
  const hasExchanged = steps.has(exchangeOf(record.plan)?.id ?? '');
  const services = record.plan.steps.flatMap((step) =>
    step.phase === 'services' && step.input.action === 'stop' ? step.input.services : [],
  );
  const isDown = isFinished || hasExchanged;
  const wants = isDown && maintenance;
  const left = { isOurs: leavesSiteDown(progress), hasPaused: leavesWorkersPaused(progress) };
  const site = await siteOnTheWayBack(config, { wants, ...left }, invocation);
  return {
    ...{ ofRun: record.run, target: describeTarget(config.database), ...names, hasExchanged, isFinished, ...site },
    services: isDown || steps.has('services-stop') ? services : [],
    withCaches: site.withCaches && hasExchanged,
  };
}

function namesOf(plan: Plan) {
  const inputs = [...plan.steps, ...plan.onFailure];
  const back = inputs.find((step) => step.phase === 'swap-back')?.input as StepInputs['swap-back'] | undefined;
  const left = inputs.find((step) => step.phase === 'discard')?.input as StepInputs['discard'] | undefined;
  return { side: back?.side ?? left?.database ?? '', aside: exchangeOf(plan)?.input.aside ?? '' };
}

async function requireKept(aside: string, run: string, standing: Standing): Promise<void> {
  const session = await standing.server.open();
  try {
    if ((await tablesBeside(session, aside)).length === 0) throw gone(aside, run);
  } finally {
    await session.close();
  }
}

function gone(aside: string, run: string): Failure {
  return refusal(
    `what was there before the restore ${run} is gone: the database ${aside} was removed`,
    'gateway-migrate backup list, then gateway-migrate restore --backup FILE',
  );
}
