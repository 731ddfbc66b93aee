import { expect, test } from 'vitest';
import { isReached, type Moment, parseMoment } from '../../src/binlog/moment.ts';
import type { Transaction } from '../../src/binlog/transaction.ts';
import { localTime } from '../../src/binlog/way.ts';

const SECOND = 1_000_000;
const AT = Date.UTC(2026, 10, 23, 6, 28, 24) * 1000;

test.each<[string, Moment | undefined]>([
  ['2026-11-23T06:28:24Z', { is: 'time', micros: AT }],
  ['2026-11-23T07:28:24+01:00', { is: 'time', micros: AT }],
  ['2026-11-23T07:28:24+0100', { is: 'time', micros: AT }],
  ['2026-11-23 06:28:24.000123Z', { is: 'time', micros: AT + 123 }],
  ['2026-11-23 06:28:24', { is: 'time', micros: new Date(2026, 10, 23, 6, 28, 24).getTime() * 1000 }],
  ['20261123T062824123Z-3f9a', { is: 'run', run: '20261123T062824123Z-3f9a' }],
  ['binlog.000012:3456', { is: 'position', file: 'binlog.000012', position: 3456 }],
  ['2026-13-45 99:00:00', undefined],
  ['2026-11-31 06:28:24', undefined],
  ['2026-02-29 06:28:24', undefined],
  ['yesterday', undefined],
  ['2026-11-23', undefined],
])('%s', (text, moment) => {
  expect(parseMoment(text)).toEqual(moment);
});

/** Berlin: on the 25th of October 2026 the clocks went from 03:00 back to 02:00, on the 29th of March from 02:00 to 03:00. */
function inBerlin<T>(body: () => T): T {
  const before = process.env.TZ;
  process.env.TZ = 'Europe/Berlin';
  try {
    return body();
  } finally {
    if (before === undefined) delete process.env.TZ;
    else process.env.TZ = before;
  }
}

test.each<[string, ReturnType<typeof parseMoment>]>([
  ['2026-10-25 02:30:00', { is: 'unclear', readings: ['2026-10-25T02:30:00+02:00', '2026-10-25T02:30:00+01:00'] }],
  ['2026-10-25T02:30:00+02:00', { is: 'time', micros: Date.UTC(2026, 9, 25, 0, 30) * 1000 }],
  ['2026-10-25T02:30:00+01:00', { is: 'time', micros: Date.UTC(2026, 9, 25, 1, 30) * 1000 }],
  ['2026-10-25 01:59:59', { is: 'time', micros: Date.UTC(2026, 9, 24, 23, 59, 59) * 1000 }],
  ['2026-10-25 03:00:00', { is: 'time', micros: Date.UTC(2026, 9, 25, 2) * 1000 }],
  ['2026-03-29 02:30:00', { is: 'unclear', readings: [] }],
  ['2026-03-29 01:59:59.5', { is: 'time', micros: Date.UTC(2026, 2, 29, 0, 59, 59, 500) * 1000 }],
  ['2026-03-29 03:00:00', { is: 'time', micros: Date.UTC(2026, 2, 29, 1) * 1000 }],
])('at a change of the clocks: %s', (text, moment) => {
  expect(inBerlin(() => parseMoment(text))).toEqual(moment);
});

test('a time in the hour that comes twice is shown with its offset', () => {
  const shown = (hour: number) => inBerlin(() => localTime(Date.UTC(2026, 9, 25, hour, 30) * 1000));
  expect([0, 1, 2].map(shown)).toEqual([
    '2026-10-25 02:30:00+02:00',
    '2026-10-25 02:30:00+01:00',
    '2026-10-25 03:30:00',
  ]);
});

function committed(micros: number, precision: number): Transaction {
  return {
    file: 'binlog.000002',
    start: 100,
    end: 200,
    committed: { micros, precision },
    runs: ['r'],
    noted: [],
  } as unknown as Transaction;
}

test('a transaction of the moment itself is not repeated, the one before it is', () => {
  const moment: Moment = { is: 'time', micros: AT };
  expect(isReached(moment, committed(AT, 1))).toBe(true);
  expect(isReached(moment, committed(AT - 1, 1))).toBe(false);
});

test('where only the second is known, a second that the moment lies in is left out', () => {
  const known = committed(AT, SECOND);
  expect(isReached({ is: 'time', micros: AT }, known)).toBe(true);
  expect(isReached({ is: 'time', micros: AT + SECOND - 1 }, known)).toBe(true);
  expect(isReached({ is: 'time', micros: AT + SECOND }, known)).toBe(false);
});

test('a place and a run', () => {
  const one = committed(AT, 1);
  expect(isReached({ is: 'position', file: 'binlog.000002', position: 100 }, one)).toBe(true);
  expect(isReached({ is: 'position', file: 'binlog.000002', position: 199 }, one)).toBe(true);
  expect(isReached({ is: 'position', file: 'binlog.000002', position: 200 }, one)).toBe(false);
  expect(isReached({ is: 'position', file: 'binlog.000001', position: 900 }, one)).toBe(true);
  const last = { ...one, file: 'binlog.999999' };
  expect(isReached({ is: 'position', file: 'binlog.1000000', position: 4 }, last)).toBe(false);
  expect(isReached({ is: 'run', run: 'r' }, one)).toBe(true);
  expect(isReached({ is: 'run', run: 's' }, one)).toBe(false);
});
