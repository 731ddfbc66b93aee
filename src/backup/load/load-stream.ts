import { stat } from 'node:fs/promises';
import { readPortion } from '../file/sections.ts';
import { type LoadContext, LoadingClient, type LoadTarget } from './loading-client.ts';

/**
 * Feeds a whole backup to one client of the server, as `gunzip < file | mysql db` would. Throws an error with the
 * server's message and the line of the dump; what was loaded up to there stays.
 */
export async function loadAsStream(
  file: string,
  place: LoadTarget,
  context: LoadContext,
  onBytes: (bytes: number) => void,
): Promise<void> {
  const { size } = await stat(file);
  const client = await LoadingClient.start(place, context);
  try {
    await client.feed(undefined, readPortion(file, { offset: 0, length: size }, place.part, onBytes));
    await client.finish();
  } catch (error) {
    await client.abandon();
    context.signal.throwIfAborted();
    throw error;
  }
}
