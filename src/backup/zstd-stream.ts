import type { Transform } from 'node:stream';
import { endOfFrame } from './zstd-frames.ts';

/**
 * Compresses blocks, one after the other, each into one frame, in a stream that is used over and over: what a compressor
 * needs is a megabyte of memory that would have to be found and thrown away for every block.
 */
export class ZstdStream {
  readonly #stream: Transform;
  #pieces: Buffer[] = [];
  #last: Promise<unknown> = Promise.resolve();

  /** A stream that makes a frame of each write (`flush: ZSTD_e_end`). */
  constructor(stream: Transform) {
    this.#stream = stream;
    stream.on('data', (piece: Buffer) => this.#pieces.push(piece));
    // The write that failed is told, too.
    stream.on('error', () => undefined);
  }

  /** After all blocks before it; not at all once one has failed. */
  compress(block: Buffer): Promise<Buffer> {
    const frame = this.#last.then(() => this.#compress(block));
    this.#last = frame;
    return frame;
  }

  close(): void {
    this.#stream.destroy();
  }

  async #compress(block: Buffer): Promise<Buffer> {
    await new Promise<void>((resolve, reject) => {
      this.#stream.write(block, (error) => (error ? reject(error) : resolve()));
    });
    // What the stream has not handed on by itself.
    this.#stream.read();
    const pieces = this.#pieces.splice(0);
    const frame = pieces.length === 1 && pieces[0] ? pieces[0] : Buffer.concat(pieces);
    if (endOfFrame(frame) !== frame.length) throw new Error('zstd made something else than one frame of a block');
    return frame;
  }
}
