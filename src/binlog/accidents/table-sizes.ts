import { classify } from '../../migrations/classify/classify.ts';
import { splitId } from '../../schema/snapshot.ts';
import type { Concern } from '../concern.ts';
import type { TableChange } from '../transaction.ts';

/** How many rows the tables had at each place of the log, from those of the backup on. */
export class TableSizes {
  readonly #rows: Map<string, number>;

  constructor(rows: ReadonlyMap<string, number>) {
    this.#rows = new Map(rows);
  }

  /** Which part of a table's rows these are, 0 to 1, before they are counted; undefined where that is not known. */
  shareOf({ table, rows }: Pick<TableChange, 'table' | 'rows'>): number | undefined {
    const all = this.#rows.get(table);
    return rows === undefined || all === undefined || all <= 0 ? undefined : Math.min(1, rows / all);
  }

  /** Counts what a transaction did. */
  add({ changes, statements }: Concern): void {
    for (const { table, change, rows = 0 } of changes) {
      const sign = { insert: 1, update: 0, delete: -1 }[change];
      this.#rows.set(table, Math.max(0, (this.#rows.get(table) ?? 0) + sign * rows));
    }
    for (const { text } of statements) {
      const { kind, touches } = classify(text);
      for (const { object, action } of touches) {
        if (kind === 'truncate' || action === 'drop') this.#rows.set(splitId(object)[1], 0);
      }
    }
  }
}
