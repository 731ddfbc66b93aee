import type { Point } from './sweep.ts';

/** How a kill meets a command: the server has not heard of it, or has done it and nobody knows. */
type Moment = Pick<Point, 'at' | 'fate'>;

/** Moments that are one state are still tried so often: only the connections of the killed program are others. */
const MOMENTS = 16;

/**
 * Every state that a kill can leave, with both ways out of each. Where a state lasts for several moments, one way is
 * tried at its first and the other at its last.
 */
export function allPoints(...about: Parameters<typeof statesOf>): Point[] {
  return statesOf(...about).flatMap(([first, ...others], index) => {
    if (!first) return [];
    const ways = index % 2 === 0 ? (['resume', 'rollback'] as const) : (['rollback', 'resume'] as const);
    return [
      { ...first, way: ways[0] },
      { ...(others.at(-1) ?? first), way: ways[1] },
    ];
  });
}

/**
 * The moments of a kill, by the state that they leave. One leaves another state than the one before it when the server has
 * done something in between that lasts, or when the program has written into its folders (`written`). Of commands on
 * several connections it is not known which are within a transaction.
 */
export function statesOf(
  commands: readonly string[],
  written: ReadonlySet<number>,
  connections: 'one' | 'several' = 'one',
): Moment[][] {
  const states: Moment[][] = [];
  let inTransaction = false;
  commands.forEach((command, index) => {
    const at = index + 1;
    const before = { at, fate: 'before' } as const;
    const after = { at, fate: 'after' } as const;
    const last = states.at(-1);
    if (!last || written.has(at) || last.length >= MOMENTS) states.push([before]);
    else last.push(before);
    const isSame = leavesNothing(command) || (inTransaction && WITHIN.test(command));
    if (isSame) states.at(-1)?.push(after);
    else states.push([after]);
    inTransaction = connections === 'one' && (BEGINS.test(command) || (inTransaction && isSame));
  });
  return states;
}

/** A connection that dies takes these back: what is done between them and the COMMIT leaves the state before them. */
const BEGINS = /^(?:START TRANSACTION|BEGIN)$/;

/** Neither a COMMIT nor a statement with one, nor a CALL, whose program may have one. */
const WITHIN = /^(?:INSERT|UPDATE|DELETE|REPLACE|SAVEPOINT|ROLLBACK TO|CREATE TEMPORARY)\b[^;]*$/;

/** A heartbeat changes the time of the lease alone, on a connection of its own. */
const HEARTBEAT = /^UPDATE `gateway_migrate_journal` SET finished = NOW\(3\) WHERE run = 'lease'/;

/** The comments of a dump, and what it sets for its session. */
const OF_A_DUMP = /^(?:--|\/\*!\d+ SET )(?!.*GLOBAL)[^;]*$/;

/** What it does to a session, named locks among it, dies with the session. Of several statements in one command one may write. */
function leavesNothing(command: string): boolean {
  if (command === 'QUIT' || HEARTBEAT.test(command) || OF_A_DUMP.test(command)) return true;
  const asks = /^(?:SELECT |SHOW |SET (?!GLOBAL|PERSIST)|START TRANSACTION$|BEGIN$)[^;]*$/.test(command);
  return asks && !/\b(?:INTO|FOR UPDATE)\b/.test(command);
}

/** Points whose recovery is killed too: every ending that the second start may have, spread over both. */
export function doublePoints(commands: number, count: number, seed: number): Point[] {
  const random = seeded(seed);
  const pick = () => 1 + Math.floor(random() * commands);
  const ways = ['resume', 'rollback'] as const;
  const fates = ['before', 'after'] as const;
  return Array.from({ length: count }, (_, index): Point => {
    const way = ways[index % 2] ?? 'resume';
    // A rollback that has begun cannot be turned round any more; a resume can.
    const last = way === 'rollback' ? way : (ways[(index >> 1) % 2] ?? 'resume');
    const fate = fates[(index >> 2) % 2] ?? 'before';
    return { at: pick(), fate, way, again: { at: pick(), fate: fates[index % 2] ?? 'after', way: last } };
  });
}

/**
 * A whole deploy, and a way back that is killed when only the first migration is left to be undone: what is known of the
 * others must not have gone with them.
 */
export function pointOfLastUndoing(commands: readonly string[]): Point {
  const again = { at: /^ALTER TABLE customers DROP FOREIGN KEY/, fate: 'after', way: 'rollback' } as const;
  return { at: commands.length, fate: 'after', way: 'rollback', again };
}

/** A statement of a migration, in either direction: not of the tool's own. */
const STATEMENT = /^(?:ALTER|CREATE|DROP|RENAME|TRUNCATE|INSERT|UPDATE|DELETE)\b(?!.*gateway_migrate)/;

/**
 * Each statement of the deploy that the server never heard of, and a way back that is killed behind its first statement:
 * what that has changed must not pass for the work of the other.
 */
export function pointsOfUnheard(commands: readonly string[]): Point[] {
  const again = { at: STATEMENT, fate: 'after', way: 'rollback' } as const;
  return commands.flatMap((command, index) =>
    STATEMENT.test(command) ? [{ at: index + 1, fate: 'before', way: 'rollback', again } as const] : [],
  );
}

/** The same choice for the same seed. */
export function sampleOf<T>(all: readonly T[], count: number, seed: number): T[] {
  const random = seeded(seed);
  const rest = [...all];
  const chosen: T[] = [];
  while (chosen.length < count && rest.length > 0) chosen.push(...rest.splice(Math.floor(random() * rest.length), 1));
  return chosen;
}

/** A generator of numbers in [0, 1): mulberry32 by Tommy Ettinger, public domain. */
function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
