import type { Evidence, Executions, QuerySeen, Watched } from '../evidence.ts';
import { benjaminiHochberg, binomialTail, median, rateTail } from '../statistics.ts';
import { brief, counted, percent } from '../words.ts';

/** Only queries that take this share of the time of all are worth a verdict. */
const LEAST_TIME = 0.01;
/** Of the last look; the other window is the whole watch. */
const LEAST_SHORT = 10;
/** The share of executions beyond the quantile, by its definition, where a histogram is too coarse to say. */
const USUAL_BEYOND = 0.05;

interface Control {
  /** How many times as slow as before the queries are that do not touch the tables of the deploy; undefined: there are none. */
  readonly ratio: number | undefined;
  readonly beyond: number;
}

/** Queries over the tables of the deploy: do they fail, are they slower than the load of now explains? */
export function judgeQueries(watched: Watched): Evidence[] {
  const look = watched.samples.findLast(({ queries }) => queries !== undefined);
  if (!look?.queries) return [];
  const treated = look.queries.filter(({ tables }) => tables.length > 0);
  const control = controlOf(look.queries, watched.thresholds.leastVolume);
  return [
    ...judgeFailing(treated, look.atMs, watched),
    ...judgeSlow(treated, look.queries, control, look.atMs, watched),
  ];
}

function controlOf(queries: readonly QuerySeen[], leastVolume: number): Control {
  const known = queries.flatMap(({ tables, before, long }) =>
    tables.length === 0 && before && before.executions >= LEAST_SHORT && long.executions >= LEAST_SHORT
      ? [{ before, long }]
      : [],
  );
  const executions = known.reduce((total, { long }) => total + long.executions, 0);
  if (executions < leastVolume) return { ratio: undefined, beyond: USUAL_BEYOND };
  const beyond = known.reduce((total, { long }) => total + (long.beyond ?? 0), 0);
  return { ratio: median(known.map(({ before, long }) => mean(long) / mean(before))), beyond: beyond / executions };
}

function judgeFailing(treated: readonly QuerySeen[], atMs: number, { thresholds, looks }: Watched): Evidence[] {
  const { errorRate, leastErrors, falseAlarms } = thresholds;
  const failing = treated.filter(
    ({ long, short }) => short.errors >= leastErrors && short.errors >= errorRate * short.executions && long.errors > 0,
  );
  const isSure = benjaminiHochberg(
    failing.map(({ before, long, short }) =>
      Math.max(pFailing(long, before, errorRate), pFailing(short, before, errorRate)),
    ),
    falseAlarms / looks,
  );
  return failing
    .filter((_, index) => isSure[index])
    .map((query) => {
      const { short, before, tables, digest, sample } = query;
      const past = before
        ? `${counted(before.errors)} of ${counted(before.executions)} before the deploy`
        : 'it is new';
      return {
        ...{ severity: 'major', source: 'query', count: short.errors, baseline: before?.errors ?? null, firstMs: atMs },
        ...{ table: tables[0], digest, sample },
        what: `a query fails ${counted(short.errors)} of ${counted(short.executions)} times, ${past}: ${brief(query.text)}`,
      };
    });
}

/** A query that is new is measured by what may fail at all. */
function pFailing(now: Executions, before: Executions | undefined, errorRate: number): number {
  if (!before) return binomialTail(now.errors, now.executions, errorRate);
  return rateTail({ count: now.errors, of: now.executions }, { count: before.errors, of: before.executions });
}

function judgeSlow(
  treated: readonly QuerySeen[],
  all: readonly QuerySeen[],
  control: Control,
  atMs: number,
  { thresholds, looks }: Watched,
): Evidence[] {
  const totalMs = all.reduce((total, { long }) => total + long.timeMs, 0);
  const load = Math.max(1, control.ratio ?? 1);
  const slow = treated.flatMap((query) => {
    const { before, long, short } = query;
    if (!before || before.executions < thresholds.leastVolume || long.executions < thresholds.leastVolume) return [];
    if (short.executions < LEAST_SHORT || long.timeMs < LEAST_TIME * totalMs) return [];
    const isSlower = [long, short].every((now) => {
      const byMs = mean(now) - mean(before) * load;
      return byMs >= thresholds.slowerByMs && mean(now) >= (1 + thresholds.slower) * mean(before) * load;
    });
    return isSlower ? [{ query, before, p: pSlow(query, before, control) }] : [];
  });
  const isSure = benjaminiHochberg(
    slow.map(({ p }) => p),
    thresholds.falseAlarms / looks,
  );
  return slow.map(({ query, before }, index) =>
    describeSlow(query, before, control, atMs, isSure[index] === true && control.ratio !== undefined),
  );
}

function pSlow({ long, short }: QuerySeen, before: Executions, control: Control): number {
  if (long.beyond === undefined || short.beyond === undefined) return 1;
  const usual = Math.max((before.beyond ?? 0) / before.executions, control.beyond, 1 / before.executions);
  return Math.max(
    binomialTail(long.beyond, long.executions, usual),
    binomialTail(short.beyond, short.executions, usual),
  );
}

function describeSlow(
  { text, tables, digest, sample, short, long }: QuerySeen,
  before: Executions,
  control: Control,
  firstMs: number,
  isMajor: boolean,
): Evidence {
  const others =
    control.ratio === undefined
      ? 'there is no other query to compare with'
      : `queries on other tables ${control.ratio.toFixed(1)} times`;
  const beyond = long.beyond === undefined ? '' : `, ${percent(long.beyond / long.executions)} slower than 95 % were`;
  return {
    ...{ severity: isMajor ? 'major' : 'minor', source: 'query', count: short.executions, baseline: before.executions },
    ...{ firstMs, table: tables[0], digest, sample },
    what: `a query takes ${milliseconds(mean(short))}, ${(mean(short) / mean(before)).toFixed(1)} times as long as before the deploy (${others})${beyond}: ${brief(text)}`,
  };
}

function mean({ timeMs, executions }: Executions): number {
  return executions > 0 ? timeMs / executions : 0;
}

function milliseconds(ms: number): string {
  return `${ms < 10 ? ms.toFixed(2) : Math.round(ms)} ms`;
}
