import type { Context } from '../../context.ts';
import { laravelUndoneSql, undoingSql, undoneSql } from '../../statements/history.ts';
import { noteOutcome, readJournal } from '../../statements/journal.ts';
import { NoWayBack } from '../../statements/recovery/route.ts';
import { settleOpenStatements } from '../../statements/recovery/settle.ts';
import type { JournalRow } from '../../statements/row.ts';
import { runSection } from '../../statements/section.ts';
import { leavesTraces, replaySession } from '../../statements/session-state.ts';
import { repeatable, unitsOf } from '../../statements/unit.ts';
import { commitDeferred, renewWork, type Workbench, withWorkbench } from '../../statements/workbench.ts';
import type { Phase } from '../phase.ts';
import { openTables } from '../saved-rows/closed-tables.ts';
import { laravelTableIn } from './laravel-table.ts';
import { proveBefore } from './prove-before.ts';
import { type StatementParts, scratchOf } from './statement-parts.ts';
import { findWaysBack, type Undoing } from './ways-back.ts';

/** Undoes what a run applied, newest first, and proves that the schema is what it was before. */
export function undoPhase(parts: StatementParts): Phase<'undo'> {
  return {
    async run(input, context) {
      const on = { run: parts.run, after: [input.ofRun, parts.run], patience: parts.config.migrations };
      return withWorkbench(on, context, async (bench, before) => {
        const { undoings, up } = await findWaysBack(input, parts, bench.journal, context).catch(
          async (error: unknown) => {
            if (error instanceof NoWayBack) await openTables(parts.config.migrations, context);
            throw error;
          },
        );
        const back = new Map(undoings.map((undoing) => [undoing.migration.version, undoing.statements]));
        const down = await settleOpenStatements(
          (await readJournal(bench.journal, parts.run)).filter((row) => row.direction === 'down'),
          (row) => back.get(row.version)?.[row.ordinal - 1],
          {
            session: bench.journal,
            database: before.database,
            rehearsed: [],
            scratch: scratchOf(parts.config),
            context,
          },
        );
        const passed = parts.skipsRefused ? await passOver(down, bench, context) : down;
        const laravelTable = await laravelTableIn(bench.journal, parts.config.migrations.laravelTable);
        for (const undoing of undoings) await undoMigration(undoing, passed, laravelTable, bench, context);
        await commitDeferred(bench);
        await openTables(parts.config.migrations, context);
        return proveBefore(
          { input, undoings, up: ofVersions(up, input.versions), migrations: parts.migrations },
          bench,
          context,
        );
      });
    },

    // That every statement has run is not that everything is back: `run` compares, and finds nothing else left to do.
    probe: async () => 'not-done',
  };
}

/** What the server refused did nothing. Passed over, it counts as done; what it was to do shows in the comparison. */
async function passOver(down: readonly JournalRow[], bench: Workbench, context: Context): Promise<JournalRow[]> {
  const passed: JournalRow[] = [];
  for (const row of down) {
    if (row.state !== 'failed') passed.push(row);
    else {
      bench.deferred.push(noteOutcome(row, { state: 'done', rows: 0 }));
      passed.push({ ...row, state: 'done', rows: 0 });
      const text = `passed over statement ${row.ordinal} of the way back of ${row.version}: ${row.statement} (${row.error})`;
      context.report({ type: 'note', level: 'warning', text });
    }
  }
  return passed;
}

function ofVersions(up: readonly JournalRow[], versions: readonly string[] | 'all'): JournalRow[] {
  return up.filter((row) => row.kind === 'start' || versions === 'all' || versions.includes(row.version));
}

async function undoMigration(
  undoing: Undoing,
  down: readonly JournalRow[],
  laravelTable: string | undefined,
  bench: Workbench,
  context: Context,
): Promise<void> {
  const { migration, statements, rows, wasApplied } = undoing;
  const { version } = migration;
  // It may have been noted with those in front of it, and never had its turn.
  const wasBegun = wasApplied || migration.up.length === 0 || rows.some((row) => row.state !== 'intent');
  const startedMs = context.clock.ticksMs();
  if (undoing.mended.length > 0) {
    const text = `the down section of ${version} was mended since it was applied:\n${undoing.mended.join('\n')}`;
    context.report({ type: 'note', level: 'info', text });
  }
  for (const id of undoing.kept) {
    const text = `${id.replace(':', ' ')} was there before ${version} began: it stays, although the down section drops it`;
    context.report({ type: 'note', level: 'warning', text });
  }
  const mine = down.filter((row) => row.version === version);
  const done = mine.filter((row) => row.state === 'done');
  const isDone = (ordinal: number) => done.some((row) => row.ordinal === ordinal);
  const all = statements.map((statement, index) => ({ ordinal: index + 1, statement }));
  await replaySession(
    bench.work,
    all.filter((one) => isDone(one.ordinal)),
    done,
  );
  const units = unitsOf(statements)
    .filter((unit) => !unit.statements.every((one) => isDone(one.ordinal)))
    .map((unit) => repeatable(unit, mine));
  const closing = [undoneSql(version), ...(laravelTable ? [laravelUndoneSql(laravelTable, migration.baseName)] : [])];
  const opening = [undoingSql(version)];
  await runSection(
    {
      ...{ run: bench.run, version, direction: 'down', of: all.length, all, units },
      ...{ opening, unopening: [], closing: () => closing },
      ...{ canOpenAhead: false, leavesTraces: leavesTraces(statements) },
    },
    bench,
    context,
  );
  const ms = context.clock.ticksMs() - startedMs;
  if (wasBegun) {
    context.report({ type: 'migration.finished', version, name: migration.name, direction: 'down', ms });
  }
  if (leavesTraces(statements)) await renewWork(bench, context.server);
}
