import { expect, test } from 'vitest';
import { inOrder } from '../../src/binlog/left-out/places.ts';
import { comparePlaces, formatPosition, parsePlace } from '../../src/binlog/range.ts';

test.each<[string, string]>([
  ['binlog.000002:90', 'binlog.000002:100'],
  ['binlog.000002:900', 'binlog.000003:4'],
  ['binlog.000009:900', 'binlog.000010:4'],
  ['binlog.999999:900', 'binlog.1000000:4'],
  ['binlog.1000000:900', 'binlog.1000001:4'],
  ['my:log.000001:4', 'my:log.000001:5'],
])('%s stands before %s', (earlier, later) => {
  const [one, other] = [parsePlace(earlier), parsePlace(later)];
  expect(comparePlaces(one, other)).toBeLessThan(0);
  expect(comparePlaces(other, one)).toBeGreaterThan(0);
  expect(comparePlaces(one, { ...one })).toBe(0);
  expect([formatPosition(one), formatPosition(other)]).toEqual([earlier, later]);
  expect(inOrder([later, earlier, later])).toEqual([earlier, later]);
});
