import { randomBytes } from 'node:crypto';
import { Readable, Transform } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { compressionProblem, createCompressor, createDecompressor } from '../../src/backup/compression.ts';
import { ZstdStream } from '../../src/backup/zstd-stream.ts';

/** A frame of one block that is stored as it is. */
function frameOf(block: Buffer): Buffer {
  const header = Buffer.from('28b52ffd0058000000', 'hex').subarray(0, 6);
  const size = Buffer.alloc(3);
  size.writeUIntLE((block.length << 3) | 1, 0, 3);
  return Buffer.concat([header, size, block]);
}

/** Hands on what `make` makes of each write, in two pieces, after a while. */
function streamOf(make: (block: Buffer) => Buffer): Transform {
  return new Transform({
    async transform(block: Buffer, _, done) {
      await sleep(1);
      try {
        const made = make(block);
        this.push(made.subarray(0, 7));
        this.push(made.subarray(7));
        done();
      } catch (error) {
        done(error as Error);
      }
    },
  });
}

const BLOCKS = ['first', 'the second', '3'].map((text) => Buffer.from(text));

it('makes one frame of each block, in their order', async () => {
  const zstd = new ZstdStream(streamOf(frameOf));
  expect(await Promise.all(BLOCKS.map((block) => zstd.compress(block)))).toEqual(BLOCKS.map(frameOf));
  zstd.close();
});

it('takes nothing else for a frame, and nothing more after a failure', async () => {
  const twice = new ZstdStream(streamOf((block) => Buffer.concat([frameOf(block), frameOf(block)])));
  await expect(twice.compress(Buffer.from('once'))).rejects.toThrow(
    /^zstd made something else than one frame of a block$/,
  );
  const failing = new ZstdStream(
    streamOf(() => {
      throw new Error('no memory');
    }),
  );
  const ends = await Promise.allSettled(BLOCKS.map((block) => failing.compress(block)));
  expect(ends.map((end) => (end.status === 'rejected' ? end.reason.message : 'made'))).toEqual(
    Array(3).fill('no memory'),
  );
});

it('is what Node unpacks again, or is refused where Node has no zstd', async () => {
  const problem = compressionProblem('zstd');
  if (problem !== undefined) {
    expect(() => createCompressor('zstd')).toThrow(problem);
    return;
  }
  const compressor = createCompressor('zstd');
  const blocks = [1, 300_000, 1_048_576, 1_048_576, 77].map((size, at) => randomBytes(size).fill(at, size >> 1));
  const frames = await Promise.all(blocks.map((block) => compressor.forTable()(block)));
  compressor.close();
  const unpacked: Buffer[] = [];
  for await (const chunk of Readable.from(frames).pipe(createDecompressor('zstd'))) unpacked.push(chunk as Buffer);
  expect(Buffer.concat(unpacked).equals(Buffer.concat(blocks))).toBe(true);
});
