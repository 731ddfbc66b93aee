import { ExitCode, Failure, failedUnchanged, Interrupted, messageOf, type ProductionState } from '../../errors.ts';
import type { CommandName, RunFinished } from '../../run/events.ts';
import type { Invocation } from './invocation.ts';

/** How a command ended; what it does not say is filled in from its events. */
export interface Ending {
  readonly exitCode: ExitCode;
  readonly production: ProductionState;
  readonly applied?: readonly string[] | undefined;
  readonly pending?: readonly string[] | undefined;
  readonly changed?: readonly string[] | undefined;
  readonly missing?: readonly string[] | undefined;
  readonly foreign?: RunFinished['foreign'];
  readonly unfinished?: RunFinished['unfinished'];
  readonly problems?: readonly string[] | undefined;
  readonly backup?: string | undefined;
  readonly saved?: string | undefined;
  readonly loaded?: readonly string[] | undefined;
  readonly lost?: RunFinished['lost'];
  readonly conflicts?: RunFinished['conflicts'];
  readonly report?: string | undefined;
  readonly verdict?: RunFinished['verdict'];
  readonly error?: RunFinished['error'];
  /** What remains to be done when the end is known: the page of the run, who is told. Never throws. */
  afterwards?(finished: RunFinished): Promise<Pick<RunFinished, 'report'>>;
}

/** Nothing was changed, and there is nothing else to say. */
export const DONE: Ending = { exitCode: ExitCode.done, production: 'unchanged' };

/**
 * Runs a command to its last event: whatever it throws becomes the three things a user is told, and the exit code.
 */
export async function withRun(
  command: CommandName,
  invocation: Invocation,
  body: () => Promise<Ending>,
): Promise<ExitCode> {
  const { hub, clock } = invocation;
  const startedMs = clock.ticksMs();
  const seen = observe(invocation);
  const { afterwards, ...ending } = await body().catch((error: unknown): Ending => {
    if (invocation.flags.verbose && error instanceof Error) {
      hub.report({ type: 'note', level: 'debug', text: error.stack ?? error.message });
    }
    return endingOf(error);
  });
  const finished: RunFinished = {
    type: 'run.finished',
    command,
    result: RESULT[ending.exitCode],
    ...(CHANGING.has(command) ? { applied: seen.applied, reverted: seen.reverted } : {}),
    ...ending,
    ...seen.window(),
    ...seen.left(),
    ms: clock.ticksMs() - startedMs,
  };
  const [rest] = await Promise.all([afterwards?.(finished), ...invocation.atEnd.splice(0).map((end) => end())]);
  hub.report({ ...finished, ...rest });
  return ending.exitCode;
}

/** Commands that apply or undo migrations: they always say which, even if none. */
const CHANGING: ReadonlySet<CommandName> = new Set(['deploy', 'rollback', 'resume']);

const RESULT: Record<ExitCode, RunFinished['result']> = {
  0: 'ok',
  1: 'failed',
  2: 'failed',
  3: 'failed',
  4: 'failed',
  5: 'refused',
  6: 'cancelled',
  64: 'failed',
  78: 'failed',
  130: 'cancelled',
};

/** What an error that reached the command means to the user. Phases' errors were judged before (`judge.ts`). */
export function endingOf(error: unknown): Ending {
  const failure = error instanceof Failure ? error : failureOf(error);
  const { exitCode, production, state, next } = failure;
  return { exitCode, production, error: { what: failure.message, state, next } };
}

function failureOf(error: unknown): Failure {
  if (error instanceof Interrupted) {
    return new Failure(error.message, {
      exitCode: ExitCode.interrupted,
      production: 'unchanged',
      state: 'nothing was started, production is unchanged',
      next: 'the same command again',
      cause: error,
    });
  }
  return failedUnchanged(messageOf(error), 'gateway-migrate doctor', error);
}

/** Reads from the events what the last one reports: what was applied, what undone, how long the site was down. */
function observe(invocation: Invocation) {
  const applied: string[] = [];
  const reverted: string[] = [];
  let downSinceMs: number | undefined;
  let downMs: number | undefined;
  const parts: Record<string, number> = {};
  const conflicts = new Map<string, NonNullable<RunFinished['conflicts']>[number]>();
  invocation.hub.attach((event) => {
    if (event.type === 'migration.finished') (event.direction === 'up' ? applied : reverted).push(event.version);
    if (event.type === 'conflict') {
      const { table, key, reason } = event;
      conflicts.set(`${table} ${key}`, { table, key, reason });
    }
    if (event.type === 'step.started' && event.id === 'maintenance-on') downSinceMs = invocation.clock.ticksMs();
    if (event.type === 'step.finished' && downSinceMs !== undefined && downMs === undefined) {
      parts[event.id] = Math.round(event.ms);
    }
    if (event.type === 'step.finished' && event.id.startsWith('maintenance-off') && downSinceMs !== undefined) {
      downMs = Math.round(invocation.clock.ticksMs() - downSinceMs);
    }
  });
  const window = () => ({
    maintenanceMs: downMs,
    ...(downMs === undefined ? {} : { maintenanceParts: parts }),
  });
  const left = () => (conflicts.size > 0 ? { conflicts: [...conflicts.values()] } : {});
  return { applied, reverted, window, left };
}
