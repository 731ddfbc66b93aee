import { rm } from 'node:fs/promises';
import { backupPath } from '../backup/file/folder.ts';
import { otherOrigin } from '../backup/file/origin.ts';
import { type Moment, parseMoment } from '../binlog/moment.ts';
import { formatName, type TransactionName } from '../binlog/named/names.ts';
import type { Config } from '../config/config.ts';
import { ExitCode, Failure } from '../errors.ts';
import { findFreeSecond, nameBeside } from '../exchange/side-database.ts';
import type { Server } from '../mysql/connect.ts';
import { logFolder } from '../phases/restore/replay.ts';
import { planRestore, type ReplayFacts } from '../plan/restore.ts';
import type { Plan } from '../plan/step.ts';
import { describeTarget } from '../preflight/reach.ts';
import { requireWritable } from '../preflight/read-only.ts';
import { runFolder } from '../run/folder.ts';
import { isoWithOffset } from '../system/clock.ts';
import { type ChosenBackup, chooseBackup } from './restore/backup.ts';
import { readDestination } from './restore/destination.ts';
import { showPlan } from './restore/dry-run.ts';
import { undoRows } from './restore/flashback.ts';
import {
  earliestOf,
  type LeaveOut,
  type OnConflict,
  pointLeavingOut,
  requireNames,
  StandsOnIt,
} from './restore/leave-out.ts';
import { openLog } from './restore/log.ts';
import { isNeeded, requireRestorable } from './restore/needs.ts';
import { offerPoints, pointAt, type RestorePoint, type RowsChosen, tellPoints } from './restore/point.ts';
import { summaryRows } from './restore/summary.ts';
import { beginLogged } from './shared/begin.ts';
import { carryOut } from './shared/carry-out.ts';
import { declined } from './shared/declined.ts';
import type { Invocation } from './shared/invocation.ts';
import { requireFree, showPreflight } from './shared/preflight.ts';
import { type RestoreSite, siteForRestore } from './shared/site-facts.ts';
import { type Ending, endingOf, withRun } from './shared/with-run.ts';

export interface RestoreOptions {
  /** A path, or `latest`. */
  readonly backup: string;
  /** False with `--no-services`. */
  readonly services: boolean;
  /** False with `--no-maintenance`. */
  readonly maintenance: boolean;
  readonly inPlace: boolean;
  /** A time, the id of a run, or a place in the binary log. */
  readonly until?: string | undefined;
  /** Everything up to now without these: runs, or places in the binary log. */
  readonly leaveOut?: readonly string[] | undefined;
  /** What stands on them. */
  readonly onConflict: OnConflict;
  /** Show what there is to choose from, and the plan. */
  readonly dryRun?: boolean | undefined;
}

/** Brings the database back from a backup: loaded beside, then swapped. What was there before is kept. */
export function restoreCommand(options: RestoreOptions, invocation: Invocation): Promise<ExitCode> {
  return withRun('restore', invocation, async () => {
    const moment = options.until === undefined ? undefined : requireMoment(options.until, invocation.clock.now());
    const names = options.leaveOut && requireNames(options.leaveOut);
    const leaveOut = names && { names, onConflict: options.onConflict };
    const config = await beginLogged('restore', invocation);
    const backup = await chooseBackup(options.backup, moment ?? (names && earliestOf(names)), config, invocation);
    const facts = await showPreflight(config, invocation, isNeeded);
    requireFree(facts);
    await requireWritable(facts.server);
    await requireRestorable(facts, backup.manifest, undefined, invocation);
    const logs = logFolder(runFolder(config.stateDir, invocation.hub.run));
    try {
      const point = await choosePoint({ moment, leaveOut }, backup, facts.server, options, config, invocation);
      if (point.is === 'rows') {
        await rm(logs, { recursive: true, force: true });
        const { backup, onConflict } = options;
        const undo = { flashback: [formatName(point.name)], backup, onConflict, dryRun: false };
        return await undoRows([point.name], undo, config, facts, invocation);
      }
      const at = await findFreeSecond(facts.server, invocation.clock.now());
      const site = await siteForRestore(facts, config, options, invocation);
      const plan = planFor(backup.file, point, { ...options, at, site }, calledAs(config, facts.server), invocation);
      const rows = summaryRows(plan, backup.manifest, point, site, config);
      invocation.hub.report({ type: 'summary', title: 'Restore', rows });
      if (options.dryRun) {
        await rm(logs, { recursive: true, force: true });
        return showPlan(plan, { backup: backup.file, ...lossOf(point) }, invocation);
      }
      const stranger = otherOrigin(backup.manifest, await readDestination(facts.server));
      if (!(await invocation.prompt.confirm(questionOf(stranger)))) throw declined();
      const errand = { plan, config, server: facts.server, migrations: facts.migrations };
      return { ...(await carryOut(errand, invocation)), backup: backup.file, ...lossOf(point) };
    } catch (error) {
      // Of a run that has not begun nobody will ask for its copy of the log.
      await rm(logs, { recursive: true, force: true });
      if (error instanceof StandsOnIt) return { ...endingOf(error), conflicts: error.conflicts };
      throw error;
    }
  });
}

function lossOf(point: RestorePoint): Pick<Ending, 'lost' | 'conflicts'> {
  return point.is === 'moment' ? { lost: point.missing, conflicts: point.conflicts } : {};
}

/** As the catalogue calls the database, which can be another spelling than the configuration's. */
function calledAs(config: Config, { target }: Server): Config {
  return { ...config, database: target };
}

function questionOf(stranger: string | undefined): string {
  if (stranger === undefined) return 'Replace PRODUCTION by this backup?';
  return `This backup is of ${stranger}. Replace PRODUCTION by it?`;
}

/** A time that has not come yet is a slip of the hand or of the time zone: it would bring the accident back, too. */
function requireMoment(text: string, now: Date): Moment {
  const moment = parseMoment(text);
  if (moment?.is === 'unclear') throw unclear(text, moment.readings);
  const isAhead = moment?.is === 'time' && moment.micros > now.getTime() * 1000;
  if (moment && !isAhead) return moment;
  const wrong = isAhead
    ? `has not come yet: it is ${isoWithOffset(now)}`
    : 'is no time, no run and no place in the binary log';
  throw noMoment(
    `--until ${text} ${wrong}`,
    "gateway-migrate restore --until '2026-11-23 06:28:23' (or a run's id from gateway-migrate status)",
  );
}

/** At a change of the clocks an hour comes twice, and another one never. */
function unclear(text: string, readings: readonly string[]): Failure {
  const ways = readings.map((reading) => `gateway-migrate restore --until ${reading}`);
  return readings.length === 0
    ? noMoment(
        `--until ${text} never was: the clocks of this time zone were put forward over it`,
        "gateway-migrate restore --until '2026-11-23 06:28:23+00:00' (with an offset)",
      )
    : noMoment(`--until ${text} came twice: the clocks of this time zone were put back`, ways.join(', or '));
}

function noMoment(what: string, next: string): Failure {
  const state = 'nothing was started, production is unchanged';
  return new Failure(what, { exitCode: ExitCode.usage, production: 'unchanged', state, next });
}

/** A person without `--until` is shown what the log has, and so is whoever reads events. */
async function choosePoint(
  { moment, leaveOut }: { readonly moment: Moment | undefined; readonly leaveOut: LeaveOut | undefined },
  { file, manifest }: ChosenBackup,
  server: Server,
  options: RestoreOptions,
  config: Config,
  invocation: Invocation,
): Promise<RestorePoint | RowsChosen> {
  const { flags, prompt } = invocation;
  const open = () => openLog({ file, manifest, server, config, isInPlace: options.inPlace }, invocation);
  if (leaveOut) return pointLeavingOut(leaveOut, await open(), file, server, invocation);
  if (moment) return pointAt(moment, await open(), file);
  if ((prompt.isInteractive && !flags.yes && !options.dryRun) || flags.json) {
    const log = await open();
    const leave = (name: TransactionName) =>
      pointLeavingOut({ names: [name], onConflict: 'stop' }, log, file, server, invocation);
    const asked = options.dryRun ? { ...invocation, prompt: { ...prompt, isInteractive: false } } : invocation;
    return offerPoints(log, options.inPlace ? undefined : leave, asked);
  }
  if (options.dryRun) return tellPoints(await open(), invocation);
  return { is: 'backup', lost: 'every write since then' };
}

function planFor(
  file: string,
  point: RestorePoint,
  { at, site, ...options }: RestoreOptions & { readonly at: Date; readonly site: RestoreSite },
  config: Config,
  invocation: Invocation,
): Plan {
  const { database } = config.database;
  const { dir, compression } = config.backup;
  const replay: ReplayFacts | undefined =
    point.is === 'backup'
      ? undefined
      : {
          way: point.way.is,
          until: point.until,
          leftOut: point.leftOut,
          doubts: point.doubts,
          into: backupPath(dir, database, 'until', at, compression),
        };
  return planRestore({
    run: invocation.hub.run,
    target: describeTarget(config.database),
    file,
    replay,
    side: nameBeside(database, 'restore', at),
    aside: nameBeside(database, 'before', at),
    isInPlace: options.inPlace,
    ...site,
  });
}
