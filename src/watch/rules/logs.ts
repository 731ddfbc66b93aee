import type { Evidence, LogEntry, Severity, Watched } from '../evidence.ts';
import { brief, counted, timeOfDay } from '../words.ts';

interface Told {
  readonly entry: LogEntry;
  count: number;
  /** Looks in which it was seen. */
  looks: number;
  readonly firstMs: number;
}

/** A fault that stays is seen again: one look is one event. */
const LOOKS_SEEN = 2;

/** Entries of logs since the deploy, by fingerprint: a new one outweighs any number of old ones. */
export function judgeLogs({ samples, thresholds }: Watched): Evidence[] {
  const told = new Map<string, Told>();
  for (const { atMs, logs } of samples) {
    for (const entry of logs) {
      const key = `${entry.path}\n${entry.fingerprint}`;
      const known = told.get(key);
      if (known) Object.assign(known, { count: known.count + entry.count, looks: known.looks + 1 });
      else told.set(key, { entry, count: entry.count, looks: 1, firstMs: atMs });
    }
  }
  return [...told.values()].flatMap((one) => {
    const severity = severityOf(one, thresholds.leastErrors);
    return severity ? [describe(one, severity)] : [];
  });
}

function severityOf({ entry, count, looks }: Told, leastErrors: number): Severity | undefined {
  const { matched, isOld, isError } = entry;
  if (matched === undefined) return isError && !isOld ? 'minor' : undefined;
  if (isOld || matched === 'minor') return 'minor';
  if (matched === 'critical') return 'critical';
  return count >= leastErrors && looks >= LOOKS_SEEN ? 'major' : 'minor';
}

function describe({ entry, count, firstMs }: Told, severity: Severity): Evidence {
  const past = entry.isOld ? 'it was there before the deploy' : 'it is new since the deploy';
  const times = count === 1 ? 'once' : `${counted(count)} times`;
  return {
    ...{ severity, source: 'log', count, baseline: entry.isOld ? null : 0, firstMs, sample: entry.text },
    what: `${entry.path} says ${times}, first at ${timeOfDay(firstMs)}; ${past}: ${brief(entry.text)}`,
  };
}
