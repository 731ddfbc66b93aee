import { holdsSavedRows, listBackups, type StoredBackup } from '../../backup/file/folder.ts';
import type { Manifest } from '../../backup/file/manifest.ts';
import { loadConfig } from '../../config/load.ts';
import type { ExitCode } from '../../errors.ts';
import { isoWithOffset } from '../../system/clock.ts';
import { formatBytes, formatDuration } from '../../terminal/style.ts';
import type { Invocation } from '../shared/invocation.ts';
import { DONE, withRun } from '../shared/with-run.ts';

/** `backup list`: what is in the backup folder, newest first. A folder that does not exist holds none. */
export function backupListCommand(invocation: Invocation): Promise<ExitCode> {
  const { flags, cwd, env, clock, print, printJson } = invocation;
  return withRun('backup list', invocation, async () => {
    const { dir } = (await loadConfig({ file: flags.config, cwd, env })).backup;
    const backups = await listBackups(dir);
    print(
      backups.length === 0 ? [`no backups in ${dir}`] : backups.map((backup) => describeBackup(backup, clock.now())),
    );
    printJson({ type: 'backups', dir, backups: backups.map(toJson) });
    return DONE;
  });
}

/** One line about a backup. */
export function describeBackup({ path, bytes, takenAt, manifest, problem }: StoredBackup, now: Date): string {
  const age = `${formatDuration(now.getTime() - takenAt.getTime())} old`;
  const facts = manifest
    ? [
        `${manifest.server.flavor} ${manifest.server.version}`,
        describeProof(manifest, bytes),
        describeUse(path, manifest),
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
function describeUse(path: string, { finishedAt, position }: Manifest): string {
  if (holdsSavedRows(path)) return 'rows that a rollback saved';
  return `can restore to ${minuteOf(finishedAt)}${position ? ' and, with the binary log, later' : ''}`;
}

/** `2026-11-23 16:05` */
function minuteOf(at: string): string {
  return at.slice(0, 'YYYY-MM-DDTHH:MM'.length).replace('T', ' ');
}

function toJson({ path, bytes, takenAt, manifest, problem }: StoredBackup) {
  return {
    path,
    bytes,
    takenAt: isoWithOffset(takenAt),
    database: manifest?.database ?? null,
    server: manifest?.server ?? null,
    proof: manifest?.proof ?? null,
    disproof: manifest?.disproof ?? null,
    position: manifest?.position ?? null,
    holds: manifest === undefined ? null : holdsSavedRows(path) ? 'saved rows' : 'database',
    problem: problem ?? null,
  };
}
