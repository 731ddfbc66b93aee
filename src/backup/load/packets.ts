import { splitInsert } from './long-insert.ts';

const NEWLINE = 0x0a;
const SEMICOLON = 0x3b;
const INSERT = Buffer.from('INSERT INTO `');
/** What the protocol adds to a statement. */
const MARGIN = 1024;

/**
 * The same SQL in statements that a server takes whose packets hold `packetBytes`: as SQL a row can be twice as long as it was
 * when it came in. Is given whole statements of a dump, where a line break is never part of a value. Throws when a single
 * value is longer than that.
 */
export async function* fitPackets(sql: AsyncIterable<Buffer>, packetBytes: number): AsyncGenerator<Buffer> {
  const lines = new Lines();
  let insert: Buffer[] = [];
  for await (const chunk of sql) {
    for (const { bytes, ofInsert, isEnd } of lines.read(chunk)) {
      if (!ofInsert) yield bytes;
      else {
        insert.push(bytes);
        if (!isEnd) continue;
        yield* cutToFit(insert, packetBytes - MARGIN);
        insert = [];
      }
    }
  }
  yield* cutToFit(insert, packetBytes - MARGIN);
  yield lines.rest;
}

function cutToFit(parts: readonly Buffer[], most: number): Iterable<Buffer> {
  const bytes = parts.reduce((sum, { length }) => sum + length, 0);
  return bytes <= most ? parts : splitInsert(Buffer.concat(parts), most);
}

interface Stretch {
  readonly bytes: Buffer;
  readonly ofInsert: boolean;
  /** With it the INSERT ends. */
  readonly isEnd: boolean;
}

/** Tells the INSERTs of a dump from the rest of it. */
class Lines {
  /** Bytes of which it is not known yet whether an INSERT begins with them. */
  rest: Buffer = Buffer.alloc(0);
  #isLineStart = true;
  #isInInsert = false;
  #lastByte = 0;

  *read(chunk: Buffer): Generator<Stretch> {
    const bytes = this.rest.length > 0 ? Buffer.concat([this.rest, chunk]) : chunk;
    let at = 0;
    let start = 0;
    while (at < bytes.length) {
      if (this.#isLineStart && !this.#isInInsert) {
        const begins = beginsInsert(bytes, at);
        if (begins === undefined) break;
        if (begins && at > start) yield { bytes: bytes.subarray(start, at), ofInsert: false, isEnd: false };
        if (begins) start = at;
        this.#isInInsert = begins;
      }
      const newline = bytes.indexOf(NEWLINE, at);
      const end = newline === -1 ? bytes.length : newline + 1;
      const beforeEnd = newline > at ? bytes[newline - 1] : this.#lastByte;
      this.#isLineStart = newline !== -1;
      this.#lastByte = bytes[end - 1] ?? 0;
      at = end;
      if (!this.#isInInsert || newline === -1 || beforeEnd !== SEMICOLON) continue;
      this.#isInInsert = false;
      yield { bytes: bytes.subarray(start, at), ofInsert: true, isEnd: true };
      start = at;
    }
    if (at > start) yield { bytes: bytes.subarray(start, at), ofInsert: this.#isInInsert, isEnd: false };
    this.rest = bytes.subarray(at);
  }
}

/** Undefined: the bytes end before it can be told. */
function beginsInsert(bytes: Buffer, at: number): boolean | undefined {
  const there = Math.min(INSERT.length, bytes.length - at);
  if (bytes.compare(INSERT, 0, there, at, at + there) !== 0) return false;
  return there === INSERT.length ? true : undefined;
}
