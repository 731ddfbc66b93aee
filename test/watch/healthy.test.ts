import { describe, expect, test } from 'vitest';
import type { Executions, LogEntry, Past, QuerySeen, Sample } from '../../src/watch/evidence.ts';
import { judgeWatch } from '../../src/watch/verdict.ts';
import { EVERY_MS, look, PAST, randomFrom, START_MS, watched } from './stream.ts';

/** Half an hour at the default interval. */
const LOOKS = 360;
const SEEDS = 26;

type Random = () => number;

/** By inversion; good for the small means of here. */
function poisson(mean: number, random: Random): number {
  let [count, product, limit] = [0, random(), Math.exp(-Math.min(mean, 500))];
  while (product > limit) {
    count += 1;
    product *= random();
  }
  return count;
}

/** A site that has a deadlock in 2,000 statements, answers in 30 to 60 ms and logs the errors of every day. */
const past: Past = { ...PAST, statements: 200_000, counts: { ...PAST.counts, deadlock: 100, foreignKey: 20 } };
const oldError: LogEntry = {
  ...{ path: 'laravel.log', fingerprint: 'old', matched: 'major', isError: true, isOld: true, count: 3 },
  text: 'production.ERROR: as every day',
};

interface Circumstances {
  /** Statements of one look. */
  readonly statements: number;
  /** How many times as slow as usual everything is. */
  readonly slow: number;
  readonly health?: Sample['health'];
  readonly isDown?: boolean;
  readonly burst?: number;
  readonly deleted?: number;
}

function sample(index: number, given: Circumstances, random: Random): Sample {
  const statements = poisson(given.statements, random);
  const counts = {
    deadlock: poisson(statements / 2_000, random) + (given.burst ?? 0),
    foreignKey: poisson(statements / 10_000, random),
    aborted: poisson(statements / 10_000, random),
  };
  const threadsRunning = 2 + poisson(given.slow, random);
  const made = look(index, { statements, counts, threadsRunning, lockWaits: random() < 0.2 ? 1 : 0 });
  return {
    ...made,
    database: given.isDown ? undefined : made.database,
    health: given.health ?? { status: 200, ms: 30 + 30 * random() * given.slow },
    logs: random() < 0.1 ? [oldError] : [],
    ...(index % 6 === 5 ? { queries: queriesOf(index, given, random) } : {}),
    ...(index === 12 || index === LOOKS - 1
      ? { data: { broken: [], rows: { companies: 1_000 + index, staff: 40 - (given.deleted ?? 0) } } }
      : {}),
  };
}

function ran(executions: number, meanMs: number, slow: number, random: Random): Executions {
  const share = Math.min(0.9, 0.05 * slow * (0.8 + 0.4 * random()));
  return {
    executions,
    errors: 0,
    timeMs: executions * meanMs * slow * (0.9 + 0.2 * random()),
    beyond: Math.round(executions * share),
  };
}

function queriesOf(index: number, { statements, slow }: Circumstances, random: Random): QuerySeen[] {
  return Array.from({ length: 20 }, (_, place) => {
    const [long, short] = [index, 6].map((looks) => Math.ceil((looks * statements) / 25));
    return {
      ...{ digest: `d${place}`, text: `SELECT ${place}`, tables: place < 6 ? ['callback_requests'] : [] },
      before: { executions: 20_000, errors: 0, timeMs: 20_000 * (place + 1), beyond: 1_000 },
      ...{ long: ran(long ?? 1, place + 1, slow, random), short: ran(short ?? 1, place + 1, slow, random) },
    };
  });
}

const KINDS: Record<string, (index: number, random: Random) => Circumstances> = {
  'a usual half hour': () => ({ statements: 400, slow: 1 }),
  'three times the load': () => ({ statements: 1_200, slow: 3 }),
  'load that comes and goes': (index) => ({
    statements: 400 + 350 * Math.sin(index / 20),
    slow: 1.5 + Math.sin(index / 20),
  }),
  'a nightly job: bursts of deadlocks, rows deleted, everything slow': (index) => ({
    ...{ statements: 600, slow: index > 100 && index < 160 ? 4 : 1, deleted: 5 },
    burst: index === 120 || index === 140 ? 15 : 0,
  }),
  'cold caches': (index) => ({ statements: 400, slow: 1 + 6 * Math.exp(-index / 40) }),
  'no traffic': (_index, random) => ({ statements: random() < 0.01 ? 1 : 0.001, slow: 1 }),
  'a restart of the database: 20 s of nothing': (index) =>
    index >= 200 && index < 204
      ? { statements: 0, slow: 1, isDown: true, health: { status: 500, ms: 5 } }
      : { statements: 400, slow: index > 204 && index < 230 ? 3 : 1 },
  'a restart of the workers: a few wrong answers': (index) => ({
    ...{ statements: 400, slow: 1 },
    ...(index === 50 || index === 52 ? { health: { status: 502, ms: 2 } } : {}),
  }),
};

describe.each(Object.entries(KINDS))('%s', (_title, circumstances) => {
  test(`never ends major or critical, at no look of ${SEEDS} watches`, () => {
    const alarms: string[] = [];
    for (let seed = 1; seed <= SEEDS; seed++) {
      const random = randomFrom(seed * 7_919);
      const samples = Array.from({ length: LOOKS }, (_, index) => sample(index, circumstances(index, random), random));
      for (let index = 5; index < LOOKS; index += 9) {
        const nowMs = START_MS + index * EVERY_MS;
        const { verdict, because } = judgeWatch(watched(samples.slice(0, index + 1), { past, nowMs }));
        if (verdict === 'major' || verdict === 'critical') alarms.push(`seed ${seed}, look ${index}: ${because[0]}`);
      }
    }
    expect(alarms).toEqual([]);
  });
});
