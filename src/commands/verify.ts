import { ExitCode } from '../errors.ts';
import { readMigrations } from '../migrations/files.ts';
import { healthPhase } from '../phases/health.ts';
import { collectChecks } from '../phases/verify.ts';
import { reach } from '../preflight/gather.ts';
import { readHistory } from '../statements/history.ts';
import { beginReading } from './begin.ts';
import { contextOf } from './carry-out.ts';
import type { Invocation } from './invocation.ts';
import { isFailed, reportChecks } from './preflight.ts';
import { verifyScopeOf } from './verify-scope.ts';
import { DONE, withRun } from './with-run.ts';

/** Looks at what the applied migrations made, and at the site. Exit 1 when a check does not hold. Changes nothing. */
export function verifyCommand(invocation: Invocation): Promise<ExitCode> {
  return withRun('verify', invocation, async () => {
    const config = await beginReading('verify', invocation);
    const server = await reach(config.database);
    const session = await server.open();
    try {
      const history = await readHistory(session, { withText: false });
      const { migrations } = await readMigrations(config.migrations.dir);
      const applied = history
        .filter((row) => row.state === 'applied' || row.state === 'adopted')
        .map((row) => row.version);
      const scope = verifyScopeOf(applied, migrations);
      const { flavor } = server;
      const { database } = server.target;
      const checks = await collectChecks(session, { ...scope, flavor, database, verify: config.verify });
      reportChecks(checks, invocation);
      if (config.app.health) {
        const said = await healthPhase(config.app).run(
          { expect: config.app.health.expect },
          contextOf(server, invocation),
        );
        reportChecks([{ group: 'site', name: 'health', ok: true, level: 'error', detail: said ?? '' }], invocation);
      }
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
