import type { BrokenCheck, Evidence, Watched } from '../evidence.ts';
import { counted, percent } from '../words.ts';

/** Groups of checks whose failure means that rows, or whole tables, are damaged. */
const DAMAGE = /^(?:orphans|tables|required tables)$/;
/** Of a table with a handful of rows a single one is a large share. */
const LEAST_ROWS = 10;

/** The only rule beside the team's own patterns that can say critical: it counts what is there, and guesses nothing. */
export function judgeData({ samples, past, thresholds }: Watched): Evidence[] {
  const look = samples.findLast(({ data }) => data !== undefined);
  if (!look?.data) return [];
  const firstMs = look.atMs;
  const broken = look.data.broken.map((check) => describeBroken(check, firstMs));
  const lost = Object.entries(look.data.rows).flatMap(([table, count]): Evidence[] => {
    const before = past.rows[table] ?? 0;
    const gone = before - count;
    if (gone < LEAST_ROWS || gone < thresholds.rowsLost * before) return [];
    const what = `${counted(gone)} of ${counted(before)} rows of ${table} are gone since the deploy (${percent(gone / before)})`;
    return [{ severity: 'critical', source: 'verify', what, count, baseline: before, firstMs, table }];
  });
  return [...broken, ...lost];
}

function describeBroken({ group, name, detail, wasBefore }: BrokenCheck, firstMs: number): Evidence {
  const severity = wasBefore ? 'minor' : DAMAGE.test(group) ? 'critical' : 'major';
  const table = /^[\w$]+/.exec(name)?.[0];
  const past = wasBefore ? 'as when the watch began' : 'after the deploy it did hold';
  const what = `the check of ${group} does not hold: ${name}: ${detail}; ${past}`;
  return { severity, source: 'verify', what, count: 1, baseline: wasBefore ? 1 : 0, firstMs, table };
}
