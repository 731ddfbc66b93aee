import { resolve } from 'node:path';
import { nameBeside } from '../backup/beside.ts';
import { holdsSavedRows, listBackups } from '../backup/folder.ts';
import type { Manifest } from '../backup/manifest.ts';
import { verifyBackup } from '../backup/verify.ts';
import type { Config } from '../config/config.ts';
import { type ExitCode, Failure, failedUnchanged, messageOf } from '../errors.ts';
import { planRestore } from '../plan/restore.ts';
import type { Plan } from '../plan/step.ts';
import { checkBeside } from '../preflight/beside.ts';
import { describeTarget } from '../preflight/reach.ts';
import type { Check } from '../run/check.ts';
import { beginLogged } from './begin.ts';
import { carryOut } from './carry-out.ts';
import { declined } from './declined.ts';
import type { Invocation } from './invocation.ts';
import { reportChecks, requireFree, requireReady, showPreflight } from './preflight.ts';
import { siteFacts } from './site-facts.ts';
import { withRun } from './with-run.ts';

export interface RestoreOptions {
  /** A path, or `latest`. */
  readonly backup: string;
  /** False with `--no-services`. */
  readonly services: boolean;
  readonly inPlace: boolean;
}

/** Brings the database back from a backup: loaded beside, then swapped. What was there before is kept. */
export function restoreCommand(options: RestoreOptions, invocation: Invocation): Promise<ExitCode> {
  return withRun('restore', invocation, async () => {
    const config = await beginLogged('restore', invocation);
    const file = await chooseFile(options, config, invocation);
    const verified = await readThrough(file);
    const facts = await showPreflight(config, invocation);
    requireFree(facts);
    const space = await checkBeside(facts.server, verified.manifest);
    reportChecks(space, invocation);
    requireReady([...facts.checks.filter(isNeeded).map(asError), ...space]);
    const plan = planFor(file, options, config, invocation);
    invocation.hub.report({ type: 'summary', title: 'Restore', rows: summaryRows(plan, verified.manifest, config) });
    if (!(await invocation.prompt.confirm('Replace PRODUCTION by this backup?'))) throw declined();
    const errand = {
      plan,
      config,
      server: facts.server,
      migrations: facts.migrations,
      verifyScope: {},
      onFailure: 'undo' as const,
      stillTrue: async () => undefined,
    };
    return { ...(await carryOut(errand, invocation)), backup: file };
  });
}

function planFor(file: string, options: RestoreOptions, config: Config, invocation: Invocation): Plan {
  const { database } = config.database;
  const now = invocation.clock.now();
  return planRestore({
    run: invocation.hub.run,
    target: describeTarget(config.database),
    file,
    side: nameBeside(database, 'restore', now),
    aside: nameBeside(database, 'before', now),
    isInPlace: options.inPlace,
    services: options.services ? config.app.services : [],
    ...siteFacts(config, true),
  });
}

function summaryRows(plan: Plan, manifest: Manifest, config: Config): [string, string][] {
  const isInPlace = plan.steps.some((step) => step.phase === 'load');
  const [aside] = plan.steps.flatMap((step) =>
    step.phase === 'swap' || step.phase === 'load' ? [step.input.aside] : [],
  );
  return [
    ['Database', config.database.database],
    ['Backup', manifest.file],
    ['Taken', manifest.startedAt],
    [
      'Lost',
      `every write since then: what is written to ${config.database.database} until the swap is not in the backup`,
    ],
    [
      'Site',
      isInPlace ? 'down while the backup is loaded (--in-place)' : 'up while the backup is loaded, down for the swap',
    ],
    ['Kept', `what is there now, in ${aside}: gateway-migrate rollback brings it back`],
  ];
}

/** What of preflight a restore cannot do without. The rest may be the very reason for it. */
function isNeeded({ group, name }: Check): boolean {
  return group === 'rights to restore' || name === 'privileges' || name === 'client programs';
}

function asError(check: Check): Check {
  return { ...check, level: 'error' };
}

async function chooseFile(options: RestoreOptions, config: Config, invocation: Invocation): Promise<string> {
  const { dir } = config.backup;
  const { database } = config.database;
  if (options.backup !== 'latest') return requireWholeDatabase(resolve(invocation.cwd, options.backup));
  const newest = (await listBackups(dir)).find(
    ({ path, manifest }) => manifest?.database === database && !holdsSavedRows(path),
  );
  if (newest) return newest.path;
  throw failedUnchanged(`there is no backup of ${database} in ${dir}`, 'gateway-migrate restore --backup FILE');
}

function requireWholeDatabase(file: string): string {
  if (!holdsSavedRows(file)) return file;
  throw failedUnchanged(
    `${file} holds only the rows that a rollback saved, not the whole database`,
    'gateway-migrate backup list',
  );
}

/** A damaged file is refused before the site goes down for it. */
async function readThrough(file: string) {
  const verified = await verifyBackup(file).catch((error: unknown) => {
    throw error instanceof Failure
      ? error
      : failedUnchanged(`cannot read ${file}: ${messageOf(error)}`, 'gateway-migrate backup list');
  });
  if (verified.problems.length === 0) return verified;
  throw failedUnchanged(`${file} is damaged: ${verified.problems.join('; ')}`, 'gateway-migrate backup list');
}
