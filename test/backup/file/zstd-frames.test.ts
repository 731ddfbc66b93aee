import { Readable } from 'node:stream';
import { expect, it } from 'vitest';
import { endOfFrame, ZstdFrames } from '../../../src/backup/file/zstd-frames.ts';

/** The header of a frame and of its one raw block of three bytes; a checksum ends it. */
const FRAME = Buffer.from('28b52ffd0458190000', 'hex');
const WITH_CHECKSUM = Buffer.concat([FRAME, Buffer.from('one'), Buffer.from('00000000', 'hex')]);

async function lengthsIn(bytes: Buffer, chunk: number): Promise<number[]> {
  const chunks = Array.from({ length: Math.ceil(bytes.length / chunk) }, (_, at) =>
    bytes.subarray(at * chunk, (at + 1) * chunk),
  );
  const lengths: number[] = [];
  const frames = Readable.from(chunks).pipe(new ZstdFrames(async (frame) => Buffer.from([frame.length])));
  for await (const unpacked of frames) lengths.push(...(unpacked as Buffer));
  return lengths;
}

it('finds every frame, however the bytes come', async () => {
  expect(endOfFrame(WITH_CHECKSUM)).toBe(WITH_CHECKSUM.length);
  const three = Buffer.concat([WITH_CHECKSUM, WITH_CHECKSUM, WITH_CHECKSUM]);
  for (const chunk of [1, 5, 17, 100])
    expect(await lengthsIn(three, chunk)).toEqual(Array(3).fill(WITH_CHECKSUM.length));
});

it('tells what is no frame, and half of one', async () => {
  expect(() => endOfFrame(Buffer.from('no frame'))).toThrow('incorrect header check');
  const unpacked = new ZstdFrames(async (frame) => frame);
  const failed = new Promise<Error>((resolve) => unpacked.once('error', resolve));
  unpacked.end(WITH_CHECKSUM.subarray(0, -1));
  expect((await failed).message).toBe('unexpected end of file');
});
