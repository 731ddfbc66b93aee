import type { Reporter } from '../run/events.ts';

/** One JSON object a line, with `type`, `at` and `run` first; fields that are undefined are left out. */
export function jsonReporter(write: (line: string) => void): Reporter {
  return ({ type, at, run, ...rest }) => write(`${JSON.stringify({ type, at, run, ...rest })}\n`);
}
