import type { Context } from '../../context.ts';
import { compareVersions } from '../../migrations/file-name.ts';
import type { HistoryRow } from '../../migrations/history-row.ts';
import type { Migration, Statement } from '../../migrations/types.ts';
import type { Session } from '../../mysql/connect.ts';
import type { StepInputs } from '../../plan/step.ts';
import { readModes, readNotedMigrations } from '../../statements/applied.ts';
import { readHistory } from '../../statements/history.ts';
import { readJournal } from '../../statements/journal.ts';
import { waitForDeadClient } from '../../statements/recovery/dead-client.ts';
import type { Expected } from '../../statements/recovery/expectation.ts';
import { NoWayBack, routeBack } from '../../statements/recovery/route.ts';
import { settleOpenStatements } from '../../statements/recovery/settle.ts';
import type { JournalRow } from '../../statements/row.ts';
import { type StatementParts, scratchOf } from './statement-parts.ts';

/** One migration that is to be undone, with the way back that is known for it. */
export interface Undoing {
  readonly migration: Migration;
  readonly rows: readonly JournalRow[];
  readonly statements: readonly Statement[];
}

/** Adopted migrations were not made by the run: undoing them would drop tables that it found. */
export function isToUndo(row: HistoryRow, { ofRun, versions }: StepInputs['undo']): boolean {
  return row.run === ofRun && row.state !== 'adopted' && (versions === 'all' || versions.includes(row.version));
}

/** Until nothing of these runs is at work on the server any more: only then can be told what they have done. */
export async function waitForDeadClients(runs: readonly string[], context: Context): Promise<void> {
  const session = await context.server.open();
  try {
    for (const run of runs) await waitForDeadClient(session, run, context);
  } finally {
    await session.close();
  }
}

/**
 * Decides what the run has done, and how each of its migrations is undone, newest first. Changes nothing but the verdicts
 * on statements whose outcome was never heard. Throws `NoWayBack` (exit 3) when one of them has no certain way back:
 * undoing the others would leave a state that nobody has ever seen.
 */
export async function findWaysBack(
  input: StepInputs['undo'],
  parts: StatementParts,
  session: Session,
  context: Context,
): Promise<{ undoings: Undoing[]; up: JournalRow[] }> {
  const chosen = await readChosen(input, session);
  const noted = new Map([
    ...parts.migrations.map((one) => [one.version, one] as const),
    ...readNotedMigrations(chosen, await readModes(session)),
  ]);
  const up = await settleOpenStatements(
    (await readJournal(session, input.ofRun)).filter((row) => row.direction === 'up'),
    (row) => noted.get(row.version)?.up[row.ordinal - 1],
    {
      ...{
        session,
        database: context.server.target.database,
        rehearsed: parts.rehearsed,
        context,
        scratch: scratchOf(parts.config),
      },
      forgetsNotDone: true,
    },
  );
  const isUnfinished = input.ofRun === parts.run || chosen.some((row) => row.state !== 'applied');
  return {
    undoings: chosen.map((row) =>
      planUndoing(row, noted.get(row.version), { up, rehearsed: parts.rehearsed, isUnfinished }),
    ),
    up,
  };
}

async function readChosen(input: StepInputs['undo'], session: Session): Promise<HistoryRow[]> {
  const history = await readHistory(session, { withText: true });
  return history.filter((row) => isToUndo(row, input)).toSorted(newestFirst);
}

/** Those that were noted together began at the same time. */
export function newestFirst(a: HistoryRow, b: HistoryRow): number {
  if (a.startedAt !== b.startedAt) return a.startedAt < b.startedAt ? 1 : -1;
  return compareVersions(b.version, a.version);
}

interface UndoingParts {
  readonly up: readonly JournalRow[];
  readonly rehearsed: readonly Expected[];
  readonly isUnfinished: boolean;
}

function planUndoing(
  row: HistoryRow,
  migration: Migration | undefined,
  { up, rehearsed, isUnfinished }: UndoingParts,
): Undoing {
  if (!migration) {
    throw new NoWayBack(row.version, 'its file is missing and its text was too large to be kept', isUnfinished);
  }
  const rows = up.filter((one) => one.version === row.version);
  const route = routeBack(migration, rows, rehearsed);
  if (route.by === 'none') throw new NoWayBack(row.version, route.reason, isUnfinished);
  return { migration, rows, statements: route.statements };
}
