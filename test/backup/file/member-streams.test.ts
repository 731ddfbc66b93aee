import { randomBytes } from 'node:crypto';
import { Readable, Transform } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { compressionProblem, createCompressor, createDecompressor } from '../../../src/backup/file/compression.ts';
import { MemberStreams } from '../../../src/backup/file/member-streams.ts';
import { endOfFrame } from '../../../src/backup/file/zstd-frames.ts';

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
  const rewound: Transform[] = [];
  const open = () => {
    const stream = streamOf(make);
    opened.push(stream);
    return { stream, rewind: () => rewound.push(stream) };
  };
  const isMemberOf = (frame: Buffer) => endOfFrame(frame) === frame.length;
  return { opened, rewound, streams: new MemberStreams({ open, isMemberOf }, atOnce) };
};

it('makes one member of each block, in streams that are used again once their member is free', async () => {
  const { opened, rewound, streams } = framesOf(frameOf, 2);
  for (let round = 0; round < 2; round++) {
    const made = await Promise.all(BLOCKS.map((block) => streams.compress(block, undefined)));
    expect(made.map(({ bytes }) => bytes)).toEqual(BLOCKS.map(frameOf));
    expect(opened.length).toBe(3);
    expect(rewound.length).toBe(round * 3);
    for (const member of made) member.free();
  }
  expect(new Set(rewound)).toEqual(new Set(opened));
  streams.close();
  expect(opened.map(({ destroyed }) => destroyed)).toEqual([true, true, true]);
});

it('compresses as many blocks at once as it may', async () => {
  let atWork = 0;
  let most = 0;
  const open = () => {
    const stream = new Transform({
      async transform(block: Buffer, _, done) {
        most = Math.max(most, ++atWork);
        await sleep(1);
        atWork--;
        done(null, frameOf(block));
      },
    });
    return { stream, rewind: () => undefined };
  };
  const streams = new MemberStreams({ open, isMemberOf: () => true }, 2);
  await Promise.all([...BLOCKS, ...BLOCKS].map((block) => streams.compress(block, undefined)));
  expect(most).toBe(2);
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
  const compress = compressor.forTable();
  const unpacked: Buffer[] = [];
  for (const round of [blocks, blocks.toReversed()]) {
    const members = await Promise.all(round.map(compress));
    const frames = Readable.from(members.map(({ bytes }) => bytes)).pipe(createDecompressor(compression));
    for await (const chunk of frames) unpacked.push(chunk as Buffer);
    for (const member of members) member.free();
  }
  compressor.close();
  expect(Buffer.concat(unpacked).equals(Buffer.concat([...blocks, ...blocks.toReversed()]))).toBe(true);
});

it.each(['gzip', 'zstd'] as const)('%s writes each member where the one before it was', async (compression) => {
  if (compressionProblem(compression) !== undefined) return;
  const compressor = createCompressor(compression);
  const compress = compressor.forTable();
  const memory = new Set<ArrayBufferLike>();
  // What does not shrink, and what does.
  for (const block of [
    randomBytes(1_048_576),
    randomBytes(1_048_576),
    Buffer.alloc(1_048_576),
    randomBytes(1_048_576),
  ]) {
    const member = await compress(block);
    memory.add(member.bytes.buffer);
    member.free();
  }
  compressor.close();
  expect(memory.size).toBe(1);
});
