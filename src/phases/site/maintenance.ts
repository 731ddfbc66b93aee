import { describeBusy, waitForRequests } from '../../app/in-flight.ts';
import { maintenanceCommand, readSiteState } from '../../app/maintenance.ts';
import { type Answer, describeAnswer, type Patience, waitForStatus } from '../../app/site.ts';
import type { AppConfig } from '../../config/config.ts';
import type { Context } from '../../context.ts';
import { ExitCode, Failure, failedUnchanged, messageOf } from '../../errors.ts';
import { displayCommand } from '../../system/exec.ts';
import type { Phase } from '../phase.ts';

/** A command that hangs must not hold the site down: it is ended after this time. */
const COMMAND_MS = 60_000;
const PROOF: Patience = { withinMs: 5_000, requestMs: 3_000, pauseMs: 25 };
/** How long requests under way are waited for; after that their connections are named and the run goes on. */
const REQUESTS_MS = 5_000;

/**
 * Takes the site down and up again. Exit codes of `artisan` prove nothing, so both directions are proven by what
 * is there afterwards: Laravel's own file or the check command, and the answer of the health URL when there is one.
 */
export function maintenancePhase(app: AppConfig, proof: Patience = PROOF): Phase<'maintenance'> {
  return {
    async run({ to }, context) {
      if (app.dir === undefined) return 'no application configured';
      if (app.maintenance === 'none') return 'no maintenance mode configured: the site stays as it is';
      const remark = await switchSite(app, to, context);
      const answer = await proveByAnswer(app, to, proof, context);
      if (to === 'off') return answer ?? remark;
      return `${answer ?? remark}, ${await drain(context)}`;
    },

    // No evidence counts as not done: entering or leaving once more is harmless, and `run` proves what it did.
    async probe({ to }, context) {
      if (app.dir === undefined || app.maintenance === 'none') return 'done';
      return (await readSiteState(app, context)) === (to === 'on' ? 'maintenance' : 'up') ? 'done' : 'not-done';
    },
  };
}

/** Runs the command and looks at its effect. A command that complains but did its work is reported, not believed. */
async function switchSite(app: AppConfig, to: 'on' | 'off', context: Context): Promise<string> {
  const command = await maintenanceCommand(app, to, context);
  if (command === undefined) return 'nothing to do';
  const exit = await context.exec.run(command.started, { signal: context.signal, timeoutMs: COMMAND_MS });
  context.signal.throwIfAborted();
  const state = await readSiteState(app, context);
  const complaint = exit.exitCode === 0 ? undefined : command.describe(exit);
  const wanted = to === 'on' ? 'maintenance' : 'up';
  if (state === wanted) {
    if (complaint) context.report({ type: 'note', level: 'warning', text: complaint });
    return to === 'on' ? 'in maintenance mode' : 'out of maintenance mode';
  }
  // Without a check command and a URL there is no evidence; then the exit code is all there is.
  const hasOtherProof = app.health !== undefined;
  if (state === 'unknown' && complaint === undefined) {
    return hasOtherProof
      ? 'asked for'
      : `\`${displayCommand(command.typed)}\` exited with 0 (no health URL to prove it)`;
  }
  throw failure(to, complaint ?? `${command.describe(exit)}, but the site is ${stateWords(to)}`);
}

async function proveByAnswer(
  app: AppConfig,
  to: 'on' | 'off',
  proof: Patience,
  context: Context,
): Promise<string | undefined> {
  if (app.health === undefined) return undefined;
  const wanted = to === 'on' ? app.health.maintenance : app.health.expect;
  const answer = await waitForStatus(app.health.url, wanted, proof, context);
  if (answer.status === wanted) return `${wanted} after ${answer.ms} ms`;
  throw failure(to, describeWrongAnswer(app.health.url, to, wanted, answer));
}

function describeWrongAnswer(url: string, to: 'on' | 'off', wanted: number, answer: Answer): string {
  const during = to === 'on' ? 'in maintenance mode' : 'out of maintenance mode';
  return `${url} should answer ${wanted} ${during}, but after ${answer.ms} ms it answers ${describeAnswer(answer)}`;
}

/** Never fails: without a look at the server the migration still has its own short lock waits. */
async function drain(context: Context): Promise<string> {
  try {
    const { waitedMs, busy } = await waitForRequests(context.server, REQUESTS_MS, context);
    for (const session of busy) {
      context.report({ type: 'note', level: 'warning', text: `still at work: ${describeBusy(session)}` });
    }
    return busy.length > 0
      ? `${busy.length} still at work after ${waitedMs} ms`
      : `requests ended after ${waitedMs} ms`;
  } catch (error) {
    context.signal.throwIfAborted();
    const text = `could not look for requests under way: ${messageOf(error)}`;
    context.report({ type: 'note', level: 'warning', text });
    return 'requests under way not known';
  }
}

function stateWords(to: 'on' | 'off'): string {
  return to === 'on' ? 'not in maintenance mode' : 'still in maintenance mode';
}

function failure(to: 'on' | 'off', what: string): Failure {
  if (to === 'on') return failedUnchanged(`cannot enter maintenance mode: ${what}`, 'gateway-migrate doctor');
  return new Failure(`cannot leave maintenance mode: ${what}`, {
    exitCode: ExitCode.failedChanged,
    production: 'changed',
    state: 'the site may be down; the database is as the steps before this one say',
    next: 'gateway-migrate resume',
  });
}
