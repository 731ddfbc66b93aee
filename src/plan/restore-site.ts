import type { AskedSite } from './ask-site.ts';
import type { Step, StepOf } from './step.ts';
import { pauseWorkers, resumeWorkers } from './workers.ts';

/** What of the site takes part in a restore. */
export interface RestoredSite extends AskedSite {
  readonly withMaintenance: boolean;
  readonly withWorkers?: boolean | undefined;
  readonly withCaches: boolean;
  /** Artisan cannot start: Laravel's files are written by hand. */
  readonly by?: 'files' | undefined;
  /** The run that is ended may have taken the site down already. */
  readonly isOurs?: boolean;
  /** Stopped while production is exchanged; empty with `--no-services`. */
  readonly services: readonly string[];
}

/** `goesOn`: something has been loaded by then that a site which does not go down is no reason to throw away. */
export function siteDown(facts: RestoredSite, goesOn: boolean, locks: StepOf<'locks'> | false): (Step | false)[] {
  const { withMaintenance, services, by, isOurs } = facts;
  const going = goesOn ? { goesOn } : {};
  return [
    pauseWorkers({ ...facts, isRescue: true }),
    locks && (goesOn && services.length > 0 ? { ...locks, input: { ...locks.input, goesOn: true } } : locks),
    withMaintenance && {
      id: 'maintenance-on',
      phase: 'maintenance',
      title: 'Maintenance on',
      input: { to: 'on', isRescue: true, ...(by ? { by } : {}), ...going, ...(isOurs ? { isOurs } : {}) },
    },
    services.length > 0 && {
      id: 'services-stop',
      phase: 'services',
      title: `Stop ${services.join(', ')}`,
      input: { action: 'stop', services, ...going },
    },
  ];
}

/** On the way back each stands behind what it takes back. */
export function siteUp(facts: RestoredSite, suffix: '' | '-back'): (Step | false)[] {
  const { withMaintenance, withCaches, services } = facts;
  const isBack = suffix === '-back';
  return [
    services.length > 0 && {
      id: `services-start${suffix}`,
      phase: 'services',
      title: `Start ${services.join(', ')}`,
      input: { action: 'start', services },
      ...(isBack ? { onlyAfter: 'services-stop' } : {}),
    },
    !isBack &&
      withCaches && {
        id: 'caches-after',
        phase: 'caches',
        title: 'Clear caches',
        input: { when: 'after', isRescue: true },
      },
    withMaintenance && {
      id: `maintenance-off${suffix}`,
      phase: 'maintenance',
      title: 'Maintenance off',
      input: { to: 'off', isRescue: true },
      ...(isBack ? { onlyAfter: 'maintenance-on' } : {}),
    },
    resumeWorkers({ ...facts, isRescue: true }, suffix),
  ];
}
