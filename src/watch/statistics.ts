// Exact tests of counts. Tails come from the regularised incomplete beta function, by Lentz's continued fraction (Numerical
// Recipes, 3rd edition, 6.4), so that a million executions cost as much as ten.

const LANCZOS = [
  676.5203681218851, -1259.1392167224028, 771.3234287776531, -176.6150291621406, 12.507343278686905,
  -0.13857109526572012, 9.984369578019572e-6, 1.5056327351493116e-7,
];

/** ln Γ(x) for x > 0. */
export function logGamma(x: number): number {
  if (x < 0.5) return Math.log(Math.PI / Math.sin(Math.PI * x)) - logGamma(1 - x);
  const z = x - 1;
  const sum = LANCZOS.reduce((total, term, index) => total + term / (z + index + 1), 0.9999999999998099);
  const t = z + LANCZOS.length - 0.5;
  return 0.5 * Math.log(2 * Math.PI) + (z + 0.5) * Math.log(t) - t + Math.log(sum);
}

const TINY = 1e-300;
const MOST_STEPS = 20_000;

function continuedFraction(x: number, a: number, b: number): number {
  const awayFromZero = (value: number) => (Math.abs(value) < TINY ? TINY : value);
  let c = 1;
  let d = 1 / awayFromZero(1 - ((a + b) * x) / (a + 1));
  let result = d;
  for (let m = 1; m <= MOST_STEPS; m++) {
    const even = (m * (b - m) * x) / ((a + 2 * m - 1) * (a + 2 * m));
    d = 1 / awayFromZero(1 + even * d);
    c = awayFromZero(1 + even / c);
    result *= d * c;
    const odd = (-(a + m) * (a + b + m) * x) / ((a + 2 * m) * (a + 2 * m + 1));
    d = 1 / awayFromZero(1 + odd * d);
    c = awayFromZero(1 + odd / c);
    const step = d * c;
    result *= step;
    if (Math.abs(step - 1) < 1e-14) break;
  }
  return result;
}

/** I_x(a, b), the probability that a beta variable is at most x. */
export function incompleteBeta(x: number, a: number, b: number): number {
  if (x <= 0) return 0;
  if (x >= 1) return 1;
  const front = Math.exp(logGamma(a + b) - logGamma(a) - logGamma(b) + a * Math.log(x) + b * Math.log1p(-x));
  return x < (a + 1) / (a + b + 2)
    ? (front * continuedFraction(x, a, b)) / a
    : 1 - (front * continuedFraction(1 - x, b, a)) / b;
}

/** P(X ≥ k) of a binomial variable of n trials. */
export function binomialTail(k: number, n: number, p: number): number {
  if (k <= 0) return 1;
  if (k > n) return 0;
  return incompleteBeta(p, k, n - k + 1);
}

/** How often something happened, in how many chances. */
export interface Rate {
  readonly count: number;
  readonly of: number;
}

/**
 * The probability that so many or more of all happen now, if the rate is that of before: under equal rates the share of now
 * among all is binomial, whatever the rate is (Przyborowski and Wilenski, Biometrika 31, 1940). 1 where there is no before.
 */
export function rateTail(now: Rate, before: Rate): number {
  if (now.of <= 0 || before.of <= 0) return 1;
  return binomialTail(now.count, now.count + before.count, now.of / (now.of + before.of));
}

/** Which of many tests hold when the chance of a single false one among all is to stay below alpha (Holm, 1979). */
export function holm(pValues: readonly number[], alpha: number): boolean[] {
  return stepwise(pValues, (sorted) => {
    const first = sorted.findIndex((p, rank) => p > alpha / (sorted.length - rank));
    return first < 0 ? sorted.length : first;
  });
}

/** Which of many hold when at most the share alpha of those that hold is to be false (Benjamini and Hochberg, 1995). */
export function benjaminiHochberg(pValues: readonly number[], alpha: number): boolean[] {
  return stepwise(
    pValues,
    (sorted) => sorted.findLastIndex((p, rank) => p <= (alpha * (rank + 1)) / sorted.length) + 1,
  );
}

function stepwise(pValues: readonly number[], howMany: (sorted: readonly number[]) => number): boolean[] {
  const order = pValues.map((_, index) => index).sort((a, b) => (pValues[a] ?? 1) - (pValues[b] ?? 1));
  const held = new Set(order.slice(0, howMany(order.map((index) => pValues[index] ?? 1))));
  return pValues.map((_, index) => held.has(index));
}

export function median(values: readonly number[]): number | undefined {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)];
}
