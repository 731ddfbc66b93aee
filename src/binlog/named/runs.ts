import type { Concern } from '../concern.ts';
import { concernOf } from '../concern.ts';
import type { Subject } from '../subject.ts';
import type { Transaction } from '../transaction.ts';
import { searchRun } from './find.ts';

/** What a run of the tool did to the database, as the log has it. */
export interface RunInLog {
  readonly run: string;
  readonly transactions: readonly { readonly transaction: Transaction; readonly concern: Concern }[];
}

/** Finds every run in the log that did something to the database. */
export class RunsInLog {
  readonly #subject: Subject;
  readonly #searches = new Map<string, ReturnType<typeof searchRun>>();
  readonly #found = new Map<string, { transaction: Transaction; concern: Concern }[]>();

  constructor(subject: Subject) {
    this.#subject = subject;
  }

  take(transaction: Transaction): void {
    for (const run of transaction.runs) if (!this.#searches.has(run)) this.#searches.set(run, searchRun(run));
    for (const [run, search] of this.#searches) {
      for (const one of search(transaction)) {
        const concern = concernOf(one, this.#subject);
        if (!concern) continue;
        const known = this.#found.get(run);
        if (known) known.push({ transaction: one, concern });
        else this.#found.set(run, [{ transaction: one, concern }]);
      }
    }
  }

  get all(): RunInLog[] {
    return [...this.#found].map(([run, transactions]) => ({ run, transactions }));
  }
}
