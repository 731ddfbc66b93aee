import type { AskedSite } from './ask-site.ts';
import { bringUp, rescue, savedTidy, takeDown, wayUpAfterFailure } from './deploy.ts';
import { waitForLocks } from './locks.ts';
import type { LockedTable, Plan, SavedRows, Step } from './step.ts';

export interface RollbackFacts extends AskedSite {
  readonly target: string;
  /** The run whose migrations are undone. */
  readonly ofRun: string;
  readonly versions: readonly string[] | 'all';
  /** Where the rows that would be dropped are saved; undefined when none would be, or with `--discard-new-rows`. */
  readonly savedFile: string | undefined;
  /** `of the run`: what its way back takes away is found out then. */
  readonly tablesToSave: readonly string[] | 'of the run';
  /** The backup that the run made before it began, where one is known. */
  readonly backup?: string | undefined;
  /** Those that are undone, by name: a later deploy of the same finds the rows by them. */
  readonly versionsToSave: readonly string[];
  /** What was saved is loaded somewhere else before anything is dropped. */
  readonly provesBackup: boolean;
  /** Tables whose locks the way back needs; undefined where nobody has looked. */
  readonly locks?: readonly LockedTable[];
  /** The run that is undone was cut off while it loaded these. */
  readonly begunRows: readonly SavedRows[];
  /** The run that is undone was cut off and has left the site down: only what ends it may bring the site up. */
  readonly wasDown: boolean;
  readonly withMaintenance: boolean;
  readonly withWorkers?: boolean | undefined;
  readonly withCaches: boolean;
}

const OPEN_TABLES: Step = {
  id: 'open-tables',
  phase: 'open-tables',
  title: 'Open the tables to writers again',
  input: {},
  onlyAfter: 'save-rows',
};

function whatToSave({ tablesToSave, ofRun }: RollbackFacts) {
  return tablesToSave === 'of the run' ? { tables: [], ofRun } : { tables: tablesToSave };
}

/** Plans to undo what a run applied. If it fails half way, only `resume` can end it: undoing is itself the way back. */
export function planRollback(given: RollbackFacts): Plan {
  const facts = { ...given, isRescue: true };
  const { ofRun, versions } = facts;
  const down = { ...facts, isOurs: facts.wasDown };
  const before: (Step | false)[] = [
    ...takeDown(down, waitForLocks(facts.locks ?? [], 'rollback', down)),
    facts.savedFile !== undefined && {
      id: 'save-rows',
      phase: 'save',
      title: 'Save the rows that will be dropped',
      input: { file: facts.savedFile, ...whatToSave(facts), versions: facts.versionsToSave },
    },
    facts.savedFile !== undefined &&
      facts.provesBackup && {
        id: 'prove',
        phase: 'prove',
        title: 'Prove the saved rows by loading them',
        input: { file: facts.savedFile },
      },
  ];
  const steps: (Step | false)[] = [
    ...before,
    facts.begunRows.length > 0 && savedTidy(ofRun, facts.begunRows),
    { id: 'undo', phase: 'undo', title: 'Undo the migrations', input: { ofRun, versions, backup: facts.backup } },
    facts.withCaches && {
      id: 'caches-after',
      phase: 'caches',
      title: 'Clear caches again',
      input: { when: 'after', ...rescue(facts) },
    },
    ...bringUp(facts, ''),
  ];
  return {
    command: 'rollback',
    target: facts.target,
    steps: steps.filter((step) => step !== false),
    onFailure: [
      ...(facts.savedFile === undefined ? [] : [OPEN_TABLES]),
      ...(!facts.wasDown && before.some((step) => step !== false && step.phase !== 'locks')
        ? wayUpAfterFailure(facts)
        : []),
    ],
    wayBackUntil: before.findLast((step) => step !== false)?.id,
  };
}
