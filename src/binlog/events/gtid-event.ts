import { EventType, type LogEvent } from './event.ts';

/** Flags, server's UUID, number, and two counters of the parallel applier, with their kind in front. */
const COMMIT_TIME_AT = 42;
/** Fields of a tagged GTID (MySQL: `Gtid_event::define_fields` in control_events.h), each behind its number. */
const Field = { flags: 0, uuid: 1, number: 2, tag: 3, lastCommitted: 4, sequence: 5, committed: 6 } as const;
const UUID_BYTES = 16;

/** When MySQL committed the transaction, in microseconds since 1970 (8.0.1 and newer); undefined where the event does not tell. */
export function readCommitMicros({ type, body }: LogEvent): number | undefined {
  if (type === EventType.taggedGtid) return readTagged(body);
  if (type !== EventType.gtid && type !== EventType.anonymousGtid) return undefined;
  if (body.length < COMMIT_TIME_AT + 7) return undefined;
  const micros = body.readUIntLE(COMMIT_TIME_AT, 6) + (body.readUInt8(COMMIT_TIME_AT + 6) & 0x7f) * 2 ** 48;
  return micros > 0 ? micros : undefined;
}

/** A message of mysql::serialization: version, size, last field that must be known, then the fields. */
function readTagged(body: Buffer): number | undefined {
  let at = 0;
  const read = (): number => {
    const { value, next } = readVariable(body, at);
    at = next;
    return value;
  };
  for (let head = 0; head < 3; head++) read();
  while (at < body.length) {
    const field = read();
    if (field === Field.committed) return read();
    if (field > Field.committed) return undefined;
    if (field === Field.uuid) for (let byte = 0; byte < UUID_BYTES; byte++) read();
    else if (field === Field.tag) {
      const length = read();
      at += length;
    } else read();
  }
  return undefined;
}

/** An integer in as many bytes as its first one has ones at the end, and one more. Exact up to 2^53. */
function readVariable(bytes: Buffer, at: number): { value: number; next: number } {
  const first = bytes.readUInt8(at);
  let more = 0;
  while (more < 8 && (first >> more) & 1) more++;
  const next = at + more + 1;
  if (more === 8) return { value: Number(bytes.readBigUInt64LE(at + 1)), next };
  let value = BigInt(first) >> BigInt(more + 1);
  for (let index = 1; index <= more; index++) {
    value |= BigInt(bytes.readUInt8(at + index)) << BigInt(8 * index - (more + 1));
  }
  return { value: Number(value), next };
}
