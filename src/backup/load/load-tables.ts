import type { Context } from '../../context.ts';
import type { Manifest } from '../file/manifest.ts';
import { readRange } from '../file/range.ts';
import { readPortion } from '../file/sections.ts';
import { createProgress } from '../progress.ts';
import { readAdmission } from './admission.ts';
import { requireAsTheyAre, tellingKept } from './kept-settings.ts';
import { LoadingClient, type LoadTarget } from './loading-client.ts';

/**
 * Loads single tables of a backup, without their triggers: only their ranges of the file are read. Throws an error with
 * the server's message and the table's name.
 */
export async function loadTables(
  backup: { readonly file: string; readonly manifest: Manifest },
  place: LoadTarget,
  stepId: string,
  context: Context,
): Promise<void> {
  const { file, manifest } = backup;
  const total = manifest.tables.reduce((sum, { range }) => sum + range.length, manifest.preamble.length);
  const progress = createProgress(context, { id: stepId, unit: 'bytes', total });
  let done = 0;
  const onBytes = (bytes: number) => {
    done += bytes;
    progress.advanceTo(done);
  };
  const admission = await readAdmission(place.target);
  await requireAsTheyAre(file, manifest, admission);
  const client = await LoadingClient.start({ ...place, admission }, context);
  try {
    await tellingKept(admission, async () => {
      await client.feed(undefined, readRange(file, manifest.preamble, onBytes));
      for (const { name, range } of manifest.tables) {
        await client.feed(`table ${name}`, readPortion(file, range, 'tables', onBytes));
      }
      await client.finish();
    });
    progress.finish();
  } catch (error) {
    await client.abandon();
    context.signal.throwIfAborted();
    throw error;
  }
}
