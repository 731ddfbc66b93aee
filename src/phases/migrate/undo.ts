import type { Context } from '../../context.ts';
import { ExitCode, Failure } from '../../errors.ts';
import type { Statement } from '../../migrations/types.ts';
import { readSnapshot } from '../../schema/snapshot.ts';
import type { ObjectId } from '../../schema/types.ts';
import { laravelUndoneSql, readHistory, undoingSql, undoneSql } from '../../statements/history.ts';
import { readJournal } from '../../statements/journal.ts';
import { touchedObjects } from '../../statements/recovery/places.ts';
import { settleOpenStatements } from '../../statements/recovery/settle.ts';
import type { JournalRow } from '../../statements/row.ts';
import { runSection } from '../../statements/section.ts';
import { leavesTraces, replaySession } from '../../statements/session-state.ts';
import { differencesFromStart } from '../../statements/start.ts';
import { repeatable, unitsOf } from '../../statements/unit.ts';
import { commitDeferred, renewWork, type Workbench, withWorkbench } from '../../statements/workbench.ts';
import type { Phase } from '../phase.ts';
import { laravelTableIn } from './laravel-table.ts';
import { type StatementParts, scratchOf } from './statement-parts.ts';
import { findWaysBack, isToUndo, type Undoing } from './ways-back.ts';

/** Undoes what a run applied, newest first, and proves that the schema is what it was before. */
export function undoPhase(parts: StatementParts): Phase<'undo'> {
  return {
    async run(input, context) {
      const on = { run: parts.run, after: [input.ofRun, parts.run], patience: parts.config.migrations };
      return withWorkbench(on, context, async (bench, before) => {
        const { undoings, up } = await findWaysBack(input, parts, bench.journal, context);
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
        const laravelTable = await laravelTableIn(bench.journal, parts.config.migrations.laravelTable);
        for (const undoing of undoings) await undoMigration(undoing, down, laravelTable, bench, context);
        await commitDeferred(bench);
        return proveBefore(input.versions, undoings, up, bench, before.database, context);
      });
    },

    async probe(input, context) {
      const session = await context.server.open();
      try {
        const history = await readHistory(session, { withText: false });
        return history.some((row) => isToUndo(row, input)) ? 'not-done' : 'done';
      } finally {
        await session.close();
      }
    },
  };
}

async function undoMigration(
  undoing: Undoing,
  down: readonly JournalRow[],
  laravelTable: string | undefined,
  bench: Workbench,
  context: Context,
): Promise<void> {
  const { migration, statements, rows } = undoing;
  const { version } = migration;
  // It may have been noted with those in front of it, and never had its turn.
  const wasBegun = migration.up.length === 0 || rows.some((row) => row.state !== 'intent');
  const startedMs = context.clock.ticksMs();
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

/** Compares with the schema noted before the run. What other people changed since is told, not blamed on us. */
async function proveBefore(
  versions: readonly string[] | 'all',
  undoings: readonly Undoing[],
  up: readonly JournalRow[],
  bench: Workbench,
  database: string,
  context: Context,
): Promise<string> {
  const after = await readSnapshot(bench.journal, database);
  const undone = `${undoings.length} undone`;
  const different = versions === 'all' ? differencesFromStart(up, after) : undefined;
  if (different === undefined) return `${undone}, schema ${after.fingerprint.slice(0, 12)}`;
  const noted = up.filter((row) => row.kind !== 'start').flatMap((row) => Object.keys(row.evidence.objects));
  const touched = (statement: Statement) => touchedObjects(statement, database);
  const ours = new Set<string>([...noted, ...undoings.flatMap(statementsOf).flatMap(touched)]);
  const leftover = different.filter((id) => ours.has(id));
  if (leftover.length > 0) throw notAsBefore(leftover);
  for (const id of different) {
    const text = `${id.replace(':', ' ')} differs from before the run, but the run did not touch it`;
    context.report({ type: 'note', level: 'info', text });
  }
  return `${undone}, schema as before: ${after.fingerprint.slice(0, 12)}`;
}

/** There and back: a way back may leave what the way forward never touched. */
function statementsOf({ migration, statements }: Undoing): readonly Statement[] {
  return [...migration.up, ...statements];
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
