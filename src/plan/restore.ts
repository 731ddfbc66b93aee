import type { Plan, Step } from './step.ts';

export interface RestoreFacts {
  readonly target: string;
  readonly file: string;
  readonly withMaintenance: boolean;
  readonly withCaches: boolean;
  /** Stopped while the database is loaded; empty with `--no-services`. */
  readonly services: readonly string[];
  readonly healthyStatus: number | undefined;
}

/**
 * Plans a restore in place. A load that was cut off leaves a part of the database: the only way on is to load again,
 * so there is no way back once it has begun, and the site stays down until `resume` has ended it.
 */
export function planRestore(facts: RestoreFacts): Plan {
  const { services, healthyStatus } = facts;
  const site: (Step | false)[] = [
    services.length > 0 && startServices(services, ''),
    facts.withCaches && { id: 'caches-after', phase: 'caches', title: 'Clear caches', input: { when: 'after' } },
    facts.withMaintenance && {
      id: 'maintenance-off',
      phase: 'maintenance',
      title: 'Maintenance off',
      input: { to: 'off' },
    },
    healthyStatus !== undefined && {
      id: 'health',
      phase: 'health',
      title: 'Ask the site',
      input: { expect: healthyStatus },
    },
  ];
  const steps: (Step | false)[] = [
    facts.withMaintenance && {
      id: 'maintenance-on',
      phase: 'maintenance',
      title: 'Maintenance on',
      input: { to: 'on' },
    },
    services.length > 0 && {
      id: 'services-stop',
      phase: 'services',
      title: `Stop ${services.join(', ')}`,
      input: { action: 'stop', services },
    },
    { id: 'load', phase: 'load', title: 'Load the backup', input: { file: facts.file } },
    ...site,
  ];
  const back: (Step | false)[] = [
    services.length > 0 && { ...startServices(services, '-back'), onlyAfter: 'services-stop' },
    facts.withMaintenance && {
      id: 'maintenance-off-back',
      phase: 'maintenance',
      title: 'Maintenance off',
      input: { to: 'off' },
      onlyAfter: 'maintenance-on',
    },
  ];
  return {
    command: 'restore',
    target: facts.target,
    steps: steps.filter((step) => step !== false),
    onFailure: back.filter((step) => step !== false),
    wayBackUntil: services.length > 0 ? 'services-stop' : 'maintenance-on',
  };
}

function startServices(services: readonly string[], suffix: string): Step {
  return {
    id: `services-start${suffix}`,
    phase: 'services',
    title: `Start ${services.join(', ')}`,
    input: { action: 'start', services },
  };
}
