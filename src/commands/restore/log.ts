import type { Manifest } from '../../backup/file/manifest.ts';
import { readCounters } from '../../backup/load/counters.ts';
import { tablesNotFoundAgain } from '../../backup/load/unfound-rows.ts';
import { tablesInFolders } from '../../backup/proof/own-folders.ts';
import { readSubject } from '../../binlog/judgement/cascades.ts';
import { readDoubts } from '../../binlog/judgement/doubts.ts';
import { readLogGaps } from '../../binlog/judgement/gaps.ts';
import type { Moment } from '../../binlog/moment.ts';
import { findTwin } from '../../binlog/private.ts';
import { type LogRange, rangeBytes } from '../../binlog/range.ts';
import { fetchLog, findLog } from '../../binlog/source.ts';
import type { Subject } from '../../binlog/subject.ts';
import { type Survey, surveyLog } from '../../binlog/survey.ts';
import type { Surroundings } from '../../binlog/way.ts';
import type { Config } from '../../config/config.ts';
import { requireClients } from '../../mysql/clients.ts';
import type { Server, Session } from '../../mysql/connect.ts';
import { logFolder } from '../../phases/restore/replay.ts';
import { readLogRights } from '../../preflight/binlog-rights.ts';
import { runFolder } from '../../run/folder.ts';
import { contextOf } from '../shared/carry-out.ts';
import type { Invocation } from '../shared/invocation.ts';
import { runStep } from '../shared/step.ts';

const STEP = { id: 'binlog', title: 'Read the binary log' };

/** The binary log since a backup, copied, and what the server allows to be done with it. */
export interface OpenedLog {
  readonly range: LogRange;
  readonly surroundings: Surroundings;
  /** What it may lack, or not have so that it can be repeated, one sentence each. */
  readonly gaps: readonly string[];
  /** Those of them that nobody can rule out. */
  readonly doubts: readonly string[];
  readonly subject: Subject;
  /** The next AUTO_INCREMENT of these tables in the backup. */
  readCounters(isWanted: (table: string) => boolean): Promise<ReadonlyMap<string, bigint>>;
  /** Reads it through, up to a moment and behind it, without what begins at a place of `leftOut`. */
  survey(moment: Moment | undefined, leftOut?: ReadonlySet<string>): Promise<Survey>;
}

/** Why there is none, and what would help. */
export interface ClosedLog {
  readonly problem: string;
  readonly remedy: string | undefined;
}

interface Asked {
  /** The backup. */
  readonly file: string;
  readonly manifest: Manifest;
  readonly server: Server;
  readonly config: Config;
  readonly isInPlace: boolean;
}

/** Copies the binary log since a backup into the run's folder, as a step that everybody sees. Production is only read. */
export async function openLog(asked: Asked, invocation: Invocation): Promise<OpenedLog | ClosedLog> {
  const { server, manifest } = asked;
  const session = await server.open();
  try {
    const { grantToRead, grantToRepeat } = await readLogRights(session, server.flavor);
    if (manifest.position && grantToRead !== undefined) {
      return { problem: 'the account may not read the binary log', remedy: grantToRead };
    }
    const gaps = await readLogGaps(session, server.flavor, server.target.database);
    if (gaps.closed !== undefined) return { problem: gaps.closed, remedy: undefined };
    const source = await findLog(manifest, server, session);
    if ('problem' in source) return { ...source, remedy: undefined };
    const describe = (read: LogRange) => `${(rangeBytes(read) / 1e6).toFixed(1)} MB since the backup`;
    const range = await runStep(STEP, invocation, () => fetchSince(asked, source, invocation), describe);
    const surroundings = await readSurroundings(asked, grantToRepeat, session, invocation);
    const notFoundAgain = await tablesNotFoundAgain(asked.file, manifest);
    const subject = { ...(await readSubject(session, server.flavor, server.target.database)), notFoundAgain };
    const rows = new Map(manifest.tables.map((table) => [table.name, table.rows]));
    const survey: OpenedLog['survey'] = (moment, leftOut) =>
      surveyLog(range, subject, moment, invocation.signal, { leftOut, rows });
    const doubts = await readDoubts(session, server.flavor, subject, manifest.made);
    const readThem: OpenedLog['readCounters'] = (isWanted) => readCounters(asked.file, manifest, isWanted);
    return {
      range,
      subject,
      readCounters: readThem,
      surroundings,
      gaps: doubts ?? gaps.partial,
      doubts: doubts ?? [],
      survey,
    };
  } finally {
    await session.close();
  }
}

async function fetchSince(
  { server, manifest, config }: Asked,
  source: Parameters<typeof fetchLog>[0]['source'],
  invocation: Invocation,
): Promise<LogRange> {
  const clients = await requireClients(server.flavor, invocation.exec, invocation.env);
  const folder = logFolder(runFolder(config.stateDir, invocation.hub.run));
  const { finishedAt } = manifest;
  return fetchLog({ source, folder, clients, stepId: STEP.id, finishedAt }, contextOf(server, invocation));
}

async function readSurroundings(
  { file, server, manifest, isInPlace }: Asked,
  grantToRepeat: string | undefined,
  session: Session,
  invocation: Invocation,
): Promise<Surroundings> {
  const [row] = await session.query<{ packet: number | string; names: number }>(
    'SELECT @@GLOBAL.max_allowed_packet AS packet, @@GLOBAL.lower_case_table_names AS names',
  );
  const { view, trigger } = manifest.objects;
  const clients = await requireClients(server.flavor, invocation.exec, invocation.env);
  const twin = await findTwin(server, clients, invocation.exec, invocation.env.PATH);
  const whyNoTwin = !twin
    ? `the server program of ${server.flavor.label} is not on this machine, to repeat it apart from production`
    : Number(row?.names) === 2
      ? 'a private server would read names another way (lower_case_table_names)'
      : await whyOwnFolders(file, manifest);
  return {
    hasDependents: view.length + trigger.length > 0,
    isInPlace,
    grantToRepeat,
    longestStatementBytes: Number(row?.packet),
    whyNoTwin,
  };
}

/** Loaded there with their folders, tables would land beside production's own files; without, they would come back without. */
async function whyOwnFolders(file: string, manifest: Manifest): Promise<string | undefined> {
  const names = await tablesInFolders(file, manifest);
  if (names.length === 0) return undefined;
  return `a private server puts nothing into the folders of production, where ${names.join(', ')} lies (DATA DIRECTORY)`;
}
