import type { Config } from '../../config/config.ts';
import { failedUnchanged, refusal } from '../../errors.ts';
import { requireTables } from '../../exchange/emptied.ts';
import {
  checkWithoutDatabase,
  type Facts,
  gatherFacts,
  gatherNeeded,
  isComplete,
  type Need,
} from '../../preflight/gather.ts';
import { checkStanding, type Standing } from '../../preflight/standing.ts';
import type { Check } from '../../run/check.ts';
import type { Invocation } from './invocation.ts';

const STEP = { id: 'preflight', title: 'Preflight' };

/** What of the checks a command cannot do without: of the others it only warns. */
type IsNeeded = (check: Check) => boolean;

/** Gathers the facts as a step that everybody sees: every check is reported, with its remedy. */
export function showPreflight(config: Config, invocation: Invocation, isNeeded: IsNeeded = () => true): Promise<Facts> {
  return asStep(config, invocation, gatherFacts(config, invocation), isNeeded);
}

/** How things stand, for a command that goes on with a run or back from it: what that needs, its own steps ask for. */
export function showStanding(config: Config, invocation: Invocation): Promise<Standing> {
  const standing = gatherNeeded(config, invocation, { isEnough: () => true, backup: false });
  return asStep(config, invocation, standing, () => false);
}

/** The facts, or how things stand where that is enough. */
export function showNeeded(config: Config, invocation: Invocation, need: Need): Promise<Facts | Standing> {
  return asStep(config, invocation, gatherNeeded(config, invocation, need));
}

async function asStep<T extends Facts | Standing>(
  config: Config,
  invocation: Invocation,
  gathering: Promise<T>,
  isNeeded: IsNeeded = () => true,
): Promise<T> {
  const { hub, clock } = invocation;
  const startedMs = clock.ticksMs();
  hub.report({ type: 'step.started', ...STEP });
  try {
    const found = await orInterrupted(gathering, invocation.signal);
    const all = isComplete(found) ? found.checks : checkStanding(found, config);
    const checks = all.map((check) =>
      isFailed(check) && !isNeeded(check) ? { ...check, level: 'warning' as const } : check,
    );
    reportChecks(checks, invocation);
    const failed = checks.filter(isFailed).length;
    const ms = clock.ticksMs() - startedMs;
    if (failed === 0) hub.report({ type: 'step.finished', ...STEP, ms, detail: `${checks.length} checks` });
    else hub.report({ type: 'step.failed', ...STEP, ms, error: `${failed} of ${checks.length} checks failed` });
    return found;
  } catch (error) {
    reportChecks(await checkWithoutDatabase(config, invocation), invocation);
    const ms = clock.ticksMs() - startedMs;
    hub.report({ type: 'step.failed', ...STEP, ms, error: error instanceof Error ? error.message : String(error) });
    throw error;
  }
}

/** Preflight only reads: Ctrl-C need not wait for a server that does not answer. */
function orInterrupted<T>(reading: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const stop = () => reject(signal.reason);
    if (signal.aborted) stop();
    signal.addEventListener('abort', stop, { once: true });
    reading.then(resolve, reject).finally(() => signal.removeEventListener('abort', stop));
  });
}

export function reportChecks(checks: readonly Check[], invocation: Invocation): void {
  for (const check of checks) invocation.hub.report({ type: 'check', ...check });
}

export function isFailed(check: Check): boolean {
  return !check.ok && check.level === 'error';
}

/** Stops a command before anything is touched (exit 2): everything that is wrong is named at once. */
export function requireReady(checks: readonly Check[]): void {
  const failed = checks.filter(isFailed);
  if (failed.length === 0) return;
  const names = failed.map((check) => check.name).join(', ');
  throw failedUnchanged(
    `preflight found ${failed.length} to mend: ${names}`,
    'mend them, then look again: gateway-migrate doctor',
  );
}

/** Stops a command that another run stands in the way of, or what one has left that only that one can end (exit 5). */
export function requireFree({ lockHolder, emptied }: Pick<Standing, 'lockHolder' | 'emptied'>): void {
  if (lockHolder) {
    throw refusal(`another run holds the lock: ${lockHolder}`, 'gateway-migrate status (shows when it has ended)');
  }
  requireTables(emptied);
}
