import type { LogEvent } from './event.ts';

/** A statement as the log has it. */
export interface QueryEvent {
  readonly threadId: number;
  /** Seconds that it took. */
  readonly seconds: number;
  /** Not 0: it failed half way on the server that logged it. */
  readonly errorCode: number;
  /** Database that was in use; empty for none. */
  readonly database: string;
  readonly text: Buffer;
  readonly session: SessionFacts;
  /** MariaDB only announces it, or takes it back (`binlog_alter_two_phase`): an event of its own says that it was done. */
  readonly isAnnounced: boolean;
}

/** What of the session a statement depends on; undefined where the log does not say. */
export interface SessionFacts {
  readonly flags?: number;
  readonly sqlMode?: bigint;
  readonly autoIncrement?: readonly [increment: number, offset: number];
  /** Ids of collations, as information_schema.COLLATIONS has them. */
  readonly charset?: readonly [client: number, connection: number, server: number];
  readonly databaseCollation?: number;
  readonly timeZone?: string;
  readonly localeId?: number;
  readonly microseconds?: number;
  readonly explicitDefaultsForTimestamp?: boolean;
  readonly utf8mb4Collation?: number;
  readonly requirePrimaryKey?: boolean;
  /** `default_table_encryption` */
  readonly tableEncryption?: boolean;
  /** MariaDB 11.2 and later: the collation that a character set has where none is named, by their ids. */
  readonly collations?: readonly (readonly [charset: number, collation: number])[];
  /** Of an ALTER that is logged in two phases: `FL_START_ALTER_E1` and its like. */
  readonly alterPhase?: number;
}

type Facts = { -readonly [Name in keyof SessionFacts]: SessionFacts[Name] };
/** Reads one variable behind its code; resolves with where the next begins. */
type Reader = (bytes: Buffer, at: number, facts: Facts) => number;

const skip =
  (length: number): Reader =>
  (_bytes, at) =>
    at + length;
/** A fact of so many bytes. */
const fact =
  (length: number, read: (bytes: Buffer, at: number) => Facts): Reader =>
  (bytes, at, facts) => {
    Object.assign(facts, read(bytes, at));
    return at + length;
  };
const skipText: Reader = (bytes, at) => at + 1 + bytes.readUInt8(at);

/** MySQL: `enum Query_event_status_vars` in statement_events.h; MariaDB: `Q_…` in log_event.h. */
const READERS: ReadonlyMap<number, Reader> = new Map<number, Reader>([
  [0, fact(4, (bytes, at) => ({ flags: bytes.readUInt32LE(at) }))],
  [1, fact(8, (bytes, at) => ({ sqlMode: bytes.readBigUInt64LE(at) }))],
  [2, (bytes, at) => skipText(bytes, at, {}) + 1],
  [3, fact(4, (bytes, at) => ({ autoIncrement: [bytes.readUInt16LE(at), bytes.readUInt16LE(at + 2)] }))],
  [4, readCharset],
  [5, readTimeZone],
  [6, skipText],
  [7, fact(2, (bytes, at) => ({ localeId: bytes.readUInt16LE(at) }))],
  [8, fact(2, (bytes, at) => ({ databaseCollation: bytes.readUInt16LE(at) }))],
  [9, skip(8)],
  [10, skip(4)],
  [11, (bytes, at) => skipText(bytes, skipText(bytes, at, {}), {})],
  [12, skipDatabaseNames],
  [13, fact(3, (bytes, at) => ({ microseconds: bytes.readUIntLE(at, 3) }))],
  [16, fact(1, (bytes, at) => ({ explicitDefaultsForTimestamp: bytes.readUInt8(at) === 1 }))],
  [17, skip(8)],
  [18, fact(2, (bytes, at) => ({ utf8mb4Collation: bytes.readUInt16LE(at) }))],
  [19, fact(1, (bytes, at) => ({ requirePrimaryKey: bytes.readUInt8(at) === 1 }))],
  [20, fact(1, (bytes, at) => ({ tableEncryption: bytes.readUInt8(at) === 1 }))],
  [21, skip(1)],
  [128, fact(3, (bytes, at) => ({ microseconds: bytes.readUIntLE(at, 3) }))],
  [129, skip(8)],
  [130, readAlterPhase],
  [131, readCollations],
]);

const AlterPhase = { start: 2, commit: 4, rollback: 8 } as const;

/** Thread, seconds, length of the database's name, error, length of the variables. */
const POST_HEADER_BYTES = 13;

export function parseQuery({ body }: LogEvent): QueryEvent {
  const variablesEnd = POST_HEADER_BYTES + body.readUInt16LE(11);
  const databaseEnd = variablesEnd + body.readUInt8(8);
  const session = readSession(body.subarray(POST_HEADER_BYTES, variablesEnd));
  return {
    threadId: body.readUInt32LE(0),
    seconds: body.readUInt32LE(4),
    errorCode: body.readUInt16LE(9),
    database: body.toString('utf8', variablesEnd, databaseEnd),
    text: body.subarray(databaseEnd + 1),
    session,
    isAnnounced: ((session.alterPhase ?? 0) & (AlterPhase.start | AlterPhase.rollback)) !== 0,
  };
}

/** Up to the first variable that is not known: the servers write what matters first, and read on no further either. */
function readSession(bytes: Buffer): SessionFacts {
  const facts: Facts = {};
  for (let at = 0; at < bytes.length; ) {
    const read = READERS.get(bytes.readUInt8(at));
    if (!read) break;
    at = read(bytes, at + 1, facts);
  }
  return facts;
}

function readCharset(bytes: Buffer, at: number, facts: Facts): number {
  facts.charset = [bytes.readUInt16LE(at), bytes.readUInt16LE(at + 2), bytes.readUInt16LE(at + 4)];
  return at + 6;
}

/** A phase that ends an ALTER tells the number of the transaction that began it. */
function readAlterPhase(bytes: Buffer, at: number, facts: Facts): number {
  facts.alterPhase = bytes.readUInt8(at);
  return at + 1 + (facts.alterPhase & (AlterPhase.commit | AlterPhase.rollback) ? 8 : 0);
}

/** In front of the character set, although its code is larger. */
function readCollations(bytes: Buffer, at: number, facts: Facts): number {
  const pairs = Array.from({ length: bytes.readUInt8(at) }, (_, index) => at + 1 + 4 * index);
  facts.collations = pairs.map((pair) => [bytes.readUInt16LE(pair), bytes.readUInt16LE(pair + 2)]);
  return at + 1 + 4 * pairs.length;
}

function readTimeZone(bytes: Buffer, at: number, facts: Facts): number {
  const end = skipText(bytes, at, facts);
  facts.timeZone = bytes.toString('utf8', at + 1, end);
  return end;
}

/** 254 stands for more names than are listed. */
function skipDatabaseNames(bytes: Buffer, at: number): number {
  const count = bytes.readUInt8(at);
  let next = at + 1;
  for (let index = 0; count !== 254 && index < count; index++) next = bytes.indexOf(0, next) + 1;
  return next;
}
