import { readManifest } from '../../backup/file/manifest.ts';
import type { Context } from '../../context.ts';
import { ExitCode, Failure, messageOf } from '../../errors.ts';
import type { Migration, Statement } from '../../migrations/types.ts';
import type { Session } from '../../mysql/connect.ts';
import type { StepInputs } from '../../plan/step.ts';
import { readSnapshot } from '../../schema/snapshot.ts';
import type { ObjectId, Snapshot } from '../../schema/types.ts';
import { readJournal } from '../../statements/journal.ts';
import { findLost, NotAllBack } from '../../statements/recovery/lost.ts';
import { findPastEvents } from '../../statements/recovery/past-events.ts';
import { touchedObjects } from '../../statements/recovery/places.ts';
import type { JournalRow } from '../../statements/row.ts';
import { differencesFromStart } from '../../statements/start.ts';
import type { Workbench } from '../../statements/workbench.ts';
import { type Dropped, giveAgain } from '../restore/routine-grants.ts';
import type { Undoing } from './ways-back.ts';

interface Way {
  readonly input: StepInputs['undo'];
  /** Those that were undone now; what an earlier process has undone, the journal knows. */
  readonly undoings: readonly Undoing[];
  readonly up: readonly JournalRow[];
  /** The files as they are now. */
  readonly migrations: readonly Migration[];
}

/**
 * Takes back the settings that the run found, then compares: the schema with the one noted before the run, and the rows
 * with what was noted before the first statement that may have changed them. What other people changed since is told, not
 * blamed on us.
 */
export async function proveBefore(way: Way, bench: Workbench, context: Context): Promise<string> {
  const { input, undoings, up } = way;
  const unset = await takeBackSettings(up, bench.journal, context);
  await giveAgain(notedGrants(up), bench.journal, context);
  const after = await readSnapshot(bench.journal, context.server.target.database);
  const down = (await readJournal(bench.journal, bench.run)).filter((row) => row.direction === 'down');
  const different = input.versions === 'all' ? await differencesOf(up, after, bench.journal, context) : undefined;
  const others = different && separate(different, way, down, after.database);
  requireNothingLeft(way, down, after);
  const lost = [...unset, ...(await findLost(undoneOf(way, down), bench.journal, after))];
  if (lost.length > 0) throw new NotAllBack(lost, await restoreOf(input, bench.journal));
  for (const id of others ?? []) {
    const text = `${id.replace(':', ' ')} differs from before the run, but the run did not touch it`;
    context.report({ type: 'note', level: 'info', text });
  }
  return `${undoings.length} undone, schema${different ? ' as before:' : ''} ${after.fingerprint.slice(0, 12)}`;
}

/** Objects that are not as they were; events whose time has come are told instead. */
async function differencesOf(
  up: readonly JournalRow[],
  after: Snapshot,
  session: Session,
  context: Context,
): Promise<ObjectId[] | undefined> {
  const different = differencesFromStart(up, after);
  const past = await findPastEvents(different ?? [], up, after.database, session);
  for (const { text } of past) context.report({ type: 'note', level: 'warning', text });
  return different?.filter((id) => !past.some((one) => one.id === id));
}

/** Without a journal nobody knows what was there before; but what a migration makes is not there any more. */
function requireNothingLeft(
  { undoings, migrations, up }: Way,
  down: readonly JournalRow[],
  { objects }: Snapshot,
): void {
  const known = new Set(up.flatMap(({ state, version }) => (state === 'done' ? [version] : [])));
  const undone = new Set(
    down.flatMap(({ state, version }) => (state === 'done' && !known.has(version) ? [version] : [])),
  );
  const files = migrations.filter(
    ({ version }) => undone.has(version) && !undoings.some((one) => one.migration.version === version),
  );
  const unknown = [
    ...undoings.filter(({ migration }) => undone.has(migration.version)),
    ...files.map((migration) => ({ migration, kept: [] })),
  ];
  const made = unknown.flatMap(({ migration, kept }) => migration.up.flatMap(({ touches }) => madeBy(touches, kept)));
  const leftover = made.filter((id) => objects.has(id));
  if (leftover.length > 0) throw notAsBefore([...new Set(leftover)]);
}

function madeBy(touches: Statement['touches'], kept: readonly ObjectId[]): ObjectId[] {
  return touches.flatMap(({ action, object }) => (action === 'create' && !kept.includes(object) ? [object] : []));
}

/** What only others have changed. Throws when something is left of the run. */
function separate(
  different: readonly ObjectId[],
  { undoings, up }: Way,
  down: readonly JournalRow[],
  database: string,
): ObjectId[] {
  const noted = [...up, ...down].filter((row) => row.kind !== 'start');
  const ours = new Set<string>([
    ...noted.flatMap((row) => Object.keys(row.evidence.objects)),
    ...undoings.flatMap(statementsOf).flatMap((one) => touchedObjects(one, database)),
  ]);
  const leftover = different.filter((id) => ours.has(id));
  if (leftover.length > 0) throw notAsBefore(leftover);
  return different.filter((id) => !ours.has(id));
}

/** There and back: a way back may leave what the way forward never touched. */
function statementsOf({ migration, statements }: Undoing): readonly Statement[] {
  return [...migration.up, ...statements];
}

function undoneOf({ undoings, up, migrations }: Way, down: readonly JournalRow[]) {
  const of = new Map(undoings.map((undoing) => [undoing.migration.version, undoing]));
  const files = new Map(migrations.map((migration) => [migration.version, migration]));
  // Those that an earlier process has undone are in nobody's history any more: the journal's digest says whether the file is still theirs.
  const inFile = ({ version, direction, digest }: JournalRow) =>
    files.get(version)?.[direction].find((statement) => statement.digest === digest);
  const statementOf = (row: JournalRow) => {
    const undoing = of.get(row.version);
    const statements = row.direction === 'up' ? undoing?.migration.up : undoing?.statements;
    return statements?.[row.ordinal - 1] ?? inFile(row);
  };
  // What the way forward did is known of these alone.
  const known = new Set(up.map(({ version }) => version));
  return { up, down: down.filter(({ version }) => known.has(version)), statementOf };
}

/** As they were before the first statement that touched the routine. */
function notedGrants(up: readonly JournalRow[]): Dropped {
  const first = new Map<ObjectId, readonly string[]>();
  for (const { kind, evidence } of up) {
    if (kind === 'start') continue;
    for (const [object, digest] of Object.entries(evidence.objects) as [ObjectId, string | null][]) {
      if (digest !== null && !first.has(object)) first.set(object, evidence.grants?.[object] ?? []);
    }
  }
  return {
    routines: [...first.keys()],
    grants: [...first].flatMap(([object, all]) => all.map((sql) => ({ object, sql }))),
  };
}

/** Newest first, so that what stood before the first change is what stays. Returns what is not back. */
async function takeBackSettings(up: readonly JournalRow[], session: Session, context: Context): Promise<string[]> {
  const left: string[] = [];
  for (const row of up.filter(({ state }) => state !== 'failed').toReversed()) {
    for (const { what, back } of row.evidence.settings ?? []) {
      try {
        if (back.length === 0) throw new Error('what it was is not known');
        for (const sql of back) await session.query(sql);
        context.report({ type: 'note', level: 'info', text: `${what} is as it was: ${back.join('; ')}` });
      } catch (error) {
        left.push(`${what} (${row.version}): ${messageOf(error)}`);
      }
    }
  }
  return left;
}

/** The command that brings the rows back: to just before the run, where the binary log reaches so far. */
async function restoreOf({ backup, ofRun }: StepInputs['undo'], session: Session): Promise<string> {
  if (backup === undefined) return `gateway-migrate restore --backup FILE, with one from before run ${ofRun}`;
  const manifest = await readManifest(backup).catch(() => undefined);
  const [log] = await session.query<{ isOn: number }>('SELECT @@log_bin AS isOn');
  const until = manifest?.position && Number(log?.isOn) === 1 ? ` --until ${ofRun}` : '';
  return `gateway-migrate restore --backup ${backup}${until}`;
}

function notAsBefore(leftover: readonly ObjectId[]): Failure {
  const names = leftover.map((id) => id.replace(':', ' ')).join(', ');
  return new Failure(`the way back ran, but this is not as it was before: ${names}`, {
    exitCode: ExitCode.failedChanged,
    production: 'changed',
    state: 'every statement of the way back is done; the objects named above differ from before',
    next: 'gateway-migrate restore --backup latest',
  });
}
