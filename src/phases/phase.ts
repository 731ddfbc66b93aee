import type { Context } from '../context.ts';
import type { PhaseName, StepInputs } from '../plan/step.ts';

/** After a crash: did the step take effect? `unknown` stops the run and asks a person. */
export type Probed = 'done' | 'not-done' | 'unknown';

/**
 * One kind of step: the only place where production is changed. A phase reports what it does as events and
 * never prints. It throws a `Failure` when it can say what to type next, else the error as it came.
 */
export interface Phase<P extends PhaseName> {
  /** Resolves with one short sentence for the step's line (`503 after 40 ms`), or nothing. `isFound`: as that has answered. */
  run(input: StepInputs[P], context: Context, isFound?: boolean): Promise<string | undefined>;
  /**
   * Asked before a step that has not begun: has somebody else done already what it is to do, who then undoes it as well?
   * Never asked where it is not there. Reads only.
   */
  isFound?(input: StepInputs[P], context: Context): Promise<boolean>;
  /** After a crash, with the step started and not known to have finished. Reads only. */
  probe(input: StepInputs[P], context: Context): Promise<Probed>;
}

export type Phases = { readonly [P in PhaseName]: Phase<P> };
