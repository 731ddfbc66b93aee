import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { StampedEvent } from '../run/events.ts';
import { writeFileAtomically } from '../system/files.ts';
import { renderPage } from './page.ts';
import { type Story, tellStory } from './story.ts';

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

export async function writePage(story: Story, path: string): Promise<void> {
  await writeFileAtomically(path, renderPage(story));
}
