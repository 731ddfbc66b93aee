import { describe, expect, test } from 'vitest';
import { renderPage } from '../../src/report/page.ts';
import { headlineOf, stateOf, tellStory } from '../../src/report/story.ts';
import type { RunEvent, StampedEvent } from '../../src/run/events.ts';
import { deployStory, failedStory, stamped } from '../terminal/fixtures/story.ts';
import { fiveHundredMigrations, withTable } from './fixtures/stories.ts';

const NASTY = `<script>alert(1)</script>"'&\u202e\u001b[31m`;

function page(events: readonly RunEvent[]): string {
  return renderPage(tellStory(stamped(events)));
}

/** What a reader sees, without markup. */
function textOf(html: string): string {
  return html
    .replace(/<style>[\s\S]*?<\/style>/, '')
    .replace(/<[^>]+>/g, ' ')
    .replace(/\s+/g, ' ');
}

describe('a story', () => {
  test.each<[string, readonly StampedEvent[], string, string]>([
    ['done', stamped(deployStory), 'Deployed 1 migration to askproai_db on 127.0.0.1:3306', 'Production is changed.'],
    [
      'failed',
      stamped(failedStory),
      'The deploy of askproai_db on 127.0.0.1:3306 failed',
      'Production is as it was before.',
    ],
    [
      'cut off',
      stamped(deployStory).slice(0, -6),
      'The deploy of askproai_db on 127.0.0.1:3306 has not ended',
      'What it has done only the database knows: run gateway-migrate status.',
    ],
  ])('that is %s says so in one sentence', (_name, events, headline, state) => {
    const story = tellStory(events);
    expect([headlineOf(story), stateOf(story)]).toEqual([headline, state]);
  });

  test('goes on where a resumed run stopped, under the command that began it', () => {
    const cutOff = stamped(deployStory).slice(0, -6);
    const resumed = stamped([{ type: 'run.started', command: 'resume', target: 'x', logFile: undefined }]);
    const story = tellStory([...cutOff, ...resumed, ...stamped(deployStory).slice(-1)]);
    expect([story.command, story.finished?.result]).toEqual(['deploy', 'ok']);
  });
});

describe('the page', () => {
  test('tells what happened, every statement and what to type next', () => {
    const text = textOf(page(deployStory));
    for (const part of [
      'Deployed 1 migration to askproai_db on 127.0.0.1:3306',
      'Site down 1 m 03 s',
      'Back up askproai_db 12.3 MB, proven by a restore 3.1 s',
      '060203, 1 of 2',
      'CREATE TABLE callback_requests',
      'Warning 1265: Data truncated',
      'the server is 3.0 s ahead of this machine',
      'gateway-migrate rollback',
    ])
      expect(text).toContain(part);
  });

  test('tells a failure in three parts', () => {
    const text = textOf(page(failedStory));
    expect(text).toContain('Production is as it was before.');
    expect(text).toContain('doesn&#39;t exist (1146)');
    expect(text).toMatch(/Type next gateway-migrate deploy/);
  });

  test('takes names for nothing but names', () => {
    const html = page(withTable(NASTY));
    expect(html).not.toContain('<script');
    expect(html).toContain('&lt;script&gt;alert(1)&lt;/script&gt;&quot;&#39;&amp;\\u202e\\u001b[31m');
  });

  test('loads nothing and runs nothing', () => {
    const html = page(deployStory);
    expect(html).toContain(`default-src 'none'; style-src 'unsafe-inline'`);
    expect(html).not.toMatch(/<script|<link|<img|<iframe|\bsrc=|\bhref=|url\(|@import|\bon\w+=/i);
  });

  test('of 500 migrations is at most 300 kB', () => {
    const html = page(fiveHundredMigrations());
    expect(Buffer.byteLength(html)).toBeLessThan(300_000);
    expect(html).toContain('create_t_499');
  });
});
