import type { Config } from '../../config/config.ts';
import { describeClaims } from '../../preflight/foreign/checks.ts';
import { requireWritable } from '../../preflight/read-only.ts';
import type { Standing } from '../../preflight/standing.ts';
import type { Invocation } from '../shared/invocation.ts';
import { claimedRefusal, ofTool, takeOver } from './take-over.ts';

/** Nothing is applied, or rehearsed, that another tool says is applied (exit 5). */
export function requireUnclaimed({ claims }: Standing): void {
  const [first] = claims;
  if (first) throw claimedRefusal(first);
}

/** A person is asked whether it is taken over; a script is refused. */
export async function offerTakeOver(standing: Standing, config: Config, invocation: Invocation): Promise<void> {
  const { prompt, flags, hub } = invocation;
  const [claimed, ...others] = standing.claims;
  const wanted = others.length === 0 ? ofTool(claimed) : undefined;
  if (!claimed || !wanted || !prompt.isInteractive || flags.yes) return requireUnclaimed(standing);
  hub.report({ type: 'note', level: 'warning', text: describeClaims(claimed) });
  if (!(await prompt.confirm(`Take the history of ${wanted.who} over?`))) return requireUnclaimed(standing);
  await requireWritable(standing.server);
  await takeOver(wanted, { config, standing, allowDifferences: false }, invocation);
}
