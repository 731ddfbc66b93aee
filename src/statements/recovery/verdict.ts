import type { Statement } from '../../migrations/types.ts';
import type { ObjectId } from '../../schema/types.ts';
import type { Digests } from './expectation.ts';

/** What is there now: of every object looked at its digest, and of tables what the definition does not tell. */
export interface Present {
  readonly digests: ReadonlyMap<ObjectId, string>;
  readonly identities: ReadonlyMap<ObjectId, string>;
  /** Tables that hold rows, as far as it was asked. */
  readonly filled?: ReadonlySet<ObjectId>;
  /** The next AUTO_INCREMENT of tables that have one beyond 1, as far as it was asked. */
  readonly counters?: ReadonlyMap<ObjectId, number>;
}

/** What a statement leaves of the objects that it touches, begun from what its intent noted. */
export interface End {
  readonly digests: Digests;
  /** Who has seen it: the rehearsal, perhaps under another account, or this server just now in a database of its own. */
  readonly seenBy: 'rehearsal' | 'trial';
}

/** What the evidence says about a DDL statement whose outcome was never heard. */
export type Verdict =
  | { readonly is: 'done' | 'not-done'; readonly because: readonly string[] }
  /** MariaDB drops the tables of one DROP TABLE one after another: a crash can stop it between two. */
  | { readonly is: 'partly-dropped'; readonly because: readonly string[] }
  | { readonly is: 'unknown'; readonly because: readonly string[] };

/** It depends on what the statement leaves, and nobody has said so yet. */
export interface Open {
  readonly is: 'open';
  readonly because: readonly string[];
}

export function digestIn(digests: Digests, id: ObjectId): string | null {
  return digests[id] ?? null;
}

export function named(id: ObjectId): string {
  return id.replace(':', ' ');
}

export function idsOf(statement: Statement): ObjectId[] {
  return [...new Set(statement.touches.flatMap(({ object, to }) => (to ? [object, to] : [object])))];
}
