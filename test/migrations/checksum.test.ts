import fc from 'fast-check';
import { expect, test } from 'vitest';
import { checksumOf, digestOf } from '../../src/migrations/checksum.ts';

const piece = fc.constantFrom(
  "'a\nb'",
  '`c\nd`',
  '"e\n"',
  '-- note\n',
  '# note\n',
  '/* a\nb */',
  '\n',
  ' ',
  'SELECT',
  ';',
  "'\\'\n'",
);

test('the algorithm and its result are for ever', () => {
  expect(checksumOf('-- migrate:up\nSELECT 1;\n')).toBe(
    'v1:68f60dbf6c9211d25c26522cf11c3350fead36e23fe81b0d2a38698373e01b38',
  );
});

test('line endings outside quotes, a byte order mark and white space at the end make no difference', () => {
  fc.assert(
    fc.property(fc.array(piece), fc.constantFrom('', '\n', '\r\n', ' \t\r\n\n'), (pieces, end) => {
      const unix = pieces.join(' ');
      const windows = pieces.map((text) => (/^['"`]/.test(text) ? text : text.replaceAll('\n', '\r\n'))).join(' ');
      expect(checksumOf(`\ufeff${windows}${end}`)).toBe(checksumOf(unix));
      expect(digestOf(windows)).toBe(digestOf(unix));
    }),
  );
});

test('any other difference does', () => {
  fc.assert(
    fc.property(fc.array(piece), fc.array(piece), (left, right) => {
      const [a, b] = [left.join('').trimEnd(), right.join('').trimEnd()];
      expect(checksumOf(a) === checksumOf(b)).toBe(a === b);
    }),
  );
});

test.each(["'a\r\nb'", '"a\r\nb"', '`a\r\nb`'])('a line ending inside quotes is data: %j', (text) => {
  expect(digestOf(text)).not.toBe(digestOf(text.replace('\r\n', '\n')));
});

test('a carriage return alone is no line ending to MySQL', () => {
  expect(checksumOf('SELECT 1\r;')).not.toBe(checksumOf('SELECT 1\n;'));
});
