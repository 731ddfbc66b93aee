import { type CreatedCounts, DumpScanner, type Piece, type Section } from '../file/scanner.ts';
import { SectionDigest } from '../file/section-digest.ts';
import { ReadAhead } from './read-ahead.ts';

/** What was learnt about one section of a dump while it streamed by. */
export interface DumpedSection {
  readonly section: Section;
  rows: number;
  rawBytes: number;
  readonly digest: SectionDigest;
  /** Where it begins in the compressed file, and where what follows begins. */
  offset: number;
  end: number;
}

/** Takes a dump; `MemberWriter` writes it to a file. */
export interface DumpWriter {
  write(bytes: Buffer): Promise<void>;
  /** What follows begins at an offset of its own, which is told once it is known. */
  boundary(onOffset: (offset: number) => void): Promise<void>;
  /** Resolves with the size of what was written and its SHA-256. */
  finish(): Promise<{ bytes: number; sha256: string }>;
}

/** Takes a dump of which only the digests are wanted. */
export const NOWHERE: DumpWriter = {
  write: async () => undefined,
  boundary: async () => undefined,
  finish: async () => ({ bytes: 0, sha256: '' }),
};

/** A whole dump, written. */
export interface Dumped {
  readonly sections: readonly DumpedSection[];
  readonly created: CreatedCounts;
  /** The SQL in front of the first section. */
  readonly preamble: string;
  readonly rawBytes: number;
  /** The dump program's last line was there, with nothing behind it. */
  readonly isComplete: boolean;
  /** Size and SHA-256 of the compressed file. */
  readonly bytes: number;
  readonly sha256: string;
}

/** What a dump cannot tell by itself, and gets behind the rows of a table. */
export interface Additions {
  dumpHasBegun(): Promise<void>;
  behindRows(table: string): AsyncIterable<string>;
}

/** Who wants to know how far it is. */
export interface DumpListener {
  readonly additions?: Additions | undefined;
  /** The dump has its snapshot, and holds no lock that others wait for. */
  onBegun?(): void;
  onRawBytes?(total: number): void;
  /** Rows and digest of a section are complete; its place in the file is not known yet. */
  onSectionRead?(section: DumpedSection): void;
}

/**
 * Reads a dump to its end and writes it, each section as members of its own, so that it can be read without what stands
 * before it. Memory stays flat: what is not compressed yet holds the reading back.
 */
export async function streamDump(
  dump: AsyncIterable<Buffer>,
  writer: DumpWriter,
  listener: DumpListener = {},
): Promise<Dumped> {
  // Additions stand in front of the triggers, which must not fire for them.
  const scanner = new DumpScanner({ cutsTriggers: listener.additions !== undefined });
  const source = new ReadAhead(dump);
  const reader = new SectionReader(writer, listener, source);
  for await (const chunk of source) {
    for (const piece of scanner.read(chunk)) await reader.read(piece);
    listener.onRawBytes?.(reader.rawBytes);
  }
  const { sections, preamble, rawBytes } = reader;
  const last = sections.at(-1);
  await reader.endSection();
  const whole = await writer.finish();
  if (last) last.end = whole.bytes;
  return { sections, created: scanner.created, preamble, rawBytes, isComplete: scanner.isComplete, ...whole };
}

class SectionReader {
  readonly sections: DumpedSection[] = [];
  preamble = '';
  rawBytes = 0;
  readonly #writer: DumpWriter;
  readonly #listener: DumpListener;
  readonly #source: ReadAhead;
  /** The table whose rows have not ended. */
  #table: string | undefined;

  constructor(writer: DumpWriter, listener: DumpListener, source: ReadAhead) {
    this.#writer = writer;
    this.#source = source;
    this.#listener = listener;
  }

  async read({ begins, bytes, rows }: Piece): Promise<void> {
    if (begins?.kind === 'triggers') await this.#endRows();
    else if (begins) await this.#begin(begins);
    await this.#add(bytes, rows);
    this.rawBytes += bytes.length;
  }

  async endSection(): Promise<void> {
    await this.#endRows();
    const previous = this.sections.at(-1);
    if (previous) this.#listener.onSectionRead?.(previous);
  }

  async #begin(section: Section): Promise<void> {
    await this.endSection();
    const previous = this.sections.at(-1);
    if (!previous) {
      this.#listener.onBegun?.();
      await this.#listener.additions?.dumpHasBegun();
    }
    const next: DumpedSection = { section, rows: 0, rawBytes: 0, digest: new SectionDigest(), offset: 0, end: 0 };
    this.sections.push(next);
    if (section.kind === 'table') this.#table = section.name;
    await this.#writer.boundary((offset) => {
      next.offset = offset;
      if (previous) previous.end = offset;
    });
  }

  async #endRows(): Promise<void> {
    const table = this.#table;
    this.#table = undefined;
    const { additions } = this.#listener;
    if (table === undefined || !additions) return;
    await this.#source.during(async () => {
      for await (const text of additions.behindRows(table)) await this.#add(Buffer.from(text), 0);
    });
  }

  async #add(bytes: Buffer, rows: number): Promise<void> {
    const current = this.sections.at(-1);
    if (current) {
      current.digest.update(bytes);
      current.rows += rows;
      current.rawBytes += bytes.length;
    } else this.preamble += bytes.toString('utf8');
    await this.#writer.write(bytes);
  }
}
