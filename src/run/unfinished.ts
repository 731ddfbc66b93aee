import type { HistoryRow } from '../migrations/history-row.ts';
import type { Session } from '../mysql/connect.ts';
import { undoesRows } from '../plan/flashback.ts';
import type { SavedRows, Step } from '../plan/step.ts';
import { readJournal, readUndoingRun } from '../statements/journal.ts';
import { inTurn } from '../statements/row.ts';
import { findLocalUnfinished, type LocalRun } from './folder.ts';
import type { Progress } from './journal.ts';

/** A run that was cut off: known from this machine's state folder, from the database, or from both. */
export interface Unfinished {
  readonly run: string;
  readonly command: string;
  /** ISO 8601 from the state folder, else the server's UTC time. */
  readonly startedAt: string;
  readonly local: LocalRun | undefined;
  /** The run whose migrations it was undoing when it was cut off; undefined while it went forward. */
  readonly undoes: string | undefined;
  /** Versions that the database knows as begun and not finished, in the direction of the run. */
  readonly open: readonly HistoryRow[];
  /** The last thing that was begun, for people. */
  readonly lastStatement: string | undefined;
  readonly outcome: 'done' | 'not done' | 'unknown';
}

/**
 * The state folder knows the run, the database knows what was done to it; each is believed alone when the other is
 * lost (another machine, a restored database). Reads only.
 */
export async function findUnfinished(
  stateDir: string,
  session: Session,
  history: readonly HistoryRow[],
): Promise<Unfinished | undefined> {
  const local = await findLocalUnfinished(stateDir);
  const undoing = history.filter((row) => row.state === 'undoing');
  const open = undoing.length > 0 ? undoing : history.filter((row) => row.state === 'applying');
  const [first] = open;
  const run = local?.record.run ?? (first && (await readRunOf(session, first)));
  if (run === undefined) return undefined;
  const last = await readLast(session, run);
  const lastStep = [...(local?.progress.steps ?? [])].at(-1);
  const undoes = local ? undoneBy(local) : undoing[0]?.run;
  return {
    run,
    command: local?.record.plan.command ?? (undoes === undefined || undoes === run ? 'deploy' : 'rollback'),
    startedAt: local?.record.startedAt ?? first?.startedAt ?? '',
    local,
    undoes,
    open,
    lastStatement: last?.text ?? (lastStep ? `step ${lastStep[0]}: ${lastStep[1]}` : undefined),
    outcome: last?.outcome ?? (lastStep?.[1] === 'finished' ? 'done' : 'unknown'),
  };
}

/** Whether `rollback` ends it too. A rollback has nothing to be undone by, nor has an undo of rows. */
export function canBeUndone({ command, local }: Unfinished): boolean {
  return (command === 'deploy' || command === 'restore') && !(local && undoesRows(local.record.plan));
}

/** Steps that take another run back, or their own. */
export function isUndoing(step: Step): step is Extract<Step, { phase: 'undo' | 'swap-back' | 'discard' }> {
  return step.phase === 'undo' || step.phase === 'swap-back' || step.phase === 'discard';
}

/** It had taken the site down when it was cut off, and not brought it up: whoever ends it does. */
export function hasLeftSiteDown(unfinished: Unfinished | undefined): boolean {
  const progress = unfinished?.local?.progress;
  return progress !== undefined && leavesSiteDown(progress);
}

/** One that somebody else had taken down is not the run's to bring up. */
export function leavesSiteDown({ steps, found, isFinished }: Progress): boolean {
  if (isFinished || !steps.has('maintenance-on') || found.has('maintenance-on')) return false;
  return !['maintenance-off', 'maintenance-off-back'].some((id) => steps.get(id) === 'finished');
}

/** It had told the workers to pause when it was cut off, and not to go on. */
export function leavesWorkersPaused({ steps, isFinished }: Progress): boolean {
  if (isFinished || !steps.has('workers-pause')) return false;
  return !['workers-resume', 'workers-resume-back'].some((id) => steps.get(id) === 'finished');
}

export function hasLeftWorkersPaused(unfinished: Unfinished | undefined): boolean {
  const progress = unfinished?.local?.progress;
  return progress !== undefined && leavesWorkersPaused(progress);
}

/** What rollbacks had saved and it was loading back when it was cut off. */
export function begunRows({ local }: Unfinished): readonly SavedRows[] {
  if (!local?.progress.steps.has('saved-beside')) return [];
  return local.record.plan.steps.flatMap((step) => (step.phase === 'saved-rows' ? [step.input] : []));
}

/** The run that it undoes: a rollback another one, a deploy that has turned back itself. */
function undoneBy({ record, progress }: LocalRun): string | undefined {
  const steps = progress.turnedBack === undefined ? record.plan.steps : record.plan.onFailure;
  return steps.flatMap((step) => (isUndoing(step) ? [step.input.ofRun] : []))[0];
}

/** The history names the run that applied a migration; who is undoing it, its last journal row tells. */
async function readRunOf(session: Session, row: HistoryRow): Promise<string> {
  if (row.state !== 'undoing') return row.run;
  return (await readUndoingRun(session, row.version)) ?? row.run;
}

async function readLast(
  session: Session,
  run: string,
): Promise<{ text: string; outcome: Unfinished['outcome'] } | undefined> {
  const all = (await readJournal(session, run)).filter((row) => row.kind !== 'start');
  // On its way back, what never took effect on the way forward is no news.
  const rows = all.filter((row) => row.direction === all.at(-1)?.direction).toSorted(inTurn);
  const open = rows.filter((row) => row.state === 'intent' || row.state === 'entered');
  const last = open[0] ?? rows.at(-1);
  if (!last) return undefined;
  const others = open.length > 1 ? ` (or one of the ${open.length - 1} after it)` : '';
  const text = `${last.version} · statement ${last.ordinal}${last.direction === 'down' ? ' of the way back' : ''} · ${last.statement.split('\n')[0]}${others}`;
  const outcome = last.state === 'done' ? 'done' : last.state === 'failed' ? 'not done' : 'unknown';
  return { text, outcome };
}
