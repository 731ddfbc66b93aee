/** A part of a table twice: as structured facts, and as its line in the canonical text. */
export interface Described<T> {
  readonly shape: T;
  readonly line: string;
}
