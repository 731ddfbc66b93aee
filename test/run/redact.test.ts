import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Writable } from 'node:stream';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { RunEvent } from '../../src/run/events.ts';
import { openLogFile } from '../../src/run/log-file.ts';
import { redactEvent, redactor, redactText } from '../../src/run/redact.ts';
import { Secret } from '../../src/system/secret.ts';
import { jsonReporter } from '../../src/terminal/json-lines.ts';
import { terminalReporter } from '../../src/terminal/reporter.ts';
import { stamped } from '../terminal/fixtures/story.ts';

const NASTY = `p'a"ss w$rd#\\é&<`;

describe('a redactor', () => {
  const redact = redactor([new Secret(NASTY), new Secret('tok-12345'), new Secret('abc')]);

  test.each([
    ['plain', NASTY],
    ['in a URL', encodeURIComponent(NASTY)],
    ['in a URL, lower case', encodeURIComponent(NASTY).replace(/%../g, (octet) => octet.toLowerCase())],
    ['in a query', encodeURIComponent(NASTY).replaceAll('%20', '+')],
    ['as JSON', JSON.stringify(NASTY).slice(1, -1)],
    ['in a single-quoted shell word', NASTY.replaceAll("'", "'\\''")],
    ['in a double-quoted shell word', NASTY.replace(/[\\"$`]/g, '\\$&')],
    ['in SQL', NASTY.replace(/[\\'"]/g, '\\$&')],
    ['in SQL, quotes doubled', NASTY.replaceAll("'", "''")],
    ['in an option file', NASTY.replaceAll('\\', '\\\\')],
    ['in HTML', 'p&#39;a&quot;ss w$rd#\\é&amp;&lt;'],
    ['another one', 'tok-12345'],
  ])('hides a secret %s', (_title, form) => expect(redact(`a ${form} b`)).toBe('a •••••••• b'));

  test('leaves other text alone, and secrets too short to hide', () =>
    expect(redact('abc $& tok-1234')).toBe('abc $& tok-1234'));
  test('hides every occurrence', () => expect(redact('tok-12345tok-12345')).toBe('••••••••••••••••'));
  test('hides it at any depth of what is no event', () => {
    const judged = {
      because: ['laravel.log: tok-12345'],
      evidence: [{ what: 'tok-12345', count: 1, first: undefined }],
    };
    expect(redactText(judged, redact)).toEqual({
      because: ['laravel.log: ••••••••'],
      evidence: [{ what: '••••••••', count: 1, first: undefined }],
    });
  });
  test('without secrets changes nothing', () => expect(redactor([])('a'.repeat(9))).toBe('a'.repeat(9)));
});

test('an event keeps its own vocabulary, and all else is redacted at any depth', () => {
  const redact = redactor([new Secret('deploy'), new Secret('hunter22')]);
  const event: RunEvent = {
    type: 'run.finished',
    command: 'deploy',
    result: 'failed',
    exitCode: 2,
    production: 'unchanged',
    applied: ['hunter22'],
    error: { what: 'deploy hunter22', state: 'as before', next: 'gateway-migrate deploy' },
    ms: 1,
  };
  expect(redactEvent(event, redact)).toEqual({
    ...event,
    applied: ['••••••••'],
    error: { what: '•••••••• ••••••••', state: 'as before', next: 'gateway-migrate ••••••••' },
  });
});

/** Every text of every kind of event carries the text. */
function eventsWith(text: string): RunEvent[] {
  const step = { id: 'backup', title: text };
  const statement = { version: '1', ordinal: 1, of: 1, direction: 'up' } as const;
  return [
    { type: 'run.started', command: 'deploy', target: text, logFile: text },
    { type: 'plan', steps: [step], onFailure: [step] },
    { type: 'step.started', ...step },
    { type: 'statement.started', ...statement, sql: `SET @a = '${text}'` },
    { type: 'statement.finished', ...statement, ms: 1, rows: 1, warnings: [text] },
    { type: 'migration.finished', version: '1', name: text, direction: 'up', ms: 1 },
    { type: 'check', group: text, name: text, ok: false, level: 'error', detail: text, remedy: text },
    { type: 'summary', title: text, rows: [[text, text]] },
    { type: 'note', level: 'debug', text },
    { type: 'progress', id: text, done: 1, total: 2, unit: 'rows', perSecond: 1, etaMs: 1 },
    { type: 'step.failed', ...step, ms: 1, error: text },
    { type: 'step.finished', ...step, ms: 1, detail: text },
    {
      type: 'run.finished',
      command: 'deploy',
      result: 'failed',
      exitCode: 2,
      production: 'unchanged',
      backup: text,
      error: { what: text, state: text, next: text },
      ms: 1,
    },
  ];
}

async function outputsOf(events: readonly RunEvent[], secret: Secret, dir: string): Promise<string> {
  let output = '';
  const write = (text: string) => {
    output += text;
  };
  const stream = new Writable({ write: (chunk, _encoding, done) => done(void write(String(chunk))) });
  const redact = redactor([secret]);
  const log = await openLogFile({
    dir,
    fallbackDir: dir,
    kind: 'test',
    at: new Date(0),
    secrets: [secret],
    onWriteError: write,
  });
  const terminal = terminalReporter({ stream, isTTY: false, color: false, verbose: true, quiet: false, width: 80 });
  const reporters = [terminal, jsonReporter(write)];
  for (const event of stamped(events)) {
    log.reporter(event);
    for (const reporter of reporters) reporter(redactEvent(event, redact));
  }
  log.close();
  return output + (await readFile(log.path, 'utf8'));
}

test('a secret is in no output, however it was written', async () => {
  const dir = await mkdtemp(join(tmpdir(), 'gateway-migrate-redact-'));
  // A beginning that stands nowhere else, then anything a password may hold.
  const secrets = fc.stringMatching(/^[ -~éß日]{3,20}$/).map((text) => `Zq9${text}`);
  const writings = fc.constantFrom<(text: string) => string>(
    (text) => text,
    (text) => `mysql://user:${encodeURIComponent(text)}@host/db`,
    (text) => JSON.stringify({ password: text }),
    (text) => `--password='${text.replaceAll("'", "'\\''")}'`,
    (text) => `${text}${text}`,
  );
  try {
    await fc.assert(
      fc.asyncProperty(secrets, writings, async (secret, written) => {
        expect(await outputsOf(eventsWith(written(secret)), new Secret(secret), dir)).not.toContain('Zq9');
      }),
      { numRuns: 60 },
    );
  } finally {
    await rm(dir, { recursive: true });
  }
});
