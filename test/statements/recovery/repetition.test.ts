import { expect, test } from 'vitest';
import { toStatement } from '../../../src/migrations/sql/statement.ts';
import { addsToItself, mayHaveEnded, movesSequence } from '../../../src/statements/recovery/repetition.ts';

test.each([
  ['SET GLOBAL max_connections = @@GLOBAL.max_connections + 100', true],
  ['SET GLOBAL max_connections = @@max_connections + 100', true],
  ['SET GLOBAL max_connections = (SELECT 1 + 1)', true],
  ['SET GLOBAL a = 1, b = @@b + 1', true],
  ['SET SESSION a = 1, PERSIST b = 2 + @@b', true],
  ['SET /* @@b */ GLOBAL b = 2', false],
  ['SET GLOBAL a = 1, @b = @c', false],
  ['SET GLOBAL max_connections = 500', false],
  ["SET GLOBAL sql_mode = 'ANSI_QUOTES,STRICT_TRANS_TABLES'", false],
  ["SET GLOBAL init_connect = 'SET @a = (SELECT 1)'", false],
  ['SET NAMES utf8mb4', false],
])('%s adds to itself: %s', (sql, is) => {
  expect(addsToItself(toStatement(sql, 1))).toBe(is);
});

test.each([
  ['CREATE EVENT e ON SCHEDULE AT CURRENT_TIMESTAMP DO DELETE FROM t', true],
  ["CREATE EVENT e ON SCHEDULE AT '2020-01-01 00:00:00' DO DELETE FROM t", true],
  ["CREATE EVENT e ON SCHEDULE AT '2999-01-01 00:00:00' DO DELETE FROM t", false],
  ['CREATE EVENT e ON SCHEDULE AT CURRENT_TIMESTAMP ON COMPLETION PRESERVE DO DELETE FROM t', false],
  ['CREATE EVENT e ON SCHEDULE AT CURRENT_TIMESTAMP DISABLE DO DELETE FROM t', false],
  ["CREATE EVENT e ON SCHEDULE EVERY 1 DAY ENDS '2027-01-01' DO DELETE FROM t", true],
  ['CREATE EVENT e ON SCHEDULE EVERY 1 DAY DO DELETE FROM t', false],
])('%s may be over: %s', (sql, is) => {
  expect(mayHaveEnded(toStatement(sql, 1))).toBe(is);
});

test.each([
  ['ALTER SEQUENCE s RESTART WITH 1', true],
  ['CREATE OR REPLACE SEQUENCE s', true],
  ['ALTER SEQUENCE s MAXVALUE 10', false],
  ['CREATE SEQUENCE s', false],
])('%s moves the sequence: %s', (sql, is) => {
  expect(movesSequence(toStatement(sql, 1))).toBe(is);
});
