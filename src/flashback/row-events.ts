import { CHECKSUM_BYTES, EventType, HEADER_BYTES, type LogEvent, seal } from '../binlog/events/event.ts';
import type { Image } from './net-effect.ts';

/** How the log writes rows of one table: enough to write others of it. */
export interface RowsTemplate {
  /** A table map of it. */
  readonly map: LogEvent;
  /** An event with rows of it. */
  readonly rows: LogEvent;
  readonly hasChecksum: boolean;
  readonly width: number;
  /** Which columns its images have, one bit each. */
  readonly columns: Buffer;
}

export interface Naming {
  readonly database: string;
  readonly table: string;
}

/** What is done with rows, each with the images that it takes. */
export type Deed = 'insert' | 'update' | 'delete';

const CODES: Record<Deed, { readonly v1: number; readonly v2: number }> = {
  insert: { v1: EventType.writeRowsV1, v2: EventType.writeRows },
  update: { v1: EventType.updateRowsV1, v2: EventType.updateRows },
  delete: { v1: EventType.deleteRowsV1, v2: EventType.deleteRows },
};
/** The last of a statement; and foreign keys are neither asked nor do they act (`STMT_END_F`, `NO_FOREIGN_KEY_CHECKS_F`). */
const FLAGS = 0x1 | 0x2;
const NO_EXTRA = Buffer.of(2, 0);
/** The server closes tables after each statement: one id is enough. */
const TABLE_ID = 1;

/** PURE: the map of a table, under another name. */
export function mapEvent({ map, hasChecksum }: RowsTemplate, { database, table }: Naming): Buffer {
  const { body, bytes } = map;
  const databaseEnd = 8 + 1 + body.readUInt8(8) + 1;
  const behind = body.subarray(databaseEnd + 1 + body.readUInt8(databaseEnd));
  const head = Buffer.concat([idBytes(), body.subarray(6, 8)]);
  return sealed(bytes, undefined, [head, prefixed(database), Buffer.of(0), prefixed(table), behind], hasChecksum);
}

/** PURE: an event that does one thing with rows: of an update `images` has what is there and what comes in turns. */
export function rowsEvent(template: RowsTemplate, deed: Deed, images: readonly Image[]): Buffer {
  const { rows, columns, width, hasChecksum } = template;
  const isV2 = rows.type >= EventType.writeRows && rows.type <= EventType.deleteRows;
  const flags = Buffer.alloc(2);
  flags.writeUInt16LE(FLAGS);
  const bitmaps = deed === 'update' ? [columns, columns] : [columns];
  const head = [idBytes(), flags, ...(isV2 ? [NO_EXTRA] : []), packedWidth(width), ...bitmaps];
  const data = images.map((image) => Buffer.from(image, 'latin1'));
  return sealed(rows.bytes, CODES[deed][isV2 ? 'v2' : 'v1'], [...head, ...data], hasChecksum);
}

/** A table has 4096 columns at most. */
function packedWidth(width: number): Buffer {
  return width < 251 ? Buffer.of(width) : Buffer.of(252, width & 255, width >> 8);
}

function idBytes(): Buffer {
  const bytes = Buffer.alloc(6);
  bytes.writeUIntLE(TABLE_ID, 0, 6);
  return bytes;
}

/** Length, name, and for the table's the zero behind it, which stands at the front of what follows. */
function prefixed(name: string): Buffer {
  const bytes = Buffer.from(name, 'utf8');
  return Buffer.concat([Buffer.of(bytes.length), bytes]);
}

function sealed(header: Buffer, type: number | undefined, body: readonly Buffer[], hasChecksum: boolean): Buffer {
  const checksum = Buffer.alloc(hasChecksum ? CHECKSUM_BYTES : 0);
  const bytes = Buffer.concat([header.subarray(0, HEADER_BYTES), ...body, checksum]);
  if (type !== undefined) bytes.writeUInt8(type, 4);
  return seal(bytes, hasChecksum);
}
