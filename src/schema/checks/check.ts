import { messageOf } from '../../errors.ts';
import type { RunEvent } from '../../run/events.ts';

/** One thing looked at and what was found; reported as a `check` event. */
export type Check = Omit<Extract<RunEvent, { type: 'check' }>, 'type'>;

/** The server's words as a check's detail. Throws the error again when the connection is lost: nothing can be checked. */
export function detailOf(error: unknown): string {
  if ((error as { fatal?: boolean }).fatal) throw error;
  return messageOf(error);
}
