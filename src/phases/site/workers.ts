import { hasWorkers, idleCommand, workersCommands } from '../../app/workers.ts';
import type { AppConfig } from '../../config/config.ts';
import type { Context } from '../../context.ts';
import { ExitCode, Failure, failedUnchanged, messageOf } from '../../errors.ts';
import type { StepInputs } from '../../plan/step.ts';
import { describeExit } from '../../system/exec.ts';
import type { Phase } from '../phase.ts';

const COMMAND_MS = 60_000;
/** The last job may take so long; the site is up meanwhile. */
const IDLE_MS = 60_000;
const ASK_EVERY_MS = 500;
const STEP_ID = 'workers-pause';

type Input = StepInputs['workers'];

/**
 * Pauses what writes while HTTP is down, waits until its last job has ended, and starts it again. Pausing what is paused and
 * starting what runs does no harm, so a step that was cut off is run again.
 */
export function workersPhase(app: AppConfig, idleMs = IDLE_MS): Phase<'workers'> {
  return {
    async run(input, context) {
      if (!hasWorkers(app)) return 'no workers configured';
      try {
        await command(app, input.to, context);
        if (input.to === 'running') return 'told to go on';
        return await waitUntilIdle(app, idleMs, context);
      } catch (error) {
        context.signal.throwIfAborted();
        if (!mayFail(app, input)) throw error;
        context.report({ type: 'note', level: 'warning', text: `${messageOf(error)}; the run goes on without` });
        return 'left as they are';
      }
    },
    probe: async () => 'not-done',
  };
}

/** On a way back the application may be what is broken. Whoever was paused by a command of one's own has to be started again. */
function mayFail({ workers }: AppConfig, { to, isRescue = false }: Input): boolean {
  return isRescue && (to === 'paused' || workers === 'laravel');
}

async function command(app: AppConfig, to: Input['to'], context: Context): Promise<void> {
  try {
    for (const { started, complaintOf } of await workersCommands(app, to, context)) {
      const exit = await context.exec.run(started, { signal: context.signal, timeoutMs: COMMAND_MS });
      context.signal.throwIfAborted();
      const complaint = complaintOf(exit);
      if (complaint) throw new Error(complaint);
    }
  } catch (error) {
    context.signal.throwIfAborted();
    throw failure(to, messageOf(error));
  }
}

async function waitUntilIdle(app: AppConfig, idleMs: number, context: Context): Promise<string> {
  const asking = idleCommand(app);
  if (asking === undefined) return 'told to pause';
  const { clock, exec, signal, report } = context;
  const startedMs = clock.ticksMs();
  for (;;) {
    const exit = await exec.run(asking, { signal, timeoutMs: COMMAND_MS });
    signal.throwIfAborted();
    const waitedMs = Math.round(clock.ticksMs() - startedMs);
    if (exit.exitCode === 0) return `idle after ${waitedMs} ms`;
    if (exit.failedToStart || waitedMs >= idleMs) {
      throw failure('paused', `not idle after ${waitedMs} ms: ${describeExit(asking, exit)}`);
    }
    const time = { perSecond: undefined, etaMs: undefined } as const;
    report({ type: 'progress', id: STEP_ID, done: waitedMs, total: idleMs, unit: 'ms', ...time });
    await clock.sleep(ASK_EVERY_MS, signal);
  }
}

function failure(to: Input['to'], what: string): Failure {
  if (to === 'paused') return failedUnchanged(`cannot pause the workers: ${what}`, 'gateway-migrate doctor');
  return new Failure(`cannot start the workers again: ${what}`, {
    exitCode: ExitCode.failedChanged,
    production: 'changed',
    state: 'the workers may still be paused; the site and the database are as the steps before this one say',
    next: 'gateway-migrate resume',
  });
}
