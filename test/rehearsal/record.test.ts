import { expect, test } from 'vitest';
import type { Migration } from '../../src/migrations/types.ts';
import { type RehearsalRecord, readRecord, whyNoEvidence, writeRecord } from '../../src/rehearsal/record.ts';
import { temporaryFolder } from '../support/folder.ts';

const RECORD: RehearsalRecord = {
  format: 3,
  at: '2026-11-23T16:05:12+00:00',
  database: 'shop',
  server: 'MySQL 9.7.4',
  rehearsedOn: 'MySQL 9.7.4',
  fingerprint: 'f',
  asked: 'a',
  verdict: 'ready',
  migrations: ['1', '2'].map((version) => ({
    version,
    name: 'x',
    checksum: `c${version}`,
    statements: [],
    routes: [],
  })),
  findings: [],
};

function pending(...versions: string[]): readonly Migration[] {
  return versions.map((version) => ({ version, checksum: `c${version}` }) as Migration);
}

const SAME = { fingerprint: 'f', asked: 'a', server: 'MySQL 9.7.4', migrations: pending('1', '2') };

test.each([
  ['the same', RECORD, SAME, undefined],
  ['the first of them', RECORD, { ...SAME, migrations: pending('1') }, undefined],
  ['no record', undefined, SAME, 'it was never rehearsed'],
  ['not ready', { ...RECORD, verdict: 'not ready' as const }, SAME, 'the last rehearsal found it not ready'],
  ['another schema', RECORD, { ...SAME, fingerprint: 'g' }, "production's schema has changed since the rehearsal"],
  ['other demands', RECORD, { ...SAME, asked: 'b' }, 'verify in the configuration has changed since the rehearsal'],
  [
    'another server',
    RECORD,
    { ...SAME, server: 'MySQL 9.7.5' },
    'it was rehearsed for MySQL 9.7.4, production is MySQL 9.7.5',
  ],
  ['one more', RECORD, { ...SAME, migrations: pending('1', '2', '3') }, '3 was not rehearsed'],
  [
    'not from the first on',
    RECORD,
    { ...SAME, migrations: pending('2') },
    '2 was changed since the rehearsal, or comes in another order',
  ],
  [
    'another checksum',
    RECORD,
    { ...SAME, migrations: [{ version: '1', checksum: 'other' } as Migration] },
    '1 was changed since the rehearsal, or comes in another order',
  ],
  [
    'other SQL of the same PHP',
    RECORD,
    { ...SAME, migrations: [{ version: '1', checksum: 'c1', translation: 't' } as Migration] },
    '1 was changed since the rehearsal, or comes in another order',
  ],
])('evidence for %s', (_, record, intended, expected) => {
  expect(whyNoEvidence(record, intended)).toBe(expected);
});

test('a record is read as it was written, under any name of a database', async () => {
  const dir = temporaryFolder();
  const { format: _, ...parts } = { ...RECORD, database: '../odd name' };
  await writeRecord(dir, parts);
  expect(await readRecord(dir, '../odd name')).toEqual({ ...RECORD, database: '../odd name' });
  expect(await readRecord(dir, 'shop')).toBeUndefined();
});
