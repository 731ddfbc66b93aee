import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { askSite } from '../app/site.ts';
import type { Config } from '../config/config.ts';
import { connectWithSession, type Session, type Target } from '../mysql/connect.ts';
import { type Clock, isoWithOffset } from '../system/clock.ts';
import { writeFileAtomically } from '../system/files.ts';
import type { Http } from '../system/http.ts';
import { CounterSource, type Counters, countsBefore } from './database/counters.ts';
import { type Digests, readDigests } from './database/queries.ts';
import { countRows } from './database/rows.ts';
import type { Past } from './evidence.ts';
import { type LogPast, noteLog } from './logs/source.ts';
import { readSpaces } from './machine.ts';

/** What a watch compares with: everything as it was just before a deploy. What could not be had is left out. */
export interface Baseline extends Past {
  /** ISO 8601. */
  readonly at: string;
  readonly counters: Counters | undefined;
  readonly digests: Digests;
  readonly logs: readonly LogPast[];
  /** The server's folder, when the server is this machine. */
  readonly dataDir?: string | undefined;
}

interface Ports {
  readonly http: Http;
  readonly clock: Clock;
  readonly signal: AbortSignal;
}

export type Watchable = Pick<Config, 'database' | 'app' | 'backup' | 'monitor' | 'logsDir' | 'stateDir'>;

const ANSWERS = 5;
const REQUEST_MS = 2_000;

/** Counters that are cumulative hold the past already: nothing is waited for. Never rejects. */
export async function takeBaseline(config: Watchable, tables: readonly string[], ports: Ports): Promise<Baseline> {
  const [database, health, logs] = await Promise.all([
    readDatabase(config, tables),
    askHealth(config, ports),
    Promise.all(config.monitor.logs.map(noteLog)),
  ]);
  const spaces = await readSpaces(watchedFolders(config, database.dataDir));
  return { at: isoWithOffset(ports.clock.now()), ...database, health, logs, spaces };
}

/** Disks that a deploy can fill: of backups, logs and runs; of the data, where the server is this machine. */
export function watchedFolders({ backup, logsDir, stateDir }: Watchable, dataDir: string | undefined): string[] {
  return [...(dataDir === undefined ? [] : [dataDir]), backup.dir, logsDir, stateDir];
}

type DatabasePast = Pick<
  Baseline,
  'statements' | 'counts' | 'threadsRunning' | 'rows' | 'counters' | 'digests' | 'dataDir'
>;

const NOTHING: DatabasePast = {
  ...{ statements: 0, counts: {}, threadsRunning: 0, rows: {}, counters: undefined, digests: {} },
};

async function readDatabase({ database }: Watchable, tables: readonly string[]): Promise<DatabasePast> {
  const connected = await connectWithSession(database).catch(() => undefined);
  if (!connected) return NOTHING;
  const { server, session } = connected;
  const { flavor, target } = server;
  const orElse = async <T>(asked: Promise<T>, otherwise: T) => asked.catch(() => otherwise);
  try {
    const counters = await new CounterSource(flavor, target.database, () => undefined).read(session);
    const rows = await orElse(countRows(session, flavor, target.database, tables), {});
    const digests = flavor.kind === 'mysql' ? await orElse(readDigests(session, target.database, tables), {}) : {};
    const { questions, threadsRunning } = counters;
    const counts = countsBefore(counters, flavor);
    const dataDir = isHere(database) ? await orElse(readDataDir(session), undefined) : undefined;
    return { statements: questions, counts, threadsRunning, rows, counters, digests: figures(digests), dataDir };
  } catch {
    return NOTHING;
  } finally {
    await session.close();
  }
}

/** Of the digests that matter, without their texts: those are read again when they are needed, and would fill the disk. */
function figures(digests: Digests): Digests {
  const chosen = Object.entries(digests).filter(([, { buckets }]) => buckets);
  return Object.fromEntries(chosen.map(([digest, { sample: _, ...count }]) => [digest, { ...count, text: '' }]));
}

function isHere({ socket, host }: Target): boolean {
  return socket !== undefined || host === undefined || /^(?:localhost|127\.|::1$)/.test(host);
}

async function readDataDir(session: Session): Promise<string | undefined> {
  const [row] = await session.query<{ folder: string }>('SELECT @@datadir AS folder');
  return row?.folder;
}

async function askHealth({ app }: Watchable, ports: Ports): Promise<Past['health']> {
  const answers: Past['health'][number][] = [];
  if (!app.health) return answers;
  for (let asked = 0; asked < ANSWERS; asked++) {
    const answer = await askSite(app.health.url, REQUEST_MS, ports).catch(() => undefined);
    if (!answer) return answers;
    answers.push({ status: answer.status, ms: answer.ms });
    // A site that says nothing is not waited for five times.
    if (answer.status === undefined) return answers;
  }
  return answers;
}

function baselinePath(folder: string): string {
  return join(folder, 'baseline.json');
}

export async function writeBaseline(folder: string, baseline: Baseline): Promise<void> {
  await writeFileAtomically(baselinePath(folder), `${JSON.stringify(baseline)}\n`);
}

/** Undefined: no deploy has noted one in this folder. */
export async function readBaseline(folder: string): Promise<Baseline | undefined> {
  try {
    return JSON.parse(await readFile(baselinePath(folder), 'utf8')) as Baseline;
  } catch {
    return undefined;
  }
}
