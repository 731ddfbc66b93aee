import { existsSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { hostname, userInfo } from 'node:os';
import { removeLeftovers } from '../../backup/file/folder.ts';
import type { Config } from '../../config/config.ts';
import type { Context } from '../../context.ts';
import { messageOf } from '../../errors.ts';
import type { Migration } from '../../migrations/types.ts';
import type { Server } from '../../mysql/connect.ts';
import { allPhases } from '../../phases/all.ts';
import type { VerifyScope } from '../../phases/migrate/verify.ts';
import { logFolder } from '../../phases/restore/replay.ts';
import { openTables } from '../../phases/saved-rows/closed-tables.ts';
import { exchanges, type Plan } from '../../plan/step.ts';
import { proofPlaces } from '../../private-server/proof/places.ts';
import { readExpected } from '../../rehearsal/record.ts';
import { createRunFolder, endOlderRuns, endRun, eventsReporter, openRunJournal, runFolder } from '../../run/folder.ts';
import type { Progress } from '../../run/journal.ts';
import { judge } from '../../run/judge.ts';
import { withLock } from '../../run/lock.ts';
import { runPlan } from '../../run/runner.ts';
import { isUndoing } from '../../run/unfinished.ts';
import { isoWithOffset } from '../../system/clock.ts';
import { aftermathOf } from './aftermath.ts';
import type { Invocation } from './invocation.ts';
import { noteBaseline } from './watch-baseline.ts';
import type { Ending } from './with-run.ts';

interface Errand {
  readonly plan: Plan;
  readonly config: Config;
  readonly server: Server;
  readonly migrations: readonly Migration[];
  /** Default: nothing; only a plan with a step that verifies needs one. */
  readonly verifyScope?: VerifyScope;
  /** Default: `undo`. */
  readonly onFailure?: 'undo' | 'stop';
  /** See `StatementParts`. */
  readonly skipsRefused?: boolean;
  /** What an earlier process had done, when this one goes on with its run. */
  readonly progress?: Progress | undefined;
  /** Called under the lock, before the first step: throws when what was confirmed is not true any more. */
  stillTrue?(): Promise<void>;
}

const USUAL = { verifyScope: {}, onFailure: 'undo' } as const;
type FullErrand = Errand & Required<Pick<Errand, keyof typeof USUAL>>;

/** Runs a confirmed plan under the lock, with its journal, to its end; and says what that end means. */
export async function carryOut(asked: Errand, invocation: Invocation): Promise<Ending> {
  const errand = { ...USUAL, ...asked };
  const { plan, config, server } = errand;
  const { hub } = invocation;
  const { signal } = invocation;
  const request = { server, command: plan.command, run: hub.run, report: hub.report, signal };
  return withLock(request, async (lock) => {
    await errand.stillTrue?.();
    const folder = errand.progress ? runFolder(config.stateDir, hub.run) : await begin(errand, invocation);
    hub.attachWithPast(eventsReporter(folder));
    const aftermath = aftermathOf(config, folder, invocation);
    const journal = openRunJournal(folder);
    try {
      const signals = AbortSignal.any([signal, lock.lost]);
      const context = { ...contextOf(lock.server, invocation, signals), fence: lock.fence };
      const phases = await preparePhases(errand, lock.server, invocation);
      const { onFailure, progress } = errand;
      hub.report({ type: 'plan', steps: plan.steps, onFailure: plan.onFailure });
      await tidyUp(config, invocation);
      // A rollback that was given up, its folder lost, or followed by a restore.
      if (!errand.progress) await openTables(config.migrations, context);
      const isWatchable = plan.command === 'deploy' && !progress;
      await Promise.all([aftermath.started(), isWatchable ? noteBaseline(errand, folder, invocation) : undefined]);
      const outcome = await runPlan(plan, phases, context, journal, {
        ...{ onFailure, progress, wayBackSignal: lock.lost },
        mayGoOn: lock.confirmIfLate,
      });
      const judgement = judge(plan, outcome);
      if (judgement.isFinished) {
        const at = isoWithOffset(invocation.clock.now());
        try {
          // First the runs that this one has undone: cut off in between, the newest run is still the unfinished one.
          if (outcome.is === 'done') await endSettledRuns(plan, hub.run, config.stateDir, at);
          journal.append({ run: 'finished', at, result: judgement.production });
          await rm(logFolder(folder), { recursive: true, force: true });
        } catch (error) {
          // What was done is done, whatever the disk says: only a resume will find it once more.
          const text = `the end of the run could not be noted: ${messageOf(error)}. Make room, then: gateway-migrate resume`;
          hub.report({ type: 'note', level: 'warning', text });
        }
      }
      const { isFinished: _, ...ending } = judgement;
      const saved = savedOnTheWayBack(plan);
      const loaded = outcome.is === 'done' ? loadedFiles(plan) : undefined;
      return { ...ending, saved, loaded, afterwards: (finished) => aftermath.ended(finished) };
    } finally {
      journal.close();
    }
  });
}

function savedOnTheWayBack({ steps, onFailure }: Plan): string | undefined {
  return [...steps, ...onFailure].flatMap((step) =>
    step.phase === 'save' && step.input.ofRun !== undefined && existsSync(step.input.file) ? [step.input.file] : [],
  )[0];
}

function loadedFiles(plan: Plan): readonly string[] | undefined {
  const files = plan.steps.flatMap((step) => (step.phase === 'saved-rows' ? [step.input.file] : []));
  return files.length > 0 ? files : undefined;
}

async function preparePhases(errand: FullErrand, production: Server, { env, hub }: Invocation) {
  const { stateDir, backup } = errand.config;
  const rehearsed = await readExpected(stateDir, errand.server);
  const withProofPlace = proofPlaces({ env, backupDir: backup.dir, production });
  return allPhases({ ...errand, rehearsed, run: hub.run, env, withProofPlace });
}

/** Whatever this run is about: a part of a backup that a killed run left is of no use to anybody. */
async function tidyUp({ backup }: Config, { hub }: Invocation): Promise<void> {
  for (const name of await removeLeftovers(backup.dir).catch(() => [])) {
    hub.report({ type: 'note', level: 'debug', text: `removed ${name}, left by a run that was killed` });
  }
}

function begin({ plan, config, onFailure }: FullErrand, { hub, clock }: Invocation): Promise<string> {
  const startedAt = isoWithOffset(clock.now());
  const record = { run: hub.run, plan, startedAt, onFailure, host: hostname(), pid: process.pid, user: userName() };
  return createRunFolder(config.stateDir, record);
}

/** A user that the system has no name for is no reason to stop. */
function userName(): string | undefined {
  try {
    return userInfo().username;
  } catch {
    return undefined;
  }
}

/** A run that was cut off and has been undone by another, or whose database is another one now, is not unfinished any more. */
async function endSettledRuns(plan: Plan, by: string, stateDir: string, at: string): Promise<void> {
  if (exchanges(plan)) await endOlderRuns(stateDir, by, at);
  const undone = plan.steps.flatMap((step) => (isUndoing(step) ? [step.input.ofRun] : []));
  for (const run of undone.filter((one) => one !== by)) await endRun(runFolder(stateDir, run), at, `undone by ${by}`);
}

export function contextOf(server: Server, invocation: Invocation, signal: AbortSignal = invocation.signal): Context {
  const { exec, http, clock, hub } = invocation;
  return { server, exec, http, clock, signal, report: hub.report };
}
