import { backupPath } from '../backup/folder.ts';
import { loadConfig } from '../config/load.ts';
import { ExitCode, messageOf } from '../errors.ts';
import { connect } from '../mysql/connect.ts';
import { backupPhase } from '../phases/backup.ts';
import type { Invocation } from './invocation.ts';
import { withRun } from './with-run.ts';

/** `backup create`: a backup on its own, named `<db>_manual_<time>`. */
export function backupCreateCommand(invocation: Invocation): Promise<ExitCode> {
  const { flags, cwd, env, hub, clock, exec, signal } = invocation;
  return withRun('backup create', invocation, async () => {
    const config = await loadConfig({ file: flags.config, cwd, env });
    const { database: target, backup } = config;
    if (target.password) hub.conceal([target.password]);
    const file = backupPath(backup.dir, target.database, 'manual', clock.now(), backup.compression);
    hub.report({ type: 'run.started', command: 'backup create', target: target.database, logFile: undefined });
    const step = { id: 'backup', title: `back up ${target.database}` };
    const startedMs = clock.ticksMs();
    hub.report({ type: 'step.started', ...step });
    try {
      const server = await connect(target);
      const context = { server, exec, fetch: invocation.fetch, clock, signal, report: hub.report };
      const detail = await backupPhase({ config, env }).run({ purpose: 'manual', file }, context);
      hub.report({ type: 'step.finished', ...step, ms: clock.ticksMs() - startedMs, detail });
    } catch (error) {
      hub.report({ type: 'step.failed', ...step, ms: clock.ticksMs() - startedMs, error: messageOf(error) });
      throw error;
    }
    return { exitCode: ExitCode.done, production: 'unchanged', backup: file };
  });
}
