import { hasMaintenance } from '../../app/commands.ts';
import { describeBusy, waitForRequests } from '../../app/in-flight.ts';
import { laravelFilesCommand } from '../../app/laravel-files.ts';
import { isInMaintenance, type MaintenanceCommand, maintenanceCommand, readSiteState } from '../../app/maintenance.ts';
import { type Answer, describeAnswer, type Patience, waitForStatus } from '../../app/site.ts';
import type { AppConfig } from '../../config/config.ts';
import type { Context } from '../../context.ts';
import { ExitCode, Failure, failedUnchanged, messageOf } from '../../errors.ts';
import type { StepInputs } from '../../plan/step.ts';
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
    async run(input, context, isFound = false) {
      if (!hasMaintenance(app)) return whyNone(app);
      const { to, isRescue = false, goesOn = false } = input;
      try {
        // Whoever took it down may have said how: with a page, a secret, a time.
        const remark = isFound ? 'in maintenance mode already' : await switchSite(app, input, context);
        // A rescue ends with the question of its own whether the site is well.
        const answer = to === 'off' && isRescue ? undefined : await proveByAnswer(app, input, proof, context);
        if (to === 'off') return answer ?? remark;
        return `${answer ?? remark}, ${await drain(context)}`;
      } catch (error) {
        context.signal.throwIfAborted();
        if (!goesOn) throw error;
        context.report({ type: 'note', level: 'warning', text: `${messageOf(error)}; the run goes on without` });
        return 'the site stays as it is';
      }
    },

    isFound: async ({ to, isOurs }, context) =>
      to === 'on' && !isOurs && hasMaintenance(app) && isInMaintenance(app, context),

    // No evidence counts as not done: entering or leaving once more is harmless, and `run` proves what it did.
    async probe({ to, isRescue }, context) {
      if (!hasMaintenance(app)) return 'done';
      try {
        return (await readSiteState(app, context)) === (to === 'on' ? 'maintenance' : 'up') ? 'done' : 'not-done';
      } catch (error) {
        if (isRescue) return 'not-done';
        throw error;
      }
    },
  };
}

function whyNone({ maintenance }: AppConfig): string {
  if (maintenance === 'laravel') return 'no application configured';
  return 'no maintenance mode configured: the site stays as it is';
}

type Input = StepInputs['maintenance'];

/** By the command; and in a rescue, where that does not do it, by hand. */
async function switchSite(app: AppConfig, { to, isRescue, by }: Input, context: Context): Promise<string> {
  // The way up is always tried: what kept artisan from starting may be back.
  const tried = by === 'files' && to === 'on' ? { problem: undefined } : await tryCommand(app, to, context, isRescue);
  if ('remark' in tried) return tried.remark;
  if (!isRescue || app.maintenance !== 'laravel' || app.dir === undefined) throw failure(to, tried.problem ?? '');
  const files = await laravelFilesCommand(app.dir, to, context.exec).catch(messageOf);
  const exit = typeof files === 'string' ? undefined : await context.exec.run(files, { timeoutMs: COMMAND_MS });
  const state = await readSiteState(app, context).catch(() => 'unknown' as const);
  const done = state === (to === 'on' ? 'maintenance' : 'up');
  const { problem } = tried;
  if (done) {
    if (problem)
      context.report({
        type: 'note',
        level: 'warning',
        text: `${problem}; Laravel's files were ${to === 'on' ? 'written' : 'removed'} instead`,
      });
    return to === 'on'
      ? "in maintenance mode, by Laravel's own files"
      : "out of maintenance mode, by Laravel's own files";
  }
  const why = typeof files === 'string' ? files : exit?.stderr.trim() || `the site is ${stateWords(to)}`;
  throw failure(to, [problem, `Laravel's files by hand: ${why}`].filter(Boolean).join('; '));
}

/** Runs the command and looks at its effect. A command that complains but did its work is reported, not believed. */
async function tryCommand(
  app: AppConfig,
  to: 'on' | 'off',
  context: Context,
  isRescue = false,
): Promise<{ remark: string } | { problem: string }> {
  let command: MaintenanceCommand | undefined;
  try {
    command = await maintenanceCommand(app, to, context);
  } catch (error) {
    if (!isRescue) throw error;
    return { problem: messageOf(error) };
  }
  if (command === undefined) return { remark: 'nothing to do' };
  const exit = await context.exec.run(command.started, { signal: context.signal, timeoutMs: COMMAND_MS });
  context.signal.throwIfAborted();
  const state = await readSiteState(app, context);
  const complaint = exit.exitCode === 0 ? undefined : command.describe(exit);
  const wanted = to === 'on' ? 'maintenance' : 'up';
  if (state === wanted) {
    if (complaint) context.report({ type: 'note', level: 'warning', text: complaint });
    return { remark: to === 'on' ? 'in maintenance mode' : 'out of maintenance mode' };
  }
  // Without a check command and a URL there is no evidence; then the exit code is all there is.
  const hasOtherProof = app.health !== undefined;
  if (state === 'unknown' && complaint === undefined) {
    const code = `\`${displayCommand(command.typed)}\` exited with 0 (no health URL to prove it)`;
    return { remark: hasOtherProof ? 'asked for' : code };
  }
  return { problem: complaint ?? `${command.describe(exit)}, but the site is ${stateWords(to)}` };
}

/** In a rescue any answer will do that is not the healthy one: whom nobody is served, nobody writes. */
async function proveByAnswer(
  app: AppConfig,
  { to, isRescue }: Input,
  proof: Patience,
  context: Context,
): Promise<string | undefined> {
  if (app.health === undefined) return undefined;
  const { url, expect, maintenance } = app.health;
  const wanted = to === 'on' ? maintenance : expect;
  const answer = await waitForStatus(url, wanted, proof, context);
  if (answer.status === wanted) return `${wanted} after ${answer.ms} ms`;
  const what = describeWrongAnswer(url, to, wanted, answer);
  if (!isRescue || answer.status === expect) throw failure(to, what);
  context.report({ type: 'note', level: 'warning', text: what });
  return `in maintenance mode, but the site answers ${describeAnswer(answer)}`;
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
