import type { Thresholds } from '../config/config.ts';

// What a watch sees and what it makes of it, as plain values: a stream of them is kept beside the run, and replays.

export type Severity = 'minor' | 'major' | 'critical';
export type Verdict = 'healthy' | Severity | 'inconclusive';

/** One reason for a verdict; field names are the contract's. */
export interface Evidence {
  readonly severity: Severity;
  readonly source: 'log' | 'database' | 'query' | 'health' | 'resources' | 'verify';
  /** A sentence for a tired person. */
  readonly what: string;
  readonly count: number;
  /** The same figure before the deploy; null where nobody knows. */
  readonly baseline: number | null;
  /** When it was first seen, in ms since 1970. */
  readonly firstMs: number;
  readonly table?: string | undefined;
  readonly digest?: string | undefined;
  readonly sample?: string | undefined;
}

/** Errors that the server counts. */
export const KINDS = ['foreignKey', 'schema', 'deadlock', 'lockTimeout', 'aborted'] as const;
export type Kind = (typeof KINDS)[number];

/** A kind that this server does not count is left out; null: it happens, but how often is not known. */
export type Counts = Readonly<Partial<Record<Kind, number | null>>>;

/** Executions of one statement digest within a time; times in ms. */
export interface Executions {
  readonly executions: number;
  readonly errors: number;
  readonly timeMs: number;
  /** Executions slower than 95 % of those before the deploy; undefined where there is no histogram. */
  readonly beyond?: number | undefined;
}

export interface QuerySeen {
  readonly digest: string;
  readonly text: string;
  /** Tables of the deploy that it names: it is under treatment. None: it belongs to the control group. */
  readonly tables: readonly string[];
  readonly before: Executions | undefined;
  /** Since the watch began, and since the look before this one. */
  readonly long: Executions;
  readonly short: Executions;
  readonly sample?: string | undefined;
}

/** An entry of a log, told once an interval, however often it came. */
export interface LogEntry {
  readonly path: string;
  /** The entry without numbers, ids and times. */
  readonly fingerprint: string;
  /** By the patterns of the configuration. */
  readonly matched: Severity | undefined;
  /** Laravel's level ERROR or worse, or the server's own. */
  readonly isError: boolean;
  /** The same fingerprint stood in the log before the deploy. */
  readonly isOld: boolean;
  readonly count: number;
  readonly text: string;
}

export interface Space {
  readonly name: string;
  /** 0 to 1. */
  readonly freeShare: number;
}

/** A check of the deploy's own verification that does not hold. */
export interface BrokenCheck {
  readonly group: string;
  readonly name: string;
  readonly detail: string;
  /** It did not hold when the watch began either, in a table that the deploy did not make. */
  readonly wasBefore: boolean;
}

export interface DataLook {
  readonly broken: readonly BrokenCheck[];
  /** Rows of tables that could be counted in time. */
  readonly rows: Readonly<Record<string, number>>;
}

/** What one look has seen, differences to the look before. */
export interface Sample {
  readonly atMs: number;
  /** Undefined: the database could not be asked. */
  readonly database?: DatabaseLook | undefined;
  /** Undefined: no URL is configured. */
  readonly health?: { readonly status: number | undefined; readonly ms: number } | undefined;
  readonly logs: readonly LogEntry[];
  readonly spaces: readonly Space[];
  /** Now and then. */
  readonly queries?: readonly QuerySeen[] | undefined;
  /** At checkpoints. */
  readonly data?: DataLook | undefined;
}

export interface DatabaseLook {
  /** Statements of others. */
  readonly statements: number;
  readonly counts: Counts;
  readonly threadsRunning: number;
  readonly lockWaits: number;
  /** The server was started anew since the look before. */
  readonly restarted?: boolean | undefined;
  /** Where the last foreign key error was, as far as the server says. */
  readonly table?: string | undefined;
  readonly blocker?: string | undefined;
}

/** The past that a watch compares with. */
export interface Past {
  readonly statements: number;
  readonly counts: Counts;
  readonly threadsRunning: number;
  readonly health: readonly { readonly status: number | undefined; readonly ms: number }[];
  readonly spaces: readonly Space[];
  readonly rows: Readonly<Record<string, number>>;
}

/** Everything that a verdict depends on. */
export interface Watched {
  readonly past: Past;
  /** In the order of time. */
  readonly samples: readonly Sample[];
  /** When it is judged, ms since 1970. */
  readonly nowMs: number;
  /** The time between two looks. */
  readonly everyMs: number;
  /** How often the whole watch looks: so many chances of a false alarm. */
  readonly looks: number;
  readonly expectedStatus: number;
  readonly thresholds: Thresholds;
}

/** The two windows that have to agree: a burst that has passed is in one alone. Never shorter than a few looks. */
export function shortMs({ everyMs }: Pick<Watched, 'everyMs'>): number {
  return Math.max(60_000, 12 * everyMs);
}

export function longMs(watched: Pick<Watched, 'everyMs'>): number {
  return 5 * shortMs(watched);
}

export function within(samples: readonly Sample[], nowMs: number, ms: number): Sample[] {
  return samples.filter(({ atMs }) => atMs > nowMs - ms && atMs <= nowMs);
}
