import { resolve } from 'node:path';
import { holdsSavedRows, listBackups } from '../backup/folder.ts';
import { verifyBackup } from '../backup/verify.ts';
import type { Config } from '../config/config.ts';
import { type ExitCode, Failure, failedUnchanged, messageOf } from '../errors.ts';
import { planRestore } from '../plan/restore.ts';
import { describeTarget } from '../preflight/reach.ts';
import type { Check } from '../run/check.ts';
import { beginLogged } from './begin.ts';
import { carryOut } from './carry-out.ts';
import { declined } from './declined.ts';
import type { Invocation } from './invocation.ts';
import { requireFree, requireReady, showPreflight } from './preflight.ts';
import { siteFacts } from './site-facts.ts';
import { withRun } from './with-run.ts';

export interface RestoreOptions {
  /** A path, or `latest`. */
  readonly backup: string;
  /** False with `--no-services`. */
  readonly services: boolean;
}

/** Brings the database back from a backup, in place. What was there before is kept aside. */
export function restoreCommand(options: RestoreOptions, invocation: Invocation): Promise<ExitCode> {
  return withRun('restore', invocation, async () => {
    const config = await beginLogged('restore', invocation);
    const file = await chooseFile(options, config, invocation);
    const verified = await readThrough(file);
    const facts = await showPreflight(config, invocation);
    requireFree(facts);
    requireReady(facts.checks.filter(isNeeded).map(asError));
    const plan = planRestore({
      target: describeTarget(config.database),
      file,
      services: options.services ? config.app.services : [],
      ...siteFacts(config, true),
    });
    invocation.hub.report({
      type: 'summary',
      title: 'Restore',
      rows: [
        ['Database', config.database.database],
        ['Backup', file],
        ['Taken', verified.manifest.startedAt],
        ['Lost', 'every write since then'],
        ['Kept', 'what is there now is moved into a database of its own'],
      ],
    });
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
