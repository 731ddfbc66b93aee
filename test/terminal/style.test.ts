import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  alignLabels,
  alignRows,
  displayWidth,
  formatAmount,
  formatBytes,
  formatDuration,
  padToWidth,
  truncateToWidth,
  wrapText,
} from '../../src/terminal/style.ts';

test.each([
  [-1, '0 ms'],
  [0, '0 ms'],
  [999.4, '999 ms'],
  [999.6, '1.0 s'],
  [1_234, '1.2 s'],
  [59_949, '59.9 s'],
  [59_950, '1 m 00 s'],
  [123_000, '2 m 03 s'],
  [3_599_499, '59 m 59 s'],
  [3_599_500, '1 h 00 m'],
  [7_260_000, '2 h 01 m'],
])('%d ms is %s', (ms, text) => expect(formatDuration(ms)).toBe(text));

test.each([
  [0, '0 B'],
  [999, '999 B'],
  [999.6, '1.0 kB'],
  [12_300_000, '12.3 MB'],
  [999_949_999, '999.9 MB'],
  [999_950_000, '1.0 GB'],
  [5e18, '5000.0 PB'],
])('%d bytes are %s', (bytes, text) => expect(formatBytes(bytes)).toBe(text));

test.each([
  [1, 'rows', '1 row'],
  [1_234_567, 'rows', '1,234,567 rows'],
  [2, 'items', '2 items'],
  [1_500, 'ms', '1.5 s'],
  [1_500, 'bytes', '1.5 kB'],
] as const)('%d %s is %s', (amount, unit, text) => expect(formatAmount(amount, unit)).toBe(text));

test.each([
  ['abc', 3],
  ['\x1b[31mabc\x1b[39m', 3],
  ['é', 1],
  ['e\u0301', 1],
  ['日本', 4],
  ['👍', 2],
  ['👨‍👩‍👧', 2],
  ['✔', 1],
  ['✔\ufe0f', 2],
  ['a\u00adb', 2],
  ['⌚', 2],
  ['', 0],
])('%j takes %d columns', (text, width) => expect(displayWidth(text)).toBe(width));

describe('cutting', () => {
  test('marks that something is missing', () => expect(truncateToWidth('callback_requests', 8)).toBe('callbac…'));
  test('never splits a wide character', () => expect(truncateToWidth('日本語', 4)).toBe('日…'));
  test('never exceeds the width, and leaves what fits', () =>
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), fc.integer({ min: 1, max: 30 }), (text, width) => {
        const cut = truncateToWidth(text, width);
        expect(displayWidth(cut)).toBeLessThanOrEqual(width);
        if (displayWidth(text) <= width) expect(cut).toBe(text);
      }),
    ));
});

describe('wrapping', () => {
  test('breaks at spaces', () => expect(wrapText('one two three', 8)).toEqual(['one two', 'three']));
  test('keeps line breaks', () => expect(wrapText('a\n\nb', 8)).toEqual(['a', '', 'b']));
  test('leaves a long word whole', () =>
    expect(wrapText('see /var/log/migration.log now', 8)).toEqual(['see', '/var/log/migration.log', 'now']));
  test('loses no word', () =>
    fc.assert(
      fc.property(fc.array(fc.stringMatching(/^\S{1,12}$/)), fc.integer({ min: 1, max: 40 }), (words, width) => {
        const lines = wrapText(words.join(' '), width);
        expect(lines.join(' ')).toBe(words.join(' '));
        for (const line of lines) expect(displayWidth(line) <= width || !line.includes(' ')).toBe(true);
      }),
    ));
});

test('columns stand under each other, wide characters included', () =>
  expect(
    alignRows([
      ['日本', '1'],
      ['a', '22'],
    ]),
  ).toEqual(['日本  1', 'a     22']));
test('a row may be short', () => expect(alignRows([['a'], ['bb', 'c']])).toEqual(['a', 'bb  c']));
test('a long value goes on under itself', () =>
  expect(alignLabels([['Label', 'one two three four five six']], 30)).toEqual([
    'Label  one two three four five',
    '       six',
  ]));
test('padding to the left', () => expect(padToWidth('1.2 s', 8, 'left')).toBe('   1.2 s'));
