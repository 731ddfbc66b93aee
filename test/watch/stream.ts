import type { DatabaseLook, Past, Sample, Watched } from '../../src/watch/evidence.ts';
import { judgeWatch } from '../../src/watch/verdict.ts';

/** As the configuration has them by default. */
export const THRESHOLDS = {
  ...{ errorRate: 0.01, slower: 0.5, slowerByMs: 1, leastVolume: 50, leastErrors: 3, falseAlarms: 0.01 },
  ...{ siteDownMs: 30_000, spaceFree: 0.03, rowsLost: 0.2 },
};
export const EVERY_MS = 5_000;
/** 14:00:00 of the machine's own day. */
export const START_MS = new Date(2026, 10, 23, 14).getTime();

export const PAST: Past = {
  ...{ statements: 1_000_000, counts: { foreignKey: 0, schema: 0, deadlock: 12, lockTimeout: 0, aborted: 100 } },
  ...{ threadsRunning: 2, health: [31, 30, 34, 29, 33].map((ms) => ({ status: 200, ms })) },
  ...{ spaces: [{ name: '/var/lib/mysql', freeShare: 0.4 }], rows: { companies: 1_000, staff: 40 } },
};

/** One look of a healthy site: 500 statements, 200 after 30 ms. */
export function look(
  index: number,
  database: Partial<DatabaseLook> | undefined = {},
  others: Partial<Sample> = {},
): Sample {
  return {
    atMs: START_MS + index * EVERY_MS,
    database: { statements: 500, counts: {}, threadsRunning: 2, lockWaits: 0, ...database },
    health: { status: 200, ms: 30 },
    ...{ logs: [], spaces: [{ name: '/var/lib/mysql', freeShare: 0.4 }] },
    ...others,
  };
}

export function watched(samples: readonly Sample[], changes: Partial<Watched> = {}): Watched {
  const nowMs = samples.at(-1)?.atMs ?? START_MS;
  return {
    ...{ past: PAST, samples, nowMs, everyMs: EVERY_MS, looks: 360, expectedStatus: 200, thresholds: THRESHOLDS },
    ...changes,
  };
}

/** Every verdict of a watch, one a look, as the command would come to it. */
export function verdicts(samples: readonly Sample[], changes: Partial<Watched> = {}) {
  return samples.map((_, index) => judgeWatch(watched(samples.slice(0, index + 1), changes)));
}

/** A repeatable stream of numbers from 0 to 1 (mulberry32). */
export function randomFrom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
  };
}
