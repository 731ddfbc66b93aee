import { type Evidence, KINDS, type Kind, longMs, type Sample, shortMs, type Watched, within } from '../evidence.ts';
import { holm, type Rate, rateTail } from '../statistics.ts';
import { counted, lasting, timeOfDay } from '../words.ts';

const NAMES: Record<Kind, string> = {
  foreignKey: 'foreign key errors (1451, 1452)',
  schema: 'errors of unknown tables or columns, or of values that do not fit',
  deadlock: 'deadlocks (1213)',
  lockTimeout: 'lock wait timeouts (1205)',
  aborted: 'aborted connections',
};
/** Clients that break off are seen after every restart of workers: no reason to go back. */
const NEVER_MAJOR: ReadonlySet<Kind> = new Set(['aborted']);
/** A fault that stays is seen in this many looks of the last minute. */
const LOOKS_SEEN = 3;
/** A rate that is surely higher, but less than this many times, is no fault worth a rollback. */
const TIMES_HIGHER = 2;

interface Tested {
  readonly kind: Kind;
  readonly short: Rate;
  /** The same without its worst look: a burst is one event, however many errors it has. */
  readonly steady: Rate;
  readonly long: Rate;
  readonly before: Rate | undefined;
  readonly p: number;
  readonly pLong: number;
  readonly looksSeen: number;
}

/** Errors that the server counts, a statement, against those a statement before the deploy. */
export function judgeCounts(watched: Watched): Evidence[] {
  const { thresholds, looks } = watched;
  const tested = KINDS.map((kind) => testKind(kind, watched)).filter((one) => one.long.count > 0);
  const isSure = holm(
    tested.map(({ p }) => p),
    thresholds.falseAlarms / looks,
  );
  return tested.flatMap((one, index) => {
    const isHigher = one.before !== undefined && rate(one.steady) >= TIMES_HIGHER * rate(one.before);
    const isEnough = one.short.count >= thresholds.leastErrors && one.steady.count > 0 && one.looksSeen >= LOOKS_SEEN;
    const isMajor = isSure[index] && isHigher && isEnough && !NEVER_MAJOR.has(one.kind);
    if (!isMajor && !isNotable(one, thresholds)) return [];
    return [describe(one, isMajor ? 'major' : 'minor', watched)];
  });
}

/** More than before, by its own test alone; or never seen before. */
function isNotable({ before, pLong }: Tested, { falseAlarms, leastVolume }: Watched['thresholds']): boolean {
  if (before === undefined || pLong <= falseAlarms) return true;
  return before.count === 0 && before.of >= leastVolume;
}

function testKind(kind: Kind, watched: Watched): Tested {
  const { past, samples, nowMs } = watched;
  const [inShort, inLong] = [within(samples, nowMs, shortMs(watched)), within(samples, nowMs, longMs(watched))];
  const [short, long] = [rateOf(kind, inShort), rateOf(kind, inLong)];
  const steady = rateOf(kind, withoutWorst(kind, inShort));
  const known = past.counts[kind];
  const before = typeof known === 'number' ? { count: known, of: past.statements } : undefined;
  const pLong = before ? rateTail(long, before) : 1;
  const p = before ? Math.max(pLong, rateTail(steady, before)) : 1;
  const looksSeen = inShort.filter(({ database }) => (database?.counts[kind] ?? 0) > 0).length;
  return { kind, short, steady, long, before, p, pLong, looksSeen };
}

function withoutWorst(kind: Kind, samples: readonly Sample[]): Sample[] {
  const counts = samples.map(({ database }) => database?.counts[kind] ?? 0);
  const worst = counts.indexOf(Math.max(...counts));
  return samples.filter((_, index) => index !== worst);
}

function rateOf(kind: Kind, samples: readonly Sample[]): Rate {
  const looks = samples.flatMap(({ database }) => (database ? [database] : []));
  const sum = (of: (look: (typeof looks)[number]) => number) => looks.reduce((total, look) => total + of(look), 0);
  return { count: sum(({ counts }) => counts[kind] ?? 0), of: sum(({ statements }) => statements) };
}

function rate({ count, of }: Rate): number {
  return of > 0 ? count / of : 0;
}

function describe({ kind, short, long, before }: Tested, severity: 'minor' | 'major', watched: Watched): Evidence {
  const { samples } = watched;
  const first = samples.find(({ database }) => (database?.counts[kind] ?? 0) > 0);
  const firstMs = first?.atMs ?? 0;
  const isRecent = short.count > 0;
  const { count } = isRecent ? short : long;
  const span = lasting(isRecent ? shortMs(watched) : longMs(watched));
  const table = kind === 'foreignKey' ? samples.findLast((one) => one.database?.table)?.database?.table : undefined;
  const past =
    before === undefined ? 'they happened before the deploy too' : `${beforeWords(before)} before the deploy`;
  const place = table === undefined ? '' : ` in ${table}`;
  return {
    ...{ severity, source: 'database', count, baseline: before?.count ?? null, firstMs, table },
    what: `${NAMES[kind]}: ${counted(count)} in the last ${span}${place}, ${past}; first at ${timeOfDay(firstMs)}`,
  };
}

function beforeWords({ count, of }: Rate): string {
  return `${count === 0 ? 'none' : counted(count)} in the ${counted(of)} statements`;
}
