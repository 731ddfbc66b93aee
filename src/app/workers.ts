import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { AppConfig } from '../config/config.ts';
import { type Command, describeExit } from '../system/exec.ts';
import type { Exit } from '../system/exit.ts';
import { appCommand } from './commands.ts';
import { artisan, describeArtisan } from './laravel.ts';
import { asOwner, readOwner } from './owner.ts';
import type { AppPorts } from './ports.ts';

/** One command that stops or starts what writes while HTTP is down. */
export interface WorkersCommand {
  readonly started: Command;
  /** What went wrong, in one sentence; undefined: nothing did. */
  complaintOf(exit: Exit): string | undefined;
}

/** Whether anything is known that writes beside the site and can be told to stop. */
export function hasWorkers({ workers = 'none', dir }: AppConfig): boolean {
  return workers === 'laravel' ? dir !== undefined : workers !== 'none';
}

/**
 * Laravel's workers take no job while the site is in maintenance mode, save those started with `--force`. Told to restart they end
 * after the job they are at; told so again when the site is up they begin anew, with nothing in mind of the schema before.
 * Horizon, where it is installed, is paused and continued.
 */
export async function workersCommands(
  app: AppConfig,
  to: 'paused' | 'running',
  ports: AppPorts,
): Promise<readonly WorkersCommand[]> {
  const { workers = 'none', dir } = app;
  if (workers === 'none') return [];
  if (workers !== 'laravel') {
    const started = appCommand(app, to === 'paused' ? workers.pause : workers.resume);
    return [{ started, complaintOf: (exit) => (exit.exitCode === 0 ? undefined : describeExit(started, exit)) }];
  }
  if (dir === undefined) return [];
  const owner = await readOwner(dir, ports.exec);
  const horizon = existsSync(join(dir, 'vendor/laravel/horizon'))
    ? [to === 'paused' ? 'horizon:pause' : 'horizon:continue']
    : [];
  return [...horizon, 'queue:restart'].map((name) => {
    const typed = artisan(dir, name);
    // An exit code of artisan proves nothing: after an error that cannot be logged it is 0.
    const isDone = ({ exitCode, stdout }: Exit) =>
      exitCode === 0 && (name !== 'queue:restart' || /restart signal/i.test(stdout));
    return {
      started: asOwner(typed, owner),
      complaintOf: (exit) => (isDone(exit) ? undefined : describeArtisan(typed, exit)),
    };
  });
}

/** Asks whether the last job has ended; undefined where nothing can be asked. */
export function idleCommand(app: AppConfig): Command | undefined {
  const { workers = 'none' } = app;
  return typeof workers === 'object' && workers.idle ? appCommand(app, workers.idle) : undefined;
}
