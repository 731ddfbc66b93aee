import { backupPath } from '../backup/folder.ts';
import { loadConfig } from '../config/load.ts';
import { ExitCode } from '../errors.ts';
import { connect } from '../mysql/connect.ts';
import { backupPhase } from '../phases/backup.ts';
import { provePhase } from '../phases/prove.ts';
import { proofPlaces } from '../sandbox/proof-places.ts';
import { contextOf } from './carry-out.ts';
import type { Invocation } from './invocation.ts';
import { asStep } from './rehearsal.ts';
import { withRun } from './with-run.ts';

/** `backup create`: a backup on its own, named `<db>_manual_<time>`, and its proof. */
export function backupCreateCommand(invocation: Invocation): Promise<ExitCode> {
  const { flags, cwd, env, hub, clock } = invocation;
  return withRun('backup create', invocation, async () => {
    const config = await loadConfig({ file: flags.config, cwd, env });
    const { database: target, backup } = config;
    if (target.password) hub.conceal([target.password]);
    const file = backupPath(backup.dir, target.database, 'manual', clock.now(), backup.compression);
    hub.report({ type: 'run.started', command: 'backup create', target: target.database, logFile: undefined });
    const step = asStep(invocation);
    await step('backup', `back up ${target.database}`, async () => {
      const context = contextOf(await connect(target), invocation);
      return (await backupPhase({ config, env }).run({ purpose: 'manual', file }, context)) ?? '';
    });
    if (backup.verify === 'restore') {
      await step('prove', 'prove the backup by loading it', async () => {
        const production = await connect(target);
        const withProofPlace = proofPlaces({ env, backupDir: backup.dir, production });
        return (await provePhase({ withProofPlace }).run({ file }, contextOf(production, invocation))) ?? '';
      });
    }
    return { exitCode: ExitCode.done, production: 'unchanged', backup: file };
  });
}
