import { isReplacing } from '../../migrations/sql/conditions.ts';
import type { Statement } from '../../migrations/types.ts';
import type { ObjectId } from '../../schema/types.ts';
import type { Evidence } from '../row.ts';
import { movesSequence } from './repetition.ts';
import { digestIn, type End, idsOf, named, type Open, type Present, type Verdict } from './verdict.ts';

/** What is noted of a table beside its definition, because the statement leaves that, or may. */
export type Noted = 'table' | 'storage' | undefined;

const DROPPED = /\bDROP\s+(?:COLUMN\s+)?(?:IF\s+EXISTS\s+)?`?([\w$]+)/gi;
const ADDED = /\bADD\s+(?:COLUMN\s+)?(?:IF\s+NOT\s+EXISTS\s+)?`?([\w$]+)/gi;
const MOVED = /\bCHANGE\b|\bRENAME\s+COLUMN\b/gi;

/** An ALTER may move values from one column to another, or drop them, and end in the definition that it began with. */
function mayKeepDefinition({ verb, text }: Statement): boolean {
  if (verb !== 'ALTER TABLE') return false;
  const namesIn = (pattern: RegExp) => [...text.matchAll(pattern)].map((match) => (match[1] ?? '').toLowerCase());
  const added = new Set(namesIn(ADDED));
  const isDroppedAndAdded = namesIn(DROPPED).some((name) => added.has(name) && !NO_COLUMNS.has(name));
  return isDroppedAndAdded || (text.match(MOVED) ?? []).length > 1;
}

const NO_COLUMNS = new Set(['index', 'key', 'foreign', 'primary', 'check', 'constraint', 'partition', 'period']);

/**
 * TRUNCATE replaces a table's rows and leaves its definition, a RENAME may swap two equal tables: there InnoDB's id
 * decides (`tableIdentity`). An ALTER that moves values between columns may leave both: there the time of its last
 * ALTER tells too (`storageIdentity`).
 */
export function notedOf(statement: Statement): Noted {
  if (statement.kind === 'truncate' || statement.touches.some((touch) => touch.action === 'rename')) return 'table';
  if (statement.touches.some(({ action, object }) => action === 'drop' && object.startsWith('table:'))) return 'table';
  if (replacesTable(statement)) return 'table';
  return mayKeepDefinition(statement) ? 'storage' : undefined;
}

/** MariaDB: CREATE OR REPLACE TABLE throws the rows away, also where the definition stays. */
function replacesTable({ verb, text }: Statement): boolean {
  return verb === 'CREATE TABLE' && isReplacing(text);
}

/** Rows went and the definition stayed: the table is another one, and nobody else did that. */
export function decideReplaced(ids: readonly ObjectId[], before: Evidence, now: Present): Verdict {
  const there = ids.filter((id) => digestIn(before.objects, id) !== null);
  if (there.length === 0) return { is: 'not-done', because: ids.map((id) => `${named(id)} was not there before`) };
  const known = there.filter((id) => before.identities?.[id] !== undefined);
  if (known.length === 0) return { is: 'unknown', because: ['the server did not tell the identity of the table'] };
  const replaced = known.filter((id) => before.identities?.[id] !== now.identities.get(id));
  if (replaced.length === 0) {
    return { is: 'not-done', because: known.map((id) => `${named(id)} is the same table as before`) };
  }
  const gone = replaced.filter((id) => !now.identities.has(id));
  if (gone.length > 0) return { is: 'unknown', because: gone.map((id) => `${named(id)} is gone`) };
  const anew = replaced.map((id) => `${named(id)} is another table than before`);
  const doubtful = replaced.filter((id) => now.filled?.has(id) && !countsAnew(id, before, now));
  if (doubtful.length === 0) return { is: 'done', because: anew };
  // OPTIMIZE and every other rebuild give a table a new id too, and keep its rows.
  return { is: 'unknown', because: [...anew, ...doubtful.map((id) => `${named(id)} holds rows`)] };
}

/** Its AUTO_INCREMENT began again: no rebuild does that. */
function countsAnew(id: ObjectId, before: Evidence, now: Present): boolean {
  const counted = before.counters?.[id];
  return counted !== undefined && (now.counters?.get(id) ?? 1) < counted;
}

/** A RENAME: where each of the tables from before is now. */
export function decideMove(statement: Statement, before: Evidence, now: Present): Verdict {
  const ids = idsOf(statement);
  const there = ids.filter((id) => digestIn(before.objects, id) !== null);
  if (there.length === 0) return { is: 'not-done', because: ids.map((id) => `${named(id)} was not there before`) };
  const goals = destinations(statement, there);
  const moving = there.filter((id) => before.identities?.[id] !== undefined && goals.get(id) !== id);
  const isAt = (id: ObjectId, place: ObjectId | undefined) =>
    place !== undefined && before.identities?.[id] === now.identities.get(place);
  const moved = moving.filter((id) => isAt(id, goals.get(id)));
  const stayed = moving.filter((id) => isAt(id, id));
  if (moved.length > 0 && stayed.length === 0) {
    return { is: 'done', because: moved.map((id) => `${named(id)} was moved`) };
  }
  if (stayed.length > 0 && moved.length === 0) {
    return { is: 'not-done', because: stayed.map((id) => `${named(id)} is the same table as before`) };
  }
  if (moved.length > 0) return { is: 'unknown', because: ids.map((id) => `${named(id)} may have been moved`) };
  return decideByNames(ids, there, [...goals.values()], now);
}

/** None of the tables is known again (each was rebuilt since, or it is no table): the names tell, unless they stay. */
function decideByNames(
  ids: readonly ObjectId[],
  there: readonly ObjectId[],
  goals: readonly ObjectId[],
  now: Present,
): Verdict {
  const isTaken = (names: readonly ObjectId[]) => ids.every((id) => names.includes(id) === now.digests.has(id));
  const isLikeBefore = isTaken(there);
  const isLikeAfter = isTaken(goals);
  if (isLikeAfter && !isLikeBefore) return { is: 'done', because: there.map((id) => `${named(id)} was moved`) };
  if (isLikeBefore && !isLikeAfter) {
    return { is: 'not-done', because: there.map((id) => `${named(id)} is still there`) };
  }
  return { is: 'unknown', because: there.map((id) => `${named(id)} is another table than before`) };
}

/** Where what stands under each name ends: a RENAME of several works from left to right. */
function destinations(statement: Statement, there: readonly ObjectId[]): Map<ObjectId, ObjectId> {
  const at = new Map(there.map((id) => [id, id]));
  for (const { object, to } of statement.touches) {
    const origin = at.get(object);
    if (origin === undefined || to === undefined) continue;
    at.delete(object);
    at.set(to, origin);
  }
  return new Map([...at].map(([place, origin]) => [origin, place]));
}

/**
 * Nothing shows in the definition. Most statements can be run again then; not one that has moved values already, and
 * not a DROP of a table that is another one now. Undefined: it can.
 */
export function decideUntraced(
  statement: Statement,
  before: Evidence,
  now: Present,
  end: End | undefined,
): Verdict | Open | undefined {
  const ids = idsOf(statement).filter((id) => now.digests.has(id) && digestIn(before.objects, id) !== null);
  // Where it stands tells nothing either: it may have been set back, and have come as far again since.
  if (movesSequence(statement) && ids.length > 0) {
    return { is: 'unknown', because: ids.map((id) => `${named(id)} may have been set back, and values taken since`) };
  }
  const noted = notedOf(statement);
  if (noted === undefined || ids.length === 0) return undefined;
  if (replacesTable(statement)) return decideReplaced(ids, before, now);
  const replaced = ids.filter((id) => before.identities?.[id] !== now.identities.get(id));
  if (replaced.length === 0) return undefined;
  const because = replaced.map((id) => `${named(id)} is another table than before`);
  if (noted === 'table') return replaced.some((id) => now.filled?.has(id)) ? { is: 'unknown', because } : undefined;
  if (!end) return { is: 'open', because: replaced.map(rebuilt) };
  const leavesTrace = ids.some((id) => digestIn(end.digests, id) !== digestIn(before.objects, id));
  return leavesTrace ? undefined : { is: 'unknown', because: replaced.map(rebuilt) };
}

function rebuilt(id: ObjectId): string {
  return `${named(id)} was altered or rebuilt, and its definition does not tell by what`;
}
