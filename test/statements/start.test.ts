import { expect, test } from 'vitest';
import type { ObjectId, SchemaObject, Snapshot } from '../../src/schema/types.ts';
import type { JournalRow } from '../../src/statements/row.ts';
import { differencesFromStart } from '../../src/statements/start.ts';

function snapshot(digests: Partial<Record<ObjectId, string>>): Snapshot {
  const objects = new Map<ObjectId, SchemaObject>();
  for (const [id, digest] of Object.entries(digests) as [ObjectId, string][]) {
    objects.set(id, { kind: 'table', name: id, definition: '', digest });
  }
  return { database: 'd', charset: '', collation: '', objects, fingerprint: '' };
}

function start(objects: JournalRow['evidence']['objects']): JournalRow {
  return {
    run: 'r',
    version: '',
    direction: 'up',
    ordinal: 0,
    digest: '',
    kind: 'start',
    connectionId: 1,
    state: 'intent',
    rows: null,
    error: null,
    evidence: { objects },
    statement: '',
  };
}

test('names what is new, gone or changed since the start', () => {
  const rows = [start({ 'table:same': '1', 'table:gone': '1', 'table:changed': '1' })];
  const now = snapshot({ 'table:same': '1', 'table:changed': '2', 'table:new': '1' });
  expect(differencesFromStart(rows, now)).toEqual(['table:changed', 'table:gone', 'table:new']);
});

test('a run that noted no start has nothing to compare with', () => {
  expect(differencesFromStart([], snapshot({ 'table:new': '1' }))).toBeUndefined();
});
