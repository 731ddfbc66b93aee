import { expect, test } from 'vitest';
import { toStatement } from '../../src/migrations/sql/statement.ts';
import type { JournalRow } from '../../src/statements/row.ts';
import { repeatable, unitsOf } from '../../src/statements/unit.ts';

const section = (...texts: string[]) => texts.map((text, index) => toStatement(text, index + 1));

function shape(...texts: string[]) {
  return unitsOf(section(...texts)).map((unit) => [unit.transaction, unit.statements.map((one) => one.ordinal)]);
}

test('a statement is a unit, and so is everything between BEGIN and COMMIT', () => {
  expect(shape('SET @a = 1', 'BEGIN', 'UPDATE t SET a = 1', 'DELETE FROM t', 'COMMIT', 'DROP TABLE t')).toEqual([
    [undefined, [1]],
    ['commit', [2, 3, 4, 5]],
    [undefined, [6]],
  ]);
});

test('a transaction that the author rolls back is known as such', () => {
  expect(shape('START TRANSACTION', 'DELETE FROM t', 'ROLLBACK')).toEqual([['rollback', [1, 2, 3]]]);
});

test('a savepoint does not end the transaction', () => {
  const texts = ['BEGIN', 'SAVEPOINT s', 'DELETE FROM t', 'ROLLBACK TO s', 'COMMIT'];
  expect(shape(...texts)).toEqual([['commit', [1, 2, 3, 4, 5]]]);
});

test('the use of temporary tables is one transaction of ours, as far as the last mention', () => {
  const texts = [
    'CREATE TEMPORARY TABLE a (x INT)',
    'INSERT INTO a VALUES (1)',
    'CREATE TEMPORARY TABLE IF NOT EXISTS `b` (x INT)',
  ];
  expect(
    shape('SET @a = 1', ...texts, 'DROP TEMPORARY TABLE a', 'INSERT INTO t SELECT * FROM b', 'DELETE FROM t'),
  ).toEqual([
    [undefined, [1]],
    ['implied', [2, 3, 4, 5, 6]],
    [undefined, [7]],
  ]);
  expect(shape('CREATE TEMPORARY TABLE a (x INT)', 'DROP TABLE c', 'DROP TABLE a').map(([kind]) => kind)).toEqual([
    undefined,
    undefined,
    undefined,
  ]);
});

test.each([
  [
    'used in the middle',
    ['UPDATE t SET n = 1', 'CREATE TEMPORARY TABLE a (x INT)', 'INSERT INTO t SELECT x FROM a', 'DELETE FROM t'],
  ],
  ['used to the end', ['UPDATE t SET n = 1', 'CREATE TEMPORARY TABLE a (x INT)', 'INSERT INTO t SELECT x FROM a']],
  [
    'with a savepoint',
    ['CREATE TEMPORARY TABLE a (x INT)', 'SAVEPOINT s', 'INSERT INTO a VALUES (1)', 'ROLLBACK TO s', 'DELETE FROM a'],
  ],
])("in the author's own transaction a temporary table is a part of it, in its place: %s", (_, texts) => {
  const all = ['BEGIN', ...texts, 'COMMIT'];
  expect(shape(...all)).toEqual([['commit', all.map((_, index) => index + 1)]]);
});

test('outside of one a savepoint stands in ours', () => {
  const texts = ['CREATE TEMPORARY TABLE a (x INT)', 'SAVEPOINT s', 'INSERT INTO a VALUES (1)', 'RELEASE SAVEPOINT s'];
  expect(shape(...texts, 'INSERT INTO t SELECT x FROM a')).toEqual([['implied', [1, 2, 3, 4, 5]]]);
});

function begun(ordinal: number, state: JournalRow['state']): JournalRow {
  return {
    run: 'r',
    version: '1',
    direction: 'up',
    ordinal,
    digest: '',
    kind: 'ddl',
    connectionId: 1,
    state,
    rows: null,
    error: null,
    evidence: { objects: {} },
    statement: '',
  };
}

test.each([
  ['DROP TABLE a, b', 'intent', 'DROP TABLE IF EXISTS a, b'],
  ['drop tables a, b', 'intent', 'drop tables IF EXISTS a, b'],
  ['DROP VIEW a, b', 'intent', 'DROP VIEW IF EXISTS a, b'],
  ['DROP TABLE IF EXISTS a, b', 'intent', 'DROP TABLE IF EXISTS a, b'],
  ['DROP TABLE a, b', 'failed', 'DROP TABLE a, b'],
  ['DROP TABLE a', 'intent', 'DROP TABLE a'],
  ['CREATE TABLE a (x INT)', 'intent', 'CREATE TABLE a (x INT)'],
] as const)('%s, found as %s, is repeated as %s', (text, state, repeated) => {
  const [unit] = unitsOf(section(text));
  if (!unit) throw new Error('no unit');
  expect(repeatable(unit, [begun(1, state)]).statements[0]?.statement.text).toBe(repeated);
  expect(repeatable(unit, []).statements[0]?.statement.text).toBe(text);
});
