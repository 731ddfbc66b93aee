import { rm } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import type { AppConfig, Config } from '../config/config.ts';
import { VERIFY_GROUPS, type VerifyGroup } from '../config/verify-groups.ts';
import { ExitCode, failedUnchanged, messageOf } from '../errors.ts';
import type { Server, Session } from '../mysql/connect.ts';
import { healthPhase } from '../phases/site/health.ts';
import { reach } from '../preflight/reach.ts';
import { readKnownHistory, readSources } from '../preflight/sources.ts';
import { type Check, fails, holds } from '../run/check.ts';
import type { RunEvent } from '../run/events.ts';
import { requireWritable, writeFileAtomically } from '../system/files.ts';
import { beginReading } from './shared/begin.ts';
import { contextOf } from './shared/carry-out.ts';
import type { Invocation } from './shared/invocation.ts';
import { isFailed, reportChecks } from './shared/preflight.ts';
import { verifyScopeOf } from './shared/verify-scope.ts';
import { DONE, withRun } from './shared/with-run.ts';
import { collectDatabase } from './verify/collect.ts';

export interface VerifyOptions {
  /** Default: every group. */
  readonly only?: readonly VerifyGroup[] | undefined;
  /** Where the checks are written as JUnit XML. */
  readonly junit?: string | undefined;
  /** How long the search for orphans may take. Default: to its end. */
  readonly budgetMs?: number | undefined;
  /** Connections that search at once. */
  readonly jobs?: number | undefined;
}

/** Nothing was restarted: a site that is well answers at once. */
const PATIENCE = { withinMs: 1_000, requestMs: 5_000, pauseMs: 250 };

/** Looks at the database, and at the site. Exit 1 when a check does not hold. Changes nothing. */
export function verifyCommand(options: VerifyOptions, invocation: Invocation): Promise<ExitCode> {
  return withRun('verify', invocation, async () => {
    const config = await beginReading('verify', invocation);
    const finishJUnit = await beginJUnit(options, invocation);
    const { server, session } = await reach(config);
    try {
      const checks = await collect(options, { config, server, session }, invocation);
      reportChecks(checks, invocation);
      tellEmpty(options, checks, invocation);
      await finishJUnit();
      const failed = checks.filter(isFailed);
      if (failed.length === 0) return DONE;
      const what = `${failed.length} of ${checks.length} checks do not hold: ${failed.map((check) => check.name).join(', ')}`;
      const error = { what, state: 'production is unchanged by this command', next: 'gateway-migrate status' };
      return { exitCode: ExitCode.finding, production: 'unchanged', error };
    } finally {
      await session.close();
    }
  });
}

interface Place {
  readonly config: Config;
  readonly server: Server;
  readonly session: Session;
}

async function collect(options: VerifyOptions, place: Place, invocation: Invocation): Promise<Check[]> {
  const { config, server, session } = place;
  const groups = new Set(options.only ?? VERIFY_GROUPS);
  const history = await readKnownHistory(session, config, { withText: config.migrations.engine === 'artisan' });
  const { migrations } = await readSources(config, { history });
  const applied = history.filter((row) => row.state === 'applied' || row.state === 'adopted').map((row) => row.version);
  const scope = verifyScopeOf(applied, migrations);
  const checks = await collectDatabase({ ...place, ...options, groups, scope, invocation });
  const { health } = config.app;
  if (health && groups.has('health')) checks.push(await checkHealth(config.app, health.expect, server, invocation));
  return checks;
}

/** Whoever asks for something by name must not take silence for health. */
function tellEmpty({ only }: VerifyOptions, checks: readonly Check[], { hub }: Invocation): void {
  if (!only || checks.length > 0) return;
  const text = `nothing is declared or applied that ${only.join(', ')} could look at: no check was made`;
  hub.report({ type: 'note', level: 'warning', text });
}

/** Kept as they are reported, without secrets. The file appears when it is complete; what cannot be written is told first. */
async function beginJUnit({ junit }: VerifyOptions, { hub, cwd, clock }: Invocation): Promise<() => Promise<void>> {
  if (junit === undefined) return async () => undefined;
  const file = resolve(cwd, junit);
  const next = 'gateway-migrate verify --junit FILE, in a folder that is there and may be written to';
  const giveUp = (error: unknown) => {
    throw failedUnchanged(`cannot write ${file}: ${messageOf(error)}`, next, error);
  };
  await requireWritable(dirname(file)).catch(giveUp);
  // One of an earlier run would be taken for this one's where this one does not get to its end.
  await rm(file, { force: true }).catch(giveUp);
  const startedMs = clock.ticksMs();
  const seen: Extract<RunEvent, { type: 'check' }>[] = [];
  hub.attach((event) => void (event.type === 'check' && seen.push(event)));
  return async () => {
    const { junitXml } = await import('../report/junit.ts');
    await writeFileAtomically(file, junitXml(seen, clock.ticksMs() - startedMs)).catch(giveUp);
  };
}

async function checkHealth(app: AppConfig, expect: number, server: Server, invocation: Invocation): Promise<Check> {
  const about = { group: 'site', name: 'health' };
  try {
    const said = await healthPhase(app, PATIENCE).run({ expect }, contextOf(server, invocation));
    return holds({ ...about, detail: said ?? '' });
  } catch (error) {
    invocation.signal.throwIfAborted();
    return fails({ ...about, detail: messageOf(error), remedy: 'look at the log of the application' });
  }
}
