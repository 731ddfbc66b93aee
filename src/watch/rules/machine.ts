import { type Evidence, shortMs, type Watched, within } from '../evidence.ts';
import { median } from '../statistics.ts';
import { counted, lasting, percent } from '../words.ts';

/** A queue begins where this many more statements are at work than before. */
const MORE_THREADS = 10;
const TIMES_THREADS = 3;
/** A wait of one look is life. */
const LOOKS_SEEN = 6;

/** Room on disks and in memory, queues in the server: never a proof against the deploy but a disk that it has filled. */
export function judgeMachine(watched: Watched): Evidence[] {
  return [...judgeSpaces(watched), ...judgeQueues(watched)];
}

function judgeSpaces({ samples, past, thresholds }: Watched): Evidence[] {
  const last = samples.findLast(({ spaces }) => spaces.length > 0);
  return (last?.spaces ?? []).flatMap((space): Evidence[] => {
    if (space.freeShare >= thresholds.spaceFree) return [];
    const before = past.spaces.find(({ name }) => name === space.name)?.freeShare;
    const isNew = before !== undefined && before >= thresholds.spaceFree;
    const isFilled = isNew && space.name !== 'memory';
    const first = samples.find(({ spaces }) =>
      spaces.some(({ name, freeShare }) => name === space.name && freeShare < thresholds.spaceFree),
    );
    const words = before === undefined ? 'nobody knows how much before' : `${percent(before)} before the deploy`;
    const what = `only ${percent(space.freeShare)} of ${space.name} is free, ${words}`;
    const about = { count: 1, baseline: before ?? null, firstMs: first?.atMs ?? 0 };
    return [{ severity: isFilled ? 'major' : 'minor', source: 'resources', what, ...about }];
  });
}

function judgeQueues(watched: Watched): Evidence[] {
  const { samples, past, nowMs } = watched;
  const recent = within(samples, nowMs, shortMs(watched)).flatMap(({ atMs, database }) =>
    database ? [{ atMs, ...database }] : [],
  );
  if (recent.length < LOOKS_SEEN) return [];
  const firstMs = recent[0]?.atMs ?? nowMs;
  const evidence: Evidence[] = [];
  const threads = median(recent.map(({ threadsRunning }) => threadsRunning)) ?? 0;
  if (threads >= past.threadsRunning + MORE_THREADS && threads >= TIMES_THREADS * past.threadsRunning) {
    const what = `${counted(threads)} statements are at work at once, ${counted(past.threadsRunning)} before the deploy`;
    evidence.push({
      severity: 'minor',
      source: 'database',
      what,
      count: threads,
      baseline: past.threadsRunning,
      firstMs,
    });
  }
  const waits = Math.min(...recent.map(({ lockWaits }) => lockWaits));
  if (waits > 0) {
    const blocker = recent.findLast((look) => look.blocker)?.blocker;
    const who = blocker === undefined ? '' : `; ${blocker} holds the lock`;
    const what = `${counted(waits)} or more statements have waited for row locks for ${lasting(shortMs(watched))}${who}`;
    evidence.push({ severity: 'minor', source: 'database', what, count: waits, baseline: null, firstMs });
  }
  return evidence;
}
