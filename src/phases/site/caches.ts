import { access } from 'node:fs/promises';
import { appCommand } from '../../app/commands.ts';
import {
  artisanClear,
  CACHES_AFTER,
  CACHES_BEFORE,
  describeArtisan,
  hasCleared,
  type LaravelCache,
  laravelPaths,
} from '../../app/laravel.ts';
import { artisanClearTogether, outputsOf } from '../../app/laravel-clear.ts';
import { asOwner, type Owner, readOwner } from '../../app/owner.ts';
import type { AppConfig } from '../../config/config.ts';
import type { Context } from '../../context.ts';
import { ExitCode, Failure, failedUnchanged, messageOf } from '../../errors.ts';
import type { StepInputs } from '../../plan/step.ts';
import { type Command, describeExit } from '../../system/exec.ts';
import type { Exit } from '../../system/exit.ts';
import type { Phase } from '../phase.ts';

type When = StepInputs['caches']['when'];

const COMMAND_MS = 60_000;

/** Clears the application's caches. Clearing twice does no harm, so a step that was cut off is run again. */
export function cachesPhase(app: AppConfig): Phase<'caches'> {
  return {
    async run({ when, isRescue = false }, context) {
      try {
        return await clearCaches(app, when, context);
      } catch (error) {
        context.signal.throwIfAborted();
        if (!isRescue) throw error;
        const text = `${messageOf(error)}; the database does not need them: clear them once the application starts`;
        context.report({ type: 'note', level: 'warning', text });
        return 'not cleared';
      }
    },
    probe: async () => 'not-done',
  };
}

async function clearCaches(app: AppConfig, when: When, context: Context): Promise<string> {
  if (app.caches === 'none') return 'no caches configured';
  if (app.caches !== 'laravel') return runOwnCommands(app, app.caches, when, context);
  return app.dir === undefined ? 'no application configured' : clearLaravel(app.dir, when, context);
}

async function runOwnCommands(app: AppConfig, argvs: readonly (readonly string[])[], when: When, context: Context) {
  for (const argv of argvs) {
    const command = appCommand(app, argv);
    const exit = await context.exec.run(command, { signal: context.signal, timeoutMs: COMMAND_MS });
    context.signal.throwIfAborted();
    if (exit.exitCode !== 0) throw failure(when, describeExit(command, exit));
  }
  return `${argvs.length} ${argvs.length === 1 ? 'command' : 'commands'}`;
}

/**
 * One PHP start takes longer than the work of all, so there is one for all. Two rules keep that safe: a cached configuration goes
 * first and alone (a program that was started with it would clear the cache store that it names), and a command that fails is
 * run once more by itself, for its own words.
 */
async function clearLaravel(dir: string, when: When, context: Context): Promise<string> {
  const caches = when === 'before' ? CACHES_BEFORE : CACHES_AFTER;
  const owner = await readOwner(dir, context.exec);
  const isConfigCached = await access(laravelPaths(dir).cachedConfig).then(
    () => true,
    () => false,
  );
  const first = isConfigCached ? caches.slice(0, 1) : [];
  for (const cache of first) await clearAlone(dir, cache, when, owner, context);
  const together = caches.slice(first.length);
  const exit = await start(artisanClearTogether(dir, together), owner, context);
  const outputs = outputsOf(exit.stdout, together);
  for (const [index, cache] of together.entries()) {
    if (!hasCleared(outputs[index] ?? '')) await clearAlone(dir, cache, when, owner, context);
  }
  return caches.join(', ');
}

async function start(command: Command, owner: Owner, context: Context): Promise<Exit> {
  const exit = await context.exec.run(asOwner(command, owner), { signal: context.signal, timeoutMs: COMMAND_MS });
  context.signal.throwIfAborted();
  return exit;
}

async function clearAlone(dir: string, cache: LaravelCache, when: When, owner: Owner, context: Context): Promise<void> {
  const command = artisanClear(dir, cache);
  const complaint = complaintOf(command, await start(command, owner, context));
  if (complaint) throw failure(when, complaint);
}

function complaintOf(command: Command, exit: Exit): string | undefined {
  if (exit.exitCode === 0 && hasCleared(exit.stdout)) return undefined;
  return `${describeArtisan(command, exit)}${exit.exitCode === 0 ? ' (and cleared nothing)' : ''}`;
}

function failure(when: When, what: string): Failure {
  const text = `cannot clear the application's caches: ${what}`;
  if (when === 'before') return failedUnchanged(text, 'gateway-migrate doctor');
  return new Failure(text, {
    exitCode: ExitCode.failedChanged,
    production: 'changed',
    state: 'the database is as the steps before this one say; the application may still use old cached files',
    next: 'gateway-migrate resume',
  });
}
