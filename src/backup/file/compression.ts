import { availableParallelism } from 'node:os';
import type { Transform } from 'node:stream';
import { promisify } from 'node:util';
import * as zlib from 'node:zlib';
import { gzipSettings } from './gzip-settings.ts';
import { type Member, type MemberFormat, MemberStreams } from './member-streams.ts';
import { endOfFrame, ZstdFrames } from './zstd-frames.ts';

export type Compression = 'gzip' | 'zstd';

/** Compresses one block into a member that can stand behind other members: RFC 1952 §2.2, RFC 8878 §3.1. */
export type CompressBlock = (block: Buffer) => Promise<Member>;

/** Compresses the blocks of a backup. */
export interface Compressor {
  /** For the blocks of one table: it may learn from the first what suits the next. */
  forTable(): CompressBlock;
  /** Frees what it holds. */
  close(): void;
}

/**
 * Room for the largest member of a block: one that would not shrink. As long as it would fit in, zstd writes to it without
 * a buffer of its own.
 */
const OUTPUT_BYTES = 1024 * 1024 + 64 * 1024;
/** What Node's thread pool does at a time, unless UV_THREADPOOL_SIZE says otherwise. */
const THREADS = 4;

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
const ZSTD = { chunkSize: OUTPUT_BYTES, flush: ZSTD_END, params: { [ZSTD_LEVEL]: 1 } };

const TOO_OLD = `zstd needs Node 22.15 or newer, this is Node ${process.versions.node}`;

/** Why a compression cannot be used here; undefined when it can. */
export function compressionProblem(compression: Compression): string | undefined {
  if (compression === 'gzip' || zstd.createZstdCompress) return undefined;
  return TOO_OLD;
}

/** Works in Node's thread pool: several blocks of gzip at once use several cores. */
export function createCompressor(compression: Compression): Compressor {
  return compression === 'gzip' ? gzipCompressor() : zstdCompressor();
}

function gzipCompressor(): Compressor {
  const streams = new MemberStreams(GZIP, Math.min(availableParallelism(), THREADS));
  const sample = promisify<Buffer, zlib.ZlibOptions, Buffer>(zlib.gzip);
  return {
    forTable() {
      const settingsFor = gzipSettings(sample);
      return async (block) => streams.compress(block, await settingsFor(block));
    },
    close: () => streams.close(),
  };
}

const GZIP: MemberFormat<zlib.ZlibOptions> = {
  open(settings) {
    const options = { ...settings, chunkSize: OUTPUT_BYTES, flush: zlib.constants.Z_FINISH };
    // It has one, as all that deflates does, but its type has not.
    const stream = zlib.createGzip(options) as zlib.Gzip & zlib.ZlibReset;
    const rewind = () => {
      stream.reset();
      rewindOutput(stream);
    };
    return { stream, rewind };
  },
  // RFC 1952 §2.3: it ends with the size of what was compressed.
  isMemberOf: (member, block) => member.length >= 18 && member.readUInt32LE(member.length - 4) === block.length,
};

/** Half as fast again as any dump program and more, so that one at a time leaves the cores to the program and the server. */
function zstdCompressor(): Compressor {
  const { createZstdCompress } = zstd;
  if (!createZstdCompress) throw new Error(TOO_OLD);
  const isMemberOf = (frame: Buffer) => endOfFrame(frame) === frame.length;
  const open = () => {
    const stream = createZstdCompress(ZSTD);
    return { stream, rewind: () => rewindOutput(stream) };
  };
  const streams = new MemberStreams({ open, isMemberOf }, 1);
  return { forTable: () => (block) => streams.compress(block, undefined), close: () => streams.close() };
}

/**
 * Node's zlib puts the next output behind the last one, and finds new memory when a buffer is full. From here on it begins
 * with the same buffer again. In a Node that counts elsewhere this does nothing, and its memory is new each time.
 */
function rewindOutput(stream: Transform): void {
  (stream as Transform & { _outOffset?: number })._outOffset = 0;
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
