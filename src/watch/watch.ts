import { askSite } from '../app/site.ts';
import type { Server, Session } from '../mysql/connect.ts';
import type { Clock } from '../system/clock.ts';
import type { Http } from '../system/http.ts';
import { type Baseline, type Watchable, watchedFolders } from './baseline.ts';
import { DatabaseSource } from './database/source.ts';
import type { DataLook, QuerySeen, Sample } from './evidence.ts';
import { LogSource } from './logs/source.ts';
import { readSpaces } from './machine.ts';
import type { Kept } from './record.ts';
import { type Judged, judgeWatch } from './verdict.ts';

export interface WatchTimes {
  readonly forMs: number;
  readonly everyMs: number;
  /** Since the beginning; the end is one too. */
  readonly checkpointsMs: readonly number[];
}

export interface WatchParts extends WatchTimes {
  readonly config: Watchable;
  readonly baseline: Baseline;
  /** Tables of the deploy: their queries are under treatment. */
  readonly tables: readonly string[];
  /** Of earlier watches of the same run. */
  readonly earlier: readonly Kept[];
  readonly http: Http;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  /** The deploy's own verification again, and the rows; on a connection of its own. */
  lookAtData(server: Server, session: Session): Promise<DataLook>;
  /** Something that people should know, once. */
  tell(text: string): void;
  keep(kept: Kept): void;
  /** Called after every look. `checkpointMs`: this look is one. Resolves to false when the watch is to end here. */
  onLook(sample: Sample, judged: Judged, place: LookPlace): Promise<boolean>;
}

export interface LookPlace {
  readonly elapsedMs: number;
  readonly checkpointMs: number | undefined;
  readonly isLast: boolean;
}

/** Histograms and digests cost more than counters: they are read with every so many looks. */
const QUERIES_EVERY = 6;
const REQUEST_MS = 5_000;

/** Looks until the time is over, somebody ends it, or Ctrl-C comes. Never rejects because a source is lost. */
export async function watch(parts: WatchParts): Promise<Judged> {
  const sources = openSources(parts);
  const samples: Sample[] = parts.earlier.map(({ sample }) => sample);
  const checkpoints = checkpointsOf(parts);
  const startedMs = parts.clock.ticksMs();
  let judged: Judged = { verdict: 'inconclusive', evidence: [], because: [] };
  try {
    for (let index = 0; ; index++) {
      const elapsedMs = parts.clock.ticksMs() - startedMs;
      const isLast = elapsedMs >= parts.forMs;
      const checkpointMs = takeCheckpoint(checkpoints, elapsedMs);
      const isData = index === 0 || checkpointMs !== undefined;
      const sample = await sources.look({ isData, isQueries: isData || index % QUERIES_EVERY === 0 });
      samples.push(sample);
      parts.keep({ sample, places: sources.places() });
      judged = judgeWatch(watchedBy(parts, samples));
      const goesOn = await parts.onLook(sample, judged, { elapsedMs, checkpointMs, isLast });
      if (!goesOn || isLast || parts.signal.aborted) return judged;
      const dueMs = startedMs + (index + 1) * parts.everyMs;
      const endsMs = startedMs + parts.forMs;
      const pauseMs = Math.max(0, Math.min(dueMs, endsMs) - parts.clock.ticksMs());
      if (await isInterrupted(parts.clock.sleep(pauseMs, parts.signal), parts.signal)) return judged;
    }
  } finally {
    await sources.close();
  }
}

async function isInterrupted(sleeping: Promise<void>, signal: AbortSignal): Promise<boolean> {
  try {
    await sleeping;
    return false;
  } catch (error) {
    if (signal.aborted) return true;
    throw error;
  }
}

/** Those before the end, and the end. */
function checkpointsOf({ forMs, checkpointsMs }: WatchTimes): number[] {
  return [...checkpointsMs.filter((ms) => ms < forMs), forMs];
}

/** The latest one that is due; those before it are passed with it. */
function takeCheckpoint(left: number[], elapsedMs: number): number | undefined {
  let taken: number | undefined;
  while (left[0] !== undefined && left[0] <= elapsedMs) taken = left.shift();
  return taken;
}

function watchedBy(parts: WatchParts, samples: readonly Sample[]) {
  const { config, baseline, tables, clock, forMs, everyMs } = parts;
  const first = samples.find(({ data }) => data)?.data?.rows ?? {};
  // What the migrations themselves have deleted is no loss: rows of their own tables count from the first look.
  const own = Object.entries(first).filter(([table]) => tables.includes(table) || baseline.rows[table] === undefined);
  return {
    past: { ...baseline, rows: { ...baseline.rows, ...Object.fromEntries(own) } },
    ...{ samples, nowMs: clock.now().getTime(), everyMs, looks: Math.max(1, Math.ceil(forMs / everyMs)) },
    expectedStatus: config.app.health?.expect ?? 200,
    thresholds: config.monitor.thresholds,
  };
}

function openSources(parts: WatchParts) {
  const { config, baseline, tables, earlier, tell, clock } = parts;
  const logs = new LogSource(config.monitor.logs, baseline.logs, earlier.at(-1)?.places ?? {}, tell);
  const database = new DatabaseSource(config.database, tell);
  let isDown = false;
  const lookAtDatabase = async () => {
    const { look, error } = await database.look();
    if ((error !== undefined) !== isDown)
      tell(isDown ? 'the database answers again' : `the database cannot be asked: ${String(error)}`);
    isDown = error !== undefined;
    return look;
  };
  const optional = async <T>(asked: boolean, ask: () => Promise<T>): Promise<T | undefined> =>
    asked && !isDown ? ask().catch(() => undefined) : undefined;
  return {
    places: () => logs.places,
    async look({ isData, isQueries }: { isData: boolean; isQueries: boolean }): Promise<Sample> {
      const [counted, health, entries, spaces] = await Promise.all([
        lookAtDatabase(),
        askHealth(parts),
        logs.look(),
        readSpaces(watchedFolders(config, baseline.dataDir)),
      ]);
      const queries: QuerySeen[] | undefined = await optional(isQueries, () =>
        database.lookAtQueries(baseline.digests, tables),
      );
      const data = await optional(isData, () => database.apart(parts.lookAtData));
      return { atMs: clock.now().getTime(), database: counted, health, logs: entries, spaces, queries, data };
    },
    async close() {
      await Promise.all([logs.close(), database.close()]);
    },
  };
}

async function askHealth({ config, http, clock, signal }: WatchParts): Promise<Sample['health']> {
  if (!config.app.health) return undefined;
  const answer = await askSite(config.app.health.url, REQUEST_MS, { http, clock, signal }).catch(() => undefined);
  return answer && { status: answer.status, ms: answer.ms };
}
