import { holdsSavedRows, listBackups, type StoredBackup } from '../../backup/file/folder.ts';
import type { Manifest } from '../../backup/file/manifest.ts';
import { type Destination, otherOrigin } from '../../backup/file/origin.ts';
import { loadConfig } from '../../config/load.ts';
import type { ExitCode } from '../../errors.ts';
import { isoWithOffset } from '../../system/clock.ts';
import { formatBytes, formatDuration } from '../../terminal/style.ts';
import { findDestination } from '../restore/destination.ts';
import type { Invocation } from '../shared/invocation.ts';
import { DONE, withRun } from '../shared/with-run.ts';

const ANSWER_WITHIN_MS = 2_000;

/** `backup list`: what is in the backup folder, newest first. A folder that does not exist holds none. */
export function backupListCommand(invocation: Invocation): Promise<ExitCode> {
  const { flags, cwd, env, clock, print, printJson } = invocation;
  return withRun('backup list', invocation, async () => {
    const config = await loadConfig({ file: flags.config, cwd, env });
    const { dir } = config.backup;
    const backups = await listBackups(dir);
    const here = backups.length === 0 ? undefined : await soon(findDestination(config));
    const lines = backups.map((backup) => describeBackup(backup, clock.now(), here));
    print(backups.length === 0 ? [`no backups in ${dir}`] : lines);
    printJson({ type: 'backups', dir, backups: backups.map((backup) => toJson(backup, here)) });
    return DONE;
  });
}

/** A list of files does not wait for a server that does not answer. */
async function soon<T>(asking: Promise<T>): Promise<T | undefined> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<undefined>((resolve) => {
    timer = setTimeout(() => resolve(undefined), ANSWER_WITHIN_MS);
  });
  return Promise.race([asking, late]).finally(() => clearTimeout(timer));
}

/** One line about a backup. `here`: what it is compared with, as far as that is known. */
export function describeBackup(
  { path, bytes, takenAt, manifest, problem }: StoredBackup,
  now: Date,
  here?: Destination,
): string {
  const age = `${formatDuration(now.getTime() - takenAt.getTime())} old`;
  const facts = manifest
    ? [
        `${manifest.server.flavor} ${manifest.server.version}`,
        describeProof(manifest, bytes),
        describeUse(path, manifest),
        ...(manifest.losses
          ? [`not exact: ${manifest.losses.map(({ table, column }) => `${table}.${column}`).join(', ')}`]
          : []),
        ...(here && otherOrigin(manifest, here) ? [`of ${otherOrigin(manifest, here)}`] : []),
      ]
    : [problem ?? ''];
  return [path, age, formatBytes(bytes), ...facts].join('  ');
}

function describeProof({ proof, disproof, bytes }: Manifest, present: number): string {
  if (present !== bytes) return `DAMAGED: ${present} bytes instead of ${bytes}`;
  if (disproof) return `PROOF FAILED ${minuteOf(disproof.at)}`;
  return proof ? `proven ${minuteOf(proof.at)}` : 'not proven';
}

/** Rows that a rollback saved are of some tables only: no database comes back from them. */
function describeUse(path: string, { finishedAt, position, binlogFormat = 'ROW' }: Manifest): string {
  if (holdsSavedRows(path)) return 'rows that a rollback saved';
  const later =
    binlogFormat === 'ROW'
      ? ' and, with the binary log, later'
      : ` and later only as far as the binary log has rows (binlog_format was ${binlogFormat})`;
  return `can restore to ${minuteOf(finishedAt)}${position ? later : ''}`;
}

/** `2026-11-23 16:05` */
function minuteOf(at: string): string {
  return at.slice(0, 'YYYY-MM-DDTHH:MM'.length).replace('T', ' ');
}

function toJson({ path, bytes, takenAt, manifest, problem }: StoredBackup, here: Destination | undefined) {
  return {
    path,
    bytes,
    takenAt: isoWithOffset(takenAt),
    database: manifest?.database ?? null,
    server: manifest?.server ?? null,
    isOfThisDatabase: manifest && here ? otherOrigin(manifest, here) === undefined : null,
    proof: manifest?.proof ?? null,
    disproof: manifest?.disproof ?? null,
    position: manifest?.position ?? null,
    binlogFormat: manifest?.binlogFormat ?? null,
    holds: manifest === undefined ? null : holdsSavedRows(path) ? 'saved rows' : 'database',
    problem: problem ?? null,
  };
}
