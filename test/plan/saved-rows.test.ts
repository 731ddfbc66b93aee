import { expect, test } from 'vitest';
import { additionsOf } from '../../src/migrations/inverse/additions.ts';
import { parseMigrationText } from '../../src/migrations/parse.ts';
import { chooseSavedRows, type SavedFile } from '../../src/plan/saved-rows.ts';

function migration(version: string, up: string) {
  const identity = { version, name: 'any', baseName: version, path: version, checksum: '' };
  return parseMigrationText(`-- migrate:up\n${up}\n`, identity);
}

function saved(
  file: string,
  versions: string[],
  tables: Record<string, [rows: number, ...columns: string[]]>,
): SavedFile {
  const entries = Object.entries(tables).map(([name, [rows, ...columns]]) => ({ name, rows, columns }));
  return { file, savedAt: 'then', versions, tables: entries };
}

/** `file: table(all), other(a, b)`. */
function told(files: SavedFile[], ups: Record<string, string>, present: Record<string, string[]> = {}): string[] {
  const additions = additionsOf(Object.entries(ups).map(([version, up]) => migration(version, up)));
  return chooseSavedRows(files, additions, (table) => present[table]).map(
    ({ file, tables }) =>
      `${file}: ${tables.map(({ table, columns }) => `${table}(${columns === 'all' ? 'all' : columns.join(', ')})`).join(', ')}`,
  );
}

test('a table that is made again gets its rows, one that is there the columns that were dropped', () => {
  const file = saved('f', ['1', '2'], { orders: [5, 'id'], shops: [2, 'id', 'Note', 'kept'], empty: [0, 'id'] });
  const ups = {
    1: 'CREATE TABLE orders (id INT); CREATE TABLE empty (id INT);',
    2: 'ALTER TABLE shops ADD COLUMN note TEXT, ADD COLUMN IF NOT EXISTS kept INT, ADD KEY (id);',
  };
  expect(told([file], ups, { shops: ['id', 'kept'] })).toEqual(['f: orders(all), shops(Note)']);
});

test('what only got another name was there all the time', () => {
  const file = saved('f', ['1'], { remarks: [5, 'id'], shops: [2, 'id', 'title', 'street', 'fresh'] });
  const renaming = `RENAME TABLE notes TO remarks; ALTER TABLE shops RENAME COLUMN name TO title;
    ALTER TABLE shops CHANGE road street VARCHAR(20);`;
  expect(told([file], { 1: renaming }, { shops: ['id', 'name', 'road'] })).toEqual([]);
  const added = `${renaming} ALTER TABLE shops ADD COLUMN stale INT; ALTER TABLE shops CHANGE stale fresh INT;`;
  expect(told([file], { 1: added }, { shops: ['id', 'name', 'road'] })).toEqual(['f: shops(fresh)']);
});

test('names are followed through a deploy, and what is dropped and made again is made', () => {
  const file = saved('f', ['1', '2'], { b: [1, 'id', 'x'], d: [1, 'id'] });
  const ups = {
    1: 'CREATE TABLE a (id INT); ALTER TABLE a ADD COLUMN x INT; DROP TABLE IF EXISTS d; CREATE TABLE d (id INT);',
    2: 'ALTER TABLE a RENAME TO b; CREATE TABLE c (id INT); DROP TABLE c;',
  };
  expect(told([file], ups, { d: ['id'] })).toEqual(['f: b(all), d(all)']);
});

test('each version has its file: the newest, and the rows stand before values that are added to them', () => {
  const files = [
    saved('of 1', ['1'], { orders: [5, 'id'] }),
    saved('of 2', ['2'], { orders: [5, 'id', 'note'], other: [1, 'id'] }),
    saved('older', ['1', '2'], { orders: [9, 'id', 'note'], other: [9, 'id'] }),
  ];
  const ups = {
    1: 'CREATE TABLE orders (id INT);',
    2: 'ALTER TABLE orders ADD note TEXT; CREATE TABLE other (id INT);',
  };
  expect(told(files, ups)).toEqual(['of 1: orders(all)', 'of 2: orders(note), other(all)']);
  expect(told(files, { 1: ups[1] })).toEqual(['of 1: orders(all)']);
});
