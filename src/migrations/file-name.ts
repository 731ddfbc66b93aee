/** What a migration's file name says. */
export interface FileName {
  readonly version: string;
  readonly name: string;
  /** The name without `.sql`, `.up.sql` or `.down.sql`. */
  readonly baseName: string;
  /** Which half of a golang-migrate pair it is. */
  readonly half?: 'up' | 'down' | undefined;
}

/** Laravel's date (`2025_10_01_060203`), else digits (dbmate: a date of 14; golang-migrate: a number). */
const PATTERN = /^(?<version>\d{4}_\d{2}_\d{2}_\d{6}|\d+)_(?<name>.+?)(?:\.(?<half>up|down))?\.sql$/;

/** Undefined when it is no migration's name. */
export function parseFileName(fileName: string): FileName | undefined {
  const groups = PATTERN.exec(fileName)?.groups;
  if (!groups) return undefined;
  const { version = '', name = '', half } = groups;
  return {
    version,
    name,
    baseName: `${version}_${name}`,
    ...(half === 'up' || half === 'down' ? { half } : {}),
  };
}

/** The order in which versions are applied: numbers by value (9 before 10), dates by time; 0 for `1` and `0001`. */
export function compareVersions(a: string, b: string): number {
  // The usual case: all versions of a folder are written alike.
  if (a.length === b.length && a.includes('_') === b.includes('_')) return a < b ? -1 : a > b ? 1 : 0;
  const left = a.replaceAll('_', '').replace(/^0+(?=\d)/, '');
  const right = b.replaceAll('_', '').replace(/^0+(?=\d)/, '');
  if (left.length !== right.length) return left.length - right.length;
  return left < right ? -1 : left > right ? 1 : 0;
}
