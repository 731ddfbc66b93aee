import { assignmentsOf, isComputed, isServerWide } from '../../migrations/sql/assignments.ts';
import { isReplacing } from '../../migrations/sql/conditions.ts';
import type { Statement } from '../../migrations/types.ts';

/** `SET GLOBAL x = @@x + 100`: run again, it ends in another state. A value that is written out does not. */
export function addsToItself({ verb, text }: Statement): boolean {
  if (verb !== 'SET') return false;
  return assignmentsOf(text).some((assignment) => isServerWide(assignment.scope) && isComputed(assignment));
}

/** An event that happens once is dropped when it is over, unless it says otherwise: that it is gone proves nothing. */
export function mayHaveEnded({ verb, text }: Statement): boolean {
  if (verb !== 'CREATE EVENT') return false;
  const [schedule = ''] = text.split(/\bDO\b/i, 1);
  if (/\bON\s+COMPLETION\s+PRESERVE\b/i.test(schedule) || /\bDISABLE\b/i.test(schedule)) return false;
  const at = /\bSCHEDULE\s+AT\s+(?:TIMESTAMP\s*)?(?:'([^']+)')?/i.exec(schedule);
  const ends = /\bENDS\b/i.test(schedule);
  // A day lies between all time zones and this machine's.
  const isFarOff = at?.[1] !== undefined && Date.parse(at[1]) > Date.now() + 24 * 3_600_000;
  return ends || (at !== null && !isFarOff);
}

/** What moves a sequence (MariaDB), and leaves its definition. */
export function movesSequence({ verb, text }: Statement): boolean {
  return (verb === 'ALTER SEQUENCE' && /\bRESTART\b/i.test(text)) || (verb === 'CREATE SEQUENCE' && isReplacing(text));
}
