import { dirname, resolve } from 'node:path';
import { verifyBackup } from '../../backup/file/verify.ts';
import type { ProofOutcome } from '../../backup/proof/place.ts';
import { proveBackup } from '../../backup/proof/proof.ts';
import { loadConfig } from '../../config/load.ts';
import { ExitCode, messageOf } from '../../errors.ts';
import { connect, type Server } from '../../mysql/connect.ts';
import { proofPlaces } from '../../private-server/proof/places.ts';
import type { Invocation } from '../shared/invocation.ts';
import { DONE, type Ending, withRun } from '../shared/with-run.ts';

/**
 * `backup verify FILE`: reads a backup through and says everything that is wrong with it; what is whole is loaded
 * where there is a server of its series, and compared. Without one the file itself is all that is looked at.
 */
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
    const check = (ok: boolean, detail: string) =>
      hub.report({ type: 'check', group: 'backup', name: file, ok, level: 'error', detail });
    for (const detail of problems) check(false, detail);
    if (problems.length > 0) return damaged(path, 'is not a whole backup');
    check(true, 'checksum, every member, the last line and every table are as the manifest says');
    const outcome = await prove(path, invocation);
    if ('unable' in outcome) {
      hub.report({ type: 'note', level: 'info', text: `it was not loaded: ${outcome.unable}` });
      return { ...DONE, backup: path };
    }
    for (const detail of outcome.differences) check(false, detail);
    if (outcome.differences.length > 0) return damaged(path, 'does not bring back what was backed up');
    check(true, `loaded into ${outcome.method} and dumped again it is the same`);
    return { ...DONE, backup: path };
  });
}

async function prove(path: string, invocation: Invocation): Promise<ProofOutcome> {
  const { env, exec, clock, signal, hub } = invocation;
  const withPlace = proofPlaces({ env, backupDir: dirname(path), production: await reachProduction(invocation) });
  return proveBackup(path, 'prove', withPlace, { exec, clock, signal, report: hub.report });
}

/** A backup can be looked at where there is no configuration, and no server either. */
async function reachProduction({ flags, cwd, env, hub }: Invocation): Promise<Server | undefined> {
  try {
    const { database } = await loadConfig({ file: flags.config, cwd, env });
    if (database.password) hub.conceal([database.password]);
    return await connect(database);
  } catch {
    return undefined;
  }
}

function damaged(path: string, what: string): Ending {
  return {
    exitCode: ExitCode.finding,
    production: 'unchanged',
    error: {
      what: `${path} ${what}`,
      state: 'nothing was started, production is unchanged',
      next: 'gateway-migrate backup list',
    },
  };
}
