import type { RunEvent } from '../../run/events.ts';
import { isoWithOffset } from '../../system/clock.ts';
import { formatDuration } from '../../terminal/style.ts';
import type { Evidence, Sample, Verdict } from '../../watch/evidence.ts';
import type { Judged } from '../../watch/verdict.ts';
import type { LookPlace } from '../../watch/watch.ts';

/** The command to type after a verdict. */
export function nextAfter(verdict: Verdict, run: string): string {
  switch (verdict) {
    case 'healthy':
      return 'gateway-migrate status';
    case 'minor':
    case 'inconclusive':
      return `gateway-migrate monitor --run ${run}`;
    case 'major':
      return `gateway-migrate rollback --run ${run}`;
    case 'critical':
      return `gateway-migrate restore --until ${run}`;
  }
}

export function sampleEvent(sample: Sample, { verdict }: Judged, leftMs: number): RunEvent {
  const { database, health, logs } = sample;
  const counts = Object.entries(database?.counts ?? {}).filter((entry): entry is [string, number] => entry[1] !== null);
  return {
    type: 'sample',
    counters: database
      ? {
          ...{ statements: database.statements, ...Object.fromEntries(counts) },
          ...{ threadsRunning: database.threadsRunning, lockWaits: database.lockWaits },
        }
      : null,
    health: health ? { status: health.status ?? null, ms: health.ms } : null,
    logs: {
      entries: logs.reduce((sum, { count }) => sum + count, 0),
      errors: logs.reduce((sum, { count, isError, matched }) => sum + (isError || matched ? count : 0), 0),
    },
    ...{ verdict, leftMs },
  };
}

/** Tells each reason when it is first seen, and again when it is worse; figures that grow make no new reason. */
export class EvidenceTeller {
  readonly #told = new Set<string>();

  news(evidence: readonly Evidence[]): RunEvent[] {
    return evidence.flatMap((one): RunEvent[] => {
      const key = `${one.severity} ${one.source} ${one.what.replace(/[\d.,:]+/g, '#')}`;
      if (this.#told.has(key)) return [];
      this.#told.add(key);
      const { firstMs, ...others } = one;
      return [{ type: 'evidence', ...others, first: isoWithOffset(new Date(firstMs)) }];
    });
  }
}

export function verdictEvent({ verdict, because }: Judged, place: LookPlace, run: string): RunEvent {
  const checkpoint = place.checkpointMs === undefined ? place.elapsedMs : place.checkpointMs;
  const next = nextAfter(verdict, run);
  return { type: 'verdict', verdict, checkpoint: formatDuration(checkpoint), because, next };
}
