import type { Config } from '../../config/config.ts';
import { refusal } from '../../errors.ts';
import type { Migration } from '../../migrations/types.ts';
import type { VerifyScope } from '../../phases/migrate/verify.ts';
import type { Plan } from '../../plan/step.ts';
import { reach } from '../../preflight/reach.ts';
import { readKnownHistory, readSources } from '../../preflight/sources.ts';
import { listLocalRuns } from '../../run/folder.ts';
import { verifyScopeOf } from '../shared/verify-scope.ts';

/** The deploy that is watched. */
export interface Subject {
  readonly run: string;
  readonly folder: string;
  readonly startedAt: string;
  readonly scope: VerifyScope;
  readonly tables: readonly string[];
}

/** The run that is named, or the last deploy that this machine has finished. Throws a refusal when there is none. */
export async function findSubject(run: string | undefined, config: Config): Promise<Subject> {
  const runs = await listLocalRuns(config.stateDir);
  const found = runs.find(({ record, progress }) =>
    run === undefined ? record.plan.command === 'deploy' && progress.result === 'changed' : record.run === run,
  );
  if (!found) throw noSubject(run, config.stateDir);
  const migrations = await readApplied(config);
  const scope = { ...verifyScopeOf(versionsOf(found.record.plan), migrations), isOfRun: true };
  const { folder, record } = found;
  return { run: record.run, folder, startedAt: record.startedAt, scope, tables: scope.tables ?? [] };
}

/** What PHP migrations did is known to the history alone. */
async function readApplied(config: Config): Promise<readonly Migration[]> {
  if (config.migrations.engine === 'sql') return (await readSources(config, { history: [] })).migrations;
  const { session } = await reach(config);
  try {
    const history = await readKnownHistory(session, config, { withText: true });
    return (await readSources(config, { history })).migrations;
  } finally {
    await session.close();
  }
}

function noSubject(run: string | undefined, stateDir: string) {
  if (run === undefined)
    return refusal(
      `there is no deploy to watch: ${stateDir} knows of none that was finished`,
      'gateway-migrate history',
    );
  return refusal(`there is no run ${run} in ${stateDir}`, 'gateway-migrate history');
}

export function versionsOf({ steps }: Plan): string[] {
  return steps.flatMap((step) => (step.phase === 'migrate' ? [...step.input.versions, ...step.input.adopt] : []));
}
