import type { Context } from '../context.ts';
import { ExitCode, Failure, messageOf } from '../errors.ts';
import type { Phase, Phases } from '../phases/phase.ts';
import { bringsSiteUp, type Plan, type Step } from '../plan/step.ts';
import { NotAllBack } from '../statements/recovery/lost.ts';
import { NoWayBack } from '../statements/recovery/route.ts';
import { isoWithOffset } from '../system/clock.ts';
import type { Progress, RunJournal } from './journal.ts';

/** How a plan ended. */
export type Outcome =
  | { readonly is: 'done'; readonly lost?: NotAllBack | undefined }
  /** It failed, and the planned way back (if any step of it was needed) was run to its end. */
  | {
      readonly is: 'turned-back';
      readonly error: unknown;
      readonly failedStep: string;
      /** What did not come back, when a person has gone on without it. */
      readonly lost?: NotAllBack | undefined;
    }
  /** It failed, and nothing was undone: there is no way back planned, or the operator wanted to stop there. */
  | { readonly is: 'stopped'; readonly error: unknown; readonly failedStep: string }
  /** It failed, and the way back failed too. */
  | {
      readonly is: 'stranded';
      readonly error: unknown;
      readonly failedStep: string;
      readonly second: unknown;
      readonly secondStep: string;
    };

export interface RunOptions {
  readonly onFailure: 'undo' | 'stop';
  /** What an earlier process had done of this plan; undefined for a new run. */
  readonly progress?: Progress | undefined;
  /** Used on the way back: it must not stop because the way forward was interrupted. */
  readonly wayBackSignal: AbortSignal;
  /** Called before each step: throws when this run must not go on (`HeldLock.confirmIfLate`). */
  mayGoOn?(): Promise<void>;
}

/** A run in which it is noted whose work was found done. */
interface Going extends RunOptions {
  readonly found: Set<string>;
}

/** Runs a plan: forward, and after a failure the planned way back, through the same loop. */
export async function runPlan(
  plan: Plan,
  phases: Phases,
  context: Context,
  journal: RunJournal,
  options: RunOptions,
): Promise<Outcome> {
  const { progress } = options;
  const going = { ...options, found: new Set(progress?.found) };
  if (progress?.turnedBack !== undefined) {
    const failedStep = [...progress.steps].find(([, state]) => state === 'failed')?.[0] ?? '';
    return turnBack(plan, phases, context, journal, going, new Error(progress.turnedBack), failedStep);
  }
  const failed = await runSteps(plan.steps, phases, context, journal, going);
  if (!('step' in failed)) return { is: 'done', ...failed };
  const started = startedSteps(plan, progress, failed.step);
  const back = stepsBack(plan, started);
  // With nothing to undo there is nothing to be kept: the site comes up, and its workers go on.
  const isToStop = options.onFailure === 'stop' && back.some(({ phase }) => phase === 'undo');
  if (isToStop || back.length === 0 || !isBeforeTheEnd(plan, failed.step))
    return { is: 'stopped', error: failed.error, failedStep: failed.step };
  const lenient = forgiving(journal, context);
  lenient.append({ run: 'turned-back', at: isoWithOffset(context.clock.now()), error: messageOf(failed.error) });
  return turnBack(plan, phases, context, journal, going, failed.error, failed.step);
}

async function turnBack(
  plan: Plan,
  phases: Phases,
  context: Context,
  journal: RunJournal,
  options: Going,
  error: unknown,
  failedStep: string,
): Promise<Outcome> {
  const started = startedSteps(plan, options.progress, failedStep);
  const steps = stepsBack(plan, started);
  const back = { ...context, signal: options.wayBackSignal };
  const lenient = forgiving(journal, back);
  const second = await runSteps(steps, phases, back, lenient, options);
  if (!('step' in second)) return { is: 'turned-back', error, failedStep, ...second };
  // What cannot go back must be able to go on: `resume` takes the way forward once its obstacle is mended.
  if (second.error instanceof NoWayBack)
    lenient.append({ run: 'turned-forward', at: isoWithOffset(context.clock.now()) });
  return { is: 'stranded', error, failedStep, second: second.error, secondStep: second.step };
}

/**
 * On the way back a full disk must not keep the site down: what cannot be written in the local journal is reported,
 * and the journal in the database still knows every statement.
 */
function forgiving(journal: RunJournal, context: Context): RunJournal {
  return {
    append(line) {
      try {
        journal.append(line);
      } catch (error) {
        const text = `the local journal could not be written: ${messageOf(error)}`;
        context.report({ type: 'note', level: 'warning', text });
      }
    },
  };
}

/** True while a failure still takes the way back (`Plan.wayBackUntil`). */
function isBeforeTheEnd(plan: Plan, failedStep: string): boolean {
  const last = plan.steps.findIndex((step) => step.id === plan.wayBackUntil);
  return last < 0 || plan.steps.findIndex((step) => step.id === failedStep) <= last;
}

function stepsBack(plan: Plan, started: ReadonlySet<string>): Step[] {
  return plan.onFailure.filter((step) => step.onlyAfter === undefined || started.has(step.onlyAfter));
}

/** Ids of the forward steps that were begun: all up to the failed one, and those of an earlier process. */
function startedSteps(plan: Plan, progress: Progress | undefined, failedStep: string): Set<string> {
  const upTo = plan.steps.findIndex((step) => step.id === failedStep);
  return new Set([...plan.steps.slice(0, upTo + 1).map((step) => step.id), ...(progress?.steps.keys() ?? [])]);
}

async function runSteps(
  steps: readonly Step[],
  phases: Phases,
  context: Context,
  journal: RunJournal,
  { progress, mayGoOn, found }: Going,
): Promise<{ step: string; error: unknown } | { lost?: NotAllBack }> {
  let lost: NotAllBack | undefined;
  for (const step of steps) {
    const before = progress?.steps.get(step.id);
    if (before === 'finished') continue;
    const stopped = await mayGoOn?.().catch((error: unknown) => ({ error }));
    if (stopped) return { step: step.id, error: stopped.error };
    const error = await runStep(step, phases, context, journal, { wasStarted: before !== undefined, found });
    if (error instanceof NotAllBack && progress?.told.has(step.id)) lost = error;
    else if (error !== undefined) return { step: step.id, error };
  }
  return lost ? { lost } : {};
}

/** One step, journalled before and after. Returns what it threw. */
async function runStep(step: Step, phases: Phases, context: Context, journal: RunJournal, standing: Standing) {
  const { clock } = context;
  const startedMs = clock.ticksMs();
  const note = (state: 'started' | 'finished' | 'failed', error?: unknown) => {
    const why = error === undefined ? {} : { error: messageOf(error) };
    const loss = error instanceof NotAllBack ? { isLoss: true } : {};
    const found = standing.found.has(step.id) ? { wasFound: true } : {};
    journal.append({ step: step.id, state, at: isoWithOffset(clock.now()), ...why, ...loss, ...found });
  };
  try {
    if (context.signal.aborted) throw context.signal.reason;
    if (!standing.wasStarted) {
      if (await isFound(step, phases, context)) standing.found.add(step.id);
      note('started');
    }
    context.report({ type: 'step.started', id: step.id, title: step.title });
    const detail = await act(step, phases, context, standing);
    const ms = clock.ticksMs() - startedMs;
    note('finished');
    context.report({ type: 'step.finished', id: step.id, title: step.title, ms, detail });
    return undefined;
  } catch (error) {
    const ms = clock.ticksMs() - startedMs;
    context.report({ type: 'step.failed', id: step.id, title: step.title, ms, error: messageOf(error) });
    try {
      note('failed', error);
    } catch {
      // The disk of the state folder is full: the step reads as started, which a resume probes.
    }
    return error;
  }
}

/** What is known of a step before it runs. */
interface Standing {
  readonly wasStarted: boolean;
  readonly found: Set<string>;
}

/** Where nobody can tell, the step does its work, which is harmless when it was done. */
function isFound<S extends Step>(step: S, phases: Phases, context: Context): Promise<boolean> {
  const phase = phases[step.phase] as Phase<S['phase']>;
  const found = phase.isFound?.(step.input as Parameters<typeof phase.run>[0], context);
  return found?.catch(() => false) ?? Promise.resolve(false);
}

/** A step found started is probed, never assumed. */
async function act<S extends Step>(step: S, phases: Phases, context: Context, { wasStarted, found }: Standing) {
  if (found.has('maintenance-on') && bringsSiteUp(step)) return 'somebody else took the site down: it stays down';
  const phase = phases[step.phase] as Phase<S['phase']>;
  const input = step.input as Parameters<typeof phase.run>[0];
  const probed = wasStarted ? await phase.probe(input, context) : 'not-done';
  if (probed === 'done') return 'was done before the run was cut off';
  if (probed === 'unknown') throw undecidable(step);
  // Whoever had done it has undone it meanwhile: from here on it is the run's.
  if (wasStarted) found.delete(step.id);
  return phase.run(input, context, found.has(step.id));
}

function undecidable(step: Step): Failure {
  return new Failure(`cannot tell whether "${step.title}" took effect before the run was cut off`, {
    exitCode: ExitCode.unknown,
    production: 'unknown',
    state: 'the steps before it are done, those after it have not begun',
    next: 'gateway-migrate resume',
  });
}
