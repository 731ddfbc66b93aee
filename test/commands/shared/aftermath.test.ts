import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { aftermathOf } from '../../../src/commands/shared/aftermath.ts';
import type { Config } from '../../../src/config/config.ts';
import type { RunFinished } from '../../../src/run/events.ts';
import { Secret } from '../../../src/system/secret.ts';
import { Receiver } from '../../notify/receivers.ts';
import { temporaryFolder } from '../../support/folder.ts';
import { deployStory, stamped } from '../../terminal/fixtures/story.ts';
import { invoke } from '../invoke.ts';

/** The end of a run in `folder`, told to a team that looks for the page at once. */
async function end(folder: string) {
  const page = join(folder, 'report.html');
  const foundPage: Record<string, boolean> = {};
  const team = await Receiver.open((request, response) => {
    foundPage[String(team.received[request - 1]?.body.on)] = existsSync(page);
    response.end();
  });
  onTestFinished(() => team.close());
  const events = stamped(deployStory);
  const last = events.findLast(({ type }) => type === 'run.finished') as RunFinished | undefined;
  if (!last) throw new Error('the story has no end');
  const told = events.filter(({ type }) => type !== 'run.finished');
  writeFileSync(join(folder, 'events.ndjson'), told.map((event) => `${JSON.stringify(event)}\n`).join(''));
  const { invocation, events: reported } = invoke({ cwd: folder });
  const config = { notify: [{ type: 'webhook', url: new Secret(team.url) }], stateDir: folder } as unknown as Config;
  const aftermath = aftermathOf(config, folder, invocation);
  await aftermath.started();
  const { report } = await aftermath.ended(last);
  const notes = reported.flatMap((event) => (event.type === 'note' ? [event.text] : []));
  const succeeded = team.received.find(({ body }) => body.on === 'succeeded');
  const facts = (succeeded?.body.facts ?? []) as [string, string][];
  return { page, report, notes, foundPage, named: facts.find(([label]) => label === 'Report')?.[1] };
}

const DELIVERED = 'told: webhook (started): delivered\nwebhook (succeeded): delivered';

test('who is told of the end finds the page that the message names', async () => {
  const { page, report, notes, foundPage, named } = await end(temporaryFolder());
  expect([report, named]).toEqual([page, page]);
  expect(foundPage).toMatchObject({ succeeded: true });
  expect(notes).toEqual([DELIVERED]);
});

test('a page that cannot be written is in no message, and fails nothing', async () => {
  const folder = temporaryFolder();
  mkdirSync(join(folder, 'report.html/taken'), { recursive: true });
  const { report, notes, foundPage, named } = await end(folder);
  expect([report, named]).toEqual([undefined, undefined]);
  expect(Object.keys(foundPage).toSorted()).toEqual(['started', 'succeeded']);
  expect(notes).toEqual([expect.stringMatching(/^the page of the run could not be written: E\w+/), DELIVERED]);
});
