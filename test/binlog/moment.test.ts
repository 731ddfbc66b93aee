import { expect, test } from 'vitest';
import { isReached, type Moment, parseMoment } from '../../src/binlog/moment.ts';
import type { Transaction } from '../../src/binlog/transaction.ts';

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

function committed(micros: number, precision: number): Transaction {
  return { file: 'binlog.000002', start: 100, committed: { micros, precision }, runs: ['r'] } as unknown as Transaction;
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
  expect(isReached({ is: 'position', file: 'binlog.000002', position: 101 }, one)).toBe(false);
  expect(isReached({ is: 'position', file: 'binlog.000001', position: 900 }, one)).toBe(true);
  expect(isReached({ is: 'run', run: 'r' }, one)).toBe(true);
  expect(isReached({ is: 'run', run: 's' }, one)).toBe(false);
});
