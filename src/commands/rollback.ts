import { backupPath } from '../backup/file/folder.ts';
import type { Config } from '../config/config.ts';
import { type ExitCode, type Failure, refusal } from '../errors.ts';
import { compareVersions } from '../migrations/file-name.ts';
import type { HistoryRow } from '../migrations/history-row.ts';
import { findMigration } from '../migrations/pending.ts';
import { findWaysBack, newestFirst, waitForDeadClients } from '../phases/migrate/ways-back.ts';
import { planRollback } from '../plan/rollback.ts';
import type { Plan } from '../plan/step.ts';
import { describeTarget } from '../preflight/reach.ts';
import { requireWritable } from '../preflight/read-only.ts';
import type { Standing } from '../preflight/standing.ts';
import { readExpected } from '../rehearsal/record.ts';
import { readRecord, runFolder } from '../run/folder.ts';
import { begunRows, hasLeftSiteDown, hasLeftWorkersPaused, type Unfinished } from '../run/unfinished.ts';
import { locksOnTheWayBack } from './rollback/locks.ts';
import { findRestore, undoRestore } from './rollback/restore.ts';
import { readTablesThatGo } from './rollback/tables-that-go.ts';
import { beginLogged } from './shared/begin.ts';
import { carryOut, contextOf } from './shared/carry-out.ts';
import { declined } from './shared/declined.ts';
import type { Invocation } from './shared/invocation.ts';
import { requireFree, showStanding } from './shared/preflight.ts';
import { resumeRun } from './shared/resume-run.ts';
import { siteOnTheWayBack } from './shared/site-facts.ts';
import { DONE, type Ending, withRun } from './shared/with-run.ts';

export interface RollbackOptions {
  readonly run?: string | undefined;
  readonly steps?: number | undefined;
  readonly to?: string | undefined;
  readonly discardNewRows: boolean;
  /** What the server refused of the way back is passed over; the schema is compared afterwards. */
  readonly skipStatement?: boolean;
  readonly maintenance: boolean;
}

/** Undoes exactly what a run applied: a finished one, or one that was cut off in the middle. */
export function rollbackCommand(options: RollbackOptions, invocation: Invocation): Promise<ExitCode> {
  return withRun('rollback', invocation, async () => {
    const config = await beginLogged('rollback', invocation);
    const standing = await showStanding(config, invocation);
    requireFree(standing);
    await requireWritable(standing.server);
    const { unfinished } = standing;
    const restore = await findRestore(options, unfinished, config);
    if (restore) return undoRestore(restore, config, standing, options, invocation);
    requireUndoable(unfinished, options.run);
    if (unfinished?.undoes !== undefined) return finishUndoing(unfinished, options, config, standing, invocation);
    return undo(choose(standing, options), options, config, standing, invocation);
  });
}

/** A run that was cut off and is not the one that is meant has to be ended first. */
function requireUndoable(unfinished: Unfinished | undefined, run: string | undefined): void {
  if (!unfinished) return;
  const isMeant = run === undefined || run === unfinished.run || run === unfinished.undoes;
  if (isMeant && (unfinished.command === 'deploy' || unfinished.undoes !== undefined)) return;
  throw refusal(
    `run ${unfinished.run} (${unfinished.command}) was cut off and is unfinished`,
    'gateway-migrate resume (finishes it)',
  );
}

/** It was on its way back already: what it has undone must not be undone again, so it goes on itself. */
async function finishUndoing(
  unfinished: Unfinished,
  { skipStatement = false }: Pick<RollbackOptions, 'skipStatement'>,
  config: Config,
  standing: Standing,
  invocation: Invocation,
): Promise<Ending> {
  const text = `run ${unfinished.run} was undoing ${unfinished.undoes} when it was cut off: it goes on where it stopped`;
  invocation.hub.report({ type: 'note', level: 'info', text });
  if (!(await invocation.prompt.confirm('Undo this in PRODUCTION?'))) throw declined();
  return resumeRun(unfinished, config, standing, invocation, { skipsRefused: skipStatement });
}

/** Goes back from a run that was cut off. */
export function rollBackRun(
  unfinished: Unfinished,
  config: Config,
  standing: Standing,
  invocation: Invocation,
): Promise<Ending> {
  if (unfinished.command === 'restore' && unfinished.local) {
    return undoRestore(unfinished.local, config, standing, { maintenance: true }, invocation);
  }
  if (unfinished.undoes !== undefined) return resumeRun(unfinished, config, standing, invocation);
  const options = { run: unfinished.run, discardNewRows: false, maintenance: true };
  return undo(choose(standing, options), options, config, standing, invocation);
}

interface Choice {
  readonly ofRun: string;
  readonly versions: readonly string[] | 'all';
  readonly rows: readonly HistoryRow[];
}

/** The run and the versions that the flags mean; by default everything that the last run applied. */
function choose(standing: Standing, options: RollbackOptions): Choice {
  const undoable = standing.history.filter((row) => row.state !== 'adopted');
  const ofRun = options.run ?? standing.unfinished?.run ?? undoable.toSorted(newestFirst)[0]?.run;
  if (ofRun === undefined) return { ofRun: '', versions: 'all', rows: [] };
  const rows = undoable.filter((row) => row.run === ofRun).toSorted(newestFirst);
  if (options.run !== undefined && rows.length === 0 && standing.unfinished?.run !== options.run)
    throw unknownRun(options.run);
  if (options.steps === undefined && options.to === undefined) return { ofRun, versions: 'all', rows };
  const kept = options.to === undefined ? undefined : findMigration(standing.migrations, options.to).version;
  const chosen =
    kept === undefined ? rows.slice(0, options.steps) : rows.filter((row) => compareVersions(row.version, kept) > 0);
  return { ofRun, versions: chosen.map((row) => row.version), rows: chosen };
}

function unknownRun(run: string): Failure {
  return refusal(`run ${run} applied nothing that is still in place`, 'gateway-migrate status');
}

async function undo(
  choice: Choice,
  options: RollbackOptions,
  config: Config,
  standing: Standing,
  invocation: Invocation,
): Promise<Ending> {
  const { unfinished } = standing;
  if (choice.rows.length === 0 && unfinished?.run !== choice.ofRun) {
    invocation.hub.report({
      type: 'note',
      level: 'info',
      text: 'nothing to undo: the tool has applied nothing that is still in place',
    });
    return DONE;
  }
  const tables = options.discardNewRows ? [] : await readTablesThatGo(choice.rows, standing);
  const { dir, compression, verify } = config.backup;
  const savedFile =
    tables.length === 0
      ? undefined
      : backupPath(dir, config.database.database, 'rollback_saved', invocation.clock.now(), compression);
  const isOurs = hasLeftSiteDown(unfinished);
  const hasPaused = hasLeftWorkersPaused(unfinished);
  const site = await siteOnTheWayBack(config, { wants: options.maintenance, isOurs, hasPaused }, invocation);
  const plan = planRollback({
    target: describeTarget(config.database),
    ofRun: choice.ofRun,
    versions: choice.versions,
    savedFile,
    tablesToSave: tables,
    versionsToSave: choice.rows.map((row) => row.version).toSorted(compareVersions),
    backup: await backupOf(choice.ofRun, config),
    provesBackup: verify === 'restore',
    begunRows: unfinished?.run === choice.ofRun ? begunRows(unfinished) : [],
    wasDown: isOurs,
    locks: site.withMaintenance && !isOurs ? await locksOnTheWayBack(choice.rows, standing) : [],
    ...site,
  });
  invocation.hub.report({ type: 'summary', title: 'Rollback', rows: summaryRows(choice, tables, savedFile) });
  if (savedFile) tellWriters(tables, site.withMaintenance || site.isDown, invocation);
  if (!(await invocation.prompt.confirm('Undo this in PRODUCTION?'))) throw declined();
  const errand = {
    plan,
    config,
    server: standing.server,
    migrations: standing.migrations,
    stillTrue: () => requireWaysBack(plan, config, standing, invocation),
  };
  const ending = await carryOut(errand, invocation);
  return { ...ending, saved: ending.exitCode === 0 ? savedFile : undefined };
}

/** The backup that the run made before it began, as far as this machine knows the run. */
async function backupOf(run: string, { stateDir }: Config): Promise<string | undefined> {
  const record = await readRecord(runFolder(stateDir, run));
  return record?.plan.steps.find((step) => step.phase === 'backup')?.input.file;
}

/**
 * Asked under the lock, before anything begins: a rollback that found no way back later would stand as the unfinished run
 * in front of the one that `resume` can finish.
 */
async function requireWaysBack(plan: Plan, config: Config, standing: Standing, invocation: Invocation): Promise<void> {
  const context = contextOf(standing.server, invocation);
  const rehearsed = await readExpected(config.stateDir, standing.server);
  const parts = { run: invocation.hub.run, config, migrations: standing.migrations, rehearsed };
  for (const step of plan.steps.filter((one) => one.phase === 'undo')) {
    await waitForDeadClients([step.input.ofRun], context);
    const session = await standing.server.open();
    try {
      await findWaysBack(step.input, parts, session, context);
    } finally {
      await session.close();
    }
  }
}

/** Maintenance keeps visitors away, and nobody else. */
function tellWriters(tables: readonly string[], isSiteDown: boolean, invocation: Invocation): void {
  const text = `from the moment in which the rows of ${tables.join(', ')} are saved until they are gone, whoever writes there gets an error`;
  invocation.hub.report({ type: 'note', level: isSiteDown ? 'info' : 'warning', text });
}

function summaryRows(choice: Choice, tables: readonly string[], savedFile: string | undefined) {
  return [
    ['Run', choice.ofRun],
    ...choice.rows.map((row) => [row.version, `${row.name}: ${row.state}`]),
    ['Rows', tables.length === 0 ? 'none are saved' : `those of ${tables.join(', ')} are saved first`],
    ...(savedFile ? [['Saved to', savedFile]] : []),
  ] as [string, string][];
}
