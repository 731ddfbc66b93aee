import { expect, test } from 'vitest';
import { joinWrites, sqlOf, type Write } from '../../src/statements/write.ts';

const row = (start: string, text: string, end = ''): Write => ({ start, row: text, end });

test('writes that differ in the row alone are one statement, in their order', () => {
  const writes = [
    ...[row('A ', '1'), row('A ', '2'), 'B', row('A ', '3'), row('A (', '4', ')'), row('A (', '5', ')')],
    ...[row('A (', '6', ']'), 'B', 'B'],
  ];
  expect(joinWrites(writes)).toEqual(['A 1, 2', 'B', 'A 3', 'A (4, 5)', 'A (6]', 'B', 'B']);
  expect(writes.map(sqlOf)).toEqual(['A 1', 'A 2', 'B', 'A 3', 'A (4)', 'A (5)', 'A (6]', 'B', 'B']);
  expect(joinWrites([])).toEqual([]);
});
