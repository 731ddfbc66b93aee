import { resolve } from 'node:path';
import { holdsSavedRows, listBackups, type StoredBackup } from '../../backup/file/folder.ts';
import type { Manifest } from '../../backup/file/manifest.ts';
import { describeOrigin, ofDestination } from '../../backup/file/origin.ts';
import { verifyBackup } from '../../backup/file/verify.ts';
import type { Moment } from '../../binlog/moment.ts';
import { comparePlaces } from '../../binlog/range.ts';
import type { Config } from '../../config/config.ts';
import { Failure, failedUnchanged, messageOf } from '../../errors.ts';
import { readRecord, runFolder } from '../../run/folder.ts';
import { findStrangers, ownTrust } from '../../system/trust.ts';
import type { Invocation } from '../shared/invocation.ts';
import { findDestination } from './destination.ts';

export interface ChosenBackup {
  readonly file: string;
  readonly manifest: Manifest;
}

/** The backup that was named, or the newest one from before the moment; read through. */
export async function chooseBackup(
  named: string,
  moment: Moment | undefined,
  config: Config,
  { cwd, hub }: Pick<Invocation, 'cwd' | 'hub'>,
): Promise<ChosenBackup> {
  const file = await chooseFile(named, moment, config, { cwd, hub });
  const manifest = await readThrough(file);
  if (moment) requireBefore(file, manifest, moment);
  return { file, manifest };
}

/** The log only leads on from a backup: one from after the moment would bring back what the moment was to leave out. */
export function requireBefore(file: string, manifest: Manifest, moment: Moment): void {
  // A deploy's own backup is younger than its run; whether the log has a run since the backup is looked at later.
  const isKnown = moment.is === 'time' || (moment.is === 'position' && manifest.position !== null);
  if (!isKnown || isBefore(manifest, moment)) return;
  throw failedUnchanged(
    `${file} holds the database as it was at ${manifest.finishedAt}, after that moment`,
    'gateway-migrate restore --until MOMENT, without --backup',
  );
}

/** The same, not read. */
export async function chooseFile(
  named: string,
  moment: Moment | undefined,
  config: Config,
  { cwd, hub }: Pick<Invocation, 'cwd' | 'hub'>,
): Promise<string> {
  const file = named === 'latest' ? await newestBefore(moment, config, hub) : requireWholeDatabase(resolve(cwd, named));
  for (const { path, problem } of findStrangers(file, ownTrust())) {
    const text = `${path} ${problem}: whoever wrote ${file} last decides what is run as the administrator`;
    hub.report({ type: 'note', level: 'warning', text });
  }
  return file;
}

/** One that did not come back the same when it was loaded is passed over, as long as there is another. */
async function newestBefore(moment: Moment | undefined, config: Config, hub: Invocation['hub']): Promise<string> {
  const { dir } = config.backup;
  const destination = await findDestination(config);
  const database = destination?.database ?? config.database.database;
  const named = (await listBackups(dir)).filter(
    ({ path, manifest }) => manifest?.database === database && !holdsSavedRows(path),
  );
  const all = ofDestination(named, destination);
  if (moment?.is === 'run') {
    const own = await backupOfRun(moment.run, config);
    if (own !== undefined && all.some(({ path }) => path === own)) return own;
  }
  const fitting = all.filter(({ manifest }) => manifest && isBefore(manifest, moment));
  const newest = fitting.find(({ manifest }) => !manifest?.disproof) ?? fitting[0];
  for (const { path, manifest } of fitting.slice(0, newest ? fitting.indexOf(newest) : 0)) {
    const text = `${path} is passed over, its proof failed: ${manifest?.disproof?.differences[0]}`;
    hub.report({ type: 'note', level: 'warning', text });
  }
  if (newest) return newest.path;
  if (all.length === 0) requireNoStranger(named, dir);
  const which = moment === undefined || all.length === 0 ? '' : ` from before that moment${describeOldest(all)}`;
  throw failedUnchanged(`there is no backup of ${database} in ${dir}${which}`, 'gateway-migrate restore --backup FILE');
}

/** Staging and production may share folder and name: a backup of the other one is taken only if it is named. */
function requireNoStranger(named: readonly StoredBackup[], dir: string): void {
  const newest = named[0];
  if (!newest?.manifest) return;
  throw failedUnchanged(
    `no backup in ${dir} is of this server: the newest, ${newest.path}, is of ${describeOrigin(newest.manifest)}`,
    `gateway-migrate restore --backup ${newest.path}, if that is what you want`,
  );
}

/** A deploy backs up before its first statement: its own backup is the nearest. */
async function backupOfRun(run: string, { stateDir }: Config): Promise<string | undefined> {
  const record = await readRecord(runFolder(stateDir, run));
  return record?.plan.steps.flatMap((step) => (step.phase === 'backup' ? [step.input.file] : []))[0];
}

/** Its snapshot was taken before `finishedAt`: one that ended later may hold what the moment leaves out. */
function isBefore({ startedAt, finishedAt, position }: Manifest, moment: Moment | undefined): boolean {
  if (!moment) return true;
  if (moment.is === 'time') return Date.parse(finishedAt) * 1000 <= moment.micros;
  if (moment.is === 'run') return Date.parse(startedAt) <= timeOfRun(moment.run);
  return position !== null && comparePlaces(position, moment) <= 0;
}

/** Run ids begin with the time, in UTC, without punctuation: `20261123T143000123Z-3f9a`. */
function timeOfRun(run: string): number {
  return Date.parse(run.replace(/^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)(\d{3})Z.*$/, '$1-$2-$3T$4:$5:$6.$7Z'));
}

function describeOldest(backups: readonly StoredBackup[]): string {
  const oldest = backups.at(-1)?.manifest;
  return oldest ? `: the oldest was taken ${oldest.startedAt}` : '';
}

function requireWholeDatabase(file: string): string {
  if (!holdsSavedRows(file)) return file;
  throw failedUnchanged(
    `${file} holds only the rows that a rollback saved, not the whole database`,
    'gateway-migrate backup list',
  );
}

/** A damaged file is refused before anything is done with it. */
async function readThrough(file: string): Promise<Manifest> {
  const { manifest, problems } = await verifyBackup(file).catch((error: unknown) => {
    throw error instanceof Failure
      ? error
      : failedUnchanged(`cannot read ${file}: ${messageOf(error)}`, 'gateway-migrate backup list');
  });
  if (problems.length === 0) return manifest;
  throw failedUnchanged(`${file} is damaged: ${problems.join('; ')}`, 'gateway-migrate backup list');
}
