import { type Evidence, longMs, type Sample, shortMs, type Watched, within } from '../evidence.ts';
import { binomialTail, median } from '../statistics.ts';
import { counted, lasting, timeOfDay } from '../words.ts';

/** Wrong answers of one moment are one event. */
const LOOKS_SEEN = 3;
/** Slower by less than this nobody notices. */
const SLOWER_BY_MS = 100;
const LEAST_ANSWERS = 5;

interface Probe {
  readonly atMs: number;
  readonly status: number | undefined;
  readonly ms: number;
}

/** What the site answers, against what it answered before the window. */
export function judgeHealth(watched: Watched): Evidence[] {
  const { expectedStatus, samples, nowMs } = watched;
  const probes = samples.flatMap(toProbe);
  const wrong = probes.filter(({ status }) => status !== expectedStatus);
  const first = wrong[0];
  if (!first) return judgeLatency(probes, watched);
  const recent = within(samples, nowMs, longMs(watched)).flatMap(toProbe);
  const count = recent.filter(({ status }) => status !== expectedStatus).length;
  const before = watched.past.health.filter(({ status }) => status !== expectedStatus).length;
  const wasWrong = before > 0 && before === watched.past.health.length;
  const about = { source: 'health', count, baseline: before, firstMs: first.atMs } as const;
  const streak = streakOf(probes, expectedStatus);
  const downMs = streak.length >= LOOKS_SEEN ? nowMs - (streak[0]?.atMs ?? nowMs) : 0;
  if (downMs >= watched.thresholds.siteDownMs) {
    const past = wasWrong ? 'as before the deploy' : 'before the deploy it was well';
    const what = `the site has answered ${answerWords(probes.at(-1))} for ${lasting(downMs)}, not ${expectedStatus}; ${past}`;
    return [{ ...about, severity: wasWrong ? 'minor' : 'major', what, firstMs: nowMs - downMs }];
  }
  const isMajor = !wasWrong && failsOften(recent, watched);
  const what = `the site gave a wrong answer ${counted(count)} of ${counted(recent.length)} times in the last ${lasting(longMs(watched))} (${answerWords(wrong.at(-1))}); first at ${timeOfDay(first.atMs)}`;
  return count === 0 ? [] : [{ ...about, severity: isMajor ? 'major' : 'minor', what }];
}

function toProbe({ atMs, health }: Sample): Probe[] {
  return health ? [{ atMs, ...health }] : [];
}

/** The wrong answers that the probes end with. */
function streakOf(probes: readonly Probe[], expected: number): readonly Probe[] {
  return probes.slice(probes.findLastIndex(({ status }) => status === expected) + 1);
}

/** In both windows, more often than may be, in the last minute too. */
function failsOften(recent: readonly Probe[], watched: Watched): boolean {
  const { nowMs, expectedStatus, thresholds, looks } = watched;
  const last = recent.filter(({ atMs }) => atMs > nowMs - shortMs(watched));
  const isWrong = ({ status }: Probe) => status !== expectedStatus;
  const wrong = last.filter(isWrong);
  // Shorter than this a restart takes, too.
  const spanMs = (wrong.at(-1)?.atMs ?? 0) - (wrong[0]?.atMs ?? 0);
  if (wrong.length < LOOKS_SEEN || spanMs < thresholds.siteDownMs) return false;
  return [recent, last].every(
    (probes) =>
      binomialTail(probes.filter(isWrong).length, probes.length, thresholds.errorRate) <=
      thresholds.falseAlarms / looks,
  );
}

function judgeLatency(probes: readonly Probe[], watched: Watched): Evidence[] {
  const { past, nowMs, thresholds } = watched;
  const before = median(past.health.map(({ ms }) => ms));
  const recent = probes.filter(({ atMs }) => atMs > nowMs - shortMs(watched));
  const now = median(recent.map(({ ms }) => ms));
  if (before === undefined || now === undefined || recent.length < LEAST_ANSWERS) return [];
  if (now < before * (1 + thresholds.slower) || now < before + SLOWER_BY_MS) return [];
  const what = `the site answers after ${Math.round(now)} ms, before the deploy after ${Math.round(before)} ms`;
  const firstMs = recent[0]?.atMs ?? nowMs;
  return [{ severity: 'minor', source: 'health', what, count: recent.length, baseline: past.health.length, firstMs }];
}

function answerWords(probe: Probe | undefined): string {
  return probe?.status === undefined ? 'nothing' : String(probe.status);
}
