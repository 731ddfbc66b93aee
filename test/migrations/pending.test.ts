import { describe, expect, test } from 'vitest';
import { checksumOf } from '../../src/migrations/checksum.ts';
import { compareVersions } from '../../src/migrations/file-name.ts';
import type { HistoryRow, HistoryState } from '../../src/migrations/history-row.ts';
import { parseMigrationText } from '../../src/migrations/parse.ts';
import { compareWithHistory, diffSinceApplied, findMigration, selectUpTo } from '../../src/migrations/pending.ts';

function migration(version: string, text = `-- migrate:up\nCREATE TABLE t${version} (id INT);`) {
  const name = `create_t${version}`;
  return parseMigrationText(text, { version, name, baseName: `${version}_${name}`, checksum: checksumOf(text) });
}

function row(version: string, state: HistoryState = 'applied', parts: Partial<HistoryRow> = {}): HistoryRow {
  const { name, baseName, checksum, text } = migration(version);
  const times = { startedAt: '2025-10-01 06:00:00.000', finishedAt: null, durationMs: null };
  return { version, name, baseName, checksum, text, state, run: 'r1', ...times, ...parts };
}

const versions = (list: readonly { version: string }[]) => list.map(({ version }) => version);

describe('compareWithHistory', () => {
  test('sorts every migration into its list', () => {
    const edited = migration('3', '-- migrate:up\nCREATE TABLE t3 (id BIGINT);');
    const files = [migration('10'), migration('1'), migration('2'), edited, migration('4'), migration('7')];
    const status = compareWithHistory(files, [row('7', 'applying'), row('4', 'adopted'), row('3'), row('2'), row('5')]);
    expect(versions(status.applied)).toEqual(['2', '3', '4', '5']);
    expect(versions(status.unfinished)).toEqual(['7']);
    expect(versions(status.pending)).toEqual(['1', '10']);
    expect(versions(status.missing)).toEqual(['5']);
    expect(versions(status.outOfOrder)).toEqual(['1']);
    expect(status.changed.map(({ row: { version } }) => version)).toEqual(['3']);
    expect(status.changed.map(diffSinceApplied)).toEqual([
      ['  -- migrate:up', '- CREATE TABLE t3 (id INT);', '+ CREATE TABLE t3 (id BIGINT);'],
    ]);
  });

  test('a checksum of another algorithm is no edit', () => {
    const old = { checksum: 'v0:abc' };
    expect(compareWithHistory([migration('1')], [row('1', 'applied', old)]).changed).toEqual([]);
    expect(compareWithHistory([migration('1')], [row('1', 'applied', { ...old, text: null })]).changed).toEqual([]);
    const edited = row('1', 'applied', { ...old, text: '-- migrate:up\nDROP TABLE t1;' });
    expect(compareWithHistory([migration('1')], [edited]).changed).toHaveLength(1);
  });
});

describe('findMigration', () => {
  const files = [migration('2025_10_01_060100'), migration('2025_10_01_060203'), migration('2025_10_02_060203')];

  test.each(['2025_10_01_060100', '060100', '2025_10_01_060100_create_t2025_10_01_060100', '01_060100'])(
    '%s',
    (wanted) => {
      expect(findMigration(files, wanted).version).toBe('2025_10_01_060100');
    },
  );

  test('refuses what could be two, or is none', () => {
    expect(() => findMigration(files, '060203')).toThrow(
      expect.objectContaining({
        exitCode: 64,
        message:
          '060203 could be any of 2025_10_01_060203_create_t2025_10_01_060203, 2025_10_02_060203_create_t2025_10_02_060203',
        state: 'nothing was started, production is unchanged',
        next: 'name one of them in full',
      }),
    );
    expect(() => findMigration(files, 'nope')).toThrow(
      expect.objectContaining({ message: 'there is no migration nope', next: 'gateway-migrate status' }),
    );
    expect(() => findMigration(files, '')).toThrow('there is no migration ');
  });

  test('selectUpTo takes it and what comes before', () => {
    const [first, second, third] = files as [(typeof files)[0], (typeof files)[0], (typeof files)[0]];
    expect(selectUpTo([first, second, third], second)).toEqual([first, second]);
  });
});

test.each([
  [
    ['10', '9', '0008', '100'],
    ['0008', '9', '10', '100'],
  ],
  [
    ['2025_10_02_000000', '20251001000000', '9'],
    ['9', '20251001000000', '2025_10_02_000000'],
  ],
  [
    ['2025_10_01_060203_b', '2025_10_01_060203_a', '2025_10_01_060100_create_long'],
    ['2025_10_01_060100_create_long', '2025_10_01_060203_a', '2025_10_01_060203_b'],
  ],
  [
    ['10_a', '9_bc'],
    ['9_bc', '10_a'],
  ],
])('%j in order', (given, expected) => {
  expect(given.toSorted(compareVersions)).toEqual(expected);
});
