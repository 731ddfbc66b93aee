import { describe, expect, test } from 'vitest';
import { renderPage } from '../../src/report/page.ts';
import { headlineOf, stateOf, tellStory } from '../../src/report/story.ts';
import type { RunEvent, StampedEvent } from '../../src/run/events.ts';
import { deployStory, failedStory, stamped } from '../terminal/fixtures/story.ts';
import { fiveHundredMigrations, majorWatch, rehearsedStory, withTable } from './fixtures/stories.ts';

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

  test('shows what the log marks, with its moment, and says how much more there is', () => {
    const text = textOf(page(failedStory));
    expect(text).toContain('Notable lines of the log At Result Line 09:30:01 ERROR check error: Tools: mysqldump');
    expect(text).toMatch(/\d\d:\d\d:\d\d ERROR step \S+ failed after \d+ ms: /);
    const note: RunEvent = { type: 'note', level: 'warning', text: 'the disk is slow' };
    const many = page([
      ...deployStory.slice(0, -1),
      ...Array.from({ length: 130 }, () => note),
      ...deployStory.slice(-1),
    ]);
    expect(textOf(many)).toMatch(/ WARN the disk is slow .* \d+ more in /);
    const quiet = deployStory.filter(({ type }) => type === 'run.started' || type === 'run.finished');
    expect(page(quiet)).not.toContain('Notable lines of the log');
  });

  test('tells what becomes of the schema, and of each statement what was expected of it', () => {
    const html = page(rehearsedStory);
    const text = textOf(html);
    expect(text).toContain(
      'Schema 4 lines of the schema, as rehearsed 060203 table callback_requests added + column id bigint unsigned not null',
    );
    expect(html).toContain('<span class="bad">  - index customers_email (email)</span>');
    expect(text).toContain(
      'INSERT INTO callback_requests VALUES (1) forecast: writes wait while all rows are copied, in customers (about 1,200,000 rows), at least 3.1 s',
    );
    expect(text.match(/forecast/g)).toHaveLength(1);
  });

  test.each([
    ['instant', undefined, 'instant change of t (about 5 rows)'],
    ['online', 20, 'reads and writes go on, in t (about 5 rows), at least 20 ms'],
    ['writes wait', 0, 'writes wait, in t (about 5 rows)'],
  ] as const)('a change that is %s', (effect, estimateMs, expected) => {
    const forecasts = [{ ordinal: 1, table: 't', effect, rows: 5, estimateMs }];
    const told = { type: 'rehearsed', version: '060203', changes: [], forecasts } as const;
    expect(textOf(page([deployStory[0] as RunEvent, told, ...deployStory.slice(1)]))).toContain(
      `forecast: ${expected}`,
    );
  });

  test('of a schema that differs much has the beginning', () => {
    const changes = Array.from({ length: 700 }, (_, index) => `table t_${index} added`);
    const text = textOf(page([{ type: 'rehearsed', version: '1', changes, forecasts: [] }]));
    expect(text).toContain('700 lines of the schema, as rehearsed');
    expect(text).toContain('table t_599 added and 100 more lines: gateway-migrate test --keep shows all');
  });

  test('tells how the watch has ended, why, and what its looks were like', () => {
    const html = renderPage(tellStory(stamped(deployStory)), majorWatch);
    const text = textOf(html);
    expect(text).toContain(
      'Watch The verdict is major. 2026-11-23T14:02:30.000+00:00, after 30 looks in 2 m 25 s error 1452 14 times in 60 s, none in the 30 minutes before',
    );
    expect(text).toContain(
      'minor log &lt;b&gt;1 new entry 2026-11-23T14:00:00.000Z errors: at most 2 answer of the site, ms: at most 69 threads running: at most 4',
    );
    expect(text).toMatch(/Type next gateway-migrate rollback --run 20261123T093000-1 $/);
    const [errors, site] = [...html.matchAll(/<path class="line" d="([^"]+)"/g)].map(([, path]) => path ?? '');
    expect(errors?.match(/[ML]/g)).toHaveLength(30);
    expect(errors?.match(/M/g)).toHaveLength(1);
    // Where the site was not asked the line has a gap.
    expect(site?.match(/M/g)).toHaveLength(2);
    expect(site?.match(/[ML]/g)).toHaveLength(29);
  });

  test.each([
    ['healthy', 'good'],
    ['minor', 'warn'],
    ['inconclusive', 'warn'],
    ['critical', 'bad'],
  ] as const)('a verdict of %s looks %s', (verdict, look) => {
    const watched = { samples: [], judgement: { ...majorWatch.judgement, verdict, evidence: [] } };
    expect(renderPage(tellStory(stamped(deployStory)), watched)).toContain(
      `<p class="state ${look}">The verdict is ${verdict}.</p>`,
    );
  });

  test('of a long watch has the highest of the looks that a point stands for', () => {
    const samples = Array.from({ length: 1_000 }, (_, index) => ({
      ...(majorWatch.samples[0] as (typeof majorWatch.samples)[0]),
      health: { status: 200, ms: index === 777 ? 900 : 1 },
    }));
    const html = renderPage(tellStory(stamped(deployStory)), { ...majorWatch, samples });
    const site = [...html.matchAll(/<path class="line" d="([^"]+)"/g)][1]?.[1] ?? '';
    expect(site.match(/[ML]/g)).toHaveLength(200);
    expect(site.match(/ 2\.0/g)).toHaveLength(1);
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
