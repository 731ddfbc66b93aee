import type { LogPosition } from '../range.ts';

/** PURE: in the order of the log. Names are numbered with six digits, and behind 999999 with more. */
export function inOrder(places: Iterable<string>): string[] {
  return [...new Set(places)].sort((one, other) => {
    const [a, b] = [parsePlace(one), parsePlace(other)];
    if (a.file === b.file) return a.position - b.position;
    return a.file.length - b.file.length || (a.file < b.file ? -1 : 1);
  });
}

/** Reads `binlog.000002:1234`, as places are kept in a plan. */
export function parsePlace(text: string): LogPosition {
  const at = text.lastIndexOf(':');
  return { file: text.slice(0, at), position: Number(text.slice(at + 1)) };
}
