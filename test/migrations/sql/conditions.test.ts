import { expect, test } from 'vitest';
import { dropIfExists, isReplacing } from '../../../src/migrations/sql/conditions.ts';

test.each([
  ['DROP TABLE a, b', 'DROP TABLE IF EXISTS a, b'],
  ['/* drop table a */ DROP /* b */ TABLES a, b', '/* drop table a */ DROP /* b */ TABLES IF EXISTS a, b'],
  ['drop view\na, `if`', 'drop view IF EXISTS\na, `if`'],
  ['DROP TABLE IF EXISTS a, b', 'DROP TABLE IF EXISTS a, b'],
  ["DROP USER a, 'b'@'%'", "DROP USER IF EXISTS a, 'b'@'%'"],
  ['DROP SEQUENCE `a`,b', 'DROP SEQUENCE IF EXISTS `a`,b'],
  ['DROP INDEX i ON a', 'DROP INDEX i ON a'],
  ['ALTER TABLE a DROP TABLE', 'ALTER TABLE a DROP TABLE'],
])('%s passes over what is gone', (text, expected) => {
  expect(dropIfExists(text)).toBe(expected);
});

test.each([
  ['CREATE /* a */ OR -- b\n REPLACE TABLE a (id INT)', true],
  ['/*!50001 CREATE OR REPLACE */ VIEW v AS SELECT 1', true],
  ["CREATE TABLE a (b VARCHAR(20) DEFAULT 'OR REPLACE')", false],
  ['CREATE VIEW v AS SELECT 1 /* OR REPLACE */', false],
])('%s replaces: %s', (text, is) => {
  expect(isReplacing(text)).toBe(is);
});
