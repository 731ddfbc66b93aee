/** A row as the log has it: its bytes, one character each, so that equal rows are equal texts. */
export type Image = string;

/** What some transactions made of one row, with whatever lies between left out. */
export interface NetRow {
  /** What the first of them found; undefined: it was not there. */
  readonly before: Image | undefined;
  /** What the last of them left; undefined: it is gone. */
  after: Image | undefined;
  /** Which of the transactions, by their places. */
  readonly by: Set<string>;
}

/**
 * Follows the rows of one table through some transactions. A change goes on with what an earlier one has left when it finds
 * exactly that; found otherwise, somebody else has changed the row in between, and it stands for itself.
 */
export class NetEffect {
  readonly #rows = new Set<NetRow>();
  /** Rows by what they were left as. Where rows have no key, several may be equal. */
  readonly #left = new Map<Image, NetRow[]>();

  /** In the order in which they were first touched. */
  get rows(): readonly NetRow[] {
    return [...this.#rows];
  }

  get size(): number {
    return this.#rows.size;
  }

  add(before: Image | undefined, after: Image | undefined, place: string): void {
    const known = before === undefined ? undefined : this.#takeLeft(before);
    const row = known ?? { before, after: undefined, by: new Set<string>() };
    row.by.add(place);
    row.after = after;
    if (row.before === row.after) {
      this.#rows.delete(row);
      return;
    }
    this.#rows.add(row);
    if (after === undefined) return;
    const others = this.#left.get(after);
    if (others) others.push(row);
    else this.#left.set(after, [row]);
  }

  #takeLeft(image: Image): NetRow | undefined {
    const rows = this.#left.get(image);
    const row = rows?.pop();
    if (rows?.length === 0) this.#left.delete(image);
    return row;
  }
}
