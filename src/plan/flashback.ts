import type { Plan, StepInputs } from './step.ts';

/** One transaction: half of it never is, so that `resume` alone ends it, and another undo takes it back. */
export function undoesRows({ steps }: Plan): boolean {
  return steps.some(({ phase }) => phase === 'flashback');
}

/** Plans to undo rows in production, with the site up. It is one transaction: there is nothing to take back of it. */
export function planFlashback({ target, ...input }: { readonly target: string } & StepInputs['flashback']): Plan {
  return {
    command: 'restore',
    target,
    steps: [{ id: 'flashback', phase: 'flashback', title: 'Undo the rows', input }],
    onFailure: [],
  };
}
