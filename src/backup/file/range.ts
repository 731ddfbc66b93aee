import { createReadStream } from 'node:fs';
import { pipeline } from 'node:stream';
import { messageOf } from '../../errors.ts';
import { compressionOf, createDecompressor } from './compression.ts';
import type { ByteRange } from './manifest.ts';

const READ_BYTES = 256 * 1024;

/**
 * Unpacks one range of a backup, which begins with a compressed member of its own. `onBytes` is told how many compressed
 * bytes were read since its last call. Throws an error that names the file.
 */
export async function* readRange(
  file: string,
  { offset, length }: ByteRange,
  onBytes?: (bytes: number) => void,
): AsyncGenerator<Buffer> {
  // A range without a byte cannot be said in terms of a first and a last one.
  if (length === 0) return;
  const input = createReadStream(file, { start: offset, end: offset + length - 1, highWaterMark: READ_BYTES });
  if (onBytes) input.on('data', (chunk) => onBytes(chunk.length));
  // Errors of both come out of the one that is read.
  const unpacked = pipeline(input, createDecompressor(compressionOf(file)), () => undefined);
  try {
    for await (const chunk of unpacked as unknown as AsyncIterable<Buffer>) yield chunk;
  } catch (error) {
    throw new Error(`${file} could not be read to its end: ${messageOf(error)}`);
  }
}
