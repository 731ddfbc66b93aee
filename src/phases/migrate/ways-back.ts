import type { Context } from '../../context.ts';
import { compareVersions } from '../../migrations/file-name.ts';
import type { HistoryRow } from '../../migrations/history-row.ts';
import { diffLines } from '../../migrations/line-diff.ts';
import { toStatement } from '../../migrations/sql/statement.ts';
import type { Migration, Statement } from '../../migrations/types.ts';
import type { Session } from '../../mysql/connect.ts';
import type { StepInputs } from '../../plan/step.ts';
import { readTexts } from '../../schema/definitions.ts';
import type { ObjectId } from '../../schema/types.ts';
import { readModes, readNotedMigrations } from '../../statements/applied.ts';
import { readHistory } from '../../statements/history.ts';
import { readJournal } from '../../statements/journal.ts';
import { waitForDeadClient } from '../../statements/recovery/dead-client.ts';
import type { Expected } from '../../statements/recovery/expectation.ts';
import { NoWayBack, type Route, routeBack } from '../../statements/recovery/route.ts';
import { settleOpenStatements } from '../../statements/recovery/settle.ts';
import { keepWhatStood } from '../../statements/recovery/standing.ts';
import type { JournalRow } from '../../statements/row.ts';
import { definitionAfter, doneOf, tablesToLookAt } from '../../statements/way-back/definitions.ts';
import { ownTables } from '../../statements/way-back/own-tables.ts';
import { type StatementParts, scratchOf } from './statement-parts.ts';

/** One migration that is to be undone, with the way back that is known for it. */
export interface Undoing {
  readonly migration: Migration;
  readonly rows: readonly JournalRow[];
  /** By the history: of one whose journal is gone, nothing else tells that it ran. */
  readonly wasApplied: boolean;
  readonly statements: readonly Statement[];
  /** What its down section would drop, though it stood before the migration. */
  readonly kept: readonly ObjectId[];
  /** How its down section differs from the one that was noted: lines as `diffLines` gives them. */
  readonly mended: readonly string[];
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
  const down = (await readJournal(session, parts.run)).filter((row) => row.direction === 'down');
  const madeBefore = madeBeforeEach(chosen, noted, up);
  const versions = new Set(chosen.map(({ version }) => version));
  const looked = tablesToLookAt(up.filter(({ version }) => versions.has(version)));
  const after = definitionAfter(up, await readTexts(session, context.server.target.database, looked));
  const undoings = chosen.map((row) => {
    const file = parts.migrations.find(({ version }) => version === row.version);
    return planUndoing(row, noted.get(row.version), {
      ...{ up, down, file, rehearsed: parts.rehearsed, isUnfinished },
      ...{ madeBefore: madeBefore.get(row.version), after },
    });
  });
  return { undoings, up };
}

/** `chosen` stands with the newest first; each goes back before those that stand behind it. */
function madeBeforeEach(
  chosen: readonly HistoryRow[],
  noted: ReadonlyMap<string, Migration>,
  up: readonly JournalRow[],
): Map<string, ReadonlySet<string> | undefined> {
  const before = new Map<string, ReadonlySet<string> | undefined>();
  let made: ReadonlySet<string> | undefined = new Set();
  for (const { version } of chosen.toReversed()) {
    before.set(version, made);
    const migration = noted.get(version);
    const rows = doneOf(up.filter((row) => row.version === version));
    made = made && migration && ownTables(migration, rows, made).left;
  }
  return before;
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
  /** Tables that those before it have made, and that go back with it; undefined where a trigger may have written elsewhere. */
  readonly madeBefore: ReadonlySet<string> | undefined;
  readonly after: ReturnType<typeof definitionAfter>;
  /** What has run of the way back. */
  readonly down: readonly JournalRow[];
  /** The migration as its file has it now. */
  readonly file: Migration | undefined;
}

function planUndoing(
  row: HistoryRow,
  migration: Migration | undefined,
  { up, down, file, rehearsed, isUnfinished, madeBefore, after }: UndoingParts,
): Undoing {
  if (!migration) {
    throw new NoWayBack(row.version, 'its file is missing and its text was too large to be kept', isUnfinished);
  }
  const rows = up.filter((one) => one.version === row.version);
  const wasApplied = row.state === 'applied';
  const start = up.filter(({ kind }) => kind === 'start');
  const wayOf = (one: Migration) => {
    const own = ownTables(one, doneOf(rows), madeBefore);
    const found = routeBack(one, rows, rehearsed, wasApplied, { own, after });
    const route = found.by === 'exact inverse' ? asBegun(found, down, row.version) : found;
    return route.by === 'none' ? route : { ...route, ...keepWhatStood(route.statements, one.up, [...start, ...rows]) };
  };
  const mended = file && !file.isUntranslated ? mendedDown(migration, file) : undefined;
  const way = mended && wayOf(mended);
  if (mended && way?.by !== 'none' && way && isAsRun(way.statements, down, row.version)) {
    const { statements, kept } = way;
    return {
      migration: mended,
      rows,
      wasApplied,
      statements,
      kept,
      mended: diffLines(textOf(migration.down), textOf(mended.down)),
    };
  }
  const noted = wayOf(migration);
  if (noted.by === 'none') throw new NoWayBack(row.version, noted.reason, isUnfinished);
  return { migration, rows, wasApplied, statements: noted.statements, kept: noted.kept, mended: [] };
}

/** Where a way back has begun, it was found by what tables looked like then: what was sent stays what it was. */
function asBegun(route: Extract<Route, { statements: unknown }>, down: readonly JournalRow[], version: string): Route {
  const sent = new Map(
    down.filter((row) => row.version === version && row.kind === 'ddl').map((row) => [row.ordinal, row]),
  );
  const statements = route.statements.map((statement, index) => {
    const row = sent.get(index + 1);
    const isOther = row && row.digest !== statement.digest && /^ALTER TABLE/.test(row.statement);
    const again = isOther ? toStatement(row.statement, statement.line) : statement;
    return again.digest === row?.digest ? again : statement;
  });
  return { ...route, statements };
}

/** The migration with its file's down section, when that alone is another one than the noted. */
function mendedDown(noted: Migration, file: Migration): Migration | undefined {
  const told = (statements: readonly Statement[]) => statements.map(({ digest }) => digest).join();
  if (told(noted.up) !== told(file.up) || told(noted.down) === told(file.down)) return undefined;
  return { ...noted, down: file.down };
}

/** What has run of a way back stays as it was: only the rest may be mended. */
function isAsRun(statements: readonly Statement[], down: readonly JournalRow[], version: string): boolean {
  const run = down.filter((row) => row.version === version && row.state !== 'failed');
  return run.every(({ ordinal, digest }) => statements[ordinal - 1]?.digest === digest);
}

function textOf(statements: readonly Statement[]): string {
  return statements.map(({ text }) => `${text};`).join('\n');
}
