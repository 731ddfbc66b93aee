import { Writable } from 'node:stream';
import { stripVTControlCharacters } from 'node:util';
import { describe, expect, test } from 'vitest';
import type { RunEvent } from '../../src/run/events.ts';
import { type TerminalReporterOptions, terminalReporter } from '../../src/terminal/reporter.ts';
import { ascii, deployed, failed, narrow, quietFailure, verbose } from './fixtures/screens.ts';
import { deployStory, failedStory, stamped } from './fixtures/story.ts';

/** Everything that the reporter writes for a story. */
function show(story: readonly RunEvent[], options: Partial<TerminalReporterOptions> = {}): string {
  let written = '';
  const stream = new Writable({
    write(chunk, _encoding, done) {
      written += String(chunk);
      done();
    },
  });
  const reporter = terminalReporter({
    stream,
    isTTY: false,
    color: false,
    verbose: false,
    quiet: false,
    width: 80,
    ...options,
  });
  for (const event of stamped(story)) reporter(event);
  reporter.stop();
  return written;
}

describe('the terminal', () => {
  test('tells a deploy', () => expect(show(deployStory)).toBe(deployed));
  test('tells a failure in three parts, the next command last', () => expect(show(failedStory)).toBe(failed));
  test('tells every statement with --verbose', () => expect(show(deployStory, { verbose: true })).toBe(verbose));
  test('wraps at 60 columns, but never a path', () => expect(show(deployStory, { width: 60 })).toBe(narrow));
  test('tells one line with --quiet', () =>
    expect(show(deployStory, { quiet: true })).toBe('✔ Deployed 1 migration in 2 m 03 s\n'));
  test('has lines for every event: another one is an error', () => {
    const novelty = { type: 'novelty' } as unknown as RunEvent;
    expect(() => show([novelty])).toThrow(/^no lines for the event \{"type":"novelty".*\}$/);
  });
  test('tells errors with --quiet', () => expect(show(failedStory, { quiet: true })).toBe(quietFailure));
  test('speaks ASCII where the locale is not UTF-8', () => expect(show(failedStory, { isUnicode: false })).toBe(ascii));

  test('says the same in colour', () => {
    const colored = show(deployStory, { color: true });
    expect(stripVTControlCharacters(colored)).toBe(deployed);
    expect(colored).toContain('\x1b[32m✔\x1b[39m \x1b[1mDeployed 1 migration\x1b[22m in 2 m 03 s');
  });
  test('writes no control character without colour', () =>
    // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what must not be there
    expect(show(deployStory) + show(failedStory)).not.toMatch(/[\x00-\x09\x0b-\x1f]/));
});

describe('long work without a live line', () => {
  const step = { id: 'backup', title: 'Back up' };
  const progress = (done: number): RunEvent => ({
    type: 'progress',
    id: 'backup',
    done,
    total: 100_000_000,
    unit: 'bytes',
    perSecond: 1_000_000,
    etaMs: 63_000,
  });
  const work: RunEvent[] = [
    { type: 'step.started', ...step },
    ...Array.from({ length: 25 }, (_, index) => progress((index + 1) * 1_000_000)),
    { type: 'step.finished', ...step, ms: 26_000 },
  ];

  test('says every ten seconds how far it is', () =>
    expect(show(work)).toBe(`  Back up · 10.0 MB of 100.0 MB · 1.0 MB/s · 1 m 03 s left
  Back up · 20.0 MB of 100.0 MB · 1.0 MB/s · 1 m 03 s left
✔ Back up                                                                 26.0 s
`));
  test('says nothing when told to be quiet', () => expect(show(work, { quiet: true })).toBe(''));
});

describe('the last line', () => {
  const ending = (event: Partial<RunEvent & { type: 'run.finished' }>) =>
    show([
      {
        type: 'run.finished',
        command: 'verify',
        result: 'ok',
        exitCode: 0,
        production: 'unchanged',
        ms: 340,
        ...event,
      } as RunEvent,
    ]);

  test.each([
    [{}, '✔ verify finished in 340 ms'],
    [{ exitCode: 1 }, '▲ verify found problems, in 340 ms'],
    [{ exitCode: 6, result: 'cancelled' }, '▲ verify cancelled, nothing was changed'],
    [{ exitCode: 5, result: 'refused' }, '✖ verify refused'],
    [{ exitCode: 3, result: 'failed' }, '✖ verify failed after 340 ms'],
    [{ exitCode: 130, result: 'cancelled' }, '✖ verify interrupted after 340 ms'],
  ] as const)('of %j', (event, line) => expect(ending(event)).toBe(`\n${line}\n`));

  test('is left out after a listing that worked', () => expect(ending({ command: 'status' })).toBe(''));
});

test('a paused reporter keeps its lines until the question is answered', () => {
  const written: string[] = [];
  const stream = new Writable({
    write(chunk, _encoding, done) {
      written.push(String(chunk));
      done();
    },
  });
  const reporter = terminalReporter({ stream, isTTY: true, color: false, verbose: false, quiet: false, width: 80 });
  const note = (text: string) => {
    for (const event of stamped([{ type: 'note', level: 'info', text }])) reporter(event);
  };
  note('before');
  reporter.pause();
  note('meanwhile');
  expect(written).toEqual(['  before\n']);
  reporter.resume();
  expect(written).toEqual(['  before\n', '  meanwhile\n']);
});
