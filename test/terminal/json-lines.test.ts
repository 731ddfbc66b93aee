import { expect, test } from 'vitest';
import { jsonReporter } from '../../src/terminal/json-lines.ts';
import { deployStory, stamped } from './fixtures/story.ts';

function linesOf(story: Parameters<typeof stamped>[0]): string[] {
  const written: string[] = [];
  const reporter = jsonReporter((text) => written.push(text));
  for (const event of stamped(story)) reporter(event);
  return written;
}

test('one object a line, type, time and run first, what is undefined left out', () =>
  expect(linesOf([{ type: 'step.finished', id: 'backup', title: 'Back up', ms: 12, detail: undefined }])).toEqual([
    '{"type":"step.finished","at":"2026-11-23T09:30:00.000Z","run":"20261123T093000-1","id":"backup","title":"Back up","ms":12}\n',
  ]));

test('every event comes back as it was', () => {
  const lines = linesOf(deployStory);
  expect(lines.map((line) => line.indexOf('\n'))).toEqual(lines.map((line) => line.length - 1));
  expect(lines.map((line) => JSON.parse(line))).toEqual(JSON.parse(JSON.stringify(stamped(deployStory))));
});
