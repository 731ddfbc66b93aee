import { PassThrough } from 'node:stream';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { StampedEvent } from '../../src/run/events.ts';
import { jsonReporter } from '../../src/terminal/json-lines.ts';
import { terminalReporter } from '../../src/terminal/reporter.ts';
import { renderStatus } from '../../src/terminal/status-view.ts';
import { jsonText, visible, visibleButColors, visibleDeep, visibleLine } from '../../src/terminal/visible.ts';

test.each([
  ['sets the title', 'a\x1b]0;owned\x07b', 'a\\x1b]0;owned\\x07b'],
  ['moves the cursor by C1', 'a\x9b2Jb', 'a\\x9b2Jb'],
  ['writes over the line', 'safe\rgone', 'safe\\rgone'],
  ['rubs out', 'a\b\x7fb', 'a\\x08\\x7fb'],
  ['ends a text', 'a\0b', 'a\\x00b'],
  ['turns the direction', 'a\u202etxt.exe\u2069\u200f', 'a\\u202etxt.exe\\u2069\\u200f'],
  ['is not seen', 'or\u200bders\ufeff\u00ad\u2028', 'or\\u200bders\\ufeff\\xad\\u2028'],
  ['is a tag', 'a\u{e0041}', 'a\\u{e0041}'],
  ['is half a character', 'a\ud83d', 'a\\ud83d'],
  ['is needed by writing', 'می\u200cخواهم 👩\u200d💻 日本 é\u0301', 'می\u200cخواهم 👩\u200d💻 日本 é\u0301'],
])('what %s', (_what, raw, shown) => {
  expect(visible(raw)).toBe(shown);
  expect(visibleLine(raw)).toBe(shown);
});

test('line breaks stay in a text and show in a name', () => {
  expect(visible('a\r\nb\n\tc')).toBe('a\nb\n\tc');
  expect(visibleLine('a\r\nb\n\tc')).toBe('a\\r\\nb\\n\\tc');
});

test('only the colours of our own palette stay in a finished line', () => {
  expect(visibleButColors('\x1b[32m✔\x1b[39m a\x1b[5mb\x1b]0;x\x07', true)).toBe(
    '\x1b[32m✔\x1b[39m a\\x1b[5mb\\x1b]0;x\\x07',
  );
  expect(visibleButColors('\x1b[32m✔', false)).toBe('\\x1b[32m✔');
});

test('nothing is copied where there is nothing to show', () => {
  const event = { type: 'note', text: 'plain\ntext', deep: [{ a: 'b' }] };
  expect(visibleDeep(event)).toBe(event);
});

// biome-ignore lint/suspicious/noControlCharactersInRegex: these are what must not be there
const OBEYED = /[\0-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]/;

test('of any text: nothing that is obeyed stays, and JSON says the same as before', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (text) => {
      expect(visible(text)).not.toMatch(OBEYED);
      expect(jsonText({ text })).not.toMatch(OBEYED);
      expect(JSON.parse(jsonText({ text }))).toEqual({ text });
    }),
  );
});

const BAD = 'a\x1b]0;owned\x07\u202eb\r\x9b2J';
const at = '2026-11-23T09:30:00.000Z';
const stamp = { at, run: 'r' };
const EVENTS = [
  { type: 'run.started', command: 'deploy', target: BAD, logFile: BAD },
  {
    type: 'plan',
    command: 'deploy',
    target: BAD,
    steps: [{ id: 's', phase: 'migrate', title: BAD }],
    onFailure: [{ id: 'u', phase: 'undo', title: BAD }],
  },
  { type: 'step.started', id: 's', phase: 'migrate', title: BAD },
  {
    type: 'statement.started',
    version: BAD,
    direction: 'up',
    ordinal: 1,
    of: 1,
    sql: `CREATE TABLE \`${BAD}\` (id INT)`,
  },
  { type: 'statement.finished', version: BAD, direction: 'up', ordinal: 1, of: 1, ms: 1, rows: 0, warnings: [BAD] },
  { type: 'migration.finished', version: BAD, name: BAD, direction: 'up', ms: 1 },
  { type: 'progress', id: BAD, done: 1, total: 2, unit: 'rows' },
  { type: 'step.finished', id: 's', phase: 'migrate', title: BAD, ms: 1, detail: BAD },
  { type: 'step.failed', id: 's', phase: 'migrate', title: BAD, ms: 1, error: BAD },
  { type: 'check', group: BAD, name: BAD, ok: false, level: 'error', detail: BAD, remedy: BAD },
  { type: 'summary', title: BAD, rows: [[BAD, BAD]] },
  { type: 'accident', position: BAD, time: at, what: BAD },
  { type: 'conflict', table: BAD, key: BAD, reason: BAD },
  { type: 'note', level: 'warning', text: BAD },
  {
    type: 'run.finished',
    command: 'deploy',
    result: 'failed',
    exitCode: 2,
    production: 'unchanged',
    ms: 1,
    applied: [BAD],
    backup: BAD,
    error: { what: BAD, state: BAD, next: BAD },
  },
].map((event) => ({ ...event, ...stamp }) as unknown as StampedEvent);

function screenOf(event: StampedEvent, isTTY: boolean): string {
  const stream = new PassThrough();
  const reporter = terminalReporter({ stream, isTTY, color: false, verbose: true, quiet: false, width: 80 });
  reporter(event);
  reporter.stop();
  return String(stream.read() ?? '');
}

describe('every event', () => {
  test.each(EVENTS.map((event) => [event.type, event] as const))('%s is shown and not obeyed', (_type, event) => {
    expect(screenOf(event, false)).not.toMatch(OBEYED);
    const lines: string[] = [];
    jsonReporter((line) => void lines.push(line))(event);
    expect(lines.join('')).not.toMatch(OBEYED);
    expect(JSON.parse(lines.join(''))).toEqual(JSON.parse(JSON.stringify(event)));
  });
});

test('so are the lines of status', () => {
  const one = { version: BAD, name: `${BAD}\n✔ deploy finished`, at, ms: 1, statements: 1 };
  const unfinished = {
    run: BAD,
    command: BAD,
    startedAt: BAD,
    lastStatement: BAD,
    outcome: 'done' as const,
    isSiteDown: false,
    hasPausedWorkers: false,
    canBeUndone: true,
  };
  const lines = renderStatus({ applied: [one], pending: [one], changed: [one], missing: [one], unfinished });
  expect(lines.join('\n')).not.toMatch(OBEYED);
  expect(lines.filter((line) => line.startsWith('✔ deploy'))).toEqual([]);
});
