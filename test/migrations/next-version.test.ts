import { expect, test } from 'vitest';
import { nextVersion } from '../../src/migrations/next-version.ts';

const NOW = new Date('2025-10-05T07:08:09Z');

test.each([
  ['no file yet', [], '2025_10_05_070809'],
  ['Laravel', ['2025_10_01_060100_a.sql', '20240101120000_b.sql'], '2025_10_05_070809'],
  ['dbmate', ['20240101120000_b.sql', 'README.md'], '20251005070809'],
  ['golang-migrate', ['000009_a.up.sql', '000010_b.up.sql', '000010_b.down.sql'], '000011'],
  ['a date in the future', ['2031_01_01_000009_a.sql'], '2031_01_01_000010'],
  ['the same second', ['20251005070809_a.sql'], '20251005070810'],
])('nextVersion: %s', (_, existing, expected) => {
  expect(nextVersion(existing, NOW)).toBe(expected);
});
