import type { RowValues } from '../events/row-values.ts';
import type { Reference } from './layout.ts';

/** A foreign key did something to the rows of its table: they went, or they lost their parents. */
type Deed = 'delete' | 'update';

/**
 * Rows that followed a parent which is left out, where the server does not log them: that they are there otherwise, or again, is known
 * of no key, but by what they refer to.
 */
export class Followers {
  readonly #references: readonly Reference[];
  /** Keys that have set the columns of rows to NULL. */
  readonly #nulled = new Set<Reference>();
  /** Keys of rows that are there again, other than the one by which they went. */
  readonly #kept = new Set<Reference>();
  readonly #followed = new Set<string>();

  constructor(references: readonly Reference[]) {
    this.#references = references;
  }

  /** Takes what was done to a row of this table. Through all keys that act, however deep. */
  follow(table: string, deed: Deed): void {
    if (this.#followed.has(`${deed} ${table}`)) return;
    this.#followed.add(`${deed} ${table}`);
    for (const reference of this.#references) {
      if (reference.parent !== table) continue;
      const rule = deed === 'delete' ? reference.onDelete : reference.onUpdate;
      if (rule === 'SET NULL') this.#nulled.add(reference);
      if (rule === 'CASCADE' && deed === 'delete') this.#keep(reference);
      if (rule === 'CASCADE' || rule === 'SET NULL') this.follow(reference.child, rule === 'CASCADE' ? deed : 'update');
    }
  }

  /** PURE: parents of rows that are there again: which they are nobody knows. */
  isHeld(table: string): boolean {
    return [...this.#kept].some(({ parent }) => parent === table);
  }

  isConcerned(table: string): boolean {
    return this.isHeld(table) || [...this.#nulled].some(({ child }) => child === table);
  }

  /** PURE: a row that refers to a parent has not lost it. */
  mayHaveLostParent(table: string, before: RowValues): boolean {
    return [...this.#nulled].some(({ child, columns }) => child === table && columns.some((at) => before[at] === null));
  }

  #keep(by: Reference): void {
    for (const other of this.#references) if (other.child === by.child && other !== by) this.#kept.add(other);
  }
}
