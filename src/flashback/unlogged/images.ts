import { EventType } from '../../binlog/events/event.ts';
import { isRowsEvent, parseRowsHead, parseTableMap, type TableMap } from '../../binlog/events/row-event.ts';
import { readRowImages } from '../../binlog/events/row-values.ts';
import { type LogRange, type RangeEvent, readRange } from '../../binlog/range.ts';
import { means, type NamedDatabase } from '../../binlog/subject.ts';
import type { Image } from '../net-effect.ts';
import type { RowsTemplate } from '../row-events.ts';

/** What the log has of the rows that were put into one table. */
export interface LoggedRows {
  readonly template: RowsTemplate;
  readonly images: Image[];
}

/**
 * Reads the rows that a stretch of the log has for tables of a database that is beside, by table. All of them are held in memory:
 * `onBytes` is told of how many more, before they are, and may throw.
 */
export async function readLoggedRows(
  range: LogRange,
  database: NamedDatabase,
  isMeant: (table: string) => boolean,
  onBytes: (bytes: number) => void,
  signal: AbortSignal,
): Promise<Map<string, LoggedRows>> {
  const found = new Map<string, LoggedRows>();
  const open = new Map<number, { readonly map: TableMap; readonly event: RangeEvent }>();
  for await (const event of readRange(range)) {
    signal.throwIfAborted();
    if (event.type === EventType.tableMap) {
      const map = parseTableMap(event);
      open.delete(map.id);
      if (means(database, map.database) && isMeant(map.table)) open.set(map.id, { map, event });
    }
    if (!isRowsEvent(event.type)) continue;
    const table = open.get(parseRowsHead(event).tableId);
    if (!table) continue;
    const read = readRowImages(event, table.map);
    // A type of column that is not known: its rows are missed by their number.
    if (!read) continue;
    onBytes(read.images.reduce((sum, { length }) => sum + length, 0));
    const images = read.images.map((image) => image.toString('latin1'));
    const known = found.get(table.map.table);
    if (known) known.images.push(...images);
    else {
      const { types } = table.map;
      const { columns } = read;
      const template = { map: table.event, rows: event, hasChecksum: event.hasChecksum, width: types.length, columns };
      found.set(table.map.table, { template, images });
    }
  }
  return found;
}
