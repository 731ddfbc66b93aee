import { STORED_PROGRAMS } from '../backup/dump/kept-semicolons.ts';
import { ExitCode, refusal } from '../errors.ts';
import { requireTables } from '../exchange/emptied.ts';
import type { Migration } from '../migrations/types.ts';
import { compareExisting } from '../preflight/adoption.ts';
import { type Facts, gatherFacts } from '../preflight/gather.ts';
import { MEND_AND_TEST } from '../rehearsal/verdict.ts';
import type { Check } from '../run/check.ts';
import { requireUnclaimed } from './baseline/offer.ts';
import { beginLogged } from './shared/begin.ts';
import type { Invocation } from './shared/invocation.ts';
import { isFailed, reportChecks } from './shared/preflight.ts';
import { type RehearsalRun, runRehearsal } from './shared/rehearsal.ts';
import { asStep } from './shared/step.ts';
import { translatePending } from './shared/translation.ts';
import { DONE, type Ending, withRun } from './shared/with-run.ts';
import { chooseData } from './test/rehearsal-data.ts';

export interface TestOptions {
  /** Leave the clone there, to be looked at. */
  readonly keep: boolean;
  /** A path, or `latest`: the rows that the rehearsal is made on. Undefined: empty tables. */
  readonly fromBackup: string | undefined;
}

/** What of the preflight speaks of the migrations; the rest is doctor's. */
const GROUPS = new Set(['migrations', 'data', 'tables already there', STORED_PROGRAMS]);

/** Rehearses the pending migrations on a clone of production's schema. Exit 1: not ready. Production is only read. */
export function testCommand(options: TestOptions, invocation: Invocation): Promise<ExitCode> {
  return withRun('test', invocation, async () => {
    const config = await beginLogged('test', invocation);
    const found = await gatherFacts(config, invocation);
    requireWhole(found);
    requireUnclaimed(found);
    const versions = found.status.pending.map((one) => one.version);
    const { facts, obstacles } = await translatePending(found, config, invocation, { anew: true });
    if (!facts) return notReady(obstacles, MEND_AND_TEST, versions);
    const { pending } = facts.status;
    const { adopted, checks } = await lookAhead(facts, config, pending);
    reportChecks(checks, invocation);
    const failed = checks.filter(isFailed);
    if (failed.length > 0)
      return notReady(
        failed.map((check) => check.name),
        MEND_AND_TEST,
        versions,
      );
    const chosen = pending.filter((one) => !adopted.includes(one.version));
    if (chosen.length === 0) return nothingToRehearse(invocation);
    const { keep, fromBackup } = options;
    const loadTables = fromBackup === undefined ? undefined : await chooseData(fromBackup, config, invocation);
    const rehearsal = { keep, loadTables, part: asStep(invocation) };
    const run = await runRehearsal(chosen, facts, config, rehearsal, invocation);
    reportChecks(run.verdict.checks, invocation);
    invocation.hub.report({ type: 'summary', title: 'Rehearsal', rows: summaryRows(run, chosen) });
    if (!run.verdict.isReady) return notReady(run.verdict.obstacles, run.verdict.mendAndNext, versions);
    return { ...DONE, pending: versions };
  });
}

/** In the middle of a cut-off run production's schema is neither what was nor what shall be. */
function requireWhole(facts: Facts): void {
  requireTables(facts.emptied);
  if (!facts.unfinished) return;
  throw refusal(`run ${facts.unfinished.run} was cut off: finish or undo it first`, 'gateway-migrate resume');
}

async function lookAhead(facts: Facts, config: Parameters<typeof gatherFacts>[0], pending: readonly Migration[]) {
  const session = await facts.server.open();
  try {
    const adoption = await compareExisting(facts.server, session, pending, facts.snapshot, config);
    const checks: Check[] = [...facts.checks, ...adoption.checks].filter((check) => GROUPS.has(check.group));
    return { adopted: adoption.versions, checks };
  } finally {
    await session.close();
  }
}

function nothingToRehearse(invocation: Invocation): Ending {
  invocation.hub.report({ type: 'note', level: 'info', text: 'nothing to rehearse: no migration is pending' });
  return DONE;
}

function notReady(obstacles: readonly string[], next: string, pending: readonly string[]): Ending {
  const error = {
    what: `not ready: ${[...new Set(obstacles)].join(', ')}`,
    state: 'production is unchanged by this command',
    next,
  };
  return { exitCode: ExitCode.finding, production: 'unchanged', pending, error };
}

function summaryRows({ verdict, record, path }: RehearsalRun, chosen: readonly Migration[]): [string, string][] {
  const rows = chosen.map((migration): [string, string] => {
    const rehearsed = record.migrations.find((one) => one.version === migration.version);
    if (!rehearsed) return [migration.version, `${migration.name}: not reached`];
    const ms = rehearsed.statements.reduce((sum, statement) => sum + statement.ms, 0);
    const done = `${rehearsed.statements.length} of ${migration.up.length} statements`;
    const locks = [
      ...new Set(rehearsed.statements.flatMap(({ lock }) => (lock ? [`${lock.table}: ${lock.effect}`] : []))),
    ];
    return [migration.version, [`${migration.name}: ${done} in ${ms} ms`, ...locks].join('; ')];
  });
  const advice = verdict.advice === 0 ? '' : `, ${verdict.advice} to think about`;
  return [
    ['Rehearsed on', record.rehearsedOn],
    ...rows,
    ['Evidence', path],
    ['Verdict', verdict.isReady ? `ready${advice}` : `NOT READY: ${verdict.obstacles.length} in the way${advice}`],
  ];
}
