import type { Plan, StepInputs } from './step.ts';

/** Plans to undo rows in production, with the site up. It is one transaction: there is nothing to take back of it. */
export function planFlashback({ target, ...input }: { readonly target: string } & StepInputs['flashback']): Plan {
  return {
    command: 'restore',
    target,
    steps: [{ id: 'flashback', phase: 'flashback', title: 'Undo the rows', input }],
    onFailure: [],
  };
}
