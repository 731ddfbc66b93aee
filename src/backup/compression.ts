import { promisify } from 'node:util';
import * as zlib from 'node:zlib';
import { gzipSettings } from './gzip-settings.ts';
import { ZstdFrames } from './zstd-frames.ts';

export type Compression = 'gzip' | 'zstd';

/** Compresses one block into a member that can stand behind other members: RFC 1952 §2.2, RFC 8878 §3.1. */
export type CompressBlock = (block: Buffer) => Promise<Buffer>;

/**
 * What is made of a block in one go: nearly every member whole, else it is put together from pieces. Node's default are
 * sixteen kilobytes, each a turn of the event loop.
 */
const OUTPUT_BYTES = 768 * 1024;

/** Node has zstd since 22.15; its types here are those of Node 20. */
const zstd = zlib as unknown as {
  zstdCompress?: (
    block: Buffer,
    options: { readonly chunkSize: number; readonly params: Readonly<Record<number, number>> },
    callback: (error: Error | null, result: Buffer) => void,
  ) => void;
  zstdDecompress?: (frame: Buffer, callback: (error: Error | null, result: Buffer) => void) => void;
};

/** ZSTD_c_compressionLevel in zstd.h; Node 20 has no name for it. */
const ZSTD_LEVEL = 100;
/** Twice as fast as its default level, 3, for rows that are a few percent larger, or even smaller. */
const ZSTD = { chunkSize: OUTPUT_BYTES, params: { [ZSTD_LEVEL]: 1 } };

const TOO_OLD = `zstd needs Node 22.15 or newer, this is Node ${process.versions.node}`;

/** Why a compression cannot be used here; undefined when it can. */
export function compressionProblem(compression: Compression): string | undefined {
  if (compression === 'gzip' || zstd.zstdCompress) return undefined;
  return TOO_OLD;
}

/**
 * For the blocks of one table: it learns from the first what suits the next. Works in Node's thread pool: several blocks at
 * once use several cores.
 */
export function blockCompressor(compression: Compression): CompressBlock {
  if (compression === 'zstd' && zstd.zstdCompress) {
    const compress = promisify(zstd.zstdCompress);
    return (block) => compress(block, ZSTD);
  }
  const gzip = promisify<Buffer, zlib.ZlibOptions, Buffer>(zlib.gzip);
  const settingsFor = gzipSettings(gzip);
  return async (block) => gzip(block, { chunkSize: OUTPUT_BYTES, ...(await settingsFor(block)) });
}

/** What a decompressor hands on at once: with Node's default of 16 KiB every megabyte takes 64 turns through its threads. */
const UNPACKED_BYTES = 256 * 1024;

export function createDecompressor(compression: Compression): import('node:stream').Duplex {
  if (compression === 'gzip') return zlib.createGunzip({ chunkSize: UNPACKED_BYTES });
  if (!zstd.zstdDecompress) throw new Error(TOO_OLD);
  return new ZstdFrames(promisify(zstd.zstdDecompress));
}

/** `.gz` or `.zst`. */
export function fileSuffix(compression: Compression): string {
  return compression === 'gzip' ? '.gz' : '.zst';
}

/** By the file's name. */
export function compressionOf(path: string): Compression {
  return path.endsWith('.zst') ? 'zstd' : 'gzip';
}
