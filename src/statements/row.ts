import { compareVersions } from '../migrations/file-name.ts';
import type { StatementKind } from '../migrations/types.ts';
import type { ObjectId } from '../schema/types.ts';
import type { NotedSetting } from './recovery/settings.ts';

export type Direction = 'up' | 'down';

/**
 * - `intent`: durable before the statement was sent.
 * - `entered`: an opaque statement's transaction committed by itself before its outcome was written; or it may have ended that by a
 *   ROLLBACK, and then the mark was committed before it was sent (`Evidence.ending`).
 * - `done`, `failed`: the outcome.
 */
export type StatementState = 'intent' | 'entered' | 'done' | 'failed';

/** What stood before a statement, noted with its intent; decides after a crash whether it took effect. */
export interface Evidence {
  /** Digest of every touched object, `null` when it did not exist. */
  readonly objects: Readonly<Partial<Record<ObjectId, string | null>>>;
  /** CREATE text of the touched objects that existed: what an exact inverse may need. */
  readonly definitions?: Readonly<Partial<Record<ObjectId, string>>> | undefined;
  /** What a session has to be SET to before it makes one of them again: stored programs remember it. */
  readonly circumstances?: Readonly<Partial<Record<ObjectId, readonly string[]>>> | undefined;
  /** GRANTs on the touched routines alone, which go when those are dropped. */
  readonly grants?: Readonly<Partial<Record<ObjectId, readonly string[]>>> | undefined;
  /** Digest of the rows of tables that it may change, from before the run's first such statement. */
  readonly contents?: Readonly<Partial<Record<ObjectId, string>>> | undefined;
  /** Tables whose rows a CALL or EXECUTE may change, by what the catalogue says; `*`: others too, which nobody can name. */
  readonly reaches?: readonly string[] | undefined;
  /** What `SET GLOBAL` and `ALTER DATABASE` found, and what brings it back. */
  readonly settings?: readonly NotedSetting[] | undefined;
  /** Identity of touched tables, noted where it decides (TRUNCATE, RENAME, and what may leave the definition). */
  readonly identities?: Readonly<Partial<Record<ObjectId, string>>> | undefined;
  /** Their next AUTO_INCREMENT, where it is beyond 1 and decides. */
  readonly counters?: Readonly<Partial<Record<ObjectId, number>>> | undefined;
  /** User variables after the statement: name → SQL literal. Replayed on resume. */
  readonly variables?: Readonly<Record<string, string>> | undefined;
  /** The accounts that a statement about accounts may change: `user@host` → digest of each, and of its rights. */
  readonly accounts?: Readonly<Record<string, string>> | undefined;
  /** What may end its transaction, so that the mark `entered` was committed before it was sent. */
  readonly ending?: string | undefined;
  /** Session variables that the statement had worked out by what may write: name → SQL literal. Replayed on resume. */
  readonly session?: Readonly<Record<string, string>> | undefined;
  /** Which connection ran it, of several that ran statements side by side; undefined when all others waited for it. */
  readonly lane?: number | undefined;
  /** LAST_INSERT_ID() after the statement. */
  readonly lastInsertId?: string | undefined;
}

/** One row of gateway_migrate_journal. */
export interface JournalRow {
  readonly run: string;
  readonly version: string;
  readonly direction: Direction;
  /** 1-based position in the section; 0 is the row that notes the schema before the run. */
  readonly ordinal: number;
  readonly digest: string;
  readonly kind: StatementKind | 'start';
  readonly connectionId: number;
  readonly state: StatementState;
  readonly rows: number | null;
  readonly error: string | null;
  readonly evidence: Evidence;
  /** The beginning of the statement, for people. */
  readonly statement: string;
  /** It is repeated, and may be done already: the server's word that there is nothing left to do is no error. */
  readonly isGone?: true;
}

/**
 * The order in which statements are sent, each only when the one before it has succeeded, those of another lane excepted
 * (`waitsFor`). (When they began does not tell: several can be noted together.) Those of a way back keep their order.
 */
export function inTurn(a: JournalRow, b: JournalRow): number {
  if (a.direction !== b.direction) return a.direction === 'up' ? -1 : 1;
  if (a.direction === 'down') return 0;
  return compareVersions(a.version, b.version) || a.ordinal - b.ordinal;
}

/** True when `later`, which comes after `earlier`, was sent only if that had succeeded. */
export function waitsFor(later: JournalRow, earlier: JournalRow): boolean {
  const lanes = [later.evidence.lane, earlier.evidence.lane];
  return lanes.includes(undefined) || lanes[0] === lanes[1];
}
