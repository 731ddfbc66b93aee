import type { RunEvent } from '../run/events.ts';

/** The fields of a `check` event. */
export type Check = Omit<Extract<RunEvent, { type: 'check' }>, 'type'>;

export function pass(name: string, detail: string): Check {
  return { group: 'application', name, ok: true, level: 'error', detail };
}

export function fail(name: string, detail: string, remedy: string, level: Check['level'] = 'error'): Check {
  return { group: 'application', name, ok: false, level, detail, remedy };
}

export function advise(name: string, detail: string, remedy?: string): Check {
  return { group: 'application', name, ok: true, level: 'advice', detail, remedy };
}
