import { type Evidence, type Severity, shortMs, type Verdict, type Watched, within } from './evidence.ts';
import { judgeCounts } from './rules/counts.ts';
import { judgeData } from './rules/data.ts';
import { judgeHealth } from './rules/health.ts';
import { judgeLogs } from './rules/logs.ts';
import { judgeMachine } from './rules/machine.ts';
import { judgeQueries } from './rules/queries.ts';
import { counted, lasting } from './words.ts';

export interface Judged {
  readonly verdict: Verdict;
  /** Worst first. */
  readonly evidence: readonly Evidence[];
  /** Sentences. */
  readonly because: readonly string[];
}

const WEIGHT: Record<Severity, number> = { minor: 1, major: 2, critical: 3 };

/** PURE: from what was seen to a verdict. The rules, and why they are so: docs/monitoring.md. */
export function judgeWatch(watched: Watched): Judged {
  const evidence = [
    ...judgeData(watched),
    ...judgeHealth(watched),
    ...judgeCounts(watched),
    ...judgeQueries(watched),
    ...judgeLogs(watched),
    ...judgeMachine(watched),
  ].sort((a, b) => WEIGHT[b.severity] - WEIGHT[a.severity]);
  const worst = evidence[0]?.severity;
  const because = evidence.map(({ what }) => what);
  if (worst === 'critical' || worst === 'major') return { verdict: worst, evidence, because };
  const unseen = whyInconclusive(watched);
  if (unseen !== undefined) return { verdict: 'inconclusive', evidence, because: [unseen, ...because] };
  if (worst) return { verdict: worst, evidence, because };
  return { verdict: 'healthy', evidence, because: [allWell(watched)] };
}

/** Without traffic nothing can fail, and who sees nothing must not say that all is well. */
function whyInconclusive(watched: Watched): string | undefined {
  const { samples, nowMs, thresholds } = watched;
  const statements = samples.reduce((total, { database }) => total + (database?.statements ?? 0), 0);
  if (!within(samples, nowMs, shortMs(watched)).some(({ database }) => database)) {
    return `the database could not be asked in the last ${lasting(shortMs(watched))}`;
  }
  if (statements >= thresholds.leastVolume) return undefined;
  return `only ${counted(statements)} statements of others were seen, at least ${counted(thresholds.leastVolume)} are needed: without traffic nothing can fail`;
}

function allWell({ samples }: Watched): string {
  const statements = samples.reduce((total, { database }) => total + (database?.statements ?? 0), 0);
  const answers = samples.filter(({ health }) => health).length;
  const entries = samples.reduce((total, { logs }) => total + logs.length, 0);
  const seen = [
    `${counted(statements)} statements`,
    ...(answers > 0 ? [`${counted(answers)} answers of the site`] : []),
    `${counted(entries)} notable log entries`,
  ];
  return `${seen.join(', ')}: nothing worse than before the deploy`;
}
