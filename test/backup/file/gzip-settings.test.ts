import { randomBytes } from 'node:crypto';
import { promisify } from 'node:util';
import { constants, gunzipSync, gzip as gzipWithCallback, type ZlibOptions } from 'node:zlib';
import { expect, it } from 'vitest';
import { createCompressor } from '../../../src/backup/file/compression.ts';
import { gzipSettings } from '../../../src/backup/file/gzip-settings.ts';

const gzip = promisify<Buffer, ZlibOptions, Buffer>(gzipWithCallback);
const BLOCK_BYTES = 1024 * 1024;

/** A block of an INSERT with rows of this kind. */
function blockOf(row: (id: number) => string): Buffer {
  const rows: string[] = [];
  for (let bytes = 0; bytes < BLOCK_BYTES; bytes += rows.at(-1)?.length ?? 0)
    rows.push(`(${rows.length},${row(rows.length)}),`);
  return Buffer.from(rows.join('')).subarray(0, BLOCK_BYTES);
}

const WORDS = 'the call was ended by our agent after a long talk about nothing in particular and a second one'.split(
  ' ',
);
const prose = blockOf((id) => `'${WORDS.map((_, index) => WORDS[(id * 7 + index * index) % WORDS.length]).join(' ')}'`);
const hash = () => randomBytes(32).toString('hex');
const tokens = blockOf(() => `'${hash()}','${hash()}','open','2026-01-01 10:00:00'`);
const noise = randomBytes(BLOCK_BYTES);

it.each([
  ['text that repeats itself, in the largest window', prose, { level: 1 }],
  ['tokens, in a small window', tokens, { level: 1, windowBits: 11 }],
  ['bytes without a pattern, without a search', noise, { level: 1, strategy: constants.Z_HUFFMAN_ONLY }],
])('compresses %s', async (_, block, expected) => {
  expect(await gzipSettings(gzip)(block)).toEqual(expected);
});

it('looks again after sixteen blocks', async () => {
  const settingsFor = gzipSettings(gzip);
  const chosen = [await settingsFor(prose)];
  for (let block = 0; block < 16; block++) chosen.push(await settingsFor(tokens));
  expect(chosen.map(({ windowBits }) => windowBits)).toEqual([...Array(16).fill(undefined), 11]);
});

it('takes the usual ones for what is too small to be a sample', async () => {
  expect(await gzipSettings(gzip)(tokens.subarray(0, 100_000))).toEqual({ level: 1 });
});

it.each([
  ['text', prose],
  ['tokens', tokens],
  ['noise', noise],
])('makes members of %s that gunzip reads, hardly larger than with the usual settings', async (_, block) => {
  const { bytes: member } = await createCompressor('gzip').forTable()(block);
  expect(gunzipSync(member).equals(block)).toBe(true);
  expect(member.length).toBeLessThan((await gzip(block, { level: 1 })).length * 1.06);
});
