import type { Stats } from 'node:fs';
import { type FileHandle, open, stat } from 'node:fs/promises';
import { beginsEntry } from './fingerprint.ts';

/** Where reading goes on. */
export interface Place {
  readonly inode: number;
  readonly offset: number;
}

export interface Read {
  /** Entries that are complete, in their order. */
  readonly entries: readonly string[];
  /** Bytes that were passed over, because more came than can be read between two looks. */
  readonly skipped: number;
}

const CHUNK = 1 << 20;
/** Of one look: 100,000 lines a second of usual length, for five seconds. */
const MOST_BYTES = 64 << 20;
/** Of an entry; the rest of it tells nobody more. */
const LONGEST_ENTRY = 64 << 10;
const LINE_END = 0x0a;

/**
 * Follows one log file by its name: it may be renamed, truncated, deleted, or not be there yet. The file that was open is
 * read to its end before the one that took its name.
 */
export class LogFollower {
  readonly path: string;
  #file: FileHandle | undefined;
  #place: Place | undefined;
  /** A line whose end is not written yet: its beginning, and how long it is. */
  #half: Buffer = Buffer.alloc(0);
  #halfBytes = 0;
  /** An entry that may have more lines, and how long it is. */
  #open: string | undefined;
  #openBytes = 0;
  #openAtLastLook: string | undefined;
  #hasStamps = false;
  #fromStart: boolean;

  /** `from`: where an earlier watch, or the note before the deploy, stopped; default: the end of what is there. */
  constructor(path: string, from?: Place) {
    this.path = path;
    this.#place = from;
    this.#fromStart = from !== undefined;
  }

  /** Behind the last entry that was told. */
  get place(): Place | undefined {
    return this.#place && { ...this.#place, offset: this.#place.offset - this.#halfBytes - this.#openBytes };
  }

  /** Throws when the file is there and cannot be read. */
  async read(): Promise<Read> {
    const entries: string[] = [];
    let skipped = 0;
    if (this.#file) skipped += await this.#drain(this.#file, entries);
    const now = await stat(this.path).catch(notThere);
    if (now && (!this.#file || now.ino !== this.#place?.inode || now.size < this.#place.offset)) {
      await this.#change(now, entries);
      if (this.#file) skipped += await this.#drain(this.#file, entries);
    }
    if (!now) this.#fromStart = true;
    return { entries: this.#withOpen(entries), skipped };
  }

  async close(): Promise<void> {
    await this.#file?.close();
    this.#file = undefined;
  }

  /** Another file has the name now, or the same one begins again. */
  async #change(now: Stats, entries: string[]): Promise<void> {
    if (!now.isFile()) throw new Error('it is not a file');
    const isSame = this.#place?.inode === now.ino && now.size >= this.#place.offset;
    const offset = isSame ? (this.#place?.offset ?? 0) : this.#fromStart || this.#file ? 0 : now.size;
    await this.close();
    this.#endFile(entries);
    this.#file = await open(this.path, 'r');
    this.#place = { inode: now.ino, offset };
    this.#fromStart = true;
  }

  async #drain(file: FileHandle, entries: string[]): Promise<number> {
    const { size } = await file.stat();
    const place = this.#place;
    if (!place || size <= place.offset) return 0;
    const skipped = Math.max(0, size - place.offset - MOST_BYTES);
    if (skipped > 0) this.#takeHalf();
    let offset = place.offset + skipped;
    const chunk = Buffer.allocUnsafe(Math.min(CHUNK, size - offset));
    while (offset < size) {
      const { bytesRead } = await file.read(chunk, 0, Math.min(chunk.length, size - offset), offset);
      if (bytesRead === 0) break;
      offset += bytesRead;
      this.#take(chunk.subarray(0, bytesRead), entries);
    }
    this.#place = { ...place, offset };
    return skipped;
  }

  #take(bytes: Buffer, entries: string[]): void {
    let from = 0;
    for (let end = bytes.indexOf(LINE_END); end >= 0; end = bytes.indexOf(LINE_END, from)) {
      const length = this.#halfBytes + end - from + 1;
      const half = this.#takeHalf();
      const line = bytes.subarray(from, Math.min(end, from + LONGEST_ENTRY));
      this.#line(half.length > 0 ? Buffer.concat([half, line]) : line, length, entries);
      from = end + 1;
    }
    const rest = bytes.subarray(from, from + Math.max(0, LONGEST_ENTRY - this.#half.length));
    this.#half = Buffer.concat([this.#half, rest]);
    this.#halfBytes += bytes.length - from;
  }

  #takeHalf(): Buffer {
    const half = this.#half;
    this.#half = Buffer.alloc(0);
    this.#halfBytes = 0;
    return half;
  }

  #line(bytes: Buffer, length: number, entries: string[]): void {
    const line = bytes.subarray(0, LONGEST_ENTRY).toString('utf8').replace(/\r$/, '');
    const begins = beginsEntry(line);
    this.#hasStamps ||= begins;
    if (begins || !this.#hasStamps || this.#open === undefined) {
      this.#tell(entries);
      this.#open = line;
    } else if (this.#open.length < LONGEST_ENTRY) this.#open += `\n${line}`;
    this.#openBytes += length;
  }

  #tell(entries: string[]): void {
    if (this.#open !== undefined) entries.push(this.#open);
    this.#open = undefined;
    this.#openBytes = 0;
  }

  /** The file goes on under another name: what it ended with is whole. */
  #endFile(entries: string[]): void {
    const length = this.#halfBytes;
    if (length > 0) this.#line(this.#takeHalf(), length, entries);
    this.#tell(entries);
  }

  /** The last entry is told when nothing of it has come since the look before, or where every line is an entry. */
  #withOpen(entries: string[]): string[] {
    const isWhole = !this.#hasStamps || (this.#halfBytes === 0 && this.#open === this.#openAtLastLook);
    this.#openAtLastLook = this.#open;
    if (isWhole) this.#tell(entries);
    return entries;
  }
}

function notThere(error: NodeJS.ErrnoException): undefined {
  if (error.code !== 'ENOENT' && error.code !== 'ENOTDIR') throw error;
}
