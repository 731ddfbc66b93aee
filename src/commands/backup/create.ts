import { checkBackupReadiness } from '../../backup/dump/readiness.ts';
import { backupPath } from '../../backup/file/folder.ts';
import { NameTaken } from '../../backup/file/name-reservation.ts';
import type { Config } from '../../config/config.ts';
import { loadConfig } from '../../config/load.ts';
import type { Context } from '../../context.ts';
import { ExitCode, Failure } from '../../errors.ts';
import { findEmptied, requireTables } from '../../exchange/emptied.ts';
import type { Server } from '../../mysql/connect.ts';
import { backupPhase } from '../../phases/backup/backup.ts';
import { provePhase } from '../../phases/backup/prove.ts';
import { reach } from '../../preflight/reach.ts';
import { proofPlaces } from '../../private-server/proof/places.ts';
import { withLock } from '../../run/lock.ts';
import { warnOfPlainNetwork } from '../shared/begin.ts';
import { contextOf } from '../shared/carry-out.ts';
import type { Invocation } from '../shared/invocation.ts';
import { reportChecks, requireReady } from '../shared/preflight.ts';
import { runStep } from '../shared/step.ts';
import { withRun } from '../shared/with-run.ts';

/** `backup create`: a backup on its own, named `<db>_manual_<time>` (`…_2` where that is taken), and its proof. */
export function backupCreateCommand(invocation: Invocation): Promise<ExitCode> {
  const { flags, cwd, env, hub } = invocation;
  return withRun('backup create', invocation, async () => {
    const config = await loadConfig({ file: flags.config, cwd, env });
    const { database: target, backup } = config;
    if (target.password) hub.conceal([target.password]);
    hub.report({ type: 'run.started', command: 'backup create', target: target.database, logFile: undefined });
    warnOfPlainNetwork(config, { hub });
    const { server, file } = await runStep(
      { id: 'backup', title: `back up ${target.database}` },
      invocation,
      () => backUpAlone(config, invocation),
      ({ detail }) => detail,
    );
    if (backup.verify === 'restore') {
      const phase = provePhase({ withProofPlace: proofPlaces({ env, backupDir: backup.dir, production: server }) });
      const step = { id: 'prove', title: 'prove the backup by loading it' };
      const prove = async () => phase.run({ file }, contextOf(server, invocation));
      await runStep(step, invocation, prove, (detail) => detail ?? undefined);
    }
    return { exitCode: ExitCode.done, production: 'unchanged', backup: file };
  });
}

/** The same checks as before a deploy: what a dump would stop at, whether there is room, and what the snapshot leaves out. */
async function requireRoom(config: Config, invocation: Invocation): Promise<Server> {
  const { server, session } = await reach(config);
  try {
    const { exec, env } = invocation;
    const checks = await checkBackupReadiness({ config, server, session, exec, env });
    reportChecks(checks, invocation);
    requireReady(checks);
    return server;
  } finally {
    await session.close();
  }
}

/**
 * Under the lock of a deploy, which is refused meanwhile: its DDL would be half in the backup. The proof that follows is of
 * the file alone.
 */
async function backUpAlone(config: Config, invocation: Invocation) {
  const server = await requireRoom(config, invocation);
  const { run, report } = invocation.hub;
  return withLock({ server, command: 'backup create', run, report, readsOnly: true }, async (lock) => {
    await requireNotEmptied(server);
    const signal = AbortSignal.any([invocation.signal, lock.lost]);
    return { ...(await backUp(config, invocation, contextOf(server, invocation, signal))), server };
  });
}

/** What a restore has left without tables is no database to be kept. */
async function requireNotEmptied(server: Server): Promise<void> {
  const session = await server.open();
  try {
    requireTables(await findEmptied(session, server.target.database));
  } finally {
    await session.close();
  }
}

/** Another one may be quicker to take a name that was free: then it is told before anything is dumped. */
async function backUp(config: Config, invocation: Invocation, context: Context) {
  const { dir, compression } = config.backup;
  const phase = backupPhase({ config, env: invocation.env });
  for (;;) {
    const file = backupPath(dir, config.database.database, 'manual', invocation.clock.now(), compression);
    try {
      const detail = await phase.run({ purpose: 'manual', file }, context);
      return { file, detail: detail ?? undefined };
    } catch (error) {
      if (!(error instanceof Failure && error.cause instanceof NameTaken)) throw error;
    }
  }
}
