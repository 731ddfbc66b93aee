import { expect, test } from 'vitest';
import { NumberDigest } from '../../../src/backup/file/number-digest.ts';

function digest(...parts: string[]): string {
  const numbers = new NumberDigest();
  for (const part of parts) numbers.update(Buffer.from(part, 'latin1'));
  return numbers.hex();
}

test.each([
  ['{"price": 10.50}', '{"price": 10.5}', true],
  ['[7.000, -0.10]', '[7.0, -0.1]', true],
  ['[100000000000000000000.0]', '[1e20]', true],
  ['[0.1]', '[0.10000000000000001]', true],
  ['[10.50]', '[10.51]', false],
  ['[1.5]', '["1.5"]', false],
  ['[10]', '[100]', false],
])('%s and %s', (one, other, isSame) => {
  expect(digest(one) === digest(other)).toBe(isSame);
});

test('wherever the text is cut', () => {
  const text = '(1,10.50,\'{\\"a\\": -12.250e-3, \\"b\\": [1.0, 2.50]}\'),(2,3.140,NULL);\n';
  for (let at = 0; at <= text.length; at++) expect(digest(text.slice(0, at), text.slice(at))).toBe(digest(text));
  expect(digest(...text)).toBe(digest(text));
});
