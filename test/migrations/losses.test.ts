import { expect, test } from 'vitest';
import { lossesOf } from '../../src/migrations/losses/losses.ts';
import { isWidening } from '../../src/migrations/losses/narrowing.ts';
import { toStatement } from '../../src/migrations/sql/statement.ts';

test.each([
  ['ALTER TABLE t CONVERT TO CHARACTER SET latin1', 'texts of t'],
  ['ALTER TABLE t CONVERT TO CHARACTER SET utf8mb4', ''],
  ['ALTER TABLE t ADD COLUMN a INT, DROP COLUMN b, DROP c, DROP INDEX d', 'column b of t, column c of t'],
  ['ALTER TABLE IF EXISTS t WAIT 5 DROP COLUMN b', 'column b of t'],
  ['ALTER TABLE t NOWAIT DROP COLUMN b', 'column b of t'],
  ['ALTER TABLE t DROP PARTITION p0', 'rows of a partition of t'],
  ['ALTER TABLE t DROP SYSTEM VERSIONING', 'history of t'],
  ['ALTER TABLE t DROP FOREIGN KEY f, DROP PRIMARY KEY, RENAME COLUMN a TO b', ''],
  ['DROP TABLE a, b', 'rows of a, rows of b'],
  ['TRUNCATE t', 'rows of t'],
  ['INSERT INTO t VALUES (1)', ''],
  ['CREATE OR REPLACE TABLE t (id INT)', 'rows of t'],
  ['CREATE TABLE t (id INT)', ''],
  ['DROP VIEW v', ''],
])('%s', (text, told) => {
  const what = lossesOf(toStatement(text, 1)).map((loss) => loss.what);
  expect(what.join(', ')).toBe(told);
});

test.each([
  ['varchar(20) NOT NULL', 'VARCHAR(40) NOT NULL', 'as wide'],
  ['varchar(20)', 'VARCHAR(10)', 'narrower'],
  ['varchar(20)', 'TEXT', 'as wide'],
  ['text', 'VARCHAR(255)', 'narrower'],
  ['int(11)', 'BIGINT', 'as wide'],
  ['bigint(20)', 'INT', 'strict'],
  ['int(10) unsigned', 'INT', 'strict'],
  ['decimal(10,2)', 'DECIMAL(12,4)', 'as wide'],
  ['decimal(10,2)', 'DECIMAL(10,4)', 'narrower'],
  ['datetime(6)', 'DATETIME', 'narrower'],
  ['datetime', 'DATE', 'narrower'],
  ["enum('a','b')", "ENUM('a','b','c')", 'as wide'],
  ["enum('a','b')", "ENUM('a')", 'strict'],
  ['double', 'FLOAT', 'narrower'],
  ['int(11)', 'INT NOT NULL', 'strict'],
])('%s to %s', (before, after, width) => {
  expect(isWidening(before, after)).toBe(width);
});
