import type { Table } from './figures.ts';
import type { Peers } from './peers/install.ts';
import type { BenchServer } from './servers.ts';

export interface Surroundings {
  /** The project's folder. */
  readonly root: string;
  readonly servers: readonly BenchServer[];
  readonly peers: Peers;
}

/** One benchmark; each table is printed as soon as it is there. */
export interface BenchCase {
  readonly name: string;
  run(surroundings: Surroundings): AsyncIterable<Table>;
}

/** How often each contender runs; BENCH_ROUNDS in the environment wins. */
export function rounds(usual: number): number {
  return Number(process.env.BENCH_ROUNDS) || usual;
}
