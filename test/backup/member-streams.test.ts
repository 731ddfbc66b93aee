import { randomBytes } from 'node:crypto';
import { Readable, Transform } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { compressionProblem, createCompressor, createDecompressor } from '../../src/backup/compression.ts';
import { MemberStreams } from '../../src/backup/member-streams.ts';
import { endOfFrame } from '../../src/backup/zstd-frames.ts';

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

const framesOf = (make: (block: Buffer) => Buffer, atOnce: number) => {
  const opened: Transform[] = [];
  const open = () => {
    const stream = streamOf(make);
    opened.push(stream);
    return { stream };
  };
  const isMemberOf = (frame: Buffer) => endOfFrame(frame) === frame.length;
  return { opened, streams: new MemberStreams({ open, isMemberOf }, atOnce) };
};

it('makes one member of each block, in as few streams as work at once', async () => {
  const { opened, streams } = framesOf(frameOf, 2);
  for (let round = 0; round < 2; round++) {
    const made = await Promise.all(BLOCKS.map((block) => streams.compress(block, undefined)));
    expect(made).toEqual(BLOCKS.map(frameOf));
  }
  expect(opened.length).toBe(2);
  streams.close();
  expect(opened.map(({ destroyed }) => destroyed)).toEqual([true, true]);
});

it('takes nothing else for a member, and uses no stream again that has failed', async () => {
  const { streams: twice } = framesOf((block) => Buffer.concat([frameOf(block), frameOf(block)]), 1);
  await expect(twice.compress(Buffer.from('once'), undefined)).rejects.toThrow(
    /^a block was compressed into something else$/,
  );
  const { opened, streams } = framesOf(() => {
    throw new Error('no memory');
  }, 1);
  const ends = await Promise.allSettled(BLOCKS.map((block) => streams.compress(block, undefined)));
  expect(ends.map((end) => (end.status === 'rejected' ? end.reason.message : 'made'))).toEqual(
    Array(3).fill('no memory'),
  );
  expect(opened.length).toBe(3);
});

it.each(['gzip', 'zstd'] as const)('%s is what Node unpacks again, or is refused', async (compression) => {
  const problem = compressionProblem(compression);
  if (problem !== undefined) {
    expect(() => createCompressor(compression)).toThrow(problem);
    return;
  }
  const compressor = createCompressor(compression);
  const blocks = [1, 300_000, 1_048_576, 1_048_576, 77].map((size, at) => randomBytes(size).fill(at, size >> 1));
  const frames = await Promise.all(blocks.map((block) => compressor.forTable()(block)));
  compressor.close();
  const unpacked: Buffer[] = [];
  for await (const chunk of Readable.from(frames).pipe(createDecompressor(compression))) unpacked.push(chunk as Buffer);
  expect(Buffer.concat(unpacked).equals(Buffer.concat(blocks))).toBe(true);
});
