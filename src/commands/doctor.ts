import { ExitCode } from '../errors.ts';
import { proveCommands } from '../preflight/proofs.ts';
import { beginReading } from './shared/begin.ts';
import type { Invocation } from './shared/invocation.ts';
import { isFailed, reportChecks, showPreflight } from './shared/preflight.ts';
import { DONE, withRun } from './shared/with-run.ts';

/** Every preflight check, nothing changed. Exit 1 when something must be mended before a deploy. */
export function doctorCommand(invocation: Invocation): Promise<ExitCode> {
  return withRun('doctor', invocation, async () => {
    const config = await beginReading('doctor', invocation);
    const facts = await showPreflight(config, invocation);
    if (facts.lockHolder) {
      invocation.hub.report({ type: 'note', level: 'warning', text: `a run is going on: ${facts.lockHolder}` });
    }
    const { exec, env } = invocation;
    const proofs = await proveCommands({ config, server: facts.server, exec, path: env.PATH });
    reportChecks(proofs, invocation);
    const failed = facts.checks.filter(isFailed);
    if (facts.unfinished && !facts.lockHolder) {
      return finding(`run ${facts.unfinished.run} (${facts.unfinished.command}) was cut off`, 'gateway-migrate resume');
    }
    if (failed.length === 0) return DONE;
    return finding(
      `to be mended before a deploy: ${failed.map((check) => check.name).join(', ')}`,
      'gateway-migrate doctor',
    );
  });
}

function finding(what: string, next: string) {
  const error = { what, state: 'production is unchanged', next };
  return { exitCode: ExitCode.finding, production: 'unchanged' as const, error };
}
