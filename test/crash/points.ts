import type { Point } from './sweep.ts';

/** Every point: each command, killed before the server hears it and after it has done it, with both ways out. */
export function allPoints(commands: number): Point[] {
  return Array.from({ length: commands }, (_, index) => index + 1).flatMap((at) =>
    (['before', 'after'] as const).flatMap((fate) =>
      (['resume', 'rollback'] as const).map((way) => ({ at, fate, way })),
    ),
  );
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
