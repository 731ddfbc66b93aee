import { CascadedRows } from './cascaded-rows.ts';
import { EventType } from './events/event.ts';
import { closeStatement, isRowsEvent, moveTableMap, parseRowsHead, parseTableMap } from './events/row-event.ts';
import type { RangeEvent } from './range.ts';
import { means, type NamedDatabase } from './subject.ts';

/** Which rows are taken from the log, and where they go. */
export interface RowSelection {
  /** Database whose rows are taken. */
  readonly from: NamedDatabase;
  /** Tables of it that are left out. */
  readonly ignored: readonly string[];
  /** Database that they are put into. */
  readonly into: string;
}

/** A batch is sent when it has grown to so many bytes of events. */
export const FULL_BYTES = 1024 * 1024;

interface OpenTable {
  readonly bytes: Buffer;
  isSent: boolean;
}

/**
 * Gathers events with rows for BINLOG statements. Every batch is complete in itself: the maps of its tables stand in it,
 * and its last rows end their statement, because the server closes its tables when a BINLOG statement ends.
 */
export class RowBatch {
  readonly #selection: RowSelection;
  readonly #fullBytes: number;
  #parts: Buffer[] = [];
  #bytes = 0;
  #hasChecksum = false;
  /** Position in `#parts` of the last rows. */
  #lastRows = -1;
  /** Table maps of the statement that is being read; only those of the selection. */
  #tables = new Map<number, OpenTable>();
  readonly #cascaded = new CascadedRows();

  constructor(selection: RowSelection, fullBytes: number) {
    this.#selection = selection;
    this.#fullBytes = fullBytes;
  }

  get isFull(): boolean {
    return this.#bytes >= this.#fullBytes;
  }

  /** Takes a table map, or an event with rows: true when it has rows of the selection. */
  add(event: RangeEvent): boolean {
    this.#hasChecksum = event.hasChecksum;
    if (event.type === EventType.tableMap) this.#addMap(event);
    return isRowsEvent(event.type) && this.#addRows(event);
  }

  /** The text of the BINLOG statement for what was gathered; undefined when there is nothing. */
  take(): string | undefined {
    if (this.#lastRows < 0) return undefined;
    this.#endStatement();
    const sql = binlogSql(this.#parts);
    this.#parts = [];
    this.#bytes = 0;
    this.#lastRows = -1;
    for (const table of this.#tables.values()) table.isSent = false;
    return sql;
  }

  #addMap(event: RangeEvent): void {
    const { id, database, table } = parseTableMap(event);
    const { from, ignored, into } = this.#selection;
    if (!means(from, database) || ignored.includes(table)) return;
    this.#cascaded.open(event);
    this.#tables.set(id, { bytes: moveTableMap(event, into, event.hasChecksum), isSent: false });
  }

  #addRows(event: RangeEvent): boolean {
    const { tableId, endsStatement } = parseRowsHead(event);
    const isSelected = this.#tables.has(tableId);
    if (isSelected) {
      const bytes = this.#cascaded.bytesOf(event);
      if (bytes) {
        this.#sendMaps();
        this.#lastRows = this.#push(bytes);
      }
    }
    if (endsStatement) {
      this.#endStatement();
      this.#cascaded.endStatement();
      this.#tables = new Map();
    }
    return isSelected;
  }

  /** All of the statement's tables are opened at once, by the maps in front of its first rows. */
  #sendMaps(): void {
    for (const table of this.#tables.values()) {
      if (!table.isSent) this.#push(table.bytes);
      table.isSent = true;
    }
  }

  /** The rows that closed the statement may have been another database's. */
  #endStatement(): void {
    const last = this.#parts[this.#lastRows];
    if (last) this.#parts[this.#lastRows] = closeStatement(last, this.#hasChecksum);
  }

  #push(bytes: Buffer): number {
    this.#bytes += bytes.length;
    return this.#parts.push(bytes) - 1;
  }
}

/** The statement that has the server repeat events (MySQL Reference Manual, 15.7.8.1 "BINLOG Statement"). */
export function binlogSql(events: readonly Buffer[]): string {
  return `BINLOG '${Buffer.concat(events).toString('base64')}'`;
}
