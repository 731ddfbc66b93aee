import { access } from 'node:fs/promises';
import type { AppConfig } from '../config/config.ts';
import { type Command, describeExit } from '../system/exec.ts';
import type { Exit } from '../system/exit.ts';
import { appCommand } from './commands.ts';
import { artisanDown, artisanUp, describeArtisan, laravelPaths } from './laravel.ts';
import { isLeftOver, withoutRaces } from './laravel-races.ts';
import { asOwner, readOwner } from './owner.ts';
import type { AppPorts } from './ports.ts';
import { askSite } from './site.ts';

/** `unknown`: the evidence at hand says neither (no check command, no health URL, or an answer that is neither). */
export type SiteState = 'up' | 'maintenance' | 'unknown';

const REQUEST_MS = 3_000;

/** What takes the site down or up. */
export interface MaintenanceCommand {
  /** As a person would type it. */
  readonly typed: Command;
  /** As it is started: as the right account. */
  readonly started: Command;
  /** How it ended, in one sentence. */
  describe(exit: Exit): string;
}

/** Undefined when the application has no maintenance mode. */
export async function maintenanceCommand(
  app: AppConfig,
  to: 'on' | 'off',
  ports: AppPorts,
): Promise<MaintenanceCommand | undefined> {
  if (app.maintenance === 'none') return undefined;
  if (app.maintenance === 'laravel') {
    if (app.dir === undefined) return undefined;
    const typed = to === 'on' ? artisanDown(app.dir) : artisanUp(app.dir);
    const started = asOwner(withoutRaces(typed), await readOwner(app.dir, ports.exec));
    return { typed, started, describe: (exit) => describeArtisan(typed, exit) };
  }
  const typed = appCommand(app, to === 'on' ? app.maintenance.enter : app.maintenance.leave);
  return { typed, started: typed, describe: (exit) => describeExit(typed, exit) };
}

/** Is the site in maintenance mode? Reads only. An application without maintenance mode is `up`. */
export async function readSiteState(app: AppConfig, ports: AppPorts): Promise<SiteState> {
  if (app.maintenance === 'none') return 'up';
  if (app.maintenance === 'laravel') return app.dir === undefined ? 'up' : readLaravelState(app, app.dir, ports);
  const { check } = app.maintenance;
  if (check === undefined) return stateFromAnswer(app, ports);
  const exit = await ports.exec.run(appCommand(app, check), { signal: ports.signal });
  if (exit.failedToStart || exit.signal !== undefined) return 'unknown';
  return exit.exitCode === 0 ? 'maintenance' : 'up';
}

/** Someone took the site down before us: then it is left down, and preflight says so. */
export async function isInMaintenance(app: AppConfig, ports: AppPorts): Promise<boolean> {
  return (await readSiteState(app, ports)) === 'maintenance';
}

async function readLaravelState(app: AppConfig, dir: string, ports: AppPorts): Promise<SiteState> {
  const paths = laravelPaths(dir);
  if (await exists(paths.down)) return 'maintenance';
  if (!(await exists(paths.maintenance)) || (await isLeftOver(paths.maintenance))) return 'up';
  // Laravel 9's cache driver keeps no `down` file; an `artisan up` that was cut off leaves this one behind, harmless.
  return stateFromAnswer(app, ports);
}

async function stateFromAnswer(app: AppConfig, ports: AppPorts): Promise<SiteState> {
  if (app.health === undefined) return 'unknown';
  const answer = await askSite(app.health.url, REQUEST_MS, ports);
  if (answer.status === app.health.maintenance) return 'maintenance';
  return answer.status === app.health.expect ? 'up' : 'unknown';
}

/** Throws for anything but "no such file": a folder we may not look into is no evidence that the file is not there. */
async function exists(path: string): Promise<boolean> {
  try {
    await access(path);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false;
    throw error;
  }
}
