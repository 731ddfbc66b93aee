import type { CommandName } from '../run/events.ts';

/** What each phase is told to do. Data only: a plan can be printed, compared, hashed and journalled. */
export interface StepInputs {
  backup: { readonly purpose: 'deploy' | 'manual' | 'restore'; readonly file: string };
  /** Load the backup somewhere else and compare. */
  prove: { readonly file: string };
  maintenance: {
    readonly to: 'on' | 'off';
    /**
     * The application may be what is broken: where artisan cannot start, Laravel's own files are written, and no answer
     * is insisted on that a broken site cannot give.
     */
    readonly isRescue?: boolean;
    /** That artisan cannot start is known before the run: it is not tried on the way down. */
    readonly by?: 'files';
    /** What has been loaded so far is worth more than a site that is down: a failure is told, and the run goes on. */
    readonly goesOn?: boolean;
    /** The run that this one ends may have taken the site down already. */
    readonly isOurs?: boolean;
  };
  /** What writes while HTTP is down: queue workers, the scheduler. `isRescue`: as for `maintenance`. */
  workers: { readonly to: 'paused' | 'running'; readonly isRescue?: boolean };
  services: {
    readonly action: 'stop' | 'start';
    readonly services: readonly string[];
    /** As for `maintenance`. */
    readonly goesOn?: boolean;
  };
  /** `isRescue`: what cannot be cleared is told, not fatal. */
  caches: { readonly when: 'before' | 'after'; readonly isRescue?: boolean };
  /** Wait, with the site up, until no old transaction holds a table that the run will lock. */
  locks: {
    /** `all`: whatever tables there are by then. */
    readonly tables: 'all' | readonly LockedTable[];
    /** What to type again when they do not get free. */
    readonly again: 'deploy' | 'rollback' | 'restore';
    /** Services that are stopped next take their transactions along: that one is left is told, and the run goes on. */
    readonly goesOn?: boolean;
  };
  /** `adopt`: their tables are there already and equal; they are only noted in the history. */
  migrate: {
    readonly versions: readonly string[];
    readonly adopt: readonly string[];
    /** Asked once more before the first statement: with the site down nobody waits for an old transaction, it goes back. */
    readonly free?: readonly LockedTable[];
  };
  /** Undo what `ofRun` did, newest first. */
  undo: {
    readonly ofRun: string;
    readonly versions: readonly string[] | 'all';
    /** The backup that `ofRun` made: what the way back cannot bring back is in it. */
    readonly backup?: string | undefined;
  };
  /**
   * Dump the rows that an undo of these versions will drop. `ofRun`: those that the way back of this run drops, which is
   * known only when it is taken; `tables` is empty then.
   */
  save: {
    readonly file: string;
    readonly tables: readonly string[];
    readonly versions: readonly string[];
    readonly ofRun?: string | undefined;
  };
  /** Load those tables of `file`, which a rollback has saved rows in, into `database`, beside production. */
  'saved-beside': SavedRows;
  /** From there into production. */
  'saved-rows': SavedRows & {
    /** Nobody else writes: triggers may be away for a moment, and a row that the migration made gives way to the saved one. */
    readonly isSiteDown: boolean;
  };
  /** Undo around the tables what loading saved rows has left: triggers that are away, databases beside. */
  'saved-tidy': { readonly ofRun: string; readonly databases: readonly string[] };
  /** The tables that `save` has closed to writers stay: they are opened again. */
  'open-tables': Record<never, never>;
  /** In place; what was there goes to `aside`. */
  load: { readonly file: string; readonly aside: string };
  /** Load the tables of `file` into `database`, beside production. */
  'load-beside': { readonly file: string; readonly database: string };
  /**
   * Repeat the binary log since the backup `file`, up to the event at `until`: `beside` production in `database`, or on a
   * private server, whose result is backed up as `into`.
   */
  replay: {
    readonly way: 'beside' | 'private';
    readonly file: string;
    readonly until: { readonly file: string; readonly position: number };
    readonly database: string;
    readonly into: string;
    /** What the log may lack, one sentence each: it cannot be said that everything is back. */
    readonly doubts?: readonly string[];
    /** Where the transactions begin that are not repeated, in the order of the log. */
    readonly leftOut?: readonly string[];
  };
  /** Repeat in `replay.database` what was logged since `replay` has; `isLast`: nobody writes any more. */
  'replay-tail': { readonly replay: StepInputs['replay']; readonly isLast: boolean };
  /**
   * Undo the rows of these transactions of the log in production itself, by way of `database` beside it. `digests`: what the tables
   * look like. `theirs`: a row that was changed since stays as it is.
   */
  flashback: {
    readonly places: readonly string[];
    readonly rule: 'stop' | 'theirs';
    readonly database: string;
    readonly digests: Readonly<Record<string, string>>;
  };
  /** The tables of `from` take production's place, which goes to `aside`. */
  swap: {
    readonly from: string;
    readonly aside: string;
    readonly file: string;
    /** More than what `file` has was brought into `from`. */
    readonly isReplayed?: boolean;
    /** Everything up to the exchange itself is to be in it: what is logged since `replay` has is repeated, too. */
    readonly rest?: StepInputs['replay'];
  };
  /** Single tables of `file` into production, beside the present ones, by way of `database`. */
  'load-tables': { readonly file: string; readonly tables: readonly TableCopy[]; readonly database: string };
  /** The same into `database`, where they wait to take the place of the present ones. */
  'load-tables-beside': {
    readonly file: string;
    readonly tables: readonly string[];
    readonly database: string;
  };
  /** Would these tables of `file`, loaded into `database`, fit into production? */
  'compare-tables': { readonly file: string; readonly tables: readonly string[]; readonly database: string };
  /** They take the place of production's, which go to `aside`. */
  'swap-tables': {
    readonly file: string;
    readonly tables: readonly string[];
    readonly from: string;
    readonly aside: string;
  };
  /** Undo what the restore `ofRun` did to production; what is there goes to `side`, for good when it `keeps` it. */
  'swap-back': {
    readonly ofRun: string;
    readonly side: string;
    /** Where the restore was to keep what is brought back. */
    readonly aside: string;
    readonly keeps: boolean;
  };
  /** Drop what the restore `ofRun` has loaded beside production. */
  discard: { readonly ofRun: string; readonly database: string };
  verify: Record<never, never>;
  health: {
    readonly expect: number;
    /** What it answered before the run, where the run is not to blame for it: told, but no failure. */
    readonly excused?: SiteAnswer | undefined;
  };
}

/** A table whose metadata lock a statement needs. */
export interface LockedTable {
  readonly table: string;
  /** Who makes the statement wait: every transaction that has used the table, or those alone that have written to it. */
  readonly against: 'everybody' | 'writers';
}

/** The status of an answer. */
export type SiteAnswer = number | 'nothing';

export interface SavedRows {
  readonly file: string;
  readonly database: string;
  readonly tables: readonly SavedTable[];
}

/** A table of which a rollback took something away. */
export interface SavedTable {
  readonly table: string;
  /** `all`: its rows, for it was dropped. Else the columns that were, whose values go back to the rows that are there. */
  readonly columns: 'all' | readonly string[];
}

/** A table of a backup, and what it is called in production. */
export interface TableCopy {
  readonly table: string;
  readonly copy: string;
}

export type PhaseName = keyof StepInputs;

/** One thing to do. Ids are stable and readable. */
export type Step = { [P in PhaseName]: StepOf<P> }[PhaseName];

export interface StepOf<P extends PhaseName> {
  readonly id: string;
  readonly phase: P;
  readonly title: string;
  readonly input: StepInputs[P];
  /** A step of the way back that is needed only once this step of the way forward has been started. */
  readonly onlyAfter?: string | undefined;
}

export interface Plan {
  readonly command: CommandName;
  /** For people: `askproai_db on 127.0.0.1:3306`. */
  readonly target: string;
  readonly steps: readonly Step[];
  /** The way back, planned and shown up front; run through the same loop. */
  readonly onFailure: readonly Step[];
  /**
   * Id of the last step whose failure takes the way back. After it the result is in place and verified: a site that
   * does not come up is no better for undoing the database.
   */
  readonly wayBackUntil?: string | undefined;
}

/** Brings the site up, or asks the site that was brought up: nothing to do for whoever did not take it down. */
export function bringsSiteUp(step: Step): boolean {
  return step.phase === 'health' || (step.phase === 'maintenance' && step.input.to === 'off');
}

/** The step that puts what was restored in the place of what was there. */
export function exchangeOf(plan: Plan): Extract<Step, { phase: 'swap' | 'load' | 'swap-tables' }> | undefined {
  return plan.steps.find((step) => step.phase === 'swap' || step.phase === 'load' || step.phase === 'swap-tables');
}

/** Whether it puts another database in production's place. */
export function exchanges(plan: Plan): boolean {
  return plan.steps.some((step) => step.phase === 'swap' || step.phase === 'load');
}
