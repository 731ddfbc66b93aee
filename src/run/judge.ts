import { ExitCode, Failure, Interrupted, messageOf, type ProductionState } from '../errors.ts';
import type { Plan } from '../plan/step.ts';
import { isServerError, StatementFailed } from '../statements/outcome/failed.ts';
import { NotAllBack } from '../statements/recovery/lost.ts';
import { LockLost } from './heartbeat.ts';
import type { Outcome } from './runner.ts';

/** What a finished plan means: the exit code, the state of production, and the three things an error says. */
export interface Judgement {
  readonly exitCode: ExitCode;
  readonly production: ProductionState;
  readonly error?: { readonly what: string; readonly state: string; readonly next: string };
  /** False: the run stays unfinished, for `resume` or `rollback`. */
  readonly isFinished: boolean;
}

const CHANGES_DATABASE = new Set([
  'migrate',
  'undo',
  'load',
  'swap',
  'swap-back',
  'load-tables',
  'swap-tables',
  'saved-rows',
  'saved-tidy',
  'flashback',
]);

/** PURE: from how the plan ended to what the user is told. */
export function judge(plan: Plan, outcome: Outcome): Judgement {
  if ((outcome.is === 'done' || outcome.is === 'turned-back') && outcome.lost) return withoutThem(plan, outcome.lost);
  const doubts = plan.steps.flatMap((step) => (step.phase === 'replay' ? (step.input.doubts ?? []) : []));
  if (outcome.is === 'done' && doubts.length > 0) return inDoubt(doubts);
  if (outcome.is === 'done') return { exitCode: ExitCode.done, production: doneState(plan), isFinished: true };
  const what = `${titleOf(plan, outcome.failedStep)}: ${messageOf(outcome.error)}`;
  if (outcome.is === 'turned-back') return turnedBack(plan, outcome.error, what);
  if (outcome.is === 'stranded') return stranded(plan, outcome, what);
  return stopped(plan, outcome.failedStep, outcome.error, what);
}

/** A person was told what did not come back, and has gone on without it. */
function withoutThem(plan: Plan, lost: NotAllBack): Judgement {
  const state = 'the way back is done and the site is up; what is named above is not as it was before';
  const next = lost.next.replace(/ \(brings it back\).*$/, '');
  const what = `${titleOf(plan, 'undo')}: ${lost.message}`;
  return { exitCode: ExitCode.failedChanged, production: 'changed', error: { what, state, next }, isFinished: true };
}

/** All that the log has is back. */
function inDoubt(doubts: readonly string[]): Judgement {
  const what = `the binary log may not have everything: ${doubts.join('; ')}`;
  const state = 'production is restored with all that the log has, and the site is up; what is named may lack changes';
  const next = 'compare what is named; gateway-migrate rollback (brings back what was there before the restore)';
  return { exitCode: ExitCode.failedChanged, production: 'restored', error: { what, state, next }, isFinished: true };
}

function doneState(plan: Plan): ProductionState {
  if (plan.steps.some((step) => step.phase === 'load' || step.phase === 'swap')) return 'restored';
  return plan.steps.some((step) => CHANGES_DATABASE.has(step.phase)) ? 'changed' : 'unchanged';
}

function turnedBack(plan: Plan, error: unknown, what: string): Judgement {
  const isInterrupted = error instanceof Interrupted;
  const state = 'everything this run did was undone: production is as it was before';
  const next = isInterrupted
    ? `gateway-migrate ${plan.command}`
    : nextOf(error, `mend the cause, then: gateway-migrate ${plan.command}`);
  const exitCode = isInterrupted ? ExitCode.interrupted : ExitCode.failedUnchanged;
  return { exitCode, production: 'unchanged', error: { what, state, next }, isFinished: true };
}

/** The advice of an error holds after the way back only if it did not speak of the state before it. */
function nextOf(error: unknown, otherwise: string): string {
  const failure = error instanceof StatementFailed ? error.cause : error;
  return failure instanceof Failure && failure.exitCode === ExitCode.failedUnchanged ? failure.next : otherwise;
}

function stranded(plan: Plan, outcome: Extract<Outcome, { is: 'stranded' }>, what: string): Judgement {
  const second = outcome.second;
  const back = `${what.replace(/\.$/, '')}. Then on the way back, ${titleOf(plan, outcome.secondStep)}: ${messageOf(second)}`;
  const isLeft = plan.onFailure.slice(plan.onFailure.findIndex((step) => step.id === outcome.secondStep));
  const databaseIsBack = !isLeft.some((step) => CHANGES_DATABASE.has(step.phase));
  if (phaseOf(plan, outcome.secondStep) === 'discard') {
    const state = 'the database and the site are as they were before; what was loaded beside is still there';
    return needsPerson(back, 'unchanged', state, 'gateway-migrate resume (tries the way back again)');
  }
  if (phaseOf(plan, outcome.secondStep) === 'health') {
    const state = 'the database is as it was before, but the site does not answer as it should';
    return needsPerson(back, 'unchanged', state, 'mend the site, then: gateway-migrate resume');
  }
  if (phaseOf(plan, outcome.secondStep) === 'workers') {
    const state = 'the database and the site are as they were before; the workers may still be paused';
    return needsPerson(back, 'unchanged', state, 'gateway-migrate resume (tries the way back again)');
  }
  if (databaseIsBack) {
    const state = 'the database is as it was before, but the site may still be in maintenance';
    return needsPerson(back, 'unchanged', state, 'gateway-migrate resume (tries the way back again)');
  }
  if (second instanceof Failure && second.exitCode === ExitCode.failedChanged) {
    return needsPerson(back, second.production, `${second.state}${inMaintenance(plan)}`, second.next);
  }
  if (second instanceof Failure && second.exitCode === ExitCode.unknown) {
    // It says how a person decides it: without that `resume` ends here again.
    const error = { what: back, state: `${second.state}${inMaintenance(plan)}`, next: second.next };
    return { exitCode: ExitCode.unknown, production: 'unknown', error, isFinished: false };
  }
  if (second instanceof StatementFailed && isServerError(second.cause)) return refusedBack(back);
  return {
    exitCode: second instanceof Failure ? ExitCode.failedChanged : ExitCode.unknown,
    production: 'unknown',
    error: {
      what: back,
      state: 'the way back was not completed; the journal knows every statement that was done',
      next: 'gateway-migrate resume',
    },
    isFinished: false,
  };
}

/** A statement that the server refuses did nothing: nothing is unknown, and the rest of the way is still to go. */
function refusedBack(what: string): Judgement {
  const state =
    'the refused statement of the way back did nothing; those before it are done, and none after it has begun';
  const next = 'mend the down section, then: gateway-migrate resume, or: gateway-migrate rollback --skip-statement';
  return needsPerson(what, 'changed', state, next);
}

function needsPerson(what: string, production: ProductionState, state: string, next: string): Judgement {
  return { exitCode: ExitCode.failedChanged, production, error: { what, state, next }, isFinished: false };
}

/** Nothing was undone: because nothing needed to be, because the result stays, or because that was asked for. */
function stopped(plan: Plan, failedStep: string, error: unknown, what: string): Judgement {
  const failed = plan.steps.findIndex((step) => step.id === failedStep);
  const changedBefore = plan.steps.slice(0, failed + 1).some((step) => CHANGES_DATABASE.has(step.phase));
  // It is one transaction, and knows when it is not known how that ended.
  const isUndone =
    phaseOf(plan, failedStep) === 'flashback' && !(error instanceof Failure && error.exitCode === ExitCode.unknown);
  if (!changedBefore || isUndone) return stoppedUnchanged(plan, error, what);
  const { exitCode, state, next } = afterChange(plan, failedStep, error);
  return {
    exitCode,
    production: exitCode === ExitCode.unknown ? 'unknown' : 'changed',
    error: { what, state, next },
    isFinished: false,
  };
}

function stoppedUnchanged(plan: Plan, error: unknown, what: string): Judgement {
  const isInterrupted = error instanceof Interrupted;
  const failure = error instanceof Failure ? error : undefined;
  return {
    exitCode: isInterrupted ? ExitCode.interrupted : (failure?.exitCode ?? ExitCode.failedUnchanged),
    production: 'unchanged',
    error: {
      what,
      state: failure?.state ?? (error instanceof LockLost ? LEFT_TO_OTHERS : 'production is as it was before'),
      next: failure?.next ?? `gateway-migrate ${plan.command}`,
    },
    isFinished: true,
  };
}

const LEFT_TO_OTHERS =
  'this run has changed nothing; whether another one has, that had the lock meanwhile, gateway-migrate status tells';

function afterChange(plan: Plan, failedStep: string, error: unknown) {
  const phase = phaseOf(plan, failedStep);
  const failure = error instanceof Failure ? error : undefined;
  if (phase === 'health') {
    const state = 'the database is changed and verified, maintenance is off, but the site does not answer as it should';
    return { exitCode: ExitCode.failedChanged, state, next: undoOf(plan) };
  }
  if (phase === 'workers') {
    const state = 'the database is changed and verified, and the site is up; the workers may still be paused';
    return { exitCode: ExitCode.failedChanged, state, next: 'gateway-migrate resume' };
  }
  if (phase === 'maintenance' || phase === 'caches' || phase === 'services') {
    const state = `the database is changed and verified${inMaintenance(plan)}`;
    return { exitCode: ExitCode.failedChanged, state, next: 'gateway-migrate resume' };
  }
  if (failure instanceof NotAllBack) {
    const { exitCode, next } = failure;
    return { exitCode, state: `${failure.state}${inMaintenance(plan)}`, next };
  }
  if (failure && (failure.exitCode === ExitCode.unknown || failure.exitCode === ExitCode.failedChanged)) return failure;
  if (phase === 'undo' && error instanceof StatementFailed && isServerError(error.cause)) {
    const { error: told, exitCode } = refusedBack('');
    return { exitCode, state: told?.state ?? '', next: told?.next ?? '' };
  }
  if (error instanceof Interrupted) {
    const state = 'stopped between two statements, nothing undone; the site is in maintenance if it was taken down';
    return { exitCode: ExitCode.interrupted, state, next: 'gateway-migrate resume, or gateway-migrate rollback' };
  }
  const state = 'what was done before stays in place; the site is in maintenance if it was taken down';
  return { exitCode: ExitCode.failedChanged, state, next: 'gateway-migrate resume, or gateway-migrate rollback' };
}

/** Only what was taken down can still be down. */
function inMaintenance(plan: Plan): string {
  return plan.steps.some((step) => step.phase === 'maintenance') ? '; the site is still in maintenance' : '';
}

function undoOf(plan: Plan): string {
  return plan.command === 'deploy'
    ? 'gateway-migrate rollback, or mend the site and: gateway-migrate resume'
    : 'mend the site, then: gateway-migrate resume';
}

function titleOf(plan: Plan, id: string): string {
  return [...plan.steps, ...plan.onFailure].find((step) => step.id === id)?.title ?? id;
}

function phaseOf(plan: Plan, id: string): string {
  return [...plan.steps, ...plan.onFailure].find((step) => step.id === id)?.phase ?? '';
}
