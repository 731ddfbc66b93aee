import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { writeFileAtomically } from '../system/files.ts';
import { EventType } from './events/event.ts';
import { parseQuery } from './events/query-event.ts';
import { type LogPosition, type LogRange, type RangeEvent, readRange } from './range.ts';
import { isBracket } from './transaction.ts';

/** Connections of this run that exchange production: their statements are in the log behind what is repeated of it. */
export type OwnThreads = ReadonlySet<number>;

export async function readThreads({ folder }: Pick<LogRange, 'folder'>): Promise<OwnThreads> {
  const path = threadsPath(folder);
  return new Set(existsSync(path) ? (JSON.parse(await readFile(path, 'utf8')) as number[]) : []);
}

/** Before it says anything: a process that goes on after this one has to know it. */
export async function noteThread({ folder }: Pick<LogRange, 'folder'>, id: number): Promise<void> {
  const ids = [...(await readThreads({ folder })), id];
  await writeFileAtomically(threadsPath(folder), JSON.stringify(ids));
}

/** PURE: a statement that the run itself has given. Rows never count as such. */
export function isOwn(event: RangeEvent, own: OwnThreads = new Set()): boolean {
  if (own.size === 0 || event.type !== EventType.query) return false;
  const { threadId, text } = parseQuery(event);
  return own.has(threadId) && !isBracket(text.toString('latin1'));
}

/** Where the run's own last RENAME stands, and the byte behind it; undefined: it is not there. */
export async function findRename(
  range: LogRange,
  own: OwnThreads,
  signal: AbortSignal,
): Promise<{ readonly at: LogPosition; readonly end: LogPosition } | undefined> {
  let found: { at: LogPosition; end: LogPosition } | undefined;
  for await (const event of readRange(range)) {
    signal.throwIfAborted();
    if (!isOwn(event, own) || !/^RENAME TABLE /.test(parseQuery(event).text.toString('latin1'))) continue;
    const { file } = event;
    found = { at: { file, position: event.start }, end: { file, position: event.end } };
  }
  return found;
}

function threadsPath(folder: string): string {
  return join(folder, 'own-threads.json');
}
