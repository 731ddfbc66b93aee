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

/** Asks a person whether it is taken over. False: it was not, or there is nobody to ask. */
export async function offerTakeOver(standing: Standing, config: Config, invocation: Invocation): Promise<boolean> {
  const { prompt, flags, hub } = invocation;
  const [claimed, ...others] = standing.claims;
  if (!claimed || others.length > 0 || !prompt.isInteractive || flags.yes) return false;
  if (claimed.claims.some(({ state }) => state === 'failed')) return false;
  const wanted = ofTool(claimed);
  hub.report({ type: 'note', level: 'warning', text: describeClaims(claimed) });
  if (!wanted || !(await prompt.confirm(`Take the history of ${wanted.who} over?`))) return false;
  await requireWritable(standing.server);
  await takeOver(wanted, { config, standing, allowDifferences: false }, invocation);
  return true;
}
