import type { LogPosition } from '../range.ts';

/** Reads `binlog.000002:1234`, as places are kept in a plan. */
export function parsePlace(text: string): LogPosition {
  const at = text.lastIndexOf(':');
  return { file: text.slice(0, at), position: Number(text.slice(at + 1)) };
}
