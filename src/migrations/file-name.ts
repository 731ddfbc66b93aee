/** What a migration's file name says. Every tool's own rule: docs/coming-from.md. */
export interface FileName {
  readonly version: string;
  readonly name: string;
  /** The name without `.sql`, `.up.sql` or `.down.sql`. */
  readonly baseName: string;
  /** Which half of a golang-migrate pair it is. */
  readonly half?: 'up' | 'down' | undefined;
  readonly isFlyway?: boolean | undefined;
}

/** Laravel's date (`2025_10_01_060203`), else digits (dbmate: a date of 14, or any; golang-migrate: a number). */
const PATTERN = /^(?<version>\d{4}_\d{2}_\d{2}_\d{6}|\d+)(?<rest>.*?)(?:\.(?<half>up|down))?\.sql$/;
/** Flyway's versioned and undo migrations: `V1_1__Add_users.sql`, `U1.1__Add_users.sql`. */
const FLYWAY = /^(?<prefix>[VU])(?<version>\d+(?:[._]\d+)*)__(?<name>.+)\.sql$/;

/** Undefined when it is no migration's name. */
export function parseFileName(fileName: string): FileName | undefined {
  const groups = PATTERN.exec(fileName)?.groups;
  if (!groups) return parseFlywayName(fileName);
  const { version = '', rest = '', half } = groups;
  return {
    version,
    name: rest.replace(/^[^\p{L}\p{N}]+/u, '') || version,
    baseName: `${version}${rest}`,
    ...(half === 'up' || half === 'down' ? { half } : {}),
  };
}

/** The whole file is one section, as in a pair; its undo migration is the other, whatever its description. */
function parseFlywayName(fileName: string): FileName | undefined {
  const { prefix, version = '', name = '' } = FLYWAY.exec(fileName)?.groups ?? {};
  if (prefix === undefined) return undefined;
  return {
    version: version.replaceAll('_', '.'),
    name,
    baseName: fileName.slice(0, -'.sql'.length),
    half: prefix === 'V' ? 'up' : 'down',
    isFlyway: true,
  };
}

/** As nearly all are: of one length they sort as texts do, whatever their leading zeros. */
const DIGITS = /^\d+$/;

/**
 * The only order of versions there is: numbers by value (9 before 10), dates by time; 0 for `1` and `0001`. Where something
 * stands behind the number, it decides last, as text.
 */
export function compareVersions(a: string, b: string): number {
  if (a.length === b.length && DIGITS.test(a) && DIGITS.test(b)) return compareTexts(a, b);
  const [left, right] = [splitVersion(a), splitVersion(b)];
  if (left.number.length !== right.number.length) return left.number.length - right.number.length;
  return compareTexts(left.number, right.number) || compareRests(left.rest, right.rest);
}

/** Digits without leading zeros and without what only groups them; a version without any sorts before all numbers. */
function splitVersion(version: string): { number: string; rest: string } {
  const [digits = ''] = /^(?:\d+_?)*/.exec(version) ?? [];
  return { number: digits.replaceAll('_', '').replace(/^0+(?=\d)/, ''), rest: version.slice(digits.length) };
}

const DOTTED = /^(?:\.\d+)*$/;

/** Flyway's `1.10` comes after `1.9`, and `1.0` is `1`. Everything else is text. */
function compareRests(a: string, b: string): number {
  if (a === b || !DOTTED.test(a) || !DOTTED.test(b)) return compareTexts(a, b);
  const [left, right] = [a, b].map((text) => text.split('.').slice(1).map(BigInt)) as [bigint[], bigint[]];
  for (let index = 0; index < Math.max(left.length, right.length); index++) {
    const [x, y] = [left[index] ?? 0n, right[index] ?? 0n];
    if (x !== y) return x < y ? -1 : 1;
  }
  return 0;
}

function compareTexts(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
