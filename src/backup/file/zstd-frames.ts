import { Transform, type TransformCallback } from 'node:stream';

const MAGIC = 0xfd2fb528;
const DICTIONARY_ID_BYTES = [0, 1, 2, 4] as const;
const CONTENT_SIZE_BYTES = [0, 2, 4, 8] as const;
const RUN_BLOCK = 1;

/** Unpacks one whole frame. */
export type UnpackFrame = (frame: Buffer) => Promise<Buffer>;

/**
 * Unpacks frames that stand one behind another (RFC 8878, 3.1). Node's own stream ends with the first of them and drops
 * the rest without a word. A frame is held in memory: ours are those of one block.
 */
export class ZstdFrames extends Transform {
  readonly #unpack: UnpackFrame;
  #carried: Buffer = Buffer.alloc(0);

  constructor(unpack: UnpackFrame) {
    super();
    this.#unpack = unpack;
  }

  override _transform(chunk: Buffer, _encoding: string, done: TransformCallback): void {
    this.#pass(chunk).then(() => done(), done);
  }

  override _flush(done: TransformCallback): void {
    done(this.#carried.length === 0 ? null : new Error('unexpected end of file'));
  }

  async #pass(chunk: Buffer): Promise<void> {
    let bytes: Buffer = Buffer.concat([this.#carried, chunk]);
    for (let end = endOfFrame(bytes); end !== undefined; end = endOfFrame(bytes)) {
      this.push(await this.#unpack(bytes.subarray(0, end)));
      bytes = bytes.subarray(end);
    }
    this.#carried = bytes;
  }
}

/** PURE: where the frame at the beginning ends; undefined when more bytes are needed. Throws when there is no frame. */
export function endOfFrame(bytes: Buffer): number | undefined {
  if (bytes.length < 5) return undefined;
  if (bytes.readUInt32LE(0) !== MAGIC) throw new Error('incorrect header check');
  const descriptor = bytes[4] as number;
  const isSingleSegment = (descriptor & 0b10_0000) !== 0;
  const contentSize = CONTENT_SIZE_BYTES[(descriptor >> 6) as 0 | 1 | 2 | 3] || (isSingleSegment ? 1 : 0);
  const checksum = (descriptor & 0b100) === 0 ? 0 : 4;
  let at = 5 + (isSingleSegment ? 0 : 1) + DICTIONARY_ID_BYTES[(descriptor & 0b11) as 0 | 1 | 2 | 3] + contentSize;
  for (;;) {
    if (at + 3 > bytes.length) return undefined;
    const header = bytes.readUIntLE(at, 3);
    const isRun = ((header >> 1) & 0b11) === RUN_BLOCK;
    at += 3 + (isRun ? 1 : header >> 3);
    if ((header & 1) === 1) return at + checksum <= bytes.length ? at + checksum : undefined;
  }
}
