import type { Session } from '../../mysql/connect.ts';
import type { Executions, QuerySeen } from '../evidence.ts';

/** Digests as the server has counted them since it was started. */
export type Digests = Readonly<Record<string, DigestCount>>;

export interface DigestCount {
  readonly text: string;
  readonly executions: number;
  readonly errors: number;
  readonly timeMs: number;
  /** Executions by the number of their bucket of time; for the digests that matter. */
  readonly buckets?: Readonly<Record<number, number>> | undefined;
  readonly sample?: string | undefined;
}

/** Statements of this tool, of monitors, and such as no application repeats. */
const NOT_JUDGED =
  /performance_schema|information_schema|gateway_migrate|^(?:SHOW|SET|EXPLAIN|CREATE|ALTER|DROP|GRANT|COMMIT|START|BEGIN|ROLLBACK)\b/i;
/** Histograms cost 1 to 4 ms each: those of the tables of the deploy, and of the busiest others. */
const MOST_HISTOGRAMS = 200;
const QUANTILE = 0.95;

/** Reads every digest of the database, and the histograms of those that matter. MySQL 8 and newer. */
export async function readDigests(session: Session, database: string, tables: readonly string[]): Promise<Digests> {
  const rows = await session.query<{
    digest: string;
    text: string;
    sample: string;
    n: unknown;
    errors: unknown;
    ms: unknown;
  }>(
    `SELECT DIGEST AS digest, LEFT(DIGEST_TEXT, 400) AS text, LEFT(QUERY_SAMPLE_TEXT, 400) AS sample, COUNT_STAR AS n, SUM_ERRORS AS errors, SUM_TIMER_WAIT / 1e9 AS ms
     FROM performance_schema.events_statements_summary_by_digest WHERE SCHEMA_NAME = ? AND DIGEST IS NOT NULL`,
    [database],
  );
  const digests: Record<string, DigestCount> = {};
  for (const { digest, text, sample, n, errors, ms } of rows) {
    if (NOT_JUDGED.test(text)) continue;
    digests[digest] = { text, sample, executions: Number(n), errors: Number(errors), timeMs: Number(ms) };
  }
  const chosen = choose(digests, tables);
  if (chosen.length === 0) return digests;
  const buckets = await readHistograms(session, database, chosen);
  for (const digest of chosen) {
    const count = digests[digest];
    if (count) digests[digest] = { ...count, buckets: buckets.get(digest) ?? {} };
  }
  return digests;
}

function choose(digests: Digests, tables: readonly string[]): string[] {
  const byTime = Object.entries(digests).sort(([, a], [, b]) => b.timeMs - a.timeMs);
  const treated = byTime.filter(([, { text }]) => tablesIn(text, tables).length > 0);
  return [...new Set([...treated, ...byTime].map(([digest]) => digest))].slice(0, MOST_HISTOGRAMS);
}

async function readHistograms(session: Session, database: string, digests: readonly string[]) {
  const rows = await session.query<{ digest: string; bucket: number; n: unknown }>(
    `SELECT DIGEST AS digest, BUCKET_NUMBER AS bucket, COUNT_BUCKET AS n FROM performance_schema.events_statements_histogram_by_digest
     WHERE SCHEMA_NAME = ? AND DIGEST IN (${digests.map(() => '?').join(', ')}) AND COUNT_BUCKET > 0`,
    [database, ...digests],
  );
  const found = new Map<string, Record<number, number>>();
  for (const { digest, bucket, n } of rows) {
    const known = found.get(digest) ?? {};
    known[bucket] = Number(n);
    found.set(digest, known);
  }
  return found;
}

/** PURE: those of the tables that a normalised statement names. */
export function tablesIn(text: string, tables: readonly string[]): string[] {
  return tables.filter((table) => text.includes(`\`${table}\``));
}

export interface Snapshots {
  /** Noted before the deploy. */
  readonly before: Digests;
  /** When the watch began, at the look before, and now. */
  readonly first: Digests;
  readonly last: Digests;
  readonly now: Digests;
}

/** PURE: what every digest did since the watch began and since the look before, by the quantile of its past. */
export function comparedQueries({ before, first, last, now }: Snapshots, tables: readonly string[]): QuerySeen[] {
  return Object.entries(now).flatMap(([digest, count]): QuerySeen[] => {
    const long = since(count, first[digest]);
    if (long.executions <= 0) return [];
    const short = since(count, last[digest]);
    const past = before[digest];
    const edge = past?.buckets && quantileBucket(past.buckets);
    return [
      {
        ...{ digest, text: count.text, tables: tablesIn(count.text, tables), sample: count.sample },
        before: past && toExecutions(past, edge),
        long: toExecutions(long, edge),
        short: toExecutions(short, edge),
      },
    ];
  });
}

/** Less than before: the server was started anew, or the table was emptied, and counts from nothing. */
function since(now: DigestCount, was: DigestCount | undefined): DigestCount {
  if (!was || was.executions > now.executions) return now;
  const buckets: Record<number, number> = {};
  for (const [bucket, n] of Object.entries(now.buckets ?? {})) {
    buckets[Number(bucket)] = Math.max(0, n - (was.buckets?.[Number(bucket)] ?? 0));
  }
  return {
    ...{ text: now.text, executions: now.executions - was.executions, errors: now.errors - was.errors },
    timeMs: now.timeMs - was.timeMs,
    buckets: now.buckets && was.buckets ? buckets : undefined,
  };
}

function toExecutions({ executions, errors, timeMs, buckets }: DigestCount, edge: number | undefined): Executions {
  if (edge === undefined || !buckets) return { executions, errors, timeMs };
  const beyond = Object.entries(buckets).reduce((sum, [bucket, n]) => sum + (Number(bucket) > edge ? n : 0), 0);
  return { executions, errors, timeMs, beyond };
}

/** The bucket in which the quantile lies; undefined without any execution. */
function quantileBucket(buckets: Readonly<Record<number, number>>): number | undefined {
  const ordered = Object.entries(buckets)
    .map(([bucket, n]) => [Number(bucket), n] as const)
    .sort(([a], [b]) => a - b);
  const total = ordered.reduce((sum, [, n]) => sum + n, 0);
  let seen = 0;
  return ordered.find(([, n]) => {
    seen += n;
    return seen >= QUANTILE * total;
  })?.[0];
}
