import type { Context } from '../../context.ts';
import type { SwapNote } from '../../exchange/swap-note.ts';
import type { Session, Target } from '../../mysql/connect.ts';
import { grantAgain, type RoutineGrant, readRoutineGrants, typedGrant } from '../../schema/stored/routine-grants.ts';
import type { ObjectId } from '../../schema/types.ts';

/** Routines that were dropped, and the grants on them that were seen before. */
export interface Dropped {
  readonly routines: readonly ObjectId[];
  readonly grants: readonly RoutineGrant[];
}

/** Gives grants on single routines again that went with the routines. What the account may not give is told, as it has to be typed. */
export async function giveAgain(
  { routines, grants }: Dropped,
  session: Session,
  { server, report }: Pick<Context, 'server' | 'report'>,
): Promise<void> {
  if (grants.length === 0 && routines.some(isRoutine)) await tellHidden(session, server.target, report);
  for (const { grant, reason } of await grantAgain(session, server.target.database, grants)) {
    const name = grant.object.replace(':', ' ');
    const text = `the grant on ${name} went with it and could not be given again (${reason}); as an administrator: ${typedGrant(grant)}`;
    report({ type: 'note', level: 'warning', text });
  }
}

/** What was noted of a whole database before an exchange. */
export function droppedBy(note: SwapNote | undefined): Dropped {
  return { routines: note?.storedObjects.map(([id]) => id) ?? [], grants: note?.routineGrants ?? [] };
}

function isRoutine(id: ObjectId): boolean {
  return /^(?:procedure|function|package|package body):/.test(id);
}

async function tellHidden(session: Session, { database, user }: Target, report: Context['report']): Promise<void> {
  if ((await readRoutineGrants(session, database)) !== undefined) return;
  const text = `grants on single routines went with these, if there were any: ${user} sees them only with GRANT SELECT ON mysql.procs_priv`;
  report({ type: 'note', level: 'info', text });
}
