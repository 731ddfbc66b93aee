import { askSite, askSiteBack } from './ask-site.ts';
import { exclusively, waitForLocks } from './locks.ts';
import { type RestoredSite, siteDown, siteUp } from './restore-site.ts';
import type { Plan, Step, StepOf, TableCopy } from './step.ts';

export interface RestoreFacts extends RestoredSite {
  readonly run: string;
  readonly target: string;
  readonly file: string;
  /** How the binary log is repeated, and up to where; undefined for the backup's own moment. */
  readonly replay?: ReplayFacts | undefined;
  /** Where the backup is loaded beside production, or where a partly loaded production goes when it is given up. */
  readonly side: string;
  /** Where production's tables are kept. */
  readonly aside: string;
  /** Load into production itself: the site is down for as long as that takes. */
  readonly isInPlace: boolean;
}

export interface ReplayFacts {
  readonly way: 'beside' | 'private';
  readonly until: { readonly file: string; readonly position: number };
  /** The backup that a private server makes of the moment. */
  readonly into: string;
  /** What the log may lack, one sentence each. */
  readonly doubts: readonly string[];
  /** Where the transactions begin that are left out of everything up to now; undefined: up to a moment. */
  readonly leftOut?: readonly string[] | undefined;
}

/**
 * Plans a restore: the backup is loaded beside production while the site runs, then the two are swapped. Until the swap
 * has succeeded, a failure brings back exactly what was there; after it only the site is left to be brought up.
 */
export function planRestore(facts: RestoreFacts): Plan {
  const { run, side, aside, isInPlace, replay } = facts;
  const file = replay?.way === 'private' ? replay.into : facts.file;
  const rest = replay?.leftOut ? { rest: replayStep(facts.file, side, replay).input } : {};
  const arriving = { file, ...(replay?.way === 'beside' ? { isReplayed: true } : {}), ...rest };
  const exchange: Step = isInPlace
    ? { id: 'load', phase: 'load', title: 'Load the backup', input: { file, aside } }
    : { id: 'swap', phase: 'swap', title: 'Swap it with production', input: { from: side, aside, ...arriving } };
  const steps: (Step | false)[] = [
    replay?.way === 'private' && replayStep(facts.file, side, replay),
    !isInPlace && {
      id: 'load-beside',
      phase: 'load-beside',
      title: 'Load the backup beside production',
      input: { file, database: side },
    },
    replay?.way === 'beside' && replayStep(facts.file, side, replay),
    tailStep(facts, false),
    ...siteDown(facts, !isInPlace, waitForLocks('all', 'restore', facts)),
    tailStep(facts, true),
    exchange,
    ...siteUp(facts, ''),
    askSite(facts),
  ];
  const back: (Step | false)[] = [
    { ...swapBack(run, { side, aside }, false), onlyAfter: exchange.id },
    ...siteUp(facts, '-back'),
    { ...discard(run, side), onlyAfter: isInPlace ? exchange.id : 'load-beside' },
    after(isInPlace ? exchange.id : 'load-beside', askSiteBack(facts)),
  ];
  return {
    command: 'restore',
    target: facts.target,
    steps: steps.filter((step) => step !== false),
    onFailure: back.filter((step) => step !== false),
    wayBackUntil: exchange.id,
  };
}

/** Plans to bring single tables back beside the present ones: nothing that is there is touched, the site runs on. */
export function planTableRestore(facts: {
  readonly run: string;
  readonly target: string;
  readonly file: string;
  readonly side: string;
  readonly tables: readonly TableCopy[];
}): Plan {
  const { run, target, file, side, tables } = facts;
  const names = tables.map(({ table }) => table).join(', ');
  const load: Step = {
    id: 'load-tables',
    phase: 'load-tables',
    title: `Load ${names} beside`,
    input: { file, tables, database: side },
  };
  return { command: 'restore', target, steps: [load], onFailure: [discard(run, side)], wayBackUntil: load.id };
}

export interface TableExchangeFacts
  extends Pick<RestoreFacts, 'run' | 'target' | 'file' | 'side' | 'aside' | keyof RestoredSite> {
  readonly tables: readonly string[];
}

/** Plans to put single tables in the place of the present ones: whether they fit is known before the site goes down. */
export function planTableExchange(facts: TableExchangeFacts): Plan {
  const { run, target, file, side, aside, tables } = facts;
  const names = tables.join(', ');
  const steps: (Step | false)[] = [
    {
      id: 'load-tables',
      phase: 'load-tables-beside',
      title: `Load ${names} beside production`,
      input: { file, tables, database: side },
    },
    {
      id: 'compare-tables',
      phase: 'compare-tables',
      title: 'Compare with production',
      input: { file, tables, database: side },
    },
    ...siteDown(facts, true, waitForLocks(exclusively(tables), 'restore', facts)),
    {
      id: 'swap-tables',
      phase: 'swap-tables',
      title: `Swap ${names} with production's`,
      input: { file, tables, from: side, aside },
    },
    ...siteUp(facts, ''),
    askSite(facts),
  ];
  const back: (Step | false)[] = [
    { ...swapBack(run, { side, aside }, false), onlyAfter: 'swap-tables' },
    ...siteUp(facts, '-back'),
    { ...discard(run, side), onlyAfter: 'load-tables' },
    after('load-tables', askSiteBack(facts)),
  ];
  return {
    command: 'restore',
    target,
    steps: steps.filter((step) => step !== false),
    onFailure: back.filter((step) => step !== false),
    wayBackUntil: 'swap-tables',
  };
}

function replayStep(file: string, database: string, replay: ReplayFacts): StepOf<'replay'> {
  const { way, until, into, doubts, leftOut } = replay;
  const title = way === 'beside' ? 'Repeat the binary log' : 'Repeat the binary log on a private server';
  const more = { ...(doubts.length > 0 ? { doubts } : {}), ...(leftOut ? { leftOut } : {}) };
  return { id: 'replay', phase: 'replay', title, input: { way, file, until, database, into, ...more } };
}

/** Up to now: what was written meanwhile, with the site up as long as it is much, and then what is left of it. */
function tailStep({ file, side, replay }: RestoreFacts, isLast: boolean): Step | false {
  if (!replay?.leftOut) return false;
  const [id, title] = isLast
    ? (['replay-tail', 'Repeat the rest of it'] as const)
    : (['replay-since', 'Repeat what was written since'] as const);
  return { id, phase: 'replay-tail', title, input: { replay: replayStep(file, side, replay).input, isLast } };
}

export interface RestoreBackFacts extends Omit<RestoreFacts, 'run' | 'file' | 'isInPlace' | 'replay'> {
  /** The restore that is undone. */
  readonly ofRun: string;
  /** It had begun to exchange production. */
  readonly hasExchanged: boolean;
  /** The site has been up since: what production holds is kept in `side`, not dropped. */
  readonly isFinished: boolean;
}

/** Plans to bring back what was there before a restore. Undoing is itself the way back: only `resume` ends it. */
export function planRestoreBack(facts: RestoreBackFacts): Plan {
  const { ofRun, side, aside, hasExchanged, isFinished } = facts;
  const down = hasExchanged ? siteDown(facts, false, waitForLocks('all', 'rollback', facts)) : [];
  const firstDown = down.find((step) => step !== false && (step.phase === 'maintenance' || step.phase === 'services'));
  const steps: (Step | false)[] = [
    ...down,
    hasExchanged && swapBack(ofRun, { side, aside }, isFinished),
    ...siteUp(facts, ''),
    !isFinished && discard(ofRun, side),
    askSite(facts),
  ];
  return {
    command: 'rollback',
    target: facts.target,
    steps: steps.filter((step) => step !== false),
    onFailure: [...siteUp(facts, '-back'), firstDown ? after(firstDown.id, askSiteBack(facts)) : false].filter(
      (step) => step !== false,
    ),
    wayBackUntil: down.findLast((step) => step !== false)?.id,
  };
}

function swapBack(ofRun: string, names: { side: string; aside: string }, keeps: boolean): Step {
  return {
    id: 'swap-back',
    phase: 'swap-back',
    title: 'Bring back what was there before',
    input: { ofRun, ...names, keeps },
  };
}

function discard(ofRun: string, database: string): Step {
  return { id: 'discard', phase: 'discard', title: 'Drop what was loaded beside', input: { ofRun, database } };
}

function after(onlyAfter: string, step: Step | false): Step | false {
  return step && { ...step, onlyAfter };
}
