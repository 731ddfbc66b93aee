/** Time as a port: phases never read the machine's clock themselves, so tests can hold it still. */
export interface Clock {
  now(): Date;
  /** Monotonic milliseconds, for durations. */
  ticksMs(): number;
  /** Resolves after `ms`; rejects with the signal's reason when it aborts first. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
}

export const systemClock: Clock = {
  now: () => new Date(),
  // `performance` costs nine modules of Node's when it is first used.
  ticksMs: () => Number(process.hrtime.bigint()) / 1e6,
  sleep: (ms, signal) =>
    new Promise((resolve, reject) => {
      if (signal?.aborted) return reject(signal.reason);
      const onAbort = () => {
        clearTimeout(timer);
        reject(signal?.reason);
      };
      const timer = setTimeout(() => {
        signal?.removeEventListener('abort', onAbort);
        resolve();
      }, ms);
      signal?.addEventListener('abort', onAbort, { once: true });
    }),
};

/** `YYYYMMDD_HHMMSS` in the machine's time zone: the stamp in the names of logs and backups. */
export function fileStamp(at: Date): string {
  const two = (n: number) => String(n).padStart(2, '0');
  const day = `${at.getFullYear()}${two(at.getMonth() + 1)}${two(at.getDate())}`;
  return `${day}_${two(at.getHours())}${two(at.getMinutes())}${two(at.getSeconds())}`;
}

/** ISO 8601 with the machine's offset, e.g. `2026-11-23T09:30:00.123+01:00`. */
export function isoWithOffset(at: Date): string {
  const offsetMin = -at.getTimezoneOffset();
  const sign = offsetMin < 0 ? '-' : '+';
  const two = (n: number) => String(Math.trunc(Math.abs(n))).padStart(2, '0');
  const local = new Date(at.getTime() + offsetMin * 60_000).toISOString().slice(0, -1);
  return `${local}${sign}${two(offsetMin / 60)}:${two(offsetMin % 60)}`;
}
