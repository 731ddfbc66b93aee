import { describe, expect, it } from 'vitest';
import { largestHalf } from '../../../src/backup/proof/dump-again.ts';

const tables = (bytes: Record<string, number>) => Object.entries(bytes).map(([name, rawBytes]) => ({ name, rawBytes }));

describe('the tables of a second dump program', () => {
  it.each([
    ['the one that has half of everything', { a: 10, b: 60, c: 50 }, ['b']],
    ['the largest, even with more than half', { a: 10, b: 900, c: 50 }, ['b']],
    ['the largest ones that have half together', { a: 10, b: 20, c: 30, d: 40, e: 50, f: 20 }, ['e']],
    ['half of many alike', { a: 10, b: 10, c: 10, d: 10 }, ['a', 'b']],
  ])('are %s', (_, bytes, expected) => {
    expect(largestHalf(tables(bytes))).toEqual(expected);
  });
});
