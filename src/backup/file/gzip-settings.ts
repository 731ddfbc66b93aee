import { constants, type ZlibOptions } from 'node:zlib';

/** Compresses a sample with settings that are tried. */
export type TryGzip = (sample: Buffer, settings: ZlibOptions) => Promise<Buffer>;

/** Enough to fill the largest window four times. */
const SAMPLE_BYTES = 128 * 1024;
/** Rows of one table are much alike, yet not for ever. */
const BLOCKS_BETWEEN_SAMPLES = 16;

/** Fast rather than small: level 1 takes about half the time of level 6 for files about a fifth larger. */
const USUAL: ZlibOptions = { level: 1 };

/**
 * Hashes, tokens, UUIDs and ciphertext hold nothing that repeats but a few letters by chance, and looking for that is what
 * costs most. With a window of a few rows there is less of it to find, and what the rows have in common is found all the
 * same. Bytes without any pattern only get shorter codes for the more frequent of them. From slow to fast; what is measured
 * is in docs/decisions/0007-compression.md.
 */
const FASTER: readonly ZlibOptions[] = [
  { level: 1, windowBits: 11 },
  { level: 1, strategy: constants.Z_HUFFMAN_ONLY },
];

/** Compresses to less than this part of itself: the usual search is then fast, because it finds much. */
const COMPRESSES_WELL = 0.4;
/** Faster settings may make a file this much larger. */
const LARGEST_GROWTH = 1.05;

/** Settings for the blocks of one table, in their order, each by a sample of it or of one not far before it. */
export function gzipSettings(tryGzip: TryGzip): (block: Buffer) => Promise<ZlibOptions> {
  let blocks = 0;
  let settings: Promise<ZlibOptions> = Promise.resolve(USUAL);
  return (block) => {
    if (blocks++ % BLOCKS_BETWEEN_SAMPLES === 0 && block.length >= SAMPLE_BYTES) settings = choose(block, tryGzip);
    return settings;
  };
}

async function choose(block: Buffer, tryGzip: TryGzip): Promise<ZlibOptions> {
  const sample = block.subarray(0, SAMPLE_BYTES);
  const usual = (await tryGzip(sample, USUAL)).length;
  if (usual < sample.length * COMPRESSES_WELL) return USUAL;
  let chosen = USUAL;
  for (const settings of FASTER) {
    if ((await tryGzip(sample, settings)).length <= usual * LARGEST_GROWTH) chosen = settings;
  }
  return chosen;
}
