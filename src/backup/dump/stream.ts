import { type CreatedCounts, DumpScanner, type Section } from '../file/scanner.ts';
import { SectionDigest } from '../file/section-digest.ts';

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

/** Who wants to know how far it is. */
export interface DumpListener {
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
  const scanner = new DumpScanner();
  const sections: DumpedSection[] = [];
  let preamble = '';
  let rawBytes = 0;
  for await (const chunk of dump) {
    for (const { begins, bytes, rows } of scanner.read(chunk)) {
      if (begins) {
        const previous = sections.at(-1);
        if (previous) listener.onSectionRead?.(previous);
        await beginSection(begins, sections, writer);
      }
      const current = sections.at(-1);
      if (current) addTo(current, bytes, rows);
      else preamble += bytes.toString('utf8');
      rawBytes += bytes.length;
      await writer.write(bytes);
    }
    listener.onRawBytes?.(rawBytes);
  }
  const last = sections.at(-1);
  if (last) listener.onSectionRead?.(last);
  const whole = await writer.finish();
  if (last) last.end = whole.bytes;
  return { sections, created: scanner.created, preamble, rawBytes, isComplete: scanner.isComplete, ...whole };
}

async function beginSection(section: Section, sections: DumpedSection[], writer: DumpWriter): Promise<void> {
  const previous = sections.at(-1);
  const next: DumpedSection = { section, rows: 0, rawBytes: 0, digest: new SectionDigest(), offset: 0, end: 0 };
  sections.push(next);
  await writer.boundary((offset) => {
    next.offset = offset;
    if (previous) previous.end = offset;
  });
}

function addTo(current: DumpedSection, bytes: Buffer, rows: number): void {
  current.digest.update(bytes);
  current.rows += rows;
  current.rawBytes += bytes.length;
}
