import type { StatementKey } from './journal.ts';
import type { Direction } from './row.ts';
import type { Numbered, Unit } from './unit.ts';
import type { Write } from './write.ts';

/** The statements of one migration in one direction, as they are to be run now. */
export interface Section {
  readonly run: string;
  readonly version: string;
  readonly direction: Direction;
  /** Units still to be run, in order. */
  readonly units: readonly Unit[];
  /** How many statements the whole section has, for progress. */
  readonly of: number;
  /** Every statement of the section: user variables are looked for in them. */
  readonly all: readonly Numbered[];
  /** Writes that belong to the beginning: they commit with the first intent. */
  readonly opening: readonly Write[];
  /** Writes that undo the opening, as long as nothing of the section has begun. */
  readonly unopening: readonly string[];
  /** Its opening needs no look at what the sections in front of it leave. */
  readonly canOpenAhead: boolean;
  /** The working connection is replaced behind it. */
  readonly leavesTraces: boolean;
  /** Writes that belong to the end, `ms` after the beginning: they commit with the last outcome. */
  closing(ms: number): readonly Write[];
}

/** The unit of a section that is about to run, and the sections that come after it. */
export interface Turn {
  readonly section: Section;
  /** Place of the unit in its section. */
  readonly index: number;
  readonly later: readonly Section[];
}

/** An intent that was committed before its turn, with those in front of it. */
export interface Ahead {
  readonly key: StatementKey;
  /** Writes that undo the noting, should its turn never come. */
  readonly takeBack: readonly Write[];
}
