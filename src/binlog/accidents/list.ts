import { type Amount, addTo, without } from '../amount.ts';
import type { Concern } from '../concern.ts';
import { RunsInLog } from '../named/runs.ts';
import { comparePlaces, formatPosition } from '../range.ts';
import type { Subject } from '../subject.ts';
import { placeOf, type Transaction } from '../transaction.ts';
import { type Accident, accidentOfRun, type FoundAccident, findAccident } from './accident.ts';
import { TableSizes } from './table-sizes.ts';

/** Gathers what looks like an accident while the log is read. */
export class AccidentList {
  readonly #sizes: TableSizes;
  readonly #runs: RunsInLog;
  readonly #found: FoundAccident[] = [];
  readonly #total: Amount = { transactions: 0, rows: 0 };
  /** What had been committed when a transaction had, by its place; of those alone that are in the list. */
  readonly #upTo = new Map<string, Amount>();

  /** `rows` of each table, when the log begins. */
  constructor(subject: Subject, rows: ReadonlyMap<string, number>) {
    this.#sizes = new TableSizes(rows);
    this.#runs = new RunsInLog(subject);
  }

  take(transaction: Transaction, concern: Concern | undefined): void {
    this.#runs.take(transaction);
    if (!concern) return;
    const accident = findAccident(transaction, concern, this.#sizes);
    this.#sizes.add(concern);
    addTo(this.#total, concern.changes);
    if (accident) this.#found.push(accident);
    if (accident || transaction.runs.length > 0) this.#upTo.set(placeOf(transaction), { ...this.#total });
  }

  /** Newest first. A run is one of them, and what it did by itself is none. */
  get all(): Accident[] {
    const runs = this.#runs.all;
    const ofRuns = new Set(
      runs.flatMap(({ transactions }) => transactions.map(({ transaction }) => placeOf(transaction))),
    );
    const others = this.#found.filter(({ before }) => !ofRuns.has(formatPosition(before)));
    const all = [...others, ...runs.flatMap((run) => accidentOfRun(run) ?? [])];
    return all
      .map((one) => ({ ...one, later: this.#behind(one) }))
      .sort((one, other) => comparePlaces(other.before, one.before));
  }

  #behind({ before, last = before }: FoundAccident): Amount {
    return without(this.#total, this.#upTo.get(formatPosition(last)) ?? this.#total);
  }
}
