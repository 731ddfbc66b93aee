import { createHash } from 'node:crypto';
import type { FileHandle } from 'node:fs/promises';
import type { CompressBlock } from './compression.ts';

/** Bytes that are compressed as one member: large enough to compress well, small enough to keep memory flat. */
const BLOCK_BYTES = 1024 * 1024;
/** Blocks on their way into the file; more than that waits. So many that the cores have work while the dump pauses. */
const BLOCKS_IN_FLIGHT = 8;

/** Learns where in the compressed file a boundary came to lie. */
export type OnOffset = (offset: number) => void;

/** Compresses a stream as many small members, on several cores, and writes them in order. */
export class MemberWriter {
  readonly #file: FileHandle;
  readonly #newCompressor: () => CompressBlock;
  readonly #digest = createHash('sha256');
  #compress: CompressBlock;
  #block = newBlock();
  #blockBytes = 0;
  /** Blocks to fill: a new one for each member would keep the garbage collector at work. */
  readonly #free: Buffer[] = [];
  /** Each settles when a member is in the file, after all before it. */
  readonly #inFlight: Promise<void>[] = [];
  #last: Promise<void> = Promise.resolve();
  #offset = 0;

  /** `newCompressor`: makes one for the stretch up to the first boundary, and for each behind one. */
  constructor(file: FileHandle, newCompressor: () => CompressBlock) {
    this.#file = file;
    this.#newCompressor = newCompressor;
    this.#compress = newCompressor();
  }

  async write(bytes: Buffer): Promise<void> {
    let at = 0;
    while (at < bytes.length) {
      const copied = bytes.copy(this.#block, this.#blockBytes, at);
      at += copied;
      this.#blockBytes += copied;
      if (this.#blockBytes === BLOCK_BYTES) await this.#seal();
    }
  }

  /** Ends the present member, so that what follows begins at an offset of its own. */
  async boundary(onOffset: OnOffset): Promise<void> {
    await this.#seal();
    this.#compress = this.#newCompressor();
    this.#next(async () => onOffset(this.#offset));
  }

  /** Writes what is left; resolves with the file's size and its SHA-256. */
  async finish(): Promise<{ bytes: number; sha256: string }> {
    await this.#seal();
    await this.#last;
    return { bytes: this.#offset, sha256: this.#digest.digest('hex') };
  }

  async #seal(): Promise<void> {
    if (this.#blockBytes === 0) return;
    const block = this.#block;
    const member = this.#compress(block.subarray(0, this.#blockBytes));
    // A failure is thrown by whoever waits for the writing; until then it must not count as unhandled.
    member.catch(() => undefined);
    this.#next(async () => {
      const { bytes, free } = await member;
      await this.#append(bytes);
      free();
      this.#free.push(block);
    });
    this.#inFlight.push(this.#last);
    if (this.#inFlight.length >= BLOCKS_IN_FLIGHT) await this.#inFlight.shift();
    this.#block = this.#free.pop() ?? newBlock();
    this.#blockBytes = 0;
  }

  /** After everything before it; not at all once something has failed. */
  #next(task: () => Promise<void>): void {
    this.#last = this.#last.then(task);
    this.#last.catch(() => undefined);
  }

  async #append(member: Buffer): Promise<void> {
    this.#digest.update(member);
    await this.#file.writeFile(member);
    this.#offset += member.length;
  }
}

function newBlock(): Buffer {
  return Buffer.allocUnsafeSlow(BLOCK_BYTES);
}
