import { placeOf, type Transaction } from '../binlog/transaction.ts';
import { localTime } from '../binlog/way.ts';
import { type Failure, refusal } from '../errors.ts';

/** A transaction that cannot be undone by its rows: why, and what can be done instead. */
export function failsAt(transaction: Transaction, because: string): Failure {
  const place = placeOf(transaction);
  return refusal(
    `${place}, ${localTime(transaction.committed.micros)} cannot be undone by its rows: ${because}`,
    `gateway-migrate restore --leave-out ${place} (brings back everything but this), or gateway-migrate restore --until ${place} (everything after it is lost)`,
  );
}
