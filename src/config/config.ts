import type { Target } from '../mysql/connect.ts';
import type { Secret } from '../system/secret.ts';

/** The configuration, resolved: every default applied, every path absolute, secrets wrapped, durations in ms. */
export interface Config {
  /** Absolute path of the file it came from; undefined when everything came from the environment and `.env`. */
  readonly file: string | undefined;
  readonly database: Target;
  /** Where migrations are rehearsed; `private`: on a throwaway server that the rehearsal starts for itself. */
  readonly rehearsal: Target | 'private';
  readonly migrations: {
    readonly dir: string;
    readonly engine: 'sql' | 'artisan';
    readonly laravelTable: string | null;
    /** Seconds that a DDL statement waits for a metadata lock before it gives up (`lock_wait_timeout`), and how often it is tried. */
    readonly lockWaitSeconds: number;
    readonly lockRetries: number;
    /** DML on tables without transactions is refused unless this is true. */
    readonly allowNonTransactional: boolean;
  };
  readonly app: AppConfig;
  readonly backup: {
    readonly dir: string;
    readonly compression: 'gzip' | 'zstd';
    readonly verify: 'restore' | 'checksum';
    readonly keep: { readonly last: number; readonly days: number };
    readonly minFreeBytes: number;
  };
  readonly verify: {
    readonly requireTables: readonly string[];
    readonly requireIndexes: readonly {
      readonly table: string;
      readonly columns: readonly string[];
      readonly unique: boolean;
    }[];
    readonly tenant:
      | {
          readonly table: string;
          readonly column: string;
          readonly onDelete: string;
          /** Tables that are for all tenants; undefined: not declared. */
          readonly except?: readonly string[] | undefined;
        }
      | undefined;
    readonly references: readonly { readonly from: ColumnRef; readonly to: ColumnRef }[];
    /** Pairs of a type and an id: the type says which table the id is of. */
    readonly polymorphic: readonly Polymorphic[];
    readonly plans: readonly string[];
  };
  readonly monitor: {
    readonly forMs: number;
    readonly everyMs: number;
    /** When it judges, ms since its beginning, in their order. */
    readonly checkpointsMs: readonly number[];
    readonly thresholds: Thresholds;
    readonly logs: readonly {
      readonly path: string;
      readonly minor: readonly string[];
      readonly major: readonly string[];
      readonly critical: readonly string[];
    }[];
  };
  readonly notify: readonly NotifyTarget[];
  readonly logsDir: string;
  readonly stateDir: string;
}

/** What is worth an alarm of the watch: shares from 0 to 1, times in ms. */
export interface Thresholds {
  readonly errorRate: number;
  readonly slower: number;
  readonly slowerByMs: number;
  readonly leastVolume: number;
  readonly leastErrors: number;
  readonly falseAlarms: number;
  readonly siteDownMs: number;
  readonly spaceFree: number;
  readonly rowsLost: number;
}

export interface ColumnRef {
  readonly table: string;
  readonly column: string;
}

export interface Polymorphic {
  readonly from: ColumnRef;
  /** Column of the same table. */
  readonly type: string;
  /** By what stands in the column of the type. */
  readonly to: Readonly<Record<string, ColumnRef>>;
}

export interface AppConfig {
  /** Undefined: nothing of Laravel's; commands of one's own, services and the health URL need no folder. */
  readonly dir: string | undefined;
  /** Where commands run when there is no `dir`: the folder of the configuration. Default: where we were started. */
  readonly commandsDir?: string | undefined;
  readonly maintenance:
    | 'laravel'
    | 'none'
    | {
        readonly enter: readonly string[];
        readonly leave: readonly string[];
        readonly check?: readonly string[] | undefined;
      };
  /** What writes while HTTP is down. Default: none is known. */
  readonly workers?:
    | 'laravel'
    | 'none'
    | {
        readonly pause: readonly string[];
        readonly resume: readonly string[];
        readonly idle?: readonly string[] | undefined;
      };
  readonly caches: 'laravel' | 'none' | readonly (readonly string[])[];
  readonly services: readonly string[];
  /** argv with `{action}` (start, stop, status) and `{service}` to be filled in. */
  readonly serviceCommand: readonly string[];
  readonly health: { readonly url: string; readonly expect: number; readonly maintenance: number } | undefined;
}

/** Who is told, and of what; `project`, `contact` and `next` are the team's own words. */
export type NotifyTarget = Readonly<NotifyWords> &
  (
    | { readonly type: 'slack' | 'webhook'; readonly url: Secret }
    | { readonly type: 'email'; readonly smtp: Secret; readonly from: string; readonly to: readonly string[] }
    | { readonly type: 'command'; readonly run: readonly string[] }
  );

interface NotifyWords {
  /** Default: of everything. */
  on?: readonly ('started' | 'succeeded' | 'failed' | 'rolledBack' | 'restored' | 'verdict')[] | undefined;
  project?: string | undefined;
  contact?: string | undefined;
  next?: readonly string[] | undefined;
}
