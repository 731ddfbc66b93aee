import { createHash } from 'node:crypto';
import type { FileHandle } from 'node:fs/promises';
import type { CompressBlock } from './compression.ts';

/** Bytes that are compressed as one member: large enough to compress well, small enough to keep memory flat. */
const BLOCK_BYTES = 1024 * 1024;
/** Blocks that may be in compression at once; more than that waits. */
const BLOCKS_IN_FLIGHT = 4;

/** Learns where in the compressed file a boundary came to lie. */
export type OnOffset = (offset: number) => void;

/** Compresses a stream as many small members, on several cores, and writes them in order. */
export class MemberWriter {
  readonly #file: FileHandle;
  readonly #compress: CompressBlock;
  readonly #digest = createHash('sha256');
  readonly #inFlight: { member: Promise<Buffer> | undefined; onOffset: OnOffset | undefined }[] = [];
  #block: Buffer[] = [];
  #blockBytes = 0;
  #offset = 0;

  constructor(file: FileHandle, compress: CompressBlock) {
    this.#file = file;
    this.#compress = compress;
  }

  async write(bytes: Buffer): Promise<void> {
    this.#block.push(bytes);
    this.#blockBytes += bytes.length;
    if (this.#blockBytes >= BLOCK_BYTES) await this.#seal();
  }

  /** Ends the present member, so that what follows begins at an offset of its own. */
  async boundary(onOffset: OnOffset): Promise<void> {
    await this.#seal();
    this.#inFlight.push({ member: undefined, onOffset });
  }

  /** Writes what is left; resolves with the file's size and its SHA-256. */
  async finish(): Promise<{ bytes: number; sha256: string }> {
    await this.#seal();
    while (this.#inFlight.length > 0) await this.#writeNext();
    return { bytes: this.#offset, sha256: this.#digest.digest('hex') };
  }

  async #seal(): Promise<void> {
    if (this.#blockBytes === 0) return;
    const member = this.#compress(Buffer.concat(this.#block, this.#blockBytes));
    // A failure is thrown where the member is written; until then it must not count as unhandled.
    member.catch(() => undefined);
    this.#inFlight.push({ member, onOffset: undefined });
    this.#block = [];
    this.#blockBytes = 0;
    while (this.#inFlight.length > BLOCKS_IN_FLIGHT) await this.#writeNext();
  }

  async #writeNext(): Promise<void> {
    const next = this.#inFlight.shift();
    next?.onOffset?.(this.#offset);
    const member = await next?.member;
    if (!member) return;
    this.#digest.update(member);
    await this.#file.writeFile(member);
    this.#offset += member.length;
  }
}
