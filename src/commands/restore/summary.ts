import { describeLoss } from '../../backup/dump/losses.ts';
import type { Manifest } from '../../backup/file/manifest.ts';
import { describeOrigin } from '../../backup/file/origin.ts';
import { formatPosition } from '../../binlog/range.ts';
import type { Config } from '../../config/config.ts';
import type { Plan } from '../../plan/step.ts';
import type { RestoreSite } from '../shared/site-facts.ts';
import type { RestorePoint } from './point.ts';

/** PURE: what is to be done, and what it costs, in front of the question. */
export function summaryRows(
  plan: Plan,
  manifest: Manifest,
  point: RestorePoint,
  { down, withMaintenance }: RestoreSite,
  config: Config,
): [string, string][] {
  const { database } = config.database;
  const isInPlace = plan.steps.some((step) => step.phase === 'load');
  const [aside] = plan.steps.flatMap((step) =>
    step.phase === 'swap' || step.phase === 'load' ? [step.input.aside] : [],
  );
  return [
    ['Database', database],
    ['Backup', manifest.file],
    ['Of', describeOrigin(manifest)],
    ['Taken', manifest.startedAt],
    ...(manifest.losses ?? []).map((loss): [string, string] => ['Not exact', describeLoss(loss)]),
    ...logRows(manifest),
    ...pointRows(point),
    ['Lost', lostRow(point, database, withMaintenance)],
    ['Site', siteRow(down, withMaintenance, isInPlace)],
    ['Kept', `what is there now, in ${aside}: gateway-migrate rollback brings it back`],
  ];
}

function lostRow(point: RestorePoint, database: string, withMaintenance: boolean): string {
  const isUpToNow = point.is === 'moment' && point.leftOut !== undefined;
  if (isUpToNow && !withMaintenance) return `${point.lost}; who asks while the tables change places is refused`;
  return isUpToNow ? point.lost : `${point.lost}: what is written to ${database} until the swap is not in the backup`;
}

function logRows({ binlogFormat = 'ROW' }: Manifest): [string, string][] {
  if (binlogFormat === 'ROW') return [];
  const text = `binlog_format was ${binlogFormat} when it was taken: what is logged as a statement is not repeated (--until)`;
  return [['Log', text]];
}

function siteRow(down: string, withMaintenance: boolean, isInPlace: boolean): string {
  if (!withMaintenance) return down;
  return isInPlace ? 'down while the backup is loaded (--in-place)' : `up while the backup is loaded, ${down}`;
}

function pointRows(point: RestorePoint): [string, string][] {
  if (point.is === 'backup') return [];
  const { way } = point;
  return [
    point.left === undefined ? ['Until', formatPosition(point.until)] : ['Left out', point.left],
    ['Repeated', `${point.repeated} of the binary log`],
    ...(way.is === 'private' ? [['Apart', `on a private server: ${way.because}`] as [string, string]] : []),
  ];
}
