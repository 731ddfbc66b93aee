import type { Check } from '../run/check.ts';
import { type Finding, HEADLINES } from './finding.ts';
import type { Rehearsed } from './rehearse.ts';

/** Everything that speaks against a deploy, or is worth knowing. PURE. */
export interface Verdict {
  readonly isReady: boolean;
  readonly checks: readonly Check[];
  /** What stands in the way, one short name each. */
  readonly obstacles: readonly string[];
  readonly advice: number;
  /** The command that tells more where it is not ready, the same that its findings name. */
  readonly next: string;
  /** That command, and what is to be mended before it is typed. */
  readonly mendAndNext: string;
}

export const MEND_AND_TEST = 'mend what is named above, then: gateway-migrate test';

/** Checks that do not hold and findings of level error stand in the way; advice does not. */
export function judgeRehearsal({ checks, findings }: Pick<Rehearsed, 'checks' | 'findings'>): Verdict {
  const all = [...checks, ...findings.map(toCheck)];
  const failed = all.filter((check) => !check.ok && check.level === 'error');
  return {
    isReady: failed.length === 0,
    checks: all,
    obstacles: failed.map((check) => check.name),
    ...nextOf(findings, failed),
    advice: all.filter((check) => !check.ok && (check.level === 'advice' || check.level === 'warning')).length,
  };
}

function nextOf(findings: readonly Finding[], failed: readonly Check[]): Pick<Verdict, 'next' | 'mendAndNext'> {
  const asking = findings.filter(({ asksForRows }) => asksForRows).length;
  const grants = [...new Set(failed.flatMap(({ remedy }) => /^GRANT .*?;/.exec(remedy ?? '')?.[0] ?? []))];
  if (asking === 0 && grants.length > 0) {
    const next = `${grants.join(' ')} as an administrator, then: gateway-migrate test`;
    return { next, mendAndNext: grants.length === failed.length ? next : `mend what else is named above; ${next}` };
  }
  if (asking === 0) return { next: 'gateway-migrate test', mendAndNext: MEND_AND_TEST };
  const next = 'gateway-migrate test --from-backup';
  return { next, mendAndNext: asking === failed.length ? next : `mend what else is named above, then: ${next}` };
}

/** What was there before comes under a heading of its own: it is nobody's fault today. */
function toCheck({ name, level, group, version, object, what, why, fix }: Finding): Check {
  return {
    group: version === undefined ? 'in production before' : group,
    name: version === undefined ? name : `${version} ${name}`,
    ok: false,
    level: version === undefined && level === 'error' ? 'advice' : level,
    detail: `${object}: ${what}\n${why}`,
    remedy: fix,
    kind: name,
    headline: HEADLINES[name],
    object,
  };
}
