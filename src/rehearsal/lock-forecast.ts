import type { Statement } from '../migrations/types.ts';
import type { Session } from '../mysql/connect.ts';
import { detailOf } from '../schema/check.ts';
import { splitId } from '../schema/snapshot.ts';
import type { Snapshot } from '../schema/types.ts';
import type { Finding } from './finding.ts';
import { rebuildRate } from './locks/rebuild-rate.ts';
import { safeRecipe } from './locks/recipe.ts';
import { withTableCopy } from './locks/table-copy.ts';
import { type TrialText, toTrial, type Wishes } from './locks/trial-text.ts';

/** What a change of a table means for those who use it meanwhile. */
export interface Forecast {
  /** `online`: reads and writes go on. `writes wait`: reads go on. `rebuild`: the same, while all rows are copied. */
  readonly effect: 'instant' | 'online' | 'writes wait' | 'rebuild';
  readonly table: string;
  /** The table's size in production, as the server estimates it. */
  readonly rows: number;
  readonly bytes: number;
  /** The least that it takes, in milliseconds, by the rate at which this server rebuilds; absent when it is instant. */
  readonly estimateMs?: number | undefined;
  /** When writes to a large table would wait. */
  readonly finding?: Finding | undefined;
}

export interface ForecastInput {
  /** Best the connection that runs the migrations: what it SETs (foreign_key_checks, sql_mode) decides with. */
  readonly clone: Session;
  /** The clone is as it is just before it. */
  readonly statement: Statement;
  readonly production: Snapshot;
}

interface Attempt {
  readonly effect: Forecast['effect'];
  readonly algorithm: string;
  readonly lock?: string;
}

/** From the best to the worst: the first that the server takes is what it would choose. */
const ATTEMPTS: readonly Attempt[] = [
  { effect: 'instant', algorithm: 'INSTANT' },
  { effect: 'online', algorithm: 'INPLACE', lock: 'NONE' },
  { effect: 'writes wait', algorithm: 'INPLACE', lock: 'SHARED' },
  { effect: 'rebuild', algorithm: 'COPY' },
];
const VERBS = ['ALTER TABLE', 'CREATE INDEX', 'DROP INDEX'];
/** Nobody notices a shorter wait. */
const NOTICED_MS = 300;
/** A smaller table is rebuilt within that time at 10 kB a millisecond, which any disk manages: no need to measure. */
const SMALL_BYTES = 1 << 20;
const SLOWEST_RATE = 10_000;

/**
 * Asks the server itself how it would make a change, by making it on an empty copy of the table. Undefined for other
 * statements, for tables that production does not have, and where the change is refused on the copy too.
 */
export async function forecastLocks(input: ForecastInput): Promise<Forecast | undefined> {
  const { clone, statement, production } = input;
  const touch = statement.touches[0];
  if (!VERBS.includes(statement.verb) || !touch || touch.schema !== undefined) return undefined;
  const [, table] = splitId(touch.object);
  const shape = production.objects.get(touch.object)?.table;
  if (!shape) return undefined;
  const effect = await tryOnCopy(clone, statement, table);
  if (effect === undefined) return undefined;
  const { estimatedRows: rows, estimatedBytes: bytes } = shape;
  if (effect === 'instant') return { effect, table, rows, bytes };
  const rate = bytes < SMALL_BYTES ? SLOWEST_RATE : await rebuildRate(clone);
  const estimateMs = Math.round(bytes / rate);
  const isBlocking = effect !== 'online' && estimateMs > NOTICED_MS;
  const forecast = { effect, table, rows, bytes, estimateMs };
  return isBlocking ? { ...forecast, finding: toFinding(statement, forecast) } : forecast;
}

/** Undefined when the table is not in the clone (it has another name by now), or nothing can be said. */
async function tryOnCopy(
  session: Session,
  statement: Statement,
  table: string,
): Promise<Forecast['effect'] | undefined> {
  try {
    return await withTableCopy(session, table, async (copy) => {
      const trial = toTrial(statement.text, copy.name, copy.rename);
      // Another name alone.
      return trial === undefined ? 'instant' : firstTaken(session, trial);
    });
  } catch (error) {
    detailOf(error);
    return undefined;
  }
}

async function firstTaken(session: Session, trial: TrialText): Promise<Forecast['effect'] | undefined> {
  for (const { effect, algorithm, lock } of attemptsFor(trial.wishes)) {
    try {
      await session.execute(trial.withHow(algorithm, lock));
      return effect;
    } catch (error) {
      detailOf(error);
    }
  }
  return undefined;
}

/** What the author asks for is taken at its word: the server does not do better than asked. */
function attemptsFor({ algorithm, lock }: Wishes): readonly Attempt[] {
  const allowed = algorithm === 'NOCOPY' ? ['INSTANT', 'INPLACE'] : [algorithm];
  const ofAlgorithm =
    algorithm === '' || algorithm === 'DEFAULT' ? ATTEMPTS : ATTEMPTS.filter((one) => allowed.includes(one.algorithm));
  if (lock !== 'SHARED' && lock !== 'EXCLUSIVE') return ofAlgorithm;
  return ofAlgorithm.filter(({ effect }) => effect !== 'instant' && effect !== 'online');
}

function toFinding(statement: Statement, { effect, table, rows, bytes, estimateMs }: Forecast): Finding {
  const size = `about ${rows} rows, ${Math.round(bytes / 1e6)} MB`;
  const how = effect === 'rebuild' ? 'copies the whole table, and writes wait meanwhile' : 'makes writes wait';
  return {
    name: 'blocking-change',
    level: 'error',
    group: 'locks',
    object: table,
    what: `${statement.verb} at line ${statement.line} ${how}: ${size} in production, at least ${((estimateMs ?? 0) / 1000).toFixed(1)} s`,
    why: 'every request that writes to the table hangs until it is done, and those behind it too',
    fix: safeRecipe(statement, table),
  };
}
