import { splitId } from '../../schema/snapshot.ts';
import { readText } from '../concern.ts';
import { EventType } from '../events/event.ts';
import { isRowsEvent, parseRowsHead, parseTableMap, type TableMap } from '../events/row-event.ts';
import { readChangedRows } from '../events/row-values.ts';
import { cutRange, type LogRange, parsePlace, readRange } from '../range.ts';
import { means, type Readable } from '../subject.ts';
import type { Transaction } from '../transaction.ts';
import { effectsOf } from './effect.ts';
import { type ColumnLayout, type Layouts, nameIn, type TableLayout } from './layout.ts';
import { INTEGERS, integerOf } from './show.ts';

/** The lowest number of a table that nobody had yet: every row below may be there again. By the table's name, as layouts have it. */
export type Floors = ReadonlyMap<string, bigint>;

/** PURE: tables that these transactions emptied, so that numbers are given a second time. */
export function tablesEmptied(transactions: readonly Transaction[], subject: Readable): string[] {
  const fold = nameIn(subject);
  const found = transactions.flatMap(({ statements }) =>
    statements.flatMap((query) => {
      const { text, modes } = readText(query, subject.collations);
      const isOurs = (schema: string) => means(subject, schema);
      if (!isOurs(query.database) && !/\./.test(text)) return [];
      return effectsOf(text, modes, isOurs).filter(({ fate }) => fate === 'emptied' || fate === 'thinned');
    }),
  );
  return [...new Set(found.map(({ object }) => fold(splitId(object)[1])))];
}

/** Where the numbers of these tables stood when they were emptied: as the backup has it (`counters`), or by what was logged since. */
export async function readFloors(
  range: LogRange,
  last: string,
  counters: Floors,
  subject: Readable,
  layouts: Layouts,
  signal: AbortSignal,
): Promise<Floors> {
  const floors = new Map(counters);
  const maps = new Map<number, TableMap>();
  const fold = nameIn(subject);
  for await (const event of readRange(cutRange(range, parsePlace(last)))) {
    signal.throwIfAborted();
    if (event.type === EventType.tableMap) {
      const map = parseTableMap(event);
      if (means(subject, map.database) && floors.has(fold(map.table))) maps.set(map.id, map);
      else maps.delete(map.id);
    }
    const map = isRowsEvent(event.type) ? maps.get(parseRowsHead(event).tableId) : undefined;
    const layout = map && layouts.tables.get(fold(map.table));
    if (!map || !layout || layout.columns.length !== map.types.length) continue;
    for (const row of readChangedRows(event, map)) {
      const number = row?.after && numberOf(row.after, layout);
      const table = fold(map.table);
      if (number !== undefined && number >= (floors.get(table) ?? 0n)) floors.set(table, number + 1n);
    }
  }
  return floors;
}

/** PURE: the value of a primary key that is one number. */
export function numberOf(row: readonly (Buffer | null | undefined)[], layout: TableLayout): bigint | undefined {
  const [part, ...others] = layout.primary?.parts ?? [];
  const column: ColumnLayout | undefined = part && layout.columns[part.at];
  const value = part && row[part.at];
  if (!column || !value || others.length > 0 || !INTEGERS.has(column.type)) return undefined;
  return integerOf(value, column);
}
