import { expect, test } from 'vitest';
import { keysOnce, type OrphanKey } from '../../src/exchange/orphan-keys.ts';

const key = (table: string, name: string, onDelete = 'CASCADE') => ({ table, name, onDelete }) as unknown as OrphanKey;

test('keys of one name in two tables are two, and one that was told twice is as it was told last', () => {
  const keys = keysOnce([key('a', 'fk'), key('b', 'fk'), key('a', 'fk', 'SET NULL'), key('a', 'other')]);
  expect(keys.map(({ table, name, onDelete }) => `${table}.${name} ${onDelete}`)).toEqual([
    'a.fk SET NULL',
    'b.fk CASCADE',
    'a.other CASCADE',
  ]);
});
