import { type AskedSite, askSite, askSiteBack } from './ask-site.ts';
import { waitForLocks } from './locks.ts';
import type { LockedTable, Plan, SavedRows, Step } from './step.ts';
import { pauseWorkers, resumeWorkers } from './workers.ts';

export interface DeployFacts extends AskedSite {
  readonly run: string;
  readonly target: string;
  /** Versions to apply, in order. */
  readonly versions: readonly string[];
  /** Versions whose tables are there already and equal. */
  readonly adopt: readonly string[];
  /** Where the backup goes; undefined with `--skip-backup`. */
  readonly backupFile: string | undefined;
  /** Where rows go that the way back drops; undefined: they are dropped. */
  readonly savedFile?: string | undefined;
  /** The backup is loaded somewhere else before the site goes down. */
  readonly provesBackup: boolean;
  /** What rollbacks have saved and this deploy brings back, in this order. */
  readonly savedRows: readonly SavedRows[];
  /** Tables whose locks the migrations need; undefined where nobody has looked. */
  readonly locks?: readonly LockedTable[];
  /** Somebody has put the site in maintenance before us. */
  readonly isSiteDown: boolean;
  /** False with `--no-maintenance`, or when the application has no maintenance mode. */
  readonly withMaintenance: boolean;
  readonly withWorkers?: boolean | undefined;
  readonly withCaches: boolean;
}

/** Plans a deploy and its way back. */
export function planDeploy(facts: DeployFacts): Plan {
  const { versions, adopt, run, savedRows, locks = [] } = facts;
  const steps: (Step | false)[] = [
    facts.backupFile !== undefined && {
      id: 'backup',
      phase: 'backup',
      title: 'Back up the database',
      input: { purpose: 'deploy', file: facts.backupFile },
    },
    facts.backupFile !== undefined &&
      facts.provesBackup && {
        id: 'prove',
        phase: 'prove',
        title: 'Prove the backup by loading it',
        input: { file: facts.backupFile },
      },
    ...savedRows.map((input, index) => ({
      ...{ id: numbered('saved-beside', index), phase: 'saved-beside' as const, input },
      title: 'Load the saved rows beside production',
    })),
    ...takeDown(facts, waitForLocks(locks, 'deploy', facts)),
    {
      id: 'migrate',
      phase: 'migrate',
      title: `Apply ${count(versions.length + adopt.length)}`,
      input: { versions, adopt, ...(facts.withMaintenance && locks.length > 0 ? { free: locks } : {}) },
    },
    ...savedRows.map((input, index) => ({
      ...{ id: numbered('saved-rows', index), phase: 'saved-rows' as const, title: 'Put the saved rows back' },
      input: { ...input, isSiteDown: facts.isSiteDown || facts.withMaintenance },
    })),
    { id: 'verify', phase: 'verify', title: 'Verify', input: {} },
    facts.withCaches && { id: 'caches-after', phase: 'caches', title: 'Clear caches again', input: { when: 'after' } },
    ...bringUp(facts, ''),
  ];
  const undo: Step = {
    id: 'undo',
    phase: 'undo',
    title: 'Undo what this run applied',
    input: { ofRun: run, versions: 'all', backup: facts.backupFile },
    onlyAfter: 'migrate',
  };
  const save: Step[] =
    facts.savedFile === undefined
      ? []
      : [
          {
            ...{ id: 'save-undone', phase: 'save', title: 'Save the rows that the way back drops' },
            input: { file: facts.savedFile, tables: [], versions: [], ofRun: run },
            onlyAfter: 'migrate',
          },
        ];
  return {
    command: 'deploy',
    target: facts.target,
    steps: steps.filter((step) => step !== false),
    onFailure: [...tidySavedRows(run, savedRows), ...save, undo, ...wayUpAfterFailure(facts)],
    wayBackUntil: facts.withCaches ? 'caches-after' : 'verify',
  };
}

/** In front of every undo: a trigger that is away while rows are loaded would be missed by a down section. */
function tidySavedRows(ofRun: string, savedRows: readonly SavedRows[]): Step[] {
  if (savedRows.length === 0) return [];
  return [{ ...savedTidy(ofRun, savedRows), onlyAfter: numbered('saved-beside', 0) }];
}

export function savedTidy(ofRun: string, savedRows: readonly SavedRows[]): Step {
  const databases = savedRows.map(({ database }) => database);
  return {
    ...{ id: 'saved-tidy', phase: 'saved-tidy', title: 'Tidy up after the saved rows' },
    input: { ofRun, databases },
  };
}

/** The first stands without a number. */
function numbered(id: string, index: number): string {
  return index === 0 ? id : `${id}-${index + 1}`;
}

interface SiteFacts extends AskedSite {
  /** A way back: the application may be what is broken. */
  readonly isRescue?: boolean;
  /** The run that is ended may have taken the site down already. */
  readonly isOurs?: boolean;
  readonly withWorkers?: boolean | undefined;
  readonly withMaintenance: boolean;
  readonly withCaches: boolean;
}

/** Old transactions waited for while the site is up; maintenance on, caches cleared. */
export function takeDown(facts: SiteFacts, locks: Step | false): (Step | false)[] {
  return [
    pauseWorkers(facts),
    locks,
    facts.withMaintenance && {
      id: 'maintenance-on',
      phase: 'maintenance',
      title: 'Maintenance on',
      input: { to: 'on', ...rescue(facts), ...(facts.isOurs ? { isOurs: true } : {}) },
    },
    facts.withCaches && {
      id: 'caches-before',
      phase: 'caches',
      title: 'Clear caches',
      input: { when: 'before', ...rescue(facts) },
    },
  ];
}

/** Maintenance off, and the site asked whether it is well. `suffix` keeps ids apart. */
export function bringUp(facts: SiteFacts, suffix: '' | '-back'): (Step | false)[] {
  return [
    facts.withMaintenance && {
      id: `maintenance-off${suffix}`,
      phase: 'maintenance',
      title: 'Maintenance off',
      input: { to: 'off', ...rescue(facts) },
    },
    resumeWorkers(facts, suffix),
    suffix === '' ? askSite(facts) : askSiteBack(facts),
  ];
}

/**
 * The last steps of every way back: the site comes up again if it was taken down. Before the caches, unlike on the way
 * forward: a cache that cannot be cleared must not keep the site down.
 */
export function wayUpAfterFailure(given: SiteFacts): Step[] {
  const facts = { ...given, isRescue: true };
  const caches: Step = {
    ...{ id: 'caches-back', phase: 'caches', title: 'Clear caches again' },
    input: { when: 'after', ...rescue(facts) },
  };
  const steps: (Step | false)[] = [...bringUp(facts, '-back'), facts.withCaches && caches];
  const onlyAfter = facts.withMaintenance ? 'maintenance-on' : facts.withCaches ? 'caches-before' : 'migrate';
  return steps.filter((step) => step !== false).map((step) => ({ onlyAfter, ...step }));
}

export function rescue({ isRescue }: Pick<SiteFacts, 'isRescue'>): { isRescue?: true } {
  return isRescue ? { isRescue } : {};
}

function count(migrations: number): string {
  return migrations === 1 ? '1 migration' : `${migrations} migrations`;
}
