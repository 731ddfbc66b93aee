import { serviceCommand } from '../../app/commands.ts';
import type { AppConfig } from '../../config/config.ts';
import type { Context } from '../../context.ts';
import { ExitCode, Failure, messageOf } from '../../errors.ts';
import { describeExit, displayCommand } from '../../system/exec.ts';
import type { Phase } from '../phase.ts';

/** Stopping php-fpm waits for its requests; systemd itself gives up after 90 s. */
const COMMAND_MS = 100_000;
const SETTLE_MS = 10_000;
const PAUSE_MS = 100;

/**
 * Stops and starts the application's services. `service php8.2-fpm start` exits 0 with a broken configuration and
 * nothing running, and `invoke-rc.d` exits 0 when a policy forbids it: only `status` decides.
 */
export function servicesPhase(app: AppConfig): Phase<'services'> {
  return {
    async run({ action, services, goesOn = false }, context) {
      if (services.length === 0) return 'no services configured';
      const done: string[] = [];
      for (const service of services) {
        try {
          await act(app, action, service, context);
          done.push(service);
        } catch (error) {
          context.signal.throwIfAborted();
          if (!goesOn) throw error;
          context.report({ type: 'note', level: 'warning', text: `${messageOf(error)}; the run goes on without` });
        }
      }
      return `${action === 'stop' ? 'stopped' : 'started'} ${done.join(', ') || 'none'}`;
    },

    async probe({ action, services }, context) {
      const states = await Promise.all(services.map((service) => isRunning(app, service, context)));
      return states.every((running) => running === (action === 'start')) ? 'done' : 'not-done';
    },
  };
}

async function act(app: AppConfig, action: 'stop' | 'start', service: string, context: Context): Promise<void> {
  const command = serviceCommand(app, action, service);
  const exit = await context.exec.run(command, { signal: context.signal, timeoutMs: COMMAND_MS });
  context.signal.throwIfAborted();
  // A command that failed gets one look, a command that claims success gets time to be right.
  const isAsWanted = await waitForState(app, service, action === 'start', exit.exitCode === 0 ? SETTLE_MS : 0, context);
  if (isAsWanted) return;
  const status = displayCommand(serviceCommand(app, 'status', service));
  const found = action === 'start' ? 'it is not running' : 'it is still running';
  throw failure(action, service, `${describeExit(command, exit)}; \`${status}\` says that ${found}`);
}

async function waitForState(app: AppConfig, service: string, wanted: boolean, withinMs: number, context: Context) {
  const startedMs = context.clock.ticksMs();
  for (;;) {
    if ((await isRunning(app, service, context)) === wanted) return true;
    if (context.clock.ticksMs() - startedMs + PAUSE_MS > withinMs) return false;
    await context.clock.sleep(PAUSE_MS, context.signal);
  }
}

/** LSB and systemd agree: `status` exits 0 when the service runs, and with something else when it does not. */
async function isRunning(app: AppConfig, service: string, context: Context): Promise<boolean> {
  const command = serviceCommand(app, 'status', service);
  const exit = await context.exec.run(command, { signal: context.signal, timeoutMs: COMMAND_MS });
  context.signal.throwIfAborted();
  if (exit.failedToStart) throw failure('status', service, describeExit(command, exit));
  return exit.exitCode === 0;
}

function failure(action: 'stop' | 'start' | 'status', service: string, what: string): Failure {
  const intent = action === 'status' ? 'ask for the state of' : action;
  return new Failure(`cannot ${intent} ${service}: ${what}`, {
    exitCode: ExitCode.failedChanged,
    production: 'unknown',
    state: 'the database is as the steps before this one say; services may be stopped',
    next: 'gateway-migrate resume',
  });
}
