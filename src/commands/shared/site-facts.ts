import { hasCaches, hasMaintenance, serviceCommand } from '../../app/commands.ts';
import { whyNoLaravelFiles } from '../../app/laravel-files.ts';
import { isInMaintenance } from '../../app/maintenance.ts';
import { askSite } from '../../app/site.ts';
import { hasWorkers } from '../../app/workers.ts';
import type { AppConfig, Config } from '../../config/config.ts';
import type { SiteAnswer } from '../../plan/step.ts';
import type { Facts } from '../../preflight/gather.ts';
import type { Check } from '../../run/check.ts';
import type { Invocation } from './invocation.ts';

const REQUEST_MS = 3_000;

/** What of the application takes part in a plan. A site that was down before stays down: it is not ours to bring up. */
export function siteFacts({ app }: Config, wantsMaintenance: boolean, isSiteDown = false) {
  return {
    withMaintenance: wantsMaintenance && !isSiteDown && hasMaintenance(app),
    withWorkers: wantsMaintenance && hasWorkers(app),
    withCaches: hasCaches(app),
    healthyStatus: isSiteDown ? undefined : app.health?.expect,
  };
}

type SiteFacts = ReturnType<typeof siteFacts> & { readonly answered: SiteAnswer | undefined };

/**
 * The same for a way back, whose application may be the broken one. `isOurs`: the run that is ended has taken the site
 * down itself, and is the one to bring it up; `hasPaused`: its workers too.
 */
export async function siteOnTheWayBack(
  config: Config,
  {
    wants,
    isOurs,
    hasPaused = false,
  }: { readonly wants: boolean; readonly isOurs: boolean; readonly hasPaused?: boolean },
  invocation: Invocation,
): Promise<SiteFacts & { readonly isDown: boolean; readonly isOurs: boolean }> {
  const isDown = await isInMaintenance(config.app, invocation).catch(() => false);
  if (isDown && !isOurs) warn('the site is in maintenance mode already: it is left so', invocation);
  const facts = siteFacts(config, wants || isOurs, isDown && !isOurs);
  const withWorkers = (wants || isOurs || hasPaused) && hasWorkers(config.app);
  return { ...facts, withWorkers, isDown, isOurs, answered: isOurs ? undefined : await askNow(config.app, invocation) };
}

export interface RestoreSite extends SiteFacts {
  readonly by: 'files' | undefined;
  readonly services: readonly string[];
  /** For people. */
  readonly down: string;
}

interface Wanted {
  readonly maintenance: boolean;
  readonly services: boolean;
}

/**
 * How the site goes down for a restore: decided before anything is loaded, by what can be seen of an application that may
 * not start. What cannot be done is left out, and said.
 */
export async function siteForRestore(
  { isSiteDown, checks }: Pick<Facts, 'isSiteDown' | 'checks'>,
  config: Config,
  wanted: Wanted,
  invocation: Invocation,
): Promise<RestoreSite> {
  const { app } = config;
  const facts = siteFacts(config, wanted.maintenance, isSiteDown);
  const broken = facts.withMaintenance && app.maintenance === 'laravel' ? checks.find(isInTheWay) : undefined;
  const whyNot = broken && (await whyNoLaravelFiles(app.dir ?? '', invocation.exec));
  if (broken) warn(describeBroken(broken, whyNot), invocation);
  const withMaintenance = facts.withMaintenance && whyNot === undefined;
  const by = broken && withMaintenance ? ('files' as const) : undefined;
  return {
    ...{ ...facts, withMaintenance, by, down: describeDown(withMaintenance, by, isSiteDown) },
    services: wanted.services ? await servicesAtHand(app, invocation) : [],
    answered: await askNow(app, invocation),
  };
}

/** What keeps artisan from starting at all; one that starts and fails then is met when it does. */
function isInTheWay({ group, name, ok }: Check): boolean {
  return !ok && group === 'application' && ['artisan', 'storage folder', 'application folder'].includes(name);
}

function describeBroken({ detail }: Check, whyNot: string | undefined): string {
  const way = whyNot
    ? `and Laravel's maintenance files cannot be written by hand: ${whyNot}. The site stays as it is`
    : "so Laravel's maintenance files are written by hand";
  return `artisan does not start (${detail}), ${way}`;
}

function describeDown(withMaintenance: boolean, by: 'files' | undefined, isSiteDown: boolean): string {
  if (isSiteDown) return 'in maintenance mode already, and left so';
  if (!withMaintenance) return 'stays as it is: no maintenance mode';
  return by === 'files' ? "down for the swap, by Laravel's own files" : 'down for the swap';
}

/** Those that can be stopped, and started: a restore ends with all of them running, also one that had been stopped. */
async function servicesAtHand(app: AppConfig, invocation: Invocation): Promise<string[]> {
  const atHand: string[] = [];
  for (const service of app.services) {
    const command = serviceCommand(app, 'status', service);
    const exit = await invocation.exec.run(command, { signal: invocation.signal });
    if (exit.failedToStart) warn(`${command.file} cannot be started: ${service} is left as it is`, invocation);
    else {
      if (exit.exitCode !== 0) warn(`${service} does not run: it is started when the restore is done`, invocation);
      atHand.push(service);
    }
  }
  return atHand;
}

async function askNow({ health }: AppConfig, invocation: Invocation): Promise<SiteAnswer | undefined> {
  if (health === undefined) return undefined;
  return (await askSite(health.url, REQUEST_MS, invocation)).status ?? 'nothing';
}

function warn(text: string, { hub }: Invocation): void {
  hub.report({ type: 'note', level: 'warning', text });
}
