import type { Config } from '../../config/config.ts';
import { parseExpression } from '../../config/units.ts';
import type { Severity } from '../evidence.ts';

type LogConfig = Config['monitor']['logs'][number];

/** Texts are looked for without regard to case, as a person would. */
function matcher(pattern: string): (entry: string) => boolean {
  const expression = parseExpression(pattern);
  if (expression) return (entry) => expression.test(entry);
  const text = pattern.toLowerCase();
  return (entry) => entry.toLowerCase().includes(text);
}

/** The worst severity whose patterns an entry matches. */
export function severityMatcher(log: Pick<LogConfig, Severity>): (entry: string) => Severity | undefined {
  const known = (['critical', 'major', 'minor'] as const).map((severity) => ({
    severity,
    matchers: log[severity].map(matcher),
  }));
  return (entry) => known.find(({ matchers }) => matchers.some((matches) => matches(entry)))?.severity;
}
