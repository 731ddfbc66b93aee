import type { Reporter } from '../run/events.ts';
import { jsonText } from './visible.ts';

/**
 * One JSON object a line, with `type`, `at` and `run` first; fields that are undefined are left out. Nothing
 * that is measured here is true to more than a tenth.
 */
export function jsonReporter(write: (line: string) => void): Reporter {
  return ({ type, at, run, ...rest }) => write(`${jsonText({ type, at, run, ...rest }, toTenths)}\n`);
}

function toTenths(_key: string, value: unknown): unknown {
  return typeof value === 'number' ? Math.round(value * 10) / 10 : value;
}
