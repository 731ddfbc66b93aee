import type { Context } from '../../context.ts';
import { failedUnchanged, refusal } from '../../errors.ts';
import { checkAppliedPart } from '../../migrations/edit.ts';
import type { HistoryRow } from '../../migrations/history-row.ts';
import type { Migration } from '../../migrations/types.ts';
import type { LockedTable } from '../../plan/step.ts';
import { detailOf } from '../../schema/checks/check.ts';
import { readModes, readNotedMigrations } from '../../statements/applied.ts';
import { describeFinding, runDataChecks } from '../../statements/data-checks.ts';
import {
  editedSql,
  laravelAppliedSql,
  noteApplied,
  noteBegun,
  readHistory,
  readTextLimit,
  undoneSql,
} from '../../statements/history.ts';
import { forgetIntentsSql, readJournal } from '../../statements/journal.ts';
import { waitUntilFree } from '../../statements/locks/free-tables.ts';
import { settleOpenStatements } from '../../statements/recovery/settle.ts';
import type { JournalRow } from '../../statements/row.ts';
import { runSection } from '../../statements/section.ts';
import { leavesTraces, replaySession } from '../../statements/session-state.ts';
import { runSideBySide, sideBySide, untilSideBySide } from '../../statements/side-by-side.ts';
import { noteStart } from '../../statements/start.ts';
import type { Section } from '../../statements/turn.ts';
import { repeatable, unitsOf } from '../../statements/unit.ts';
import { commitDeferred, renewWork, type Workbench, withWorkbench } from '../../statements/workbench.ts';
import type { Write } from '../../statements/write.ts';
import type { Phase } from '../phase.ts';
import { laravelTableIn } from './laravel-table.ts';
import { type StatementParts, scratchOf } from './statement-parts.ts';

/** Applies migrations, every statement exactly once; begun again after a crash it goes on where it stopped. */
export function migratePhase(parts: StatementParts): Phase<'migrate'> {
  const known = new Map(parts.migrations.map((migration) => [migration.version, migration]));
  const pick = (version: string) => {
    const migration = known.get(version);
    if (!migration)
      throw refusal(`the file of migration ${version} is missing`, 'put it back, then: gateway-migrate resume');
    if (migration.isUntranslated)
      throw refusal(`the SQL of ${version} is not known: its translation is gone`, 'gateway-migrate rollback');
    return migration;
  };
  return {
    async run(input, context) {
      const on = { run: parts.run, after: [parts.run], patience: parts.config.migrations, notesRows: true };
      return withWorkbench(on, context, async (bench, before) => {
        const { rows, history } = await settleRun(parts, before.database, bench, context);
        if (input.free && !parts.progress) await requireFree(input.free, parts, context);
        noteStart(before, rows, bench);
        const laravelTable = await laravelTableIn(bench.journal, parts.config.migrations.laravelTable);
        const textLimit = await readTextLimit(bench.journal);
        const isDone = (version: string) => history.some((row) => row.version === version && isInPlace(row));
        for (const version of input.adopt.filter((one) => !isDone(one))) {
          bench.deferred.push(...adopting(pick(version), parts.run, laravelTable, textLimit));
        }
        const open = input.versions
          .filter((one) => !isDone(one))
          .map((version) => {
            const noted = history.find((row) => row.version === version);
            return planApplying({ migration: pick(version), noted, rows, laravelTable, textLimit, run: parts.run });
          });
        await applyAll(open, bench, context);
        await commitDeferred(bench);
        return `schema before: ${before.fingerprint.slice(0, 12)}`;
      });
    },

    async probe(input, context) {
      const session = await context.server.open();
      try {
        const history = await readHistory(session, { withText: false });
        const done = new Set(history.filter(isInPlace).map((row) => row.version));
        return [...input.versions, ...input.adopt].every((version) => done.has(version)) ? 'done' : 'not-done';
      } finally {
        await session.close();
      }
    },
  };
}

function isInPlace(row: HistoryRow): boolean {
  return row.state === 'applied' || row.state === 'adopted';
}

/**
 * An old transaction that has come meanwhile is not waited for with the site down: the run goes back, and the site comes up. A
 * run that goes on after it was cut off has no way back then but a person's word, and keeps the patience of its statements.
 */
async function requireFree(tables: readonly LockedTable[], { config }: StatementParts, context: Context) {
  const patience = config.migrations;
  const withinMs = patience.lockWaitSeconds * 1_000;
  await waitUntilFree(tables, { id: 'migrate', withinMs, patience, again: 'deploy' }, context);
}

async function settleRun(
  { run, rehearsed, config, migrations }: StatementParts,
  database: string,
  bench: Workbench,
  context: Context,
) {
  const history = await readHistory(bench.journal, { withText: true });
  const noted = readNotedMigrations(history, await readModes(bench.journal));
  const rows = await settleOpenStatements(
    await readJournal(bench.journal, run),
    (row) => {
      const known = noted.get(row.version) ?? migrations.find(({ version }) => version === row.version);
      const statement = known?.up[row.ordinal - 1];
      // A text that was too large to be kept: the file tells, where it is still that statement.
      return noted.has(row.version) || statement?.digest === row.digest ? statement : undefined;
    },
    { session: bench.journal, database, rehearsed, scratch: scratchOf(config), context },
  );
  return { rows, history };
}

function adopting(migration: Migration, run: string, laravelTable: string | undefined, textLimit: number): Write[] {
  const writes: Write[] = [noteBegun(migration, run, 'adopted', textLimit)];
  if (laravelTable) writes.push(laravelAppliedSql(laravelTable, migration.baseName));
  return writes;
}

interface Begun {
  readonly migration: Migration;
  /** The history's row when it was begun before. */
  readonly noted: HistoryRow | undefined;
  /** What the journal holds of the run. */
  readonly rows: readonly JournalRow[];
  readonly laravelTable: string | undefined;
  /** `readTextLimit`. */
  readonly textLimit: number;
  readonly run: string;
}

/** A migration that is about to be applied, or the rest of it. */
interface Applying {
  readonly migration: Migration;
  readonly noted: HistoryRow | undefined;
  /** What is done of it. */
  readonly done: readonly JournalRow[];
  readonly section: Section;
}

function planApplying({ migration, noted, rows, laravelTable, textLimit, run }: Begun): Applying {
  const { version, baseName } = migration;
  const mine = rows.filter((row) => row.version === version && row.direction === 'up');
  const done = mine.filter((row) => row.state === 'done');
  const isDone = (ordinal: number) => done.some((row) => row.ordinal === ordinal);
  const all = migration.up.map((statement, index) => ({ ordinal: index + 1, statement }));
  return {
    ...{ migration, noted, done },
    section: {
      ...{ run, version, direction: 'up', of: all.length, all },
      units: unitsOf(migration.up)
        .filter((unit) => !unit.statements.every((one) => isDone(one.ordinal)))
        .map((unit) => repeatable(unit, mine)),
      opening: noted
        ? [editedSql(migration, textLimit), forgetIntentsSql(run, version)]
        : [noteBegun(migration, run, 'applying', textLimit)],
      unopening: noted ? [] : [undoneSql(version)],
      canOpenAhead: !noted && migration.check.length === 0,
      leavesTraces: leavesTraces(migration.up),
      closing: (ms) => [noteApplied(version, ms), ...(laravelTable ? [laravelAppliedSql(laravelTable, baseName)] : [])],
    },
  };
}

async function applyAll(open: readonly Applying[], bench: Workbench, context: Context): Promise<void> {
  const sections = open.map(({ section }) => section);
  const names = new Map(open.map(({ migration }) => [migration.version, migration.name]));
  const finished = ({ version }: Section, ms: number) =>
    context.report({ type: 'migration.finished', version, name: names.get(version) ?? '', direction: 'up', ms });
  for (let index = 0; index < open.length; ) {
    const several = sideBySide(sections.slice(index));
    const ran = several.length > 0 ? await runSideBySide({ sections: several, finished }, bench, context) : 0;
    index += ran;
    const one = open[index];
    if (ran > 0 || !one) continue;
    await applyMigration(one, untilSideBySide(sections.slice(index + 1)), bench, context);
    index++;
  }
}

async function applyMigration(
  { migration, noted, done, section }: Applying,
  later: readonly Section[],
  bench: Workbench,
  context: Context,
): Promise<void> {
  const { version, name } = migration;
  const startedMs = context.clock.ticksMs();
  if (noted) checkAppliedPart(migration, noted.text, done, await readModes(bench.journal));
  if (!noted) await requireDataFits(migration, bench);
  const isDone = (ordinal: number) => done.some((row) => row.ordinal === ordinal);
  await replaySession(
    bench.work,
    section.all.filter((one) => isDone(one.ordinal)),
    done,
  );
  await runSection(section, bench, context, later);
  const ms = context.clock.ticksMs() - startedMs;
  context.report({ type: 'migration.finished', version, name, direction: 'up', ms });
  if (section.leavesTraces) await renewWork(bench, context.server);
}

/** Its `-- migrate:check` queries, asked again under the lock, with the migrations before it in place. */
async function requireDataFits(migration: Migration, bench: Workbench): Promise<void> {
  const [finding] = await runDataChecks(bench.work, migration).catch((error: unknown) => {
    const what = `${migration.version}: its check cannot be run: ${detailOf(error)}`;
    throw failedUnchanged(what, 'mend its -- migrate:check section, then: gateway-migrate deploy', error);
  });
  if (finding) throw failedUnchanged(describeFinding(finding), 'mend the rows, then: gateway-migrate deploy');
}
