import { CascadedRows } from '../binlog/cascaded-rows.ts';
import { CHECKSUM_BYTES, EventType, HEADER_BYTES } from '../binlog/events/event.ts';
import {
  isRowsEvent,
  parseRowsHead,
  parseTableMap,
  type RowChange,
  type TableMap,
} from '../binlog/events/row-event.ts';
import { readRowImages } from '../binlog/events/row-values.ts';
import { cutRange, type LogRange, type RangeEvent, readRange } from '../binlog/range.ts';
import { means, type NamedDatabase } from '../binlog/subject.ts';
import { placeOf, type Transaction } from '../binlog/transaction.ts';
import { isAtLeast, parseFlavor } from '../mysql/flavor.ts';
import { OWN_TABLES } from '../schema/types.ts';
import { failsAt } from './cannot-undo.ts';
import { NetEffect } from './net-effect.ts';
import type { RowsTemplate } from './row-events.ts';

/** What some transactions did to the rows of one table. */
export interface TableEffect {
  readonly table: string;
  readonly template: RowsTemplate;
  readonly net: NetEffect;
  /** What was done to rows of it, undone in between or not, while foreign keys acted: with `foreign_key_checks` on. */
  readonly did: Set<RowChange>;
}

/** What some transactions did to the rows of a database. */
export interface Effects {
  readonly tables: readonly TableEffect[];
  /** What was done in between as well, also to tables that were left as they were found. */
  readonly touched: readonly TableEffect[];
  /** Written by a server that can log what its foreign keys do; whether it did is a setting of its. */
  readonly hasLoggedCascades: boolean;
  /** The description of the log that they stand in: the server understands no rows without it. */
  readonly description: Buffer | undefined;
}

/** So much is undone in one transaction, and held in memory. */
export interface Bounds {
  readonly rows: number;
  readonly bytes: number;
}

/**
 * Reads the rows of the transactions out of the log. Throws a refusal where an image is not whole, where there is more than
 * `bounds` allows, or where a table was altered between two of them.
 */
export async function collectEffects(
  range: LogRange,
  transactions: readonly Transaction[],
  named: NamedDatabase,
  bounds: Bounds,
  signal: AbortSignal,
): Promise<Effects> {
  const last = transactions.at(-1);
  if (!last) return { tables: [], touched: [], hasLoggedCascades: true, description: undefined };
  const collector = new Collector(named, bounds);
  let at = 0;
  for await (const event of readRange(cutRange(range, { file: last.file, position: last.end }))) {
    signal.throwIfAborted();
    if (event.type === EventType.formatDescription) collector.describe(event.bytes);
    while (isBehind(transactions[at], event)) at++;
    const transaction = transactions[at];
    if (transaction?.file === event.file && transaction.start <= event.start) collector.take(event, transaction);
  }
  return collector.effects();
}

/** The description says which server wrote it, behind two bytes, in fifty. MySQL logs what its own foreign keys do since 9.6. */
function canLogCascades(description: Buffer): boolean {
  const text = description.toString('latin1', HEADER_BYTES + 2, HEADER_BYTES + 52);
  const flavor = parseFlavor(text);
  return flavor.kind === 'mysql' && isAtLeast(flavor, 9, 6);
}

function isBehind(transaction: Transaction | undefined, { file, start }: RangeEvent): boolean {
  return transaction?.file === file && transaction.end <= start;
}

class Collector {
  #description: Buffer | undefined;
  #hasLoggedCascades = true;
  readonly #named: NamedDatabase;
  readonly #bounds: Bounds;
  readonly #tables = new Map<string, TableEffect>();
  readonly #cascaded = new CascadedRows();
  #maps = new Map<number, { readonly map: TableMap; readonly event: RangeEvent }>();
  #bytes = 0;

  constructor(named: NamedDatabase, bounds: Bounds) {
    this.#named = named;
    this.#bounds = bounds;
  }

  describe(description: Buffer): void {
    this.#description = description;
  }

  take(event: RangeEvent, transaction: Transaction): void {
    this.#hasLoggedCascades &&= this.#description !== undefined && canLogCascades(this.#description);
    if (event.type === EventType.tableMap) this.#open(event);
    else if (isRowsEvent(event.type)) this.#addRows(event, transaction);
  }

  effects(): Effects {
    const touched = [...this.#tables.values()];
    const [hasLoggedCascades, description] = [this.#hasLoggedCascades, this.#description];
    return { tables: touched.filter(({ net }) => net.size > 0), touched, hasLoggedCascades, description };
  }

  #open(event: RangeEvent): void {
    const map = parseTableMap(event);
    // The tool's own tables tell what was done, also after it was undone.
    if (!means(this.#named, map.database) || OWN_TABLES.includes(map.table)) return;
    this.#cascaded.open(event);
    this.#maps.set(map.id, { map, event });
  }

  #addRows(event: RangeEvent, transaction: Transaction): void {
    const { tableId, endsStatement } = parseRowsHead(event);
    const open = this.#maps.get(tableId);
    if (open) this.#addRowsOf(open, event, transaction);
    if (!endsStatement) return;
    this.#cascaded.endStatement();
    this.#maps = new Map();
  }

  #addRowsOf(open: { map: TableMap; event: RangeEvent }, event: RangeEvent, transaction: Transaction): void {
    const { table } = open.map;
    const bytes = this.#cascaded.bytesOf(event);
    if (!bytes) return;
    const end = bytes.length - (event.hasChecksum ? CHECKSUM_BYTES : 0);
    const whole: RangeEvent = { ...event, bytes, body: bytes.subarray(HEADER_BYTES, end) };
    const { change, byForeignKey } = parseRowsHead(whole);
    const isPartial = event.type === EventType.partialUpdateRows;
    if (isPartial) throw failsAt(transaction, `of JSON documents in ${table} the log has the changed parts alone`);
    const read = readRowImages(whole, open.map);
    if (!read) throw failsAt(transaction, `${table} has a type of column that is not known here`);
    if (!read.isPaired) throw failsAt(transaction, notWhole(table));
    const draft = this.#draftOf(open, whole, read.columns, transaction);
    if (!byForeignKey) draft.did.add(change);
    const texts = read.images.map((image) => image.toString('latin1'));
    this.#bytes += texts.reduce((sum, { length }) => sum + length, 0);
    const place = placeOf(transaction);
    if (change === 'update') {
      for (let row = 0; row + 1 < texts.length; row += 2) draft.net.add(texts[row], texts[row + 1], place);
    } else {
      for (const text of texts) {
        if (change === 'insert') draft.net.add(undefined, text, place);
        else draft.net.add(text, undefined, place);
      }
    }
    this.#requireWithin(transaction);
  }

  #draftOf(
    open: { map: TableMap; event: RangeEvent },
    rows: RangeEvent,
    columns: Buffer,
    transaction: Transaction,
  ): TableEffect {
    const { table, types, metadata } = open.map;
    const known = this.#tables.get(table);
    const template = { map: open.event, rows, hasChecksum: rows.hasChecksum, width: types.length, columns };
    if (!known) {
      const draft = { table, template, net: new NetEffect(), did: new Set<RowChange>() };
      this.#tables.set(table, draft);
      return draft;
    }
    const before = parseTableMap(known.template.map);
    const isSame = before.types.equals(types) && before.metadata.equals(metadata);
    if (!isSame) throw failsAt(transaction, `${table} was altered between the transactions`);
    if (!known.template.columns.equals(columns)) throw failsAt(transaction, notWhole(table));
    return known;
  }

  #requireWithin(transaction: Transaction): void {
    const rows = [...this.#tables.values()].reduce((sum, { net }) => sum + net.size, 0);
    const { rows: mostRows, bytes: mostBytes } = this.#bounds;
    if (rows <= mostRows && this.#bytes <= mostBytes) return;
    const most = rows > mostRows ? `${mostRows} rows` : `${Math.round(mostBytes / 1e6)} MB of rows`;
    throw failsAt(transaction, `it is more than can be undone in one transaction: ${most}`);
  }
}

function notWhole(table: string): string {
  return `the log does not have whole rows of ${table} (binlog_row_image is not FULL)`;
}
