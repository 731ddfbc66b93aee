import type { Statement, Touch } from '../../migrations/types.ts';
import type { ObjectId } from '../../schema/types.ts';
import type { Evidence } from '../row.ts';
import type { Digests } from './expectation.ts';

/** What is there now: of every object looked at its digest, and of tables their identity where that decides. */
export interface Present {
  readonly digests: ReadonlyMap<ObjectId, string>;
  readonly identities: ReadonlyMap<ObjectId, string>;
}

/** What the evidence says about a DDL statement whose outcome was never heard. */
export type Verdict =
  | { readonly is: 'done' | 'not-done'; readonly because: readonly string[] }
  /** MariaDB drops the tables of one DROP TABLE one after another: a crash can stop it between two. */
  | { readonly is: 'partly-dropped'; readonly because: readonly string[] }
  | { readonly is: 'unknown'; readonly because: readonly string[] };

/** The objects whose state tells whether a statement took effect. */
export function touchedObjects(statement: Statement): ObjectId[] {
  const ids = statement.touches.flatMap((touch) => (touch.to ? [touch.object, touch.to] : [touch.object]));
  return [...new Set(ids)];
}

/**
 * Decides a DDL statement from what stood before it and what stands now. Each DDL statement is atomic in MySQL 8
 * (Reference Manual, 15.1.1 "Atomic Data Definition Statement Support") and MariaDB 10.6 and newer, so its objects
 * either all changed or none did. A statement that leaves no trace (`ALTER TABLE … FORCE`, `DROP … IF EXISTS` of
 * nothing) reads as not done, and repeating it is harmless by the same reasoning.
 */
export function decideDdl(statement: Statement, before: Evidence, now: Present, expected?: Digests): Verdict {
  if (needsIdentity(statement)) return decideByIdentity(statement, before, now);
  const rehearsed = expected && decideByRehearsal(touchedObjects(statement), before, now, expected);
  if (rehearsed) return rehearsed;
  const effects = statement.touches.map((touch) => effectOf(touch, before, now));
  const because = effects.map((effect) => effect.says);
  const took = effects.filter((effect) => effect.took === 'yes').length;
  const open = effects.filter((effect) => effect.took === 'no').length;
  if (took === 0) return { is: 'not-done', because };
  if (open === 0) return { is: 'done', because };
  if (statement.touches.every((touch) => touch.action === 'drop')) return { is: 'partly-dropped', because };
  return { is: 'unknown', because };
}

/**
 * The rehearsal knows what the statement leaves: all of it there is proof that it took effect. A table that is neither so
 * nor as before was changed by somebody else since, and nobody can tell on top of what. Undefined when it does not decide:
 * views and programs name their definer, who may be another one in a rehearsal.
 */
function decideByRehearsal(
  ids: readonly ObjectId[],
  before: Evidence,
  now: Present,
  expected: Digests,
): Verdict | undefined {
  const of = (digests: Digests, id: ObjectId) => digests[id] ?? null;
  const is = (id: ObjectId) => now.digests.get(id) ?? null;
  const leavesTrace = ids.some((id) => of(expected, id) !== of(before.objects, id));
  if (leavesTrace && ids.every((id) => is(id) === of(expected, id))) {
    return { is: 'done', because: ids.map((id) => `${id.replace(':', ' ')} is as the rehearsal left it`) };
  }
  const foreign = ids.filter(
    (id) => id.startsWith('table:') && is(id) !== of(expected, id) && is(id) !== of(before.objects, id),
  );
  if (foreign.length === 0) return undefined;
  const because = foreign.map((id) => `${id.replace(':', ' ')} is neither as before nor as the rehearsal left it`);
  return { is: 'unknown', because };
}

interface Effect {
  /** `vacuous`: the statement had nothing to do for this object. */
  readonly took: 'yes' | 'no' | 'vacuous';
  readonly says: string;
}

function effectOf(touch: Touch, before: Evidence, now: Present): Effect {
  const was = before.objects[touch.object] ?? null;
  const is = now.digests.get(touch.object) ?? null;
  const name = touch.object.replace(':', ' ');
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

/**
 * TRUNCATE replaces a table's rows and leaves its definition; a RENAME may swap two equal
 * tables. There the table's identity decides (`tableIdentity`), not its definition.
 */
export function needsIdentity(statement: Statement): boolean {
  return statement.kind === 'truncate' || statement.touches.some((touch) => touch.action === 'rename');
}

function decideByIdentity(statement: Statement, before: Evidence, now: Present): Verdict {
  const ids = touchedObjects(statement);
  const known = ids.filter((id) => before.identities?.[id] !== undefined);
  const renamedAway = statement.touches.some(
    (touch) =>
      touch.action === 'rename' && (before.objects[touch.object] ?? null) !== (now.digests.get(touch.object) ?? null),
  );
  if (renamedAway) return { is: 'done', because: ids.map((id) => `${id.replace(':', ' ')} was moved`) };
  if (ids.every((id) => (before.objects[id] ?? null) === null)) {
    return { is: 'not-done', because: ids.map((id) => `${id.replace(':', ' ')} was not there before`) };
  }
  if (known.length === 0) return { is: 'unknown', because: ['the server did not tell the identity of the table'] };
  const replaced = known.filter((id) => before.identities?.[id] !== now.identities.get(id));
  return replaced.length > 0
    ? { is: 'done', because: replaced.map((id) => `${id.replace(':', ' ')} is another table than before`) }
    : { is: 'not-done', because: known.map((id) => `${id.replace(':', ' ')} is the same table as before`) };
}
