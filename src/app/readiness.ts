import { stat } from 'node:fs/promises';
import type { AppConfig } from '../config/config.ts';
import { messageOf } from '../errors.ts';
import { advise, type Check, fail, pass } from './check.ts';
import { appCommand, hasCaches, hasMaintenance, serviceCommand } from './commands.ts';
import { checkLaravel } from './laravel-readiness.ts';
import { readSiteState, type SiteState } from './maintenance.ts';
import type { AppPorts } from './ports.ts';
import { askSite, describeAnswer } from './site.ts';
import { hasWorkers } from './workers.ts';

const REQUEST_MS = 5_000;

/** Is the application such that it can be taken down, cleared and brought up again? Changes nothing. */
export async function checkApp(app: AppConfig, ports: AppPorts): Promise<Check[]> {
  const { dir } = app;
  const folder = dir === undefined ? withoutFolder(app) : await checkFolder(dir);
  if (!folder.ok || isNothing(app)) return [folder];
  const [laravel, commands, services, site] = await Promise.all([
    dir !== undefined && usesLaravel(app) ? checkLaravel(dir, ports) : [],
    checkCommands(app, ports),
    checkServices(app, ports),
    checkSite(app, ports),
  ]);
  return [folder, ...laravel, ...commands, ...services, ...site];
}

function isNothing(app: AppConfig): boolean {
  const hasAny = hasMaintenance(app) || hasWorkers(app) || hasCaches(app) || app.services.length > 0;
  return app.dir === undefined && !hasAny && !app.health;
}

function withoutFolder(app: AppConfig): Check {
  if (isNothing(app)) return advise('application', 'none configured: no maintenance mode, caches or services');
  return advise('application', `no folder configured: its commands run in ${app.commandsDir ?? process.cwd()}`);
}

function usesLaravel(app: AppConfig): boolean {
  return [app.maintenance, app.workers, app.caches].includes('laravel');
}

async function checkFolder(dir: string): Promise<Check> {
  const remedy = 'set app.dir to the folder of the application, or leave it out when there is none';
  try {
    const isFolder = (await stat(dir)).isDirectory();
    return isFolder ? pass('application folder', dir) : fail('application folder', `${dir} is not a folder`, remedy);
  } catch (error) {
    return fail('application folder', messageOf(error), remedy);
  }
}

/** Programs of custom maintenance and cache commands: that they exist is all that can be known without running them. */
async function checkCommands(app: AppConfig, ports: AppPorts): Promise<Check[]> {
  const named: (readonly [string, readonly string[] | undefined])[] = [];
  if (typeof app.maintenance === 'object') {
    const { enter, leave, check } = app.maintenance;
    named.push(['maintenance.enter', enter], ['maintenance.leave', leave], ['maintenance.check', check]);
  }
  if (typeof app.workers === 'object') {
    const { pause, resume, idle } = app.workers;
    named.push(['workers.pause', pause], ['workers.resume', resume], ['workers.idle', idle]);
  }
  if (typeof app.caches === 'object') named.push(...app.caches.map((argv, at) => [`caches[${at}]`, argv] as const));
  const checks = named.map(([name, argv]) => (argv ? checkProgram(app, `app.${name}`, argv, ports) : undefined));
  return (await Promise.all(checks)).filter((check) => check !== undefined);
}

async function checkProgram(app: AppConfig, name: string, argv: readonly string[], ports: AppPorts): Promise<Check> {
  const [program = ''] = argv;
  const look = appCommand(app, ['sh', '-c', 'command -v "$1"', 'sh', program]);
  const exit = await ports.exec.run(look, { signal: ports.signal });
  if (exit.exitCode === 0) return pass(name, exit.stdout.trim());
  return fail(name, `${program} was not found`, `install ${program} or correct ${name}`);
}

/** Services are touched by `restore` only, so one that is not running is a warning here. */
async function checkServices(app: AppConfig, ports: AppPorts): Promise<Check[]> {
  return Promise.all(
    app.services.map(async (service) => {
      const command = serviceCommand(app, 'status', service);
      const exit = await ports.exec.run(command, { signal: ports.signal });
      if (exit.exitCode === 0) return pass(service, 'running');
      const remedy = exit.failedToStart
        ? `set app.serviceCommand to what this machine uses, e.g. [service, "{service}", "{action}"]`
        : `correct app.services, or start ${service}`;
      const detail = exit.failedToStart ? `${command.file} cannot be started` : `not running (exit ${exit.exitCode})`;
      return fail(service, detail, remedy, 'warning');
    }),
  );
}

async function checkSite(app: AppConfig, ports: AppPorts): Promise<Check[]> {
  const state = await readSiteState(app, ports).catch(() => 'unknown' as const);
  const checks = [await checkHealth(app, state, ports)];
  if (state === 'maintenance') {
    const detail = 'the site is already in maintenance mode: it will be left as it is';
    checks.push(fail('maintenance mode', detail, 'nothing, if that is meant; else bring the site up first', 'warning'));
  }
  return checks;
}

async function checkHealth(app: AppConfig, state: SiteState, ports: AppPorts): Promise<Check> {
  if (app.health === undefined) {
    return advise('health URL', 'none configured: the site will not be asked', 'set app.health.url');
  }
  const { url, expect, maintenance } = app.health;
  const wanted = state === 'maintenance' ? maintenance : expect;
  const answer = await askSite(url, REQUEST_MS, ports);
  if (answer.status === wanted) return pass('health URL', `${url} answers ${wanted} in ${answer.ms} ms`);
  const detail = `${url} should answer ${wanted}, but answers ${describeAnswer(answer)}`;
  return fail('health URL', detail, 'repair the site, or correct app.health, before anything is deployed');
}
