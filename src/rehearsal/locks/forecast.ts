import type { Statement } from '../../migrations/types.ts';
import type { Session, StatementResult } from '../../mysql/connect.ts';
import { detailOf } from '../../schema/checks/check.ts';
import { splitId } from '../../schema/snapshot.ts';
import type { Snapshot } from '../../schema/types.ts';
import type { Finding } from '../finding.ts';
import { rebuildRate } from './rebuild-rate.ts';
import { safeRecipe } from './recipe.ts';
import { toWorded, type Wishes } from './worded.ts';

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
  readonly statement: Statement;
  readonly production: Snapshot;
}

export interface Forecasted {
  readonly result: StatementResult;
  readonly forecast: Forecast | undefined;
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
 * Executes a statement on the clone, and learns from the server itself how it makes the change: of all algorithms the best
 * is asked for first, and the first that the server takes has made it. No forecast for other statements, for tables that
 * production does not have, and where no algorithm can be named.
 */
export async function executeForecasting(input: ForecastInput): Promise<Forecasted> {
  const { clone, statement, production } = input;
  const touch = statement.touches[0];
  const isChange = VERBS.includes(statement.verb) && touch && touch.schema === undefined;
  const shape = isChange ? production.objects.get(touch.object)?.table : undefined;
  if (!isChange || !shape) return { result: await clone.execute(statement.text), forecast: undefined };
  const { result, effect } = await executeBest(clone, statement);
  const [, table] = splitId(touch.object);
  const { estimatedRows: rows, estimatedBytes: bytes } = shape;
  if (effect === undefined) return { result, forecast: undefined };
  if (effect === 'instant') return { result, forecast: { effect, table, rows, bytes } };
  const rate = bytes < SMALL_BYTES ? SLOWEST_RATE : await rebuildRate(clone);
  const estimateMs = Math.round(bytes / rate);
  const isBlocking = effect !== 'online' && estimateMs > NOTICED_MS;
  const forecast = { effect, table, rows, bytes, estimateMs };
  return { result, forecast: isBlocking ? { ...forecast, finding: toFinding(statement, forecast) } : forecast };
}

/** A refusal of the statement itself comes from its own text, in the words that a deploy would hear. */
async function executeBest(session: Session, { text }: Statement) {
  const worded = toWorded(text);
  if (!worded) return { result: await session.execute(text), effect: 'instant' as const };
  for (const { effect, algorithm, lock } of attemptsFor(worded.wishes)) {
    try {
      return { result: await session.execute(worded.withHow(algorithm, lock)), effect };
    } catch (error) {
      detailOf(error);
    }
  }
  return { result: await session.execute(text), effect: undefined };
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
