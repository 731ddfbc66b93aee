import { EventType, type LogEvent, readPacked } from './event.ts';
import { parseRowsHead, type TableMap } from './row-event.ts';

/** Bytes that a column's type has in the table map's metadata (MySQL: `Field::do_save_field_metadata`). */
const METADATA_BYTES: ReadonlyMap<number, number> = new Map([
  ...([4, 5, 17, 18, 19, 140, 242, 245, 249, 250, 251, 252, 255] as const).map((type) => [type, 1] as const),
  ...([15, 16, 141, 246, 247, 248, 253, 254] as const).map((type) => [type, 2] as const),
]);
/** Types of one length (`enum_field_types`). */
const FIXED_BYTES: ReadonlyMap<number, number> = new Map([
  [1, 1],
  [2, 2],
  [3, 4],
  [4, 4],
  [5, 8],
  [6, 0],
  [7, 4],
  [8, 8],
  [9, 3],
  [10, 3],
  [11, 3],
  [12, 8],
  [13, 1],
  [14, 3],
]);
/** Bytes without a fraction of seconds: TIMESTAMP, DATETIME, TIME. */
const TEMPORAL_BYTES: ReadonlyMap<number, number> = new Map([
  [17, 4],
  [18, 5],
  [19, 3],
]);
const BLOBS: ReadonlySet<number> = new Set([140, 242, 245, 249, 250, 251, 252, 255]);
const VARCHARS: ReadonlySet<number> = new Set([15, 141, 253]);
const DIGITS_BYTES = [0, 1, 1, 2, 2, 3, 3, 4, 4, 4];

interface Column {
  readonly type: number;
  readonly first: number;
  readonly second: number;
}

function readColumns({ types, metadata }: TableMap): Column[] {
  let at = 0;
  return [...types].map((type) => {
    const length = METADATA_BYTES.get(type) ?? 0;
    const column = { type, first: metadata[at] ?? 0, second: length === 2 ? (metadata[at + 1] ?? 0) : 0 };
    at += length;
    return column;
  });
}

/** Where the value at `at` has its bytes, and where it ends; undefined for a type that is not known. */
function measure(
  { type, first, second }: Column,
  bytes: Buffer,
  at: number,
): { from: number; end: number } | undefined {
  const prefixed = (prefix: number) => ({ from: at + prefix, end: at + prefix + bytes.readUIntLE(at, prefix) });
  const plain = (length: number) => ({ from: at, end: at + length });
  const fixed = FIXED_BYTES.get(type);
  if (fixed !== undefined) return plain(fixed);
  if (VARCHARS.has(type)) return prefixed(first + second * 256 > 255 ? 2 : 1);
  if (BLOBS.has(type)) return prefixed(first);
  const temporal = TEMPORAL_BYTES.get(type);
  if (temporal !== undefined) return plain(temporal + Math.ceil(first / 2));
  if (type === 16) return plain(second + (first > 0 ? 1 : 0));
  if (type === 246) return plain(decimalBytes(first, second));
  if (type === 247 || type === 248) return plain(second);
  if (type === 254) return measureString(first, second, plain, prefixed);
  return undefined;
}

/** CHAR, ENUM and SET share a type; the two upper bits of a CHAR's length stand, inverted, in the type's byte. */
function measureString<T>(first: number, second: number, plain: (n: number) => T, prefixed: (n: number) => T): T {
  if (first === 247 || first === 248) return plain(second);
  const longest = (((first & 0x30) ^ 0x30) << 4) | second;
  return prefixed(longest > 255 ? 2 : 1);
}

function decimalBytes(precision: number, scale: number): number {
  const half = (digits: number) => Math.floor(digits / 9) * 4 + (DIGITS_BYTES[digits % 9] ?? 0);
  return half(precision - scale) + half(scale);
}

/** Which columns a row has, from a bitmap with one bit a column. */
function presentColumns(bitmap: Buffer, columns: readonly Column[]): Column[] {
  return columns.filter((_, index) => isSet(bitmap, index));
}

function isSet(bitmap: Buffer, index: number): boolean {
  return (((bitmap[index >> 3] ?? 0) >> (index & 7)) & 1) === 1;
}

interface Image {
  /** Bytes of each value, null for NULL. */
  readonly values: readonly (Buffer | null)[];
  /** Where in the body it begins and ends. */
  readonly from: number;
  readonly end: number;
}

/** Where the rows begin in the body, and the bitmaps of the columns that they have, before and after. */
function readShape({ type, body }: LogEvent) {
  const isV2 = type >= EventType.writeRows && type <= EventType.partialUpdateRows;
  const width = readPacked(body, isV2 ? 8 + body.readUInt16LE(8) : 8);
  const bitmapBytes = (width.value + 7) >> 3;
  const isUpdate = type === EventType.updateRows || type === EventType.updateRowsV1;
  const from = width.next + bitmapBytes * (isUpdate ? 2 : 1);
  const before = body.subarray(width.next, width.next + bitmapBytes);
  return { from, before, after: isUpdate ? body.subarray(width.next + bitmapBytes, from) : before };
}

/** The images of all rows of an event; an update has two a row. */
function* readImages(event: LogEvent, map: TableMap): Generator<Image | undefined> {
  const { body } = event;
  const columns = readColumns(map);
  const shape = readShape(event);
  const [before, after] = [presentColumns(shape.before, columns), presentColumns(shape.after, columns)];
  let at = shape.from;
  for (let images = 0; at < body.length; images++) {
    const present = images % 2 === 1 ? after : before;
    const values: (Buffer | null)[] = [];
    const from = at;
    const nulls = body.subarray(at, at + ((present.length + 7) >> 3));
    at += nulls.length;
    for (const [index, column] of present.entries()) {
      if (isSet(nulls, index)) {
        values.push(null);
        continue;
      }
      const place = measure(column, body, at);
      if (!place) return yield undefined;
      values.push(body.subarray(place.from, place.end));
      at = place.end;
    }
    yield { values, from, end: at };
  }
}

/** How many rows an event changes; undefined when it has a type of column whose length is not known. */
export function countRows(event: LogEvent, map: TableMap): number | undefined {
  if (event.type === EventType.partialUpdateRows) return undefined;
  let images = 0;
  for (const image of readImages(event, map)) {
    if (!image) return undefined;
    images++;
  }
  const isUpdate = event.type === EventType.updateRows || event.type === EventType.updateRowsV1;
  return isUpdate ? images / 2 : images;
}

/** What the first `count` columns of every row hold, as bytes, for tables that are known. */
export function readFirstValues(event: LogEvent, map: TableMap, count: number): (readonly (Buffer | null)[])[] {
  const rows: (readonly (Buffer | null)[])[] = [];
  for (const image of readImages(event, map)) if (image) rows.push(image.values.slice(0, count));
  return rows;
}

/** A row as an event has it, column by column: its bytes, null for NULL, undefined where the image leaves it out (MINIMAL). */
export type RowValues = readonly (Buffer | null | undefined)[];

export interface ChangedRow {
  /** Undefined of an insert. */
  readonly before: RowValues | undefined;
  /** Undefined of a delete. */
  readonly after: RowValues | undefined;
}

/** Row by row; undefined, and then no more, where values cannot be told apart: a type that is not known, a part of a JSON document. */
export function* readChangedRows(event: LogEvent, map: TableMap): Generator<ChangedRow | undefined> {
  if (event.type === EventType.partialUpdateRows) return yield undefined;
  const { change } = parseRowsHead(event);
  const shape = readShape(event);
  const width = map.types.length;
  let before: RowValues | undefined;
  let isAfter = change === 'insert';
  for (const image of readImages(event, map)) {
    if (!image) return yield undefined;
    const values = spread(image.values, isAfter ? shape.after : shape.before, width);
    if (change === 'insert') yield { before: undefined, after: values };
    else if (change === 'delete') yield { before: values, after: undefined };
    else if (isAfter) yield { before, after: values };
    else before = values;
    if (change === 'update') isAfter = !isAfter;
  }
}

function spread(present: readonly (Buffer | null)[], bitmap: Buffer, width: number): RowValues {
  let at = 0;
  return Array.from({ length: width }, (_, index) => (isSet(bitmap, index) ? present[at++] : undefined));
}

/** The rows of an event as they stand in it. */
export interface RowImages {
  /** Where in the body they begin. */
  readonly from: number;
  /** Of an update: before and after, in turns. */
  readonly images: readonly Buffer[];
  /** Images before and after have the same columns. */
  readonly isPaired: boolean;
  /** Which columns they have, one bit each. */
  readonly columns: Buffer;
}

/** Undefined when the table has a type of column whose length is not known. */
export function readRowImages(event: LogEvent, map: TableMap): RowImages | undefined {
  const { from, before, after } = readShape(event);
  const images: Buffer[] = [];
  for (const image of readImages(event, map)) {
    if (!image) return undefined;
    images.push(event.body.subarray(image.from, image.end));
  }
  return { from, images, isPaired: before.equals(after), columns: before };
}
