import type { Statement, Touch } from '../../migrations/types.ts';
import type { ObjectId } from '../../schema/types.ts';
import type { Evidence } from '../row.ts';
import { decideMove, decideReplaced, decideUntraced } from './identity-evidence.ts';
import { digestIn, type End, idsOf, named, type Open, type Present, type Verdict } from './verdict.ts';

/**
 * Decides a DDL statement from what stood before it and what stands now. Each DDL statement is atomic in MySQL 8
 * (Reference Manual, 15.1.1 "Atomic Data Definition Statement Support") and MariaDB 10.6 and newer, so its objects
 * either all changed or none did. But that something changed is no proof that the statement did it: it has to be what
 * the statement leaves (`end`), or, where the definition does not tell, another table than before.
 *
 * `statement` is called from within its database (`calledFrom`).
 */
export function decideDdl(statement: Statement, before: Evidence, now: Present, end?: End): Verdict | Open {
  const ids = idsOf(statement);
  const unknown = ids.filter((id) => before.objects[id] === undefined);
  if (unknown.length > 0) return { is: 'unknown', because: unknown.map((id) => `nothing was noted of ${named(id)}`) };
  if (statement.kind === 'truncate') return decideReplaced(ids, before, now);
  if (statement.touches.some((touch) => touch.action === 'rename')) return decideMove(statement, before, now);
  if (end && isAsLeft(ids, before, now, end)) {
    return { is: 'done', because: ids.map((id) => `${named(id)} is as ${LEFT_BY[end.seenBy]} left it`) };
  }
  const effects = statement.touches.map((touch) => effectOf(touch, before, now));
  const because = effects.map((effect) => effect.says);
  const took = effects.filter((effect) => effect.took === 'yes').length;
  const open = effects.filter((effect) => effect.took === 'no').length;
  if (took === 0) return decideUntraced(statement, before, now, end) ?? { is: 'not-done', because };
  if (statement.touches.every((touch) => touch.action === 'drop')) {
    return { is: open === 0 ? 'done' : 'partly-dropped', because };
  }
  return open > 0 ? { is: 'unknown', because } : decideByEnd(ids, before, now, end, because);
}

function isAsLeft(ids: readonly ObjectId[], before: Evidence, now: Present, end: End): boolean {
  const leavesTrace = ids.some((id) => digestIn(end.digests, id) !== digestIn(before.objects, id));
  return leavesTrace && ids.every((id) => (now.digests.get(id) ?? null) === digestIn(end.digests, id));
}

/** All of it changed, and it is not what the statement leaves, or nobody knows what that is. */
function decideByEnd(
  ids: readonly ObjectId[],
  before: Evidence,
  now: Present,
  end: End | undefined,
  because: readonly string[],
): Verdict | Open {
  // A statement that leaves everything as it is has changed nothing, whoever has; running it again neither does.
  const isUntraced = end && ids.every((id) => digestIn(end.digests, id) === digestIn(before.objects, id));
  if (isUntraced) return { is: 'not-done', because: ids.map((id) => `${named(id)} was changed by somebody else`) };
  const foreign = ids.filter((id) => {
    const is = now.digests.get(id) ?? null;
    return end && is !== digestIn(end.digests, id) && is !== digestIn(before.objects, id);
  });
  if (!end) return { is: 'open', because };
  const leftBy = LEFT_BY[end.seenBy];
  const doubts = foreign.map((id) => `${named(id)} is neither as before nor as ${leftBy} left it`);
  // In a rehearsal the definer may be another, and so may the index that a server makes for a foreign key.
  return { is: end.seenBy === 'trial' ? 'unknown' : 'open', because: doubts.length > 0 ? doubts : because };
}

const LEFT_BY: Record<End['seenBy'], string> = { rehearsal: 'the rehearsal', trial: 'a trial of the statement' };

interface Effect {
  /** `vacuous`: the statement had nothing to do for this object. */
  readonly took: 'yes' | 'no' | 'vacuous';
  readonly says: string;
}

function effectOf(touch: Touch, before: Evidence, now: Present): Effect {
  const was = before.objects[touch.object] ?? null;
  const is = now.digests.get(touch.object) ?? null;
  const name = named(touch.object);
  if (touch.action === 'drop') {
    if (was === null && is === null) return { took: 'vacuous', says: `${name} was not there before` };
    return is === null ? { took: 'yes', says: `${name} is gone` } : { took: 'no', says: `${name} is still there` };
  }
  if (was === is) {
    const says = is === null ? `${name} does not exist` : `${name} is as it was before`;
    return { took: was !== null && touch.action === 'create' && touch.isConditional ? 'vacuous' : 'no', says };
  }
  if (is === null) return { took: 'no', says: `${name} is gone` };
  return { took: 'yes', says: was === null ? `${name} exists now` : `${name} differs from before` };
}
