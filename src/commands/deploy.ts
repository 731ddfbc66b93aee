import { backupPath } from '../backup/file/folder.ts';
import type { Config } from '../config/config.ts';
import type { ExitCode } from '../errors.ts';
import { findMigration, selectUpTo } from '../migrations/pending.ts';
import type { Migration } from '../migrations/types.ts';
import { planDeploy } from '../plan/deploy.ts';
import type { Plan } from '../plan/step.ts';
import { alreadyThere, compareExisting } from '../preflight/adoption.ts';
import { type Facts, isComplete } from '../preflight/gather.ts';
import { describeTarget } from '../preflight/reach.ts';
import { requireWritable } from '../preflight/read-only.ts';
import type { Standing } from '../preflight/standing.ts';
import { lockedTables } from '../statements/locks/locked-tables.ts';
import { offerTakeOver, requireUnclaimed } from './baseline/offer.ts';
import { chooseSaved, type SavedChoice, savedSummary, toPlan } from './deploy/saved-rows.ts';
import { offerUnfinished } from './resume.ts';
import { beginLogged } from './shared/begin.ts';
import { carryOut } from './shared/carry-out.ts';
import { declined } from './shared/declined.ts';
import type { Invocation } from './shared/invocation.ts';
import { reportChecks, requireFree, requireReady, showNeeded } from './shared/preflight.ts';
import { type Evidence, reportRehearsed, requireRehearsed, requireSameSchema } from './shared/rehearsal.ts';
import { requireSameHistory } from './shared/same-history.ts';
import { siteFacts } from './shared/site-facts.ts';
import { requireTranslated } from './shared/translation.ts';
import { verifyScopeOf } from './shared/verify-scope.ts';
import { DONE, type Ending, withRun } from './shared/with-run.ts';

export interface DeployOptions {
  /** False with `--no-maintenance`. */
  readonly maintenance: boolean;
  readonly skipBackup: boolean;
  readonly skipRehearsal: boolean;
  readonly dryRun: boolean;
  readonly to?: string | undefined;
  readonly withSavedRows: boolean;
  readonly onFailure: 'undo' | 'stop';
}

/** gather → plan → confirm → run. */
export function deployCommand(options: DeployOptions, invocation: Invocation): Promise<ExitCode> {
  return withRun('deploy', invocation, async () => {
    const config = await beginLogged('deploy', invocation);
    const found = await gather(config, options, invocation);
    requireFree(found);
    if (found.unfinished) return offerUnfinished(found.unfinished, config, found, invocation);
    if (!isComplete(found)) return nothingToDo(found, config, invocation);
    await requireWritable(found.server);
    requireReady(found.checks);
    const facts = await requireTranslated(found, config, invocation);
    const chosen = chooseMigrations(facts, options);
    if (chosen.length === 0) return nothingToDo(facts, config, invocation);
    if (options.dryRun) return dryRun(chosen, config, options, facts, invocation);
    const adopt = await findAdoptable(chosen, facts, config, invocation);
    const unknown = chosen.filter((one) => !adopt.includes(one.version));
    const saved = await chooseSaved(unknown, options, facts, config, invocation);
    const plan = planFor(chosen, { adopt, saved }, config, options, facts, invocation);
    const rehearsed = options.skipRehearsal
      ? undefined
      : await requireRehearsed(unknown, facts, config, options, invocation);
    const warnings = facts.checks.filter((check) => !check.ok).length;
    await confirm({ plan, chosen, options, rehearsed, saved, warnings }, invocation);
    if (rehearsed) reportRehearsed(rehearsed, invocation);
    const errand = {
      plan,
      config,
      server: facts.server,
      migrations: facts.migrations,
      verifyScope: {
        ...verifyScopeOf(
          [...facts.status.applied.map((row) => row.version), ...chosen.map((one) => one.version)],
          facts.migrations,
        ),
        isOfRun: true,
      },
      onFailure: options.onFailure,
      stillTrue: async () => {
        await requireSameHistory(facts, config, 'gateway-migrate deploy');
        if (rehearsed !== undefined) await requireSameSchema(facts);
      },
    };
    const backup = plan.steps.find((step) => step.phase === 'backup')?.input.file;
    const pending = facts.status.pending.filter((one) => !chosen.includes(one)).map((one) => one.version);
    return { ...(await carryOut(errand, invocation)), backup, pending };
  });
}

/** What another tool has applied is taken over first, when somebody is there to say so; else it is refused. */
async function gather(config: Config, options: DeployOptions, invocation: Invocation): Promise<Facts | Standing> {
  const need = {
    isEnough: (standing: Standing) => isDecided(standing, options),
    backup: !options.skipBackup || options.withSavedRows,
  };
  const found = await showNeeded(config, invocation, need);
  if (found.lockHolder !== undefined || found.unfinished || found.claims.length === 0) return found;
  if (!(await offerTakeOver(found, config, invocation))) requireUnclaimed(found);
  return showNeeded(config, invocation, need);
}

/** Somebody or something stands in the way, or there is nothing to apply and nothing wrong with what was applied. */
function isDecided({ lockHolder, unfinished, problems, status, claims }: Standing, { to }: DeployOptions): boolean {
  if (lockHolder !== undefined || unfinished || claims.length > 0) return true;
  return to === undefined && [status.pending, status.changed, problems].every((list) => list.length === 0);
}

function chooseMigrations(facts: Facts, options: DeployOptions): readonly Migration[] {
  const { pending } = facts.status;
  return options.to === undefined ? pending : selectUpTo(pending, findMigration(facts.migrations, options.to));
}

function nothingToDo(facts: Standing, config: Config, invocation: Invocation): Ending {
  const isEmpty = facts.migrations.length === 0 && facts.status.applied.length === 0;
  const text = isEmpty
    ? `nothing to do: there is no migration in ${config.migrations.dir}`
    : `nothing to do: all ${facts.status.applied.length} migrations are applied`;
  invocation.hub.report({ type: 'note', level: 'info', text });
  return { ...DONE, pending: facts.status.pending.map((one) => one.version) };
}

async function findAdoptable(chosen: readonly Migration[], facts: Facts, config: Config, invocation: Invocation) {
  if (alreadyThere(chosen, facts.snapshot).length === 0) return [];
  const session = await facts.server.open();
  try {
    const adoption = await compareExisting(facts.server, session, chosen, facts.snapshot, config);
    reportChecks(adoption.checks, invocation);
    requireReady(adoption.checks);
    return adoption.versions;
  } finally {
    await session.close();
  }
}

function planFor(
  chosen: readonly Migration[],
  { adopt, saved }: { readonly adopt: readonly string[]; readonly saved: SavedChoice },
  config: Config,
  options: DeployOptions,
  facts: Facts,
  invocation: Invocation,
): Plan {
  const { dir, compression, verify } = config.backup;
  const { database } = facts.server.target;
  return planDeploy({
    run: invocation.hub.run,
    target: describeTarget(config.database),
    versions: chosen.map((one) => one.version).filter((version) => !adopt.includes(version)),
    adopt,
    backupFile: options.skipBackup
      ? undefined
      : backupPath(dir, database, 'pre_migration', invocation.clock.now(), compression),
    savedFile: backupPath(dir, database, 'rollback_saved', invocation.clock.now(), compression),
    provesBackup: verify === 'restore',
    locks: lockedTables(
      chosen.filter((one) => !adopt.includes(one.version)).flatMap((one) => one.up),
      facts.snapshot,
      facts.server.flavor,
    ),
    savedRows: toPlan(saved.load, database, invocation.clock.now()),
    isSiteDown: facts.isSiteDown,
    ...siteFacts(config, options.maintenance, facts.isSiteDown),
  });
}

/** Changes nothing: tables that are there already are not even compared, for that makes a scratch database. */
async function dryRun(
  chosen: readonly Migration[],
  config: Config,
  options: DeployOptions,
  facts: Facts,
  invocation: Invocation,
): Promise<Ending> {
  const there = new Set(alreadyThere(chosen, facts.snapshot).map((one) => one.version));
  for (const version of there) {
    const text = `tables of ${version} are there already: deploy compares them, and adopts them if they are equal`;
    invocation.hub.report({ type: 'note', level: 'info', text });
  }
  const made = chosen.filter((one) => !there.has(one.version));
  const saved = await chooseSaved(made, options, facts, config, invocation);
  const plan = planFor(chosen, { adopt: [], saved }, config, options, facts, invocation);
  const { renderPlan } = await import('../terminal/plan-view.ts');
  const sql = new Map(chosen.map((one) => [one.version, one.up.map((statement) => statement.text)]));
  invocation.print(renderPlan(plan, sql, invocation.look));
  invocation.hub.report({ type: 'plan', steps: plan.steps, onFailure: plan.onFailure });
  return { ...DONE, pending: chosen.map((one) => one.version) };
}

interface Intention {
  readonly plan: Plan;
  readonly chosen: readonly Migration[];
  /** Of the preflight: told above the question. */
  readonly warnings: number;
  readonly options: DeployOptions;
  /** Undefined with `--skip-rehearsal`. */
  readonly rehearsed: Evidence | undefined;
  readonly saved: SavedChoice;
}

async function confirm(intention: Intention, invocation: Invocation): Promise<void> {
  if (!(await invocation.prompt.confirm('Continue?'))) throw declined();
  invocation.hub.report({ type: 'summary', title: 'Deploy', rows: summaryRows(intention) });
  if (!(await invocation.prompt.confirm('Ready to deploy to PRODUCTION?'))) throw declined();
}

function summaryRows({ plan, chosen, options, rehearsed, saved, warnings }: Intention) {
  const adopted = plan.steps.flatMap((step) => (step.phase === 'migrate' ? step.input.adopt : []));
  const backup = plan.steps.find((step) => step.phase === 'backup')?.input.file;
  const maintenance = plan.steps.some((step) => step.phase === 'maintenance');
  return [
    ['Database', plan.target],
    ['Backup', backup ?? 'OFF: a mistake cannot be restored (--skip-backup)'],
    ['Maintenance', maintenance ? 'on while the migrations run' : 'off: the site stays up'],
    ...(maintenance ? [['Workers', describeWorkers(plan)]] : []),
    [
      'On failure',
      options.onFailure === 'undo' ? 'undo, then the site up again' : 'stop where it is (--on-failure stop)',
    ],
    ...chosen.map((one) => [
      one.version,
      adopted.includes(one.version)
        ? `${one.name}: already there and equal, adopted`
        : `${one.name}: ${statements(one)}`,
    ]),
    ...savedSummary(saved),
    ['Rehearsed', rehearsed?.text ?? 'NO: whether it works shows in production (--skip-rehearsal)'],
    ...wayBackRow(rehearsed?.onlyByRestore ?? []),
    ...(warnings > 0 ? [['Warnings', `${warnings}, told above`]] : []),
  ] as [string, string][];
}

/** Maintenance keeps visitors away, and nobody else. */
function describeWorkers({ steps }: Plan): string {
  return steps.some(({ phase }) => phase === 'workers')
    ? 'told to pause before the site goes down, and to go on once it is up'
    : 'queue workers and the scheduler go on while the site is down (app.workers)';
}

/** Beside the question: what an automatic undo cannot do there. */
function wayBackRow(versions: readonly string[]): string[][] {
  if (versions.length === 0) return [];
  return [['Way back', `from the middle of ${versions.join(', ')} only by restore, from this backup, proven first`]];
}

function statements(migration: Migration): string {
  return migration.up.length === 1 ? '1 statement' : `${migration.up.length} statements`;
}
