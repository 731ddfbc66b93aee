import type { Migration, Statement } from '../migrations/types.ts';
import type { Snapshot } from '../schema/types.ts';
import type { JournalRow } from '../statements/row.ts';
import { ownTables } from '../statements/way-back/own-tables.ts';
import type { Finding } from './finding.ts';
import type { Forecast, Forecasted } from './locks/forecast.ts';
import { explainRefusal } from './refusal.ts';
import { type Performed, perform, Refused, type Stage } from './stage.ts';

/** One statement that was applied to the clone, and the schema after it. */
export interface AppliedStep {
  readonly performed: Performed;
  readonly after: Snapshot;
  readonly forecast: Forecast | undefined;
}

/** A migration on the clone, as far as it got. */
export interface Applied {
  readonly migration: Migration;
  readonly before: Snapshot;
  readonly steps: readonly AppliedStep[];
  /** Tables that those before it in the same run have made. */
  readonly madeBefore?: ReadonlySet<string> | undefined;
}

export interface Forwarded {
  readonly applied: readonly Applied[];
  /** Why it stopped before the end. */
  readonly refused: Finding | undefined;
}

interface ForwardOptions {
  /** Executes DDL on the clone, and says what it would mean in production. */
  readonly forecasting?: (statement: Statement) => Promise<Forecasted>;
  readonly onStatement?: () => void;
  /** Before the first statement of each. */
  readonly onMigration?: (migration: Migration) => Promise<void>;
}

/** Applies migrations statement by statement, to the end or to the first refusal. */
export async function goForward(
  stage: Stage,
  migrations: readonly Migration[],
  options: ForwardOptions = {},
): Promise<Forwarded> {
  const applied: Applied[] = [];
  for (const migration of migrations) {
    const before = stage.schema.now;
    const madeBefore = madeBy(applied.at(-1));
    const steps: AppliedStep[] = [];
    let forecast: Forecast | undefined;
    applied.push({ migration, before, steps, madeBefore });
    await options.onMigration?.(migration);
    try {
      await perform(stage, migration.up, {
        execute: async (statement) => {
          if (statement.kind !== 'ddl' || !options.forecasting) return stage.work.execute(statement.text);
          const done = await options.forecasting(statement);
          forecast = done.forecast;
          return done.result;
        },
        after: (performed) => {
          steps.push({ performed, after: stage.schema.now, forecast });
          forecast = undefined;
          options.onStatement?.();
        },
      });
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      return { applied, refused: explainRefusal(error, migration, { pending: migrations, hasRows: stage.hasRows }) };
    }
  }
  return { applied, refused: undefined };
}

/** Tables of the run's own, when all of it is applied. */
function madeBy(applied: Applied | undefined): ReadonlySet<string> | undefined {
  if (!applied) return new Set();
  const { migration, madeBefore, steps } = applied;
  const performed = steps.map((step) => step.performed);
  return madeBefore && ownTables(migration, journalRows(applied, performed), madeBefore).left;
}

/** What the journal of a real run would hold after these steps. */
export function journalRows({ migration }: Pick<Applied, 'migration'>, done: readonly Performed[]): JournalRow[] {
  return done.map(({ ordinal, statement, result, evidence }) => ({
    run: 'rehearsal',
    version: migration.version,
    direction: 'up',
    ordinal,
    digest: statement.digest,
    kind: statement.kind,
    connectionId: 0,
    state: 'done',
    rows: result.rows,
    error: null,
    evidence,
    statement: statement.text,
  }));
}
