import { endOf } from '../moment.ts';
import type { LogPosition } from '../range.ts';
import { placeOf, startOf, type Transaction } from '../transaction.ts';

/**
 * Transactions are logged in the order of their commits, but where only a second is told it is when the statement began, by the
 * clock of its session: it may have run for long, or the session may have said `SET timestamp`. So much is taken for the former.
 */
const LONG_MICROS = 10_000_000;

/** Two places of which only people can say which one is meant, and what speaks for either. */
export interface UnclearEnd {
  readonly first: Transaction;
  readonly second: LogPosition | undefined;
  readonly reason: string;
}

/**
 * Finds the first transaction at a moment or after it, by what each tells and by what those around it tell. What is behind one that
 * committed before the moment did so later, whatever it says; what is ahead of the server's own clock is not true.
 */
export class ClockWatch {
  readonly #moment: number;
  readonly #now: number;
  /** The latest end that was told in front of the moment. */
  #latest = Number.NEGATIVE_INFINITY;
  /** The first of those that tell no time that can be true, while nothing behind them has told one before the moment. */
  #doubtful: Transaction | undefined;
  #reached: Transaction | undefined;
  /** The last transaction behind the moment that tells a time before it. */
  #contrary: Transaction | undefined;
  #behindContrary: LogPosition | undefined;

  /** Both in microseconds since 1970; `now`: of the server, when the log was copied. */
  constructor(moment: number, now: number) {
    this.#moment = moment;
    this.#now = now;
  }

  /** Takes the next transaction in front of the moment: is it the first that must not be repeated? */
  isReached(transaction: Transaction): boolean {
    const end = endOf(transaction);
    const isGuess = transaction.committed.precision > 1;
    if (isGuess && (end > this.#now + LONG_MICROS || end + LONG_MICROS < this.#latest)) {
      this.#doubtful ??= transaction;
      return false;
    }
    if (end > this.#moment) {
      this.#reached = transaction;
      return true;
    }
    this.#latest = Math.max(this.#latest, end);
    this.#doubtful = undefined;
    return false;
  }

  /** Takes one behind the moment. */
  passBy(transaction: Transaction): void {
    if (!this.#reached || this.#reached.committed.precision === 1) return;
    if (this.#contrary && !this.#behindContrary) this.#behindContrary = startOf(transaction);
    const end = endOf(transaction);
    const isLater = end > this.#moment || end + LONG_MICROS < this.#latest;
    if (isLater || end + LONG_MICROS >= endOf(this.#reached)) return;
    this.#contrary = transaction;
    this.#behindContrary = undefined;
  }

  /** When all have been taken. */
  get unclear(): UnclearEnd | undefined {
    if (this.#doubtful) {
      const reason =
        'its session’s clock was set (SET timestamp), or it ran for long: it may be before the moment or after it';
      return { first: this.#doubtful, second: this.#reached && startOf(this.#reached), reason };
    }
    if (!this.#reached || !this.#contrary) return undefined;
    const reason = `it tells a later time than ${placeOf(this.#contrary)}, which was committed after it: a session’s clock was set (SET timestamp), or a statement ran for long`;
    return { first: this.#reached, second: this.#behindContrary, reason };
  }
}
