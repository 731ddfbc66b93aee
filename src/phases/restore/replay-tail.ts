import type { Context } from '../../context.ts';
import { failedUnchanged, messageOf } from '../../errors.ts';
import type { StepInputs } from '../../plan/step.ts';
import type { Phase } from '../phase.ts';
import type { ExchangeParts } from './exchange.ts';
import { openLog } from './replay.ts';
import { mendHalf, repeatRounds } from './tail.ts';

/**
 * Repeats beside production what was written since the log was read for the plan: with the site up first, so that with the site
 * down only the last moments are left. Killed anywhere, what was repeated in part is loaded anew.
 */
export function replayTailPhase(parts: ExchangeParts): Phase<'replay-tail'> {
  return {
    run: (input, context) => repeatTail(input, parts, context),

    // What was repeated has its note: the rest is looked for in the log.
    probe: async () => 'not-done',
  };
}

/** Throws a failure: production is as it was before. */
export async function repeatTail(
  input: StepInputs['replay-tail'],
  parts: ExchangeParts,
  context: Context,
): Promise<string> {
  try {
    const range = await openLog(input.replay, parts, context);
    await mendHalf(input, range, parts, context);
    return await repeatRounds(input, range, parts, context);
  } catch (error) {
    context.signal.throwIfAborted();
    throw failedUnchanged(
      `repeating what was written meanwhile failed: ${messageOf(error)}`,
      'the same gateway-migrate restore once more: it tells now what stands in the way',
      error,
    );
  }
}
