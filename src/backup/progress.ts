import type { Context } from '../context.ts';

const EVERY_MS = 250;

export interface Progress {
  /** Reports at most four times a second, with the rate since the start and what is left. */
  advanceTo(done: number): void;
  finish(): void;
}

/** `total` may be an estimate: the remaining time is left out once it is passed. */
export function createProgress(
  context: Pick<Context, 'clock' | 'report'>,
  of: { id: string; unit: 'bytes' | 'rows' | 'items'; total: number | undefined },
): Progress {
  const startedMs = context.clock.ticksMs();
  let reportedMs = startedMs;
  let last = 0;
  const send = (done: number) => {
    const seconds = (context.clock.ticksMs() - startedMs) / 1000;
    const perSecond = seconds > 0 ? done / seconds : undefined;
    const left = of.total === undefined ? 0 : of.total - done;
    const etaMs = perSecond && left > 0 ? (left / perSecond) * 1000 : undefined;
    context.report({ type: 'progress', id: of.id, done, total: of.total, unit: of.unit, perSecond, etaMs });
  };
  return {
    advanceTo(done) {
      last = done;
      if (context.clock.ticksMs() - reportedMs < EVERY_MS) return;
      reportedMs = context.clock.ticksMs();
      send(done);
    },
    finish: () => send(last),
  };
}
