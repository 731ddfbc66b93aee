import type { ExitCode, ProductionState } from '../errors.ts';
import type { Evidence, Verdict } from '../watch/evidence.ts';

/** Names of the commands that make a run. */
export type CommandName =
  | 'init'
  | 'new'
  | 'doctor'
  | 'status'
  | 'test'
  | 'deploy'
  | 'verify'
  | 'monitor'
  | 'baseline'
  | 'rollback'
  | 'resume'
  | 'restore'
  | 'backup create'
  | 'backup list'
  | 'backup verify'
  | 'backup prune'
  | 'history'
  | 'report'
  | 'notify test'
  | 'demo';

/** A `hint` is shown with `--verbose` alone. */
export type CheckLevel = 'error' | 'warning' | 'advice' | 'hint';

/**
 * Everything that happens is one of these. The hub stamps `at` and `run`; reporters decide how it looks.
 * The JSON reporter writes them as they are: field names are the contract's.
 */
export type RunEvent =
  | { type: 'run.started'; command: CommandName; target: string; logFile: string | undefined }
  | {
      type: 'plan';
      steps: readonly { id: string; title: string }[];
      onFailure: readonly { id: string; title: string }[];
    }
  | { type: 'step.started'; id: string; title: string }
  | { type: 'step.finished'; id: string; title: string; ms: number; detail?: string | undefined }
  | { type: 'step.failed'; id: string; title: string; ms: number; error: string }
  | { type: 'statement.started'; version: string; ordinal: number; of: number; direction: 'up' | 'down'; sql: string }
  | {
      type: 'statement.finished';
      version: string;
      ordinal: number;
      of: number;
      direction: 'up' | 'down';
      ms: number;
      rows: number;
      warnings: readonly string[];
    }
  /** What a rehearsal has learned of a migration that is about to be applied: told for the page of the run. */
  | {
      type: 'rehearsed';
      version: string;
      /** What it makes of the schema, by object and fact: `- ` before, `+ ` after. */
      changes: readonly string[];
      forecasts: readonly ToldForecast[];
    }
  | { type: 'migration.finished'; version: string; name: string; direction: 'up' | 'down'; ms: number }
  | {
      type: 'progress';
      id: string;
      done: number;
      total: number | undefined;
      unit: 'bytes' | 'rows' | 'items' | 'ms';
      perSecond: number | undefined;
      etaMs: number | undefined;
    }
  | {
      type: 'check';
      group: string;
      name: string;
      ok: boolean;
      level: CheckLevel;
      detail: string;
      remedy?: string | undefined;
      /** Findings of one kind are gathered on the screen, under a headline; `object` is what this one is about. */
      kind?: string | undefined;
      headline?: string | undefined;
      object?: string | undefined;
    }
  | { type: 'summary'; title: string; rows: readonly (readonly [label: string, value: string])[] }
  /** Something in the binary log that looks like an accident, or a run; `--until` and `--leave-out` take its `position`. */
  | {
      type: 'accident';
      position: string;
      time: string;
      threadId: number | undefined;
      what: string;
      tables: readonly string[];
      rows: number | undefined;
      /** Which part of its table's rows that is, of the table that lost most of them. */
      percent: number | undefined;
      /** The run of the tool that did it: `--leave-out` takes it, too. */
      ofRun: string | undefined;
      /** What `--until` loses with it: all that was committed behind it. `--leave-out` loses none of that. */
      lostUntil: { readonly transactions: number; readonly rows: number | undefined };
    }
  /** A row, or a transaction, that what is undone or left out meets: it stays as the application has made it. */
  | { type: 'conflict'; table: string; key: string; reason: string; position?: string | undefined }
  /** One look of a watch; null: the database could not be asked, no site is configured. */
  | {
      type: 'sample';
      counters: Readonly<Record<string, number>> | null;
      health: { status: number | null; ms: number } | null;
      logs: { entries: number; errors: number };
      verdict: Verdict;
      leftMs: number;
    }
  /** A reason for a verdict, when it is first seen. `first`: ISO 8601. */
  | ({ type: 'evidence'; first: string } & Omit<Evidence, 'firstMs'>)
  | { type: 'verdict'; verdict: Verdict; checkpoint: string; because: readonly string[]; next: string }
  | { type: 'note'; level: 'info' | 'warning' | 'debug'; text: string }
  | RunFinished;

/** What a statement was expected to mean for those who use the table. */
export interface ToldForecast {
  readonly ordinal: number;
  readonly table: string;
  readonly effect: 'instant' | 'online' | 'writes wait' | 'rebuild';
  /** The table's, as the server estimates them. */
  readonly rows: number;
  /** Milliseconds, the least that it takes; absent when it is instant. */
  readonly estimateMs?: number | undefined;
}

export interface RunFinished {
  type: 'run.finished';
  command: CommandName;
  result: 'ok' | 'failed' | 'cancelled' | 'refused';
  exitCode: ExitCode;
  production: ProductionState;
  applied?: readonly string[] | undefined;
  reverted?: readonly string[] | undefined;
  pending?: readonly string[] | undefined;
  backup?: string | undefined;
  saved?: string | undefined;
  /** Files whose rows, which rollbacks had saved, a deploy has put back. */
  loaded?: readonly string[] | undefined;
  /** What was committed later and a restore does not bring back; `rows` is absent where they cannot be counted. */
  lost?: { readonly transactions: number; readonly rows: number | undefined } | undefined;
  /** Rows and definitions that the application has changed since: an undo stops at them, or leaves them as they are. */
  conflicts?: readonly { readonly table: string; readonly key: string; readonly reason: string }[] | undefined;
  maintenanceMs?: number | undefined;
  /** What of it each step took, in ms, by id. */
  maintenanceParts?: Readonly<Record<string, number>> | undefined;
  report?: string | undefined;
  verdict?: Verdict | undefined;
  /** `status` alone: its whole answer is this one object. */
  changed?: readonly string[] | undefined;
  missing?: readonly string[] | undefined;
  /** `status` alone: what other tools have noted in this database. */
  foreign?: readonly ForeignSummary[] | undefined;
  unfinished?: UnfinishedSummary | null | undefined;
  /** Files in the folder of migrations that cannot be read, as sentences. */
  problems?: readonly string[] | undefined;
  /** What failed, the state of production, and the next command: present when `result` is not `ok`. */
  error?: { what: string; state: string; next: string } | undefined;
  ms: number;
}

/** A run that was cut off, as `status --json` tells it. */
export interface UnfinishedSummary {
  readonly run: string;
  readonly command: string;
  readonly startedAt: string;
  /** The last thing that was begun. */
  readonly last: string | null;
  readonly outcome: 'done' | 'not done' | 'unknown';
  /** Who is still at it, if anybody. */
  readonly holder: string | null;
}

/** An event as reporters receive it. */
export type StampedEvent = RunEvent & { at: string; run: string };

export type Reporter = (event: StampedEvent) => void;

/** The history of another tool: how many entries it has, and which of the pending migrations it says are applied. */
export interface ForeignSummary {
  readonly tool: string;
  readonly table: string;
  readonly noted: number;
  readonly pending: readonly string[];
  /** The migration in the middle of which the tool says that it failed. */
  readonly failed: string | null;
}
