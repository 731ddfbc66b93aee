import { stat } from 'node:fs/promises';
import type { ByteRange } from './manifest.ts';
import { readRange } from './range.ts';
import { DumpScanner } from './scanner.ts';

/**
 * Unpacks a range of a backup that begins with a section, or with the whole. `tables`: only tables, sequences and rows.
 * In a database beside production an event would fire, and a trigger or an ALTER DATABASE that names its database would
 * reach production itself.
 */
export function readPortion(
  file: string,
  range: ByteRange,
  part: 'all' | 'tables' = 'all',
  onBytes?: (bytes: number) => void,
): AsyncGenerator<Buffer> {
  const unpacked = readRange(file, range, onBytes);
  return part === 'all' ? unpacked : tablesOnly(unpacked);
}

async function* tablesOnly(dump: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  for await (const { bytes, isStored, isPreamble } of cut(dump)) if (isPreamble || !isStored) yield bytes;
}

/** The rest of a backup: the statements, in the dump's own words and order, that make its stored objects. */
export async function readStoredText(file: string, signal?: AbortSignal): Promise<Buffer> {
  const { size } = await stat(file);
  const parts: Buffer[] = [];
  for await (const { bytes, isStored, isPreamble } of cut(readRange(file, { offset: 0, length: size }))) {
    signal?.throwIfAborted();
    // A copy: the chunk that it is a part of must not stay in memory for it.
    if (isStored || isPreamble) parts.push(Buffer.from(bytes));
  }
  return Buffer.concat(parts);
}

/** A dump in two kinds of pieces. Its preamble sets the character set and the checks that both need. */
async function* cut(dump: AsyncIterable<Buffer>) {
  const scanner = new DumpScanner({ cutsTriggers: true });
  let isPreamble = true;
  let isStored = false;
  for await (const chunk of dump) {
    for (const { begins, bytes } of scanner.read(chunk)) {
      if (begins) {
        isPreamble = false;
        isStored = begins.kind !== 'table' && begins.kind !== 'sequence';
      }
      yield { bytes, isStored, isPreamble };
    }
  }
}
