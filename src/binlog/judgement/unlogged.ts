import { isSameName } from '../../mysql/name.ts';
import { EventType } from '../events/event.ts';
import { isRowsEvent, parseRowsHead, parseTableMap, type TableMap } from '../events/row-event.ts';
import type { RangeEvent } from '../range.ts';
import { means, type Subject } from '../subject.ts';
import type { TableChange, Transaction } from '../transaction.ts';

const PREPARED_BEFORE =
  'it commits a distributed transaction (XA) that was prepared before the backup: its rows are in neither the backup nor the log since';

/**
 * What a transaction did to the database without the log saying so, as one sentence; undefined for nothing. `prepared` gathers
 * the distributed transactions of the log.
 */
export function findUnlogged(transaction: Transaction, subject: Subject, prepared: Set<string>): string | undefined {
  const { preparesXa, commitsXa } = transaction;
  if (preparesXa !== undefined) prepared.add(preparesXa);
  if (commitsXa !== undefined && !prepared.has(commitsXa)) return PREPARED_BEFORE;
  return findCascade(transaction.changes, subject);
}

/** Rows that it changes and that the backup has otherwise, as one sentence; undefined for none. */
export function findNotFound(
  { changes }: Pick<Transaction, 'changes'>,
  { notFoundAgain = [], ...named }: Pick<Subject, 'notFoundAgain' | 'database' | 'ignoresCase'>,
): string | undefined {
  const found = changes.find(
    ({ database, table, change }) =>
      change !== 'insert' &&
      means(named, database) &&
      notFoundAgain.some((one) => isSameName(one, table, named.ignoresCase)),
  );
  if (!found) return undefined;
  return `it changes rows of ${found.table}, some of which the backup has otherwise than they were, and no key finds them again (give it a primary key, and take another backup, for the next time)`;
}

type Parents = Pick<Subject, 'unloggedParents' | 'ignoresCase'>;
type Change = Pick<TableChange, 'database' | 'table' | 'change'>;

function findCascade(changes: readonly Change[], { unloggedParents, ignoresCase }: Parents): string | undefined {
  const isSame = (one: string, other: string) => isSameName(one, other, ignoresCase);
  for (const { database, table, change } of changes) {
    const parent = unloggedParents.find(
      (one) => isSame(one.database, database) && isSame(one.table, table) && one.on.some((on) => on === change),
    );
    if (parent) {
      const did = change === 'delete' ? 'deletes rows' : 'updates rows';
      return `it ${did} of ${database}.${table}, which changed rows of ${parent.changes} that the server does not log`;
    }
  }
  return undefined;
}

/** The same, event by event, for the foreign keys that came with the backup: some may be gone from production since. */
export class CascadeWatch {
  readonly #parents: Parents;
  readonly #maps = new Map<number, TableMap>();

  constructor(parents: Parents) {
    this.#parents = parents;
  }

  /** Takes a table map, or an event with rows. Throws an error at rows that took others along. */
  see(event: RangeEvent): void {
    if (this.#parents.unloggedParents.length === 0) return;
    if (event.type === EventType.tableMap) {
      const map = parseTableMap(event);
      this.#maps.set(map.id, map);
    } else if (isRowsEvent(event.type)) {
      const { change, tableId } = parseRowsHead(event);
      const map = this.#maps.get(tableId);
      const found = map && findCascade([{ ...map, change }], this.#parents);
      if (found) throw new Error(found);
    }
  }
}
