/** One packet of the MySQL protocol with its 4-byte header (MySQL Internals, "MySQL Packets"). */
export interface Packet {
  readonly sequence: number;
  readonly payload: Buffer;
  /** Header and payload, as they came. */
  readonly bytes: Buffer;
}

/** Cuts a stream into packets; a packet that has not arrived completely waits for the next chunk. */
export function packetCutter(): (chunk: Buffer) => Packet[] {
  let rest: Buffer = Buffer.alloc(0);
  return (chunk) => {
    rest = Buffer.concat([rest, chunk]);
    const packets: Packet[] = [];
    while (rest.length >= 4 && rest.length >= 4 + rest.readUIntLE(0, 3)) {
      const end = 4 + rest.readUIntLE(0, 3);
      packets.push({ sequence: rest[3] ?? 0, payload: rest.subarray(4, end), bytes: rest.subarray(0, end) });
      rest = rest.subarray(end);
    }
    return packets;
  };
}

const QUIT = 0x01;
const QUERY = 0x03;

/** A command as a person would name it. MySQL's query attributes put two bytes in front of the text. */
export function describeCommand(payload: Buffer): string {
  if (payload[0] === QUERY) {
    const text = payload.toString('utf8', payload[1] === 0 ? 3 : 1);
    return text.replace(/\s+/g, ' ').slice(0, 160);
  }
  return payload[0] === QUIT ? 'QUIT' : `command ${payload[0]}`;
}

const OK = 0x00;
const ERR = 0xff;
const EOF = 0xfe;
const MORE_RESULTS = 0x0008;

/**
 * Tells with which packet the server's answer to a command is complete: several statements in one command have several
 * results, and the first is sent before the last statement has run. Nobody gets CLIENT_DEPRECATE_EOF (`legibleAnswer`), so the
 * columns and the rows of a result set both end in an EOF packet.
 */
export function answerReader(): (payload: Buffer) => boolean {
  let part: 'head' | 'columns' | 'rows' = 'head';
  return (payload) => {
    const [first] = payload;
    if (first === ERR) return true;
    if (part === 'head') {
      if (first === OK) return !hasMore(payload, afterLengths(payload));
      part = 'columns';
      return false;
    }
    if (first !== EOF || payload.length > 8) return false;
    part = part === 'columns' ? 'rows' : 'head';
    return part === 'head' && !hasMore(payload, 3);
  };
}

function hasMore(payload: Buffer, at: number): boolean {
  return (payload.readUInt16LE(at) & MORE_RESULTS) !== 0;
}

/** Where an OK packet's status flags stand: behind two length-encoded integers. */
function afterLengths(payload: Buffer): number {
  const width: Record<number, number> = { 252: 3, 253: 4, 254: 9 };
  const afterRows = 1 + (width[payload[1] ?? 0] ?? 1);
  return afterRows + (width[payload[afterRows] ?? 0] ?? 1);
}

/** CLIENT_SSL, in the second byte of the capabilities. */
const TLS = [1, 0x08] as const;
/** CLIENT_DEPRECATE_EOF, in the fourth. */
const DEPRECATE_EOF = [3, 0x01] as const;
/** Behind the version's NUL: the connection's id, eight bytes of the scramble, and one that is not used. */
const TO_CAPABILITIES = 4 + 8 + 1;

/**
 * The server's greeting (Protocol::HandshakeV10) without its offer of TLS: what is encrypted cannot be read or counted; and
 * without that of other ends of result sets.
 */
export function legibleGreeting(packet: Packet): Packet {
  const lower = 1 + packet.payload.indexOf(0, 1) + TO_CAPABILITIES;
  // Between the lower two bytes of the capabilities and the upper two stand the charset and the status.
  return without(packet, [
    [lower + TLS[0], TLS[1]],
    [lower + DEPRECATE_EOF[0] + 3, DEPRECATE_EOF[1]],
  ]);
}

/** The client's answer to it: MySQL's own programs ask for those ends whatever the server offers. */
export function legibleAnswer(packet: Packet): Packet {
  return without(packet, [DEPRECATE_EOF]);
}

function without(
  { bytes, payload, sequence }: Packet,
  flags: readonly (readonly [at: number, flag: number])[],
): Packet {
  const changed = Buffer.from(bytes);
  const header = bytes.length - payload.length;
  for (const [at, flag] of flags) changed[header + at] = (changed[header + at] ?? 0) & ~flag;
  return { bytes: changed, payload: changed.subarray(header), sequence };
}
