import type { Transform } from 'node:stream';
import { promisify } from 'node:util';
import * as zlib from 'node:zlib';
import { gzipSettings } from './gzip-settings.ts';
import { ZstdFrames } from './zstd-frames.ts';
import { ZstdStream } from './zstd-stream.ts';

export type Compression = 'gzip' | 'zstd';

/** Compresses one block into a member that can stand behind other members: RFC 1952 §2.2, RFC 8878 §3.1. */
export type CompressBlock = (block: Buffer) => Promise<Buffer>;

/** Compresses the blocks of a backup. */
export interface Compressor {
  /** For the blocks of one table: it may learn from the first what suits the next. */
  forTable(): CompressBlock;
  /** Frees what it holds. */
  close(): void;
}

/**
 * What is made of a block in one go: nearly every member of gzip whole, else it is put together from pieces. Node's
 * default are sixteen kilobytes, each a turn of the event loop.
 */
const GZIP_OUTPUT_BYTES = 768 * 1024;
/** Room for several frames: as long as a whole block would fit in, zstd writes to it without a buffer of its own. */
const ZSTD_OUTPUT_BYTES = 4 * 1024 * 1024;

/** Node has zstd since 22.15; its types here are those of Node 20. */
const zstd = zlib as unknown as {
  createZstdCompress?: (options: {
    readonly chunkSize: number;
    readonly flush: number;
    readonly params: Readonly<Record<number, number>>;
  }) => Transform;
  zstdDecompress?: (frame: Buffer, callback: (error: Error | null, result: Buffer) => void) => void;
};

/** ZSTD_c_compressionLevel and ZSTD_e_end in zstd.h; Node 20 has no names for them. */
const ZSTD_LEVEL = 100;
const ZSTD_END = 2;
/** Twice as fast as its default level, 3, for rows that are a few percent larger, or even smaller. */
const ZSTD = { chunkSize: ZSTD_OUTPUT_BYTES, flush: ZSTD_END, params: { [ZSTD_LEVEL]: 1 } };

const TOO_OLD = `zstd needs Node 22.15 or newer, this is Node ${process.versions.node}`;

/** Why a compression cannot be used here; undefined when it can. */
export function compressionProblem(compression: Compression): string | undefined {
  if (compression === 'gzip' || zstd.createZstdCompress) return undefined;
  return TOO_OLD;
}

/**
 * Works in Node's thread pool: several blocks of gzip at once use several cores. zstd is more than twice as fast as any
 * dump program, so one thread of it is enough, and leaves the cores to the program and the server.
 */
export function createCompressor(compression: Compression): Compressor {
  if (compression === 'gzip') return { forTable: gzipForTable, close: () => undefined };
  if (!zstd.createZstdCompress) throw new Error(TOO_OLD);
  const stream = new ZstdStream(zstd.createZstdCompress(ZSTD));
  return { forTable: () => (block) => stream.compress(block), close: () => stream.close() };
}

function gzipForTable(): CompressBlock {
  const gzip = promisify<Buffer, zlib.ZlibOptions, Buffer>(zlib.gzip);
  const settingsFor = gzipSettings(gzip);
  return async (block) => gzip(block, { chunkSize: GZIP_OUTPUT_BYTES, ...(await settingsFor(block)) });
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
