import { CHECKSUM_BYTES, EventType, HEADER_BYTES, seal } from './events/event.ts';
import { parseRowsHead, parseTableMap, type TableMap } from './events/row-event.ts';
import { type RowImages, readRowImages } from './events/row-values.ts';
import type { RangeEvent } from './range.ts';

interface OpenTable {
  readonly map: TableMap;
  /** How often the statement opened it: for itself, and for a foreign key that acts. */
  readonly times: number;
  /** Rows that a foreign key took away or changed, by their bytes: what became of each, null for deleted. */
  readonly changed: Map<string, Buffer | null>;
}

/**
 * A DELETE of parents and children (`DELETE c, p FROM …`) logs a child twice where the server logs what its foreign keys do (MySQL
 * 9.6): first as the key deleted it (flag 0x2), and then as the statement did. The server takes the second for done; a
 * BINLOG statement fails, for the row is not there. So the second one is left out, or meets the row as the key left it (SET NULL).
 */
export class CascadedRows {
  #tables = new Map<number, OpenTable>();

  open(event: RangeEvent): void {
    const map = parseTableMap(event);
    const known = this.#tables.get(map.id);
    this.#tables.set(map.id, { map, times: (known?.times ?? 0) + 1, changed: known?.changed ?? new Map() });
  }

  /** The event's bytes without rows that are gone already; undefined when none is left. */
  bytesOf(event: RangeEvent): Buffer | undefined {
    const { tableId, change, byForeignKey } = parseRowsHead(event);
    const table = this.#tables.get(tableId);
    // Of a table that is opened once no row can come twice, and none has to be remembered.
    if (!table || table.times < 2 || event.type === EventType.partialUpdateRows) return event.bytes;
    const { changed } = table;
    const isMatched = byForeignKey || (changed.size > 0 && change !== 'update');
    const rows = isMatched ? readRowImages(event, table.map) : undefined;
    if (!rows) return event.bytes;
    if (byForeignKey) remember(changed, rows, change);
    else if (change === 'insert') for (const image of rows.images) changed.delete(keyOf(image));
    else return remaining(event, rows, changed);
    return event.bytes;
  }

  endStatement(): void {
    this.#tables = new Map();
  }
}

function remember(changed: Map<string, Buffer | null>, { images, isPaired }: RowImages, change: string): void {
  if (change === 'delete') for (const image of images) changed.set(keyOf(image), null);
  if (change !== 'update' || !isPaired) return;
  for (let at = 0; at + 1 < images.length; at += 2) {
    const [before, after] = [images[at], images[at + 1]];
    if (before && after) changed.set(keyOf(before), after);
  }
}

function remaining(event: RangeEvent, { from, images }: RowImages, changed: Map<string, Buffer | null>) {
  const kept = images.flatMap((image) => {
    const now = changed.get(keyOf(image));
    return now === null ? [] : [now ?? image];
  });
  if (kept.length === 0) return undefined;
  const checksum = Buffer.alloc(event.hasChecksum ? CHECKSUM_BYTES : 0);
  const head = event.bytes.subarray(0, HEADER_BYTES + from);
  return seal(Buffer.concat([head, ...kept, checksum]), event.hasChecksum);
}

function keyOf(image: Buffer): string {
  return image.toString('latin1');
}
