import type { AppConfig } from '../config/config.ts';
import { ExitCode, messageOf } from '../errors.ts';
import { readMigrations } from '../migrations/files.ts';
import type { Server } from '../mysql/connect.ts';
import { collectChecks } from '../phases/migrate/verify.ts';
import { healthPhase } from '../phases/site/health.ts';
import { reach } from '../preflight/reach.ts';
import { type Check, fails, holds } from '../run/check.ts';
import { readHistory } from '../statements/history.ts';
import { beginReading } from './shared/begin.ts';
import { contextOf } from './shared/carry-out.ts';
import type { Invocation } from './shared/invocation.ts';
import { isFailed, reportChecks } from './shared/preflight.ts';
import { verifyScopeOf } from './shared/verify-scope.ts';
import { DONE, withRun } from './shared/with-run.ts';

/** Nothing was restarted: a site that is well answers at once. */
const PATIENCE = { withinMs: 1_000, requestMs: 5_000, pauseMs: 250 };

/** Looks at what the applied migrations made, and at the site. Exit 1 when a check does not hold. Changes nothing. */
export function verifyCommand(invocation: Invocation): Promise<ExitCode> {
  return withRun('verify', invocation, async () => {
    const config = await beginReading('verify', invocation);
    const { server, session } = await reach(config);
    try {
      const history = await readHistory(session, { withText: false });
      const { migrations } = await readMigrations(config.migrations.dir);
      const applied = history
        .filter((row) => row.state === 'applied' || row.state === 'adopted')
        .map((row) => row.version);
      const scope = verifyScopeOf(applied, migrations);
      const { flavor } = server;
      const { database } = server.target;
      const collected = await collectChecks(session, { ...scope, flavor, database, verify: config.verify });
      const checks = [...collected.checks];
      if (config.app.health) checks.push(await checkHealth(config.app, config.app.health.expect, server, invocation));
      reportChecks(checks, invocation);
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
