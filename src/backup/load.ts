import { stat } from 'node:fs/promises';
import type { Context } from '../context.ts';
import type { Clients } from '../mysql/clients.ts';
import type { Target } from '../mysql/connect.ts';
import { loadInParallel } from './load-parallel.ts';
import { loadAsStream } from './load-stream.ts';
import { type ByteRange, type Manifest, readManifest } from './manifest.ts';
import { createProgress } from './progress.ts';

/** Less SQL than this is loaded before several clients have started. */
const PARALLEL_FROM_BYTES = 4 * 1024 * 1024;

export interface LoadOptions {
  /** Nothing of it goes into the server's binary log; the account has to have the right to that. */
  readonly isUnlogged?: boolean;
  /** No trigger, view, routine or event. Default: all. */
  readonly part?: 'all' | 'tables';
}

/**
 * Loads a backup into the target's database: its tables over several clients at once where the manifest knows their
 * places in the file, else as one stream. Both end in what `gunzip < file | mysql db` makes. Throws an error with the
 * server's message; what was loaded up to there stays.
 */
export async function loadBackup(
  file: string,
  target: Target,
  clients: Clients,
  stepId: string,
  context: Context,
  options: LoadOptions = {},
): Promise<void> {
  const { size } = await stat(file);
  const progress = createProgress(context, { id: stepId, unit: 'bytes', total: size });
  let done = 0;
  const onBytes = (bytes: number) => {
    done += bytes;
    progress.advanceTo(done);
  };
  const place = { target, clients, ...options };
  const manifest = await readRanges(file, size);
  if (manifest && manifest.rawBytes >= PARALLEL_FROM_BYTES) {
    await loadInParallel({ file, manifest }, place, context, { onBytes });
  } else {
    await loadAsStream(file, place, context, onBytes);
  }
  progress.finish();
}

/** The manifest, if its ranges can be those of this file; a file of another tool has none. */
async function readRanges(file: string, size: number): Promise<Manifest | undefined> {
  const manifest = await readManifest(file).catch(() => undefined);
  if (!manifest || manifest.bytes !== size || manifest.tables.length === 0) return undefined;
  const ranges: ByteRange[] = [manifest.preamble, ...manifest.tables.map(({ range }) => range)];
  const follow = ranges.every(({ offset, length }, index) => {
    const before = ranges[index - 1];
    return offset >= (before ? before.offset + before.length : 0) && offset + length <= size;
  });
  return follow && manifest.preamble.offset === 0 && manifest.preamble.length > 0 ? manifest : undefined;
}
