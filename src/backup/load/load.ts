import { stat } from 'node:fs/promises';
import type { Clients } from '../../mysql/clients.ts';
import type { Target } from '../../mysql/connect.ts';
import { type ByteRange, type Manifest, readManifest } from '../file/manifest.ts';
import type { Part } from '../file/sections.ts';
import { createProgress } from '../progress.ts';
import { readAdmission } from './admission.ts';
import { renameDatabase } from './database-name.ts';
import { requireAsTheyAre, tellingKept } from './kept-settings.ts';
import { loadInParallel } from './load-parallel.ts';
import { loadAsStream } from './load-stream.ts';
import type { Adapt, LoadContext } from './loading-client.ts';

/** Less SQL than this is loaded before several clients have started. */
const PARALLEL_FROM_BYTES = 4 * 1024 * 1024;

export interface LoadOptions {
  /** Nothing of it goes into the server's binary log; the account has to have the right to that. */
  readonly isUnlogged?: boolean;
  /** Default: all. */
  readonly part?: Part;
  /** `Context.fence`, where the target is on the server that is under the lock. */
  readonly fence?: LoadContext['fence'];
  /** Nothing is put into a folder that a table names. */
  readonly ignoresFolders?: boolean;
}

/**
 * Loads a backup into the target's database: its tables over several clients at once where the manifest knows their
 * places in the file, else as one stream. Both end in what `gunzip < file | mysql db` makes. Throws an error with the
 * server's message; what was loaded up to there stays. A name of the database that stands in the dump becomes the target's.
 */
export async function loadBackup(
  file: string,
  target: Target,
  clients: Clients,
  stepId: string,
  context: LoadContext,
  options: LoadOptions = {},
): Promise<void> {
  const { size } = await stat(file);
  const progress = createProgress(context, { id: stepId, unit: 'bytes', total: size });
  let done = 0;
  const onBytes = (bytes: number) => {
    done += bytes;
    progress.advanceTo(done);
  };
  const manifest = await readManifest(file).catch(() => undefined);
  const admission = await readAdmission(target);
  await requireAsTheyAre(file, manifest, admission);
  const place = { target, clients, ...options, admission, adapt: adaptation(manifest, target) };
  await tellingKept(admission, () =>
    manifest && manifest.rawBytes >= PARALLEL_FROM_BYTES && hasRanges(manifest, size)
      ? loadInParallel({ file, manifest }, place, context, { onBytes })
      : loadAsStream(file, place, context, onBytes),
  );
  progress.finish();
}

/** What makes the dump fit the place that it is loaded into. */
function adaptation(manifest: Manifest | undefined, target: Target): Adapt {
  return (dump) => (manifest ? renameDatabase(dump, manifest.database, target.database) : dump);
}

/** Whether the manifest's ranges can be those of this file. */
function hasRanges(manifest: Manifest, size: number): boolean {
  if (manifest.bytes !== size || manifest.tables.length === 0) return false;
  const ranges: ByteRange[] = [manifest.preamble, ...manifest.tables.map(({ range }) => range)];
  const follow = ranges.every(({ offset, length }, index) => {
    const before = ranges[index - 1];
    return offset >= (before ? before.offset + before.length : 0) && offset + length <= size;
  });
  return follow && manifest.preamble.offset === 0 && manifest.preamble.length > 0;
}
