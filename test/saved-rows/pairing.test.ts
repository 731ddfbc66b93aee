import { expect, test } from 'vitest';
import { pairTable } from '../../src/saved-rows/pairing.ts';
import type { Column, TableShape } from '../../src/schema/types.ts';

function column(name: string, parts: Partial<Column> = {}): Column {
  return { name, type: 'int', isNullable: true, default: null, extra: '', generation: undefined, ...parts };
}

function shape(columns: readonly Column[], key: readonly string[], parts: Partial<TableShape> = {}): TableShape {
  const primary = { name: 'PRIMARY', isUnique: true, columns: key, type: 'BTREE' };
  const indexes = [...(key.length > 0 ? [primary] : []), ...(parts.indexes ?? [])];
  return { engine: 'InnoDB', columns, foreignKeys: [], estimatedRows: 0, estimatedBytes: 0, ...parts, indexes };
}

const ID = column('id', { isNullable: false });
const whole = { table: 't', columns: 'all' } as const;

test('what both have comes back, whatever the case of the names; what the server computes does not', () => {
  const kept = shape(
    [ID, column('Name', { type: 'varchar(5)' }), column('gone'), column('twice', { generation: 'id' })],
    ['id'],
  );
  const now = shape(
    [
      column('fresh'),
      ID,
      column('name', { type: 'varchar(9)', isNullable: false }),
      column('twice', { generation: '`id`' }),
    ],
    ['id'],
  );
  const { returning, left } = pairTable(whole, kept, now);
  expect(returning).toMatchObject({ columns: ['id', 'name'], key: ['id'], nullable: [] });
  expect(returning?.comparable).toEqual([
    { name: 'id', isText: false },
    { name: 'name', isText: true },
  ]);
  expect(left).toEqual(['t has no column gone now: its values stay in the file']);
});

test('a key identifies rows only if it is the same on both sides, whole, and was there all the time', () => {
  const columns = [ID, column('part', { type: 'varchar(90)' }), column('v')];
  const keyOf = (before: string[], after: string[]) =>
    pairTable(whole, shape(columns, before), shape(columns, after)).returning?.key;
  expect(keyOf(['id', 'v'], ['v', 'id'])).toEqual(['v', 'id']);
  expect([keyOf(['id'], ['id', 'v']), keyOf(['part(10)'], ['part(10)']), keyOf([], ['id'])]).toEqual([[], [], []]);
  const values = (back: string[], key: string[]) =>
    pairTable({ table: 't', columns: back }, shape(columns, key), shape(columns, key));
  expect(values(['V'], ['id']).returning).toMatchObject({ isWhole: false, columns: ['v'], key: ['id'] });
  expect(values(['id'], ['id'])).toEqual({
    returning: undefined,
    left: ['t has no primary key that tells which row a value belongs to: those of id stay in the file'],
  });
});

test('without a primary key a unique one tells rows apart, if none of its columns may be NULL', () => {
  const code = column('code', { isNullable: false });
  const unique = (columns: string[]) => ({ indexes: [{ name: 'of_code', isUnique: true, columns, type: 'BTREE' }] });
  const keyOf = (before: TableShape, after: TableShape) => pairTable(whole, before, after).returning?.key;
  const with_ = (columns: Column[], key: string[] = []) => shape(columns, key, unique(['code']));
  expect(keyOf(with_([code, ID]), with_([ID, code]))).toEqual(['code']);
  expect(keyOf(with_([code, ID], ['id']), with_([ID, code], ['id']))).toEqual(['id']);
  expect(keyOf(with_([column('code')]), with_([code]))).toEqual([]);
  expect(keyOf(shape([code], []), with_([code]))).toEqual([]);
});

test('columns that take the present time keep theirs, unless they come back themselves', () => {
  const seen = column('seen', { type: 'timestamp', extra: 'on update CURRENT_TIMESTAMP' });
  const table = shape([ID, seen, column('v')], ['id']);
  const renewed = (columns: 'all' | string[]) => pairTable({ table: 't', columns }, table, table).returning?.renewed;
  expect(renewed(['v'])).toEqual({ saved: ['seen'], present: ['seen'] });
  expect(renewed('all')).toEqual({ saved: ['seen'], present: [] });
});

test('only keys that rest on what comes back are looked at; and a table that is gone is told', () => {
  const key = { parentSchema: 's', parentTable: 'p', parentColumns: ['id'], onDelete: 'CASCADE', onUpdate: 'RESTRICT' };
  const foreignKeys = [
    { ...key, name: 'of_v', columns: ['v'] },
    { ...key, name: 'of_fresh', columns: ['fresh'] },
  ];
  const unique = (name: string) => ({ name, isUnique: true, columns: [name], type: 'BTREE' });
  const now = shape([ID, column('v'), column('fresh')], ['id'], {
    foreignKeys,
    indexes: [unique('v'), unique('fresh')],
  });
  const kept = shape([ID, column('v')], ['id']);
  const { returning } = pairTable(whole, kept, now);
  expect([returning?.foreignKeys.map(({ name }) => name), returning?.uniques]).toEqual([['of_v'], [['v']]]);
  expect(pairTable({ table: 't', columns: ['v'] }, kept, now).returning?.uniques).toEqual([]);
  expect(pairTable(whole, kept, undefined)).toEqual({
    returning: undefined,
    left: ['there is no table t any more: its rows stay in the file'],
  });
});
