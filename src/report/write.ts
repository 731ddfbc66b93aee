import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { StampedEvent } from '../run/events.ts';
import { writeFileAtomically } from '../system/files.ts';
import { type Kept, readJudgement, readKept } from '../watch/record.ts';
import { renderPage } from './page.ts';
import { type Story, tellStory } from './story.ts';
import type { ToldWatch } from './watch.ts';

export function pagePath(folder: string): string {
  return join(folder, 'report.html');
}

/** The run in this folder as its events tell it; a line that was torn off is passed over. Undefined without events. */
export async function readStory(folder: string, more: readonly StampedEvent[] = []): Promise<Story | undefined> {
  const text = await readFile(join(folder, 'events.ndjson'), 'utf8').catch(() => '');
  const events = [...text.split('\n').flatMap(parseLine), ...more];
  return events.length > 0 ? tellStory(events) : undefined;
}

function parseLine(line: string): StampedEvent[] {
  if (line === '') return [];
  try {
    return [JSON.parse(line) as StampedEvent];
  } catch {
    return [];
  }
}

/** What the watch of the run in this folder has seen, if there was one. */
async function readWatch(folder: string): Promise<ToldWatch | undefined> {
  const judgement = await readJudgement(folder);
  if (!judgement) return undefined;
  const kept: readonly Kept[] = await readKept(folder);
  return { judgement, samples: kept.map(({ sample }) => sample) };
}

/** Writes the page of the run in `folder`; `path`: where, default is the run's own place. */
export async function writePage(story: Story, folder: string, path = pagePath(folder)): Promise<void> {
  await writeFileAtomically(path, renderPage(story, await readWatch(folder)));
}
