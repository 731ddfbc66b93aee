import type { LockedTable, StepInputs, StepOf } from './step.ts';

interface Window {
  readonly withMaintenance: boolean;
  /** The run that is ended may have taken the site down already: then there is nothing to wait for. */
  readonly isOurs?: boolean | undefined;
}

/** In front of the window alone: with the site up all the while, the statements' own patience is enough. */
export function waitForLocks(
  tables: StepInputs['locks']['tables'],
  again: StepInputs['locks']['again'],
  { withMaintenance, isOurs = false }: Window,
): StepOf<'locks'> | false {
  if (!withMaintenance || isOurs || tables.length === 0) return false;
  return { id: 'locks', phase: 'locks', title: 'Wait for old transactions', input: { tables, again } };
}

/** Tables that are renamed, or dropped: whoever has used one is in the way. */
export function exclusively(tables: readonly string[]): LockedTable[] {
  return tables.map((table) => ({ table, against: 'everybody' }));
}
