import { resolve } from 'node:path';
import { verifyBackup } from '../backup/verify.ts';
import { ExitCode, messageOf } from '../errors.ts';
import type { Invocation } from './invocation.ts';
import { DONE, type Ending, withRun } from './with-run.ts';

/** `backup verify FILE`: reads a backup through and says everything that is wrong with it. Needs no server. */
export function backupVerifyCommand(file: string, invocation: Invocation): Promise<ExitCode> {
  const { cwd, hub, signal } = invocation;
  return withRun('backup verify', invocation, async () => {
    const path = resolve(cwd, file);
    const problems = await verifyBackup(path, { signal }).then(
      (verified) => verified.problems,
      (error: unknown) => {
        signal.throwIfAborted();
        return [messageOf(error)];
      },
    );
    for (const detail of problems) {
      hub.report({ type: 'check', group: 'backup', name: file, ok: false, level: 'error', detail });
    }
    if (problems.length > 0) return damaged(path);
    const detail = 'checksum, every member, the last line and every table are as the manifest says';
    hub.report({ type: 'check', group: 'backup', name: file, ok: true, level: 'error', detail });
    return { ...DONE, backup: path };
  });
}

function damaged(path: string): Ending {
  return {
    exitCode: ExitCode.finding,
    production: 'unchanged',
    error: {
      what: `${path} is not a whole backup`,
      state: 'nothing was started, production is unchanged',
      next: 'gateway-migrate backup list',
    },
  };
}
