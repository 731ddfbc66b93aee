import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  benjaminiHochberg,
  binomialTail,
  holm,
  incompleteBeta,
  logGamma,
  rateTail,
} from '../../src/watch/statistics.ts';

interface Oracle {
  gammaln(x: number): number;
  binomialDistribution(trials: number, probability: number): number[] | undefined;
}

// By its name alone: this test needs the library, the type check of everybody else does not.
const ORACLE = 'simple-statistics';
const { binomialDistribution, gammaln } = (await import(ORACLE)) as Oracle;

const near = (actual: number, expected: number, relative = 1e-9) =>
  expect(Math.abs(actual - expected)).toBeLessThanOrEqual(relative * Math.max(1, Math.abs(expected)));

/** ln of the binomial coefficient, by the library. */
const logChoose = (n: number, k: number) => gammaln(n + 1) - gammaln(k + 1) - gammaln(n - k + 1);

/** P(X ≥ k) term by term. */
function summed(k: number, n: number, p: number): number {
  let total = 0;
  for (let i = n; i >= k; i--) total += Math.exp(logChoose(n, i) + i * Math.log(p) + (n - i) * Math.log1p(-p));
  return total;
}

describe('against a library', () => {
  test('the logarithm of the gamma function', () =>
    fc.assert(
      fc.property(fc.double({ min: 0.5, max: 1e5, noNaN: true }), (x) => {
        near(logGamma(x), gammaln(x), 1e-8);
      }),
    ));

  test('binomial probabilities, as differences of tails', () =>
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 60 }), fc.double({ min: 0.01, max: 0.99, noNaN: true }), (n, p) => {
        for (const [k, probability] of (binomialDistribution(n, p) ?? []).entries()) {
          near(binomialTail(k, n, p) - binomialTail(k + 1, n, p), probability, 1e-9);
        }
      }),
    ));

  test('tails of up to a thousand trials, summed term by term', () =>
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 1_000 }),
        fc.double({ min: 0, max: 1, noNaN: true }),
        fc.double({ min: 0.001, max: 0.999, noNaN: true }),
        (n, share, p) => {
          const k = Math.max(1, Math.round(share * n));
          near(binomialTail(k, n, p), summed(k, n, p), 1e-8);
        },
      ),
    ));
});

test('far tails keep their size', () => {
  const tail = binomialTail(40, 1_000, 0.001);
  expect(tail).toBeGreaterThan(0);
  expect(tail / summed(40, 1_000, 0.001)).toBeCloseTo(1, 6);
});

test('edges', () => {
  expect([binomialTail(0, 5, 0.1), binomialTail(6, 5, 0.9), binomialTail(5, 5, 1), binomialTail(1, 5, 0)]).toEqual([
    1, 0, 1, 0,
  ]);
  expect([incompleteBeta(0, 2, 3), incompleteBeta(1, 2, 3)]).toEqual([0, 1]);
  expect(rateTail({ count: 3, of: 0 }, { count: 0, of: 10 })).toBe(1);
  expect(rateTail({ count: 3, of: 10 }, { count: 0, of: 0 })).toBe(1);
});

test('equal rates are no finding, whatever the volumes', () =>
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 50 }), fc.integer({ min: 1, max: 50 }), (now, before) => {
      expect(rateTail({ count: 2 * now, of: 100 * now }, { count: 2 * before, of: 100 * before })).toBeGreaterThan(0.2);
    }),
  ));

test.each([
  [
    [0.01, 0.04, 0.03],
    [true, false, false],
    [true, true, true],
  ],
  [
    [0.04, 0.001, 0.02],
    [true, true, true],
    [true, true, true],
  ],
  [
    [0.2, 0.2],
    [false, false],
    [false, false],
  ],
  [[], [], []],
])('many tests %j: Holm, and Benjamini and Hochberg, at 5 %%', (pValues, byHolm, byHochberg) => {
  expect(holm(pValues, 0.05)).toEqual(byHolm);
  expect(benjaminiHochberg(pValues, 0.05)).toEqual(byHochberg);
});
