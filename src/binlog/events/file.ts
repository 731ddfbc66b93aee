import { open } from 'node:fs/promises';
import { CHECKSUM_BYTES, EventType, HEADER_BYTES, type LogEvent, parseEvent } from './event.ts';

const MAGIC = Buffer.from('fe62696e', 'hex');
const READ_BYTES = 1024 * 1024;
/** `BINLOG_CHECKSUM_ALG_CRC32`; 0 is none. The only two there are. */
const CRC32 = 1;

/** An event together with what its file says about all of them. */
export interface FileEvent extends LogEvent {
  readonly hasChecksum: boolean;
}

/**
 * Reads a binary log from its beginning to byte `end`, event by event, each checked against its own length, position and
 * checksum. Memory holds what one read brought, or one event where that is larger. Throws an error that names the place.
 * `begin`: the file holds the log's description, and then what the log has from that byte on.
 */
export async function* readLogFile(path: string, end: number, begin?: number): AsyncGenerator<FileEvent> {
  const handle = await open(path, 'r');
  try {
    let hasChecksum = false;
    let rest: Buffer = Buffer.alloc(0);
    let at = 0;
    const last = begin === undefined ? end : (await handle.stat()).size;
    for (let read = 0; read < last; ) {
      const wanted = Math.min(Math.max(READ_BYTES, missingOf(rest)), last - read);
      const chunk = Buffer.allocUnsafe(wanted);
      const { bytesRead } = await handle.read(chunk, 0, wanted, read);
      if (bytesRead === 0) throw new Error(`${path} ends at ${read}, before ${last}`);
      rest = Buffer.concat([rest, chunk.subarray(0, bytesRead)]);
      if (read === 0) {
        if (!rest.subarray(0, 4).equals(MAGIC)) throw new Error(`${path} is not a binary log`);
        rest = rest.subarray(4);
        at = 4;
      }
      read += bytesRead;
      while (rest.length >= HEADER_BYTES && missingOf(rest) === 0) {
        const bytes = rest.subarray(0, rest.readUInt32LE(9));
        if (bytes.readUInt8(4) === EventType.formatDescription) hasChecksum = readChecksumKind(bytes);
        yield { ...parseEvent(bytes, at, hasChecksum), hasChecksum };
        at += bytes.length;
        rest = rest.subarray(bytes.length);
        if (begin === undefined) continue;
        if (bytes.readUInt8(4) === EventType.formatDescription) at = begin;
        // What the server has written since it was asked is left for the next time.
        if (at >= end) return;
      }
    }
    if (begin !== undefined) throw new Error(`${path} ends at ${at}, before ${end}`);
    if (rest.length > 0) throw new Error(`${path} has an event at ${at} that does not end before ${end}`);
  } finally {
    await handle.close();
  }
}

/** How many bytes the first event of `rest` still lacks. */
function missingOf(rest: Buffer): number {
  if (rest.length < HEADER_BYTES) return HEADER_BYTES - rest.length;
  const length = rest.readUInt32LE(9);
  if (length < HEADER_BYTES) throw new Error('an event says that it is shorter than its own header');
  return Math.max(0, length - rest.length);
}

/** The format description always has room for a checksum at its end, and the kind of checksum in front of that. */
function readChecksumKind(bytes: Buffer): boolean {
  return bytes.readUInt8(bytes.length - CHECKSUM_BYTES - 1) === CRC32;
}
