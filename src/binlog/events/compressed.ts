import * as zlib from 'node:zlib';
import { CHECKSUM_BYTES, EventType, HEADER_BYTES, readPacked, seal } from './event.ts';
import type { FileEvent } from './file.ts';

/** MySQL's binlog_transaction_compression: a whole transaction in one event (`Transaction_payload_event`). */
export const TRANSACTION_PAYLOAD = 40;
/** MariaDB's log_bin_compress: the text of a statement. */
const QUERY = 165;
/** MariaDB's log_bin_compress: events with rows, and what they are unpacked. */
const ROWS: ReadonlyMap<number, number> = new Map([
  [166, EventType.writeRowsV1],
  [167, EventType.updateRowsV1],
  [168, EventType.deleteRowsV1],
  [169, EventType.writeRows],
  [170, EventType.updateRows],
  [171, EventType.deleteRows],
]);
const UPDATES: ReadonlySet<number> = new Set([EventType.updateRowsV1, EventType.updateRows]);
/** Of the second version: table id, flags, and two bytes that tell how long they and what follows them are. */
const ROWS_HEAD_BYTES = 8;

/** Node has zstd since 22.15; its types here are those of Node 20. */
const { zstdDecompressSync } = zlib as unknown as { zstdDecompressSync?: (bytes: Buffer) => Buffer };

/**
 * PURE: a compressed event as the events that it stands for, at its place in the log; any other as it is, and so what this
 * Node cannot unpack. Throws an error when it is damaged.
 */
export function unpack<Event extends FileEvent>(event: Event): readonly Event[] {
  const { type, body } = event;
  if (type === TRANSACTION_PAYLOAD) return zstdDecompressSync ? unpackTransaction(event, zstdDecompressSync) : [event];
  if (type === QUERY) return [rewrite(event, EventType.query, endOfDatabase(body))];
  const plain = ROWS.get(type);
  return plain === undefined ? [event] : [rewrite(event, plain, endOfBitmaps(body, plain))];
}

/** The text begins behind the database's name and a zero. */
function endOfDatabase(body: Buffer): number {
  return 13 + body.readUInt16LE(11) + body.readUInt8(8) + 1;
}

/** Rows begin behind the columns that they have: one bit each, in an update once more for what they were before. */
function endOfBitmaps(body: Buffer, type: number): number {
  const isSecond = type >= EventType.writeRows;
  const head = ROWS_HEAD_BYTES + (isSecond ? body.readUInt16LE(ROWS_HEAD_BYTES) : 0);
  const width = readPacked(body, head);
  return width.next + Math.ceil(width.value / 8) * (UPDATES.has(type) ? 2 : 1);
}

/** MariaDB's own frame: a byte of which the last three bits tell how many bytes the length has, the length, zlib's stream. */
function rewrite<Event extends FileEvent>(event: Event, type: number, from: number): Event {
  const { body, bytes, start } = event;
  const lengthBytes = body.readUInt8(from) & 0x07;
  const length = body.readUIntBE(from + 1, lengthBytes);
  const data = zlib.inflateSync(body.subarray(from + 1 + lengthBytes));
  if (data.length !== length) throw new Error(`the event at ${start} holds ${data.length} bytes instead of ${length}`);
  return toEvent(event, type, [bytes.subarray(0, HEADER_BYTES), body.subarray(0, from), data]);
}

/** Fields, each with its type and length, up to type 0: 1 is the payload's size, 2 its compression, 3 its size unpacked. */
function unpackTransaction<Event extends FileEvent>(event: Event, inflate: (bytes: Buffer) => Buffer): Event[] {
  const { body, start } = event;
  const fields = new Map<number, number>();
  let at = 0;
  for (let type = readPacked(body, at); type.value !== 0; type = readPacked(body, at)) {
    const length = readPacked(body, type.next);
    fields.set(type.value, readPacked(body, length.next).value);
    at = length.next + length.value;
  }
  const payload = body.subarray(readPacked(body, at).next);
  const data = fields.get(2) === 0 ? inflate(payload) : payload;
  const size = fields.get(3);
  if (size !== undefined && data.length !== size) {
    throw new Error(`the event at ${start} holds ${data.length} bytes instead of ${size}`);
  }
  const events: Event[] = [];
  for (let next = 0; next < data.length; next += data.readUInt32LE(next + 9)) {
    const bytes = data.subarray(next, next + data.readUInt32LE(next + 9));
    events.push(toEvent(event, bytes.readUInt8(4), [bytes]));
  }
  return events;
}

/** At the place of the event that it was in; with a checksum, which within a payload no event has. */
function toEvent<Event extends FileEvent>(event: Event, type: number, parts: readonly Buffer[]): Event {
  const { hasChecksum } = event;
  const bytes = Buffer.concat([...parts, Buffer.alloc(hasChecksum ? CHECKSUM_BYTES : 0)]);
  bytes.writeUInt8(type, 4);
  seal(bytes, hasChecksum);
  const body = bytes.subarray(HEADER_BYTES, bytes.length - (hasChecksum ? CHECKSUM_BYTES : 0));
  return { ...event, type, second: bytes.readUInt32LE(0), bytes, body };
}
