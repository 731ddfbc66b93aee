import { crc32 } from 'node:zlib';

/**
 * The types of events that matter to a restore (MySQL: `enum Log_event_type` in binlog_event.h; MariaDB: log_event.h,
 * whose own types begin at 160).
 */
export const EventType = {
  query: 2,
  stop: 3,
  rotate: 4,
  intvar: 5,
  rand: 13,
  userVar: 14,
  formatDescription: 15,
  xid: 16,
  beginLoadQuery: 17,
  executeLoadQuery: 18,
  tableMap: 19,
  writeRowsV1: 23,
  updateRowsV1: 24,
  deleteRowsV1: 25,
  incident: 26,
  heartbeat: 27,
  rowsQuery: 29,
  writeRows: 30,
  updateRows: 31,
  deleteRows: 32,
  gtid: 33,
  anonymousGtid: 34,
  previousGtids: 35,
  xaPrepare: 38,
  partialUpdateRows: 39,
  taggedGtid: 42,
  annotateRows: 160,
  binlogCheckpoint: 161,
  mariaDbGtid: 162,
  mariaDbGtidList: 163,
  startEncryption: 164,
} as const;

/** What only frames rows and statements, or explains them. */
export const FRAME: ReadonlySet<number> = new Set([
  EventType.stop,
  EventType.rotate,
  EventType.xid,
  EventType.heartbeat,
  EventType.rowsQuery,
  EventType.gtid,
  EventType.anonymousGtid,
  EventType.taggedGtid,
  EventType.xaPrepare,
  EventType.previousGtids,
  EventType.annotateRows,
  EventType.binlogCheckpoint,
  EventType.mariaDbGtid,
  EventType.mariaDbGtidList,
  EventType.startEncryption,
]);

/** One event of a binary log, as it stands in the file: header, body and (where the log has them) checksum. */
export interface LogEvent {
  readonly type: number;
  /** Seconds since 1970: when the statement began that the event belongs to. */
  readonly second: number;
  /** Where it begins and ends in its file. */
  readonly start: number;
  readonly end: number;
  /** All of it. */
  readonly bytes: Buffer;
  /** What stands between header and checksum. */
  readonly body: Buffer;
}

export const HEADER_BYTES = 19;
export const CHECKSUM_BYTES = 4;

/** `LOG_EVENT_BINLOG_IN_USE_F`: set while the server writes to the file, and not part of the checksum. */
const IN_USE = 0x1;

/** Throws an error that says where the log is damaged. */
export function parseEvent(bytes: Buffer, start: number, hasChecksum: boolean): LogEvent {
  const end = start + bytes.length;
  const type = bytes.readUInt8(4);
  // The position that the header tells wraps at 4 GiB. Inside of a transaction MariaDB 11.4 and later tell none: the
  // event, with its checksum, was ready before its place was known.
  const told = bytes.readUInt32LE(13);
  if (told !== 0 && told !== end % 2 ** 32) {
    throw new Error(`the event at ${start} says that it ends at ${told}, not at ${end}`);
  }
  if (hasChecksum && checksumOf(bytes) !== bytes.readUInt32LE(bytes.length - CHECKSUM_BYTES)) {
    throw new Error(`the event at ${start} does not fit its checksum`);
  }
  const body = bytes.subarray(HEADER_BYTES, bytes.length - (hasChecksum ? CHECKSUM_BYTES : 0));
  return { type, second: bytes.readUInt32LE(0), start, end, bytes, body };
}

function checksumOf(bytes: Buffer): number {
  const covered = bytes.subarray(0, bytes.length - CHECKSUM_BYTES);
  if (bytes.readUInt8(4) !== EventType.formatDescription) return crc32(covered);
  const copy = Buffer.from(covered);
  copy.writeUInt16LE(copy.readUInt16LE(17) & ~IN_USE, 17);
  return crc32(copy);
}

/** Brings length and checksum of a changed event up to date, in place. */
export function seal(bytes: Buffer, hasChecksum: boolean): Buffer {
  bytes.writeUInt32LE(bytes.length, 9);
  if (hasChecksum) {
    bytes.writeUInt32LE(crc32(bytes.subarray(0, bytes.length - CHECKSUM_BYTES)), bytes.length - CHECKSUM_BYTES);
  }
  return bytes;
}

/** A packed integer (MySQL Internals, "Length-Encoded Integer"): its value, and where the next byte stands. */
export function readPacked(bytes: Buffer, at: number): { value: number; next: number } {
  const first = bytes.readUInt8(at);
  if (first < 251) return { value: first, next: at + 1 };
  if (first === 252) return { value: bytes.readUInt16LE(at + 1), next: at + 3 };
  if (first === 253) return { value: bytes.readUIntLE(at + 1, 3), next: at + 4 };
  return { value: Number(bytes.readBigUInt64LE(at + 1)), next: at + 9 };
}
