import type { Step } from './step.ts';

interface Facts {
  /** Undefined: none are configured. */
  readonly withWorkers?: boolean | undefined;
  /** See `StepInputs`. */
  readonly isRescue?: boolean | undefined;
}

/** With the site still up: their last job may take a while. */
export function pauseWorkers({ withWorkers = false, isRescue = false }: Facts): Step | false {
  return (
    withWorkers && {
      ...{ id: 'workers-pause', phase: 'workers', title: 'Pause the workers' },
      input: { to: 'paused', ...(isRescue ? { isRescue } : {}) },
    }
  );
}

/** Once the site is up: what they do then is what visitors do. On a way back only where they were paused. */
export function resumeWorkers({ withWorkers = false, isRescue = false }: Facts, suffix: '' | '-back'): Step | false {
  return (
    withWorkers && {
      ...{ id: `workers-resume${suffix}`, phase: 'workers', title: 'Let the workers go on' },
      input: { to: 'running', ...(isRescue ? { isRescue } : {}) },
      ...(suffix === '' ? {} : { onlyAfter: 'workers-pause' }),
    }
  );
}
