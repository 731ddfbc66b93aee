import { expect, test } from 'vitest';
import { toStatement } from '../../../src/migrations/sql/statement.ts';
import type { ObjectId } from '../../../src/schema/types.ts';
import { decideDdl } from '../../../src/statements/recovery/evidence.ts';
import { calledFrom, touchedObjects } from '../../../src/statements/recovery/places.ts';
import type { End, Present } from '../../../src/statements/recovery/verdict.ts';
import type { Evidence } from '../../../src/statements/row.ts';

type Digests = Partial<Record<ObjectId, string>>;

function present(digests: Digests, identities: Digests = {}): Present {
  const entries = (of: Digests) => new Map(Object.entries(of) as [ObjectId, string][]);
  return { digests: entries(digests), identities: entries(identities) };
}

function verdict(sql: string, before: Partial<Evidence>, now: Present, end?: End) {
  return decideDdl(calledFrom(toStatement(sql, 1), 'shop'), { objects: {}, ...before }, now, end);
}

test.each([
  ['CREATE TABLE t (a INT)', { 'table:t': null }, {}, 'not-done', 'table t does not exist'],
  ['CREATE TABLE t (a INT)', { 'table:t': null }, { 'table:t': 'new' }, 'open', 'table t exists now'],
  ['ALTER TABLE t ADD b INT', { 'table:t': 'old' }, { 'table:t': 'old' }, 'not-done', 'table t is as it was before'],
  ['ALTER TABLE t ADD b INT', { 'table:t': 'old' }, { 'table:t': 'new' }, 'open', 'table t differs from before'],
  ['ALTER TABLE t ADD b INT', { 'table:t': 'old' }, {}, 'not-done', 'table t is gone'],
  ['CREATE INDEX i ON t (a)', { 'table:t': 'old' }, { 'table:t': 'new' }, 'open', 'table t differs from before'],
  ['DROP VIEW v', { 'view:v': 'old' }, { 'view:v': 'old' }, 'not-done', 'view v is still there'],
  ['DROP VIEW v', { 'view:v': 'old' }, {}, 'done', 'view v is gone'],
  ['DROP VIEW IF EXISTS v', { 'view:v': null }, {}, 'not-done', 'view v was not there before'],
  [
    'CREATE TABLE IF NOT EXISTS t (a INT)',
    { 'table:t': 'old' },
    { 'table:t': 'old' },
    'not-done',
    'table t is as it was before',
  ],
  [
    'CREATE OR REPLACE VIEW v AS SELECT 1',
    { 'view:v': 'old' },
    { 'view:v': 'new' },
    'open',
    'view v differs from before',
  ],
] as const)('%s, with %j before and %j now: %s', (sql, objects, now, is, because) => {
  expect(verdict(sql, { objects }, present(now))).toEqual({ is, because: [because] });
});

test('a DROP of several tables that stopped between two is known as such', () => {
  const objects = { 'table:a': 'x', 'table:b': 'y' } as const;
  expect(verdict('DROP TABLE a, b', { objects }, present({ 'table:b': 'y' })).is).toBe('partly-dropped');
  expect(verdict('DROP TABLE a, b', { objects }, present({})).is).toBe('done');
  expect(verdict('DROP TABLE a, b', { objects }, present(objects)).is).toBe('not-done');
});

test('TRUNCATE is decided by the identity of the table, for its definition stays', () => {
  const before = { objects: { 'table:t': 'x' }, identities: { 'table:t': 'innodb 7' } } as const;
  expect(verdict('TRUNCATE TABLE t', before, present({ 'table:t': 'x' }, { 'table:t': 'innodb 7' })).is).toBe(
    'not-done',
  );
  expect(verdict('TRUNCATE TABLE t', before, present({ 'table:t': 'x' }, { 'table:t': 'innodb 8' })).is).toBe('done');
});

test('a server that tells no identity leaves TRUNCATE unknown', () => {
  const before = { objects: { 'table:t': 'x' } } as const;
  expect(verdict('TRUNCATE TABLE t', before, present({ 'table:t': 'x' }))).toEqual({
    is: 'unknown',
    because: ['the server did not tell the identity of the table'],
  });
});

test('a swap of two equal tables is seen by their identities', () => {
  const swap = 'RENAME TABLE a TO x, b TO a, x TO b';
  const objects = { 'table:a': 'same', 'table:b': 'same', 'table:x': null } as const;
  const before = { objects, identities: { 'table:a': 'innodb 1', 'table:b': 'innodb 2' } } as const;
  const digests = { 'table:a': 'same', 'table:b': 'same' } as const;
  expect(verdict(swap, before, present(digests, { 'table:a': 'innodb 1', 'table:b': 'innodb 2' })).is).toBe('not-done');
  expect(verdict(swap, before, present(digests, { 'table:a': 'innodb 2', 'table:b': 'innodb 1' })).is).toBe('done');
});

test('a rename is done when its table is not where it was', () => {
  const before = { objects: { 'table:a': 'x', 'table:b': null }, identities: { 'table:a': 'innodb 1' } } as const;
  expect(verdict('RENAME TABLE a TO b', before, present({ 'table:b': 'x' }, { 'table:b': 'innodb 1' })).is).toBe(
    'done',
  );
  expect(verdict('RENAME TABLE a TO b', before, present({ 'table:a': 'x' }, { 'table:a': 'innodb 1' })).is).toBe(
    'not-done',
  );
});

test('a rename of nothing leaves nothing to decide', () => {
  const before = { objects: { 'table:a': null, 'table:b': null } } as const;
  expect(verdict('RENAME TABLE IF EXISTS a TO b', before, present({})).is).toBe('not-done');
});

test('both ends of a rename are looked at, every object once', () => {
  expect(touchedObjects(toStatement('RENAME TABLE a TO x, b TO a, x TO b', 1), 'shop')).toEqual([
    'table:a',
    'table:x',
    'table:b',
  ]);
});
