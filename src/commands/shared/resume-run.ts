import { join } from 'node:path';
import { backupPath } from '../../backup/file/folder.ts';
import type { Config } from '../../config/config.ts';
import { compareVersions } from '../../migrations/file-name.ts';
import { planDeploy } from '../../plan/deploy.ts';
import { planRollback } from '../../plan/rollback.ts';
import type { Plan } from '../../plan/step.ts';
import { describeTarget } from '../../preflight/reach.ts';
import type { Standing } from '../../preflight/standing.ts';
import { readProgress } from '../../run/journal.ts';
import type { Unfinished } from '../../run/unfinished.ts';
import { carryOut } from './carry-out.ts';
import type { Invocation } from './invocation.ts';
import { siteFacts } from './site-facts.ts';
import { verifyScopeOf } from './verify-scope.ts';
import type { Ending } from './with-run.ts';

/** Goes on with a run that was cut off, under its own id and by its own plan, in the direction it had. */
export async function resumeRun(
  unfinished: Unfinished,
  config: Config,
  standing: Standing,
  invocation: Invocation,
  options: { readonly skipsRefused?: boolean } = {},
): Promise<Ending> {
  const { local } = unfinished;
  const plan = local?.record.plan ?? planFromDatabase(unfinished, config, invocation.clock);
  invocation.hub.adoptRun(unfinished.run);
  const versions = plan.steps.flatMap((step) => (step.phase === 'migrate' ? step.input.versions : []));
  return carryOut(
    {
      plan,
      config,
      server: standing.server,
      migrations: standing.migrations,
      verifyScope: {
        ...verifyScopeOf([...standing.status.applied.map((row) => row.version), ...versions], standing.migrations),
        isOfRun: true,
      },
      onFailure: 'stop',
      ...options,
      progress: local ? await readProgress(join(local.folder, 'journal.ndjson')) : undefined,
    },
    invocation,
  );
}

/**
 * The state folder is lost, or on another machine: the database knows which migrations were begun, and in which
 * direction.
 */
function planFromDatabase(unfinished: Unfinished, config: Config, clock: Invocation['clock']): Plan {
  const { run, undoes, open } = unfinished;
  const target = describeTarget(config.database);
  const versions = open.map((row) => row.version).toSorted(compareVersions);
  const site = siteFacts(config, true);
  if (undoes === undefined) {
    const nothingElse = { adopt: [], backupFile: undefined, provesBackup: false, savedRows: [], isSiteDown: false };
    return planDeploy({ run, target, versions, ...nothingElse, ...site });
  }
  // A deploy that turned back undoes all of itself; how much a rollback was to undo is known to its plan alone.
  const chosen = undoes === run ? ('all' as const) : versions;
  const { dir, compression } = config.backup;
  const savedFile = backupPath(dir, config.database.database, 'rollback_saved', clock.now(), compression);
  // What it has saved before is in a file that nobody knows of here; what is left is saved again.
  const saving = {
    ...{ savedFile, tablesToSave: 'of the run' as const, versionsToSave: versions },
    ...{ provesBackup: false, begunRows: [] },
  };
  return planRollback({ target, ofRun: undoes, versions: chosen, ...saving, wasDown: true, ...site });
}
