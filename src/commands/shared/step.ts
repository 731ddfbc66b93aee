import { messageOf } from '../../errors.ts';
import type { Rehearsal } from '../../rehearsal/rehearsal.ts';
import type { Invocation } from './invocation.ts';

interface Titled {
  readonly id: string;
  readonly title: string;
}

/** Runs a part of a command that has no plan between the events of a step; `describe` says in a few words how it went. */
export async function runStep<T>(
  step: Titled,
  { hub, clock }: Invocation,
  body: () => Promise<T>,
  describe: (outcome: T) => string | undefined,
): Promise<T> {
  const startedMs = clock.ticksMs();
  hub.report({ type: 'step.started', ...step });
  try {
    const outcome = await body();
    hub.report({ type: 'step.finished', ...step, ms: clock.ticksMs() - startedMs, detail: describe(outcome) });
    return outcome;
  } catch (error) {
    hub.report({ type: 'step.failed', ...step, ms: clock.ticksMs() - startedMs, error: messageOf(error) });
    throw error;
  }
}

/** The same for the parts of a rehearsal. */
export function asStep(invocation: Invocation): Rehearsal['part'] {
  return async (id, title, body) => void (await runStep({ id, title }, invocation, body, (detail) => detail));
}
