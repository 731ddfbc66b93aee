import { expect, test } from 'vitest';
import { logLine } from '../../src/report/log-lines.ts';
import type { RunEvent } from '../../src/run/events.ts';
import { createLook, plainLook } from '../../src/terminal/look.ts';
import { evidenceLines, sparkline, verdictLines, WatchLine } from '../../src/terminal/watch-lines.ts';

type Of<T extends RunEvent['type']> = Extract<RunEvent, { type: T }>;

const sample = (statements: number, changes: Partial<Of<'sample'>> = {}): Of<'sample'> => ({
  ...{ type: 'sample', verdict: 'healthy', leftMs: 754_000, health: { status: 200, ms: 31.4 } },
  counters: { statements, foreignKey: 0, deadlock: 1, threadsRunning: 2, lockWaits: 0 },
  logs: { entries: 2, errors: 1 },
  ...changes,
});
const evidence: Of<'evidence'> = {
  ...{
    type: 'evidence',
    severity: 'major',
    source: 'health',
    what: 'the site has answered 500 for 30 s, not 200',
    count: 7,
  },
  ...{ baseline: 0, first: '2026-11-23T14:03:11+01:00' },
};
const verdict: Of<'verdict'> = {
  ...{ type: 'verdict', verdict: 'minor', checkpoint: '5 m 00 s', next: 'gateway-migrate monitor --run r1' },
  because: ['60 statements are at work at once, 2 before the deploy', 'another'],
};

test('one line tells how the watch stands', () => {
  const line = new WatchLine();
  for (const statements of [0, 250, 500]) line.take(sample(statements));
  expect(line.line(plainLook)).toBe(
    '12 m 34 s left · healthy · ▁▅█ 500 statements · ███ 2 errors · 200 in 31 ms · 2 threads',
  );
  line.take(sample(0, { counters: null, health: { status: null, ms: 5_000 }, verdict: 'inconclusive' }));
  expect(line.line(createLook({ color: false, isUnicode: false, width: 80 }))).toBe(
    '12 m 34 s left - inconclusive - no database - 1 error - no answer',
  );
});

test('a line is drawn by its highest value', () => expect(sparkline([0, 0, 0, 7, 14])).toBe('▁▁▁▅█'));

test('reasons and verdicts are told', () => {
  expect(evidenceLines(evidence, plainLook)).toEqual(['✖ major: the site has answered 500 for 30 s, not 200']);
  expect(evidenceLines({ ...evidence, severity: 'minor' }, plainLook)[0]).toMatch(/^▲ minor: /);
  expect(verdictLines(verdict, plainLook)).toEqual([
    '▲ 5 m 00 s: minor: 60 statements are at work at once, 2 before the deploy',
  ]);
  expect(verdictLines({ ...verdict, verdict: 'healthy' }, plainLook)[0]).toMatch(/^✔ 5 m 00 s: healthy: /);
});

test('and logged', () => {
  expect(logLine(evidence)).toEqual({ level: 'WARN', text: 'major: the site has answered 500 for 30 s, not 200' });
  expect(logLine(verdict)).toEqual({
    level: 'INFO',
    text: 'verdict at 5 m 00 s: minor: 60 statements are at work at once, 2 before the deploy; another; next: gateway-migrate monitor --run r1',
  });
  expect(logLine(sample(7)).text).toMatch(/^sample: \{"verdict":"healthy",.*"statements":7,/);
});
