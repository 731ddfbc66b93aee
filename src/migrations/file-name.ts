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

/**
 * The only order of versions there is: numbers by value (9 before 10), dates by time; 0 for `1` and `0001`. Where something
 * stands behind the number, it decides last, as text.
 */
export function compareVersions(a: string, b: string): number {
  const [left, right] = [splitVersion(a), splitVersion(b)];
  if (left.number.length !== right.number.length) return left.number.length - right.number.length;
  return compareTexts(left.number, right.number) || compareTexts(left.rest, right.rest);
}

/** Digits without leading zeros and without what only groups them; a version without any sorts before all numbers. */
function splitVersion(version: string): { number: string; rest: string } {
  const [digits = ''] = /^(?:\d+_?)*/.exec(version) ?? [];
  return { number: digits.replaceAll('_', '').replace(/^0+(?=\d)/, ''), rest: version.slice(digits.length) };
}

function compareTexts(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
