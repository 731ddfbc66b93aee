import { CHECKSUM_BYTES, EventType, HEADER_BYTES, type LogEvent, readPacked, seal } from './event.ts';

export interface TableMap {
  readonly id: number;
  readonly database: string;
  readonly table: string;
  /** Codes of the columns' types, and what each type needs to know besides. */
  readonly types: Buffer;
  readonly metadata: Buffer;
}

export type RowChange = 'insert' | 'update' | 'delete';

export interface RowsHead {
  readonly change: RowChange;
  readonly tableId: number;
  /** The last event of a statement: the server closes its tables after it. */
  readonly endsStatement: boolean;
  /** Done by a foreign key, not by the statement; or in a session without `foreign_key_checks`. */
  readonly byForeignKey: boolean;
}

const CHANGES: ReadonlyMap<number, RowChange> = new Map([
  [EventType.writeRowsV1, 'insert'],
  [EventType.updateRowsV1, 'update'],
  [EventType.deleteRowsV1, 'delete'],
  [EventType.writeRows, 'insert'],
  [EventType.updateRows, 'update'],
  [EventType.deleteRows, 'delete'],
  [EventType.partialUpdateRows, 'update'],
]);

const STATEMENT_END = 0x1;
const NO_FOREIGN_KEY_CHECKS = 0x2;
/** Table id of six bytes, flags of two. */
const FLAGS_AT = 6;
const NAMES_AT = 8;

export function isRowsEvent(type: number): boolean {
  return CHANGES.has(type);
}

export function parseTableMap({ body }: LogEvent): TableMap {
  const databaseEnd = NAMES_AT + 1 + body.readUInt8(NAMES_AT);
  const tableEnd = databaseEnd + 2 + body.readUInt8(databaseEnd + 1);
  const columns = readPacked(body, tableEnd + 1);
  const metadata = readPacked(body, columns.next + columns.value);
  return {
    id: body.readUIntLE(0, 6),
    database: body.toString('utf8', NAMES_AT + 1, databaseEnd),
    table: body.toString('utf8', databaseEnd + 2, tableEnd),
    types: body.subarray(columns.next, columns.next + columns.value),
    metadata: body.subarray(metadata.next, metadata.next + metadata.value),
  };
}

export function parseRowsHead({ type, body }: LogEvent): RowsHead {
  const change = CHANGES.get(type);
  if (change === undefined) throw new Error(`an event of type ${type} holds no rows`);
  const flags = body.readUInt16LE(FLAGS_AT);
  return {
    change,
    tableId: body.readUIntLE(0, 6),
    endsStatement: (flags & STATEMENT_END) !== 0,
    byForeignKey: (flags & NO_FOREIGN_KEY_CHECKS) !== 0,
  };
}

/** The same table map for a table of that name in another database. */
export function moveTableMap(event: LogEvent, database: string, hasChecksum: boolean): Buffer {
  const name = Buffer.from(database, 'utf8');
  const { body, bytes } = event;
  const length = Buffer.of(name.length);
  const behind = body.subarray(NAMES_AT + 1 + body.readUInt8(NAMES_AT));
  const checksum = Buffer.alloc(hasChecksum ? CHECKSUM_BYTES : 0);
  const head = [bytes.subarray(0, HEADER_BYTES), body.subarray(0, NAMES_AT)];
  return seal(Buffer.concat([...head, length, name, behind, checksum]), hasChecksum);
}

/** The same rows, as the last of their statement: what came after them belongs to other databases. */
export function closeStatement(event: Buffer, hasChecksum: boolean): Buffer {
  const copy = Buffer.from(event);
  copy.writeUInt16LE(copy.readUInt16LE(HEADER_BYTES + FLAGS_AT) | STATEMENT_END, HEADER_BYTES + FLAGS_AT);
  return seal(copy, hasChecksum);
}
