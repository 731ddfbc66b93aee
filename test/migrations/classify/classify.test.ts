import { describe, expect, test } from 'vitest';
import { classify } from '../../../src/migrations/classify/classify.ts';

function touchesOf(sql: string): string[] {
  return classify(sql).touches.map(({ action, object, to, schema, isConditional }) =>
    [action, schema, object, to && `→ ${to}`, isConditional && 'if'].filter(Boolean).join(' '),
  );
}

describe('classify', () => {
  test.each([
    ['CREATE TABLE a (id INT)', 'CREATE TABLE', ['create table:a']],
    ['create table if not exists `s`.`a b` (id INT)', 'CREATE TABLE', ['create s table:a b if']],
    ['CREATE OR REPLACE TABLE a (id INT)', 'CREATE TABLE', ['create table:a if']],
    ['CREATE TABLE a LIKE b', 'CREATE TABLE', ['create table:a']],
    ['CREATE TABLE a SELECT * FROM b', 'CREATE TABLE', ['create table:a']],
    [
      'CREATE OR REPLACE ALGORITHM=MERGE DEFINER=`r`@`h` SQL SECURITY INVOKER VIEW v AS SELECT 1',
      'CREATE VIEW',
      ['create view:v if'],
    ],
    [
      'CREATE DEFINER = CURRENT_USER() TRIGGER t BEFORE INSERT ON a FOR EACH ROW SET @a = 1',
      'CREATE TRIGGER',
      ['create trigger:t'],
    ],
    ['CREATE PROCEDURE p() SELECT 1', 'CREATE PROCEDURE', ['create procedure:p']],
    ['CREATE AGGREGATE FUNCTION f(x INT) RETURNS INT RETURN 1', 'CREATE FUNCTION', ['create function:f']],
    ['CREATE EVENT IF NOT EXISTS e ON SCHEDULE EVERY 1 DAY DO SELECT 1', 'CREATE EVENT', ['create event:e if']],
    ['CREATE SEQUENCE s START WITH 1', 'CREATE SEQUENCE', ['create sequence:s']],
    ['CREATE UNIQUE INDEX i ON a (b)', 'CREATE INDEX', ['alter table:a']],
    ['CREATE INDEX IF NOT EXISTS i USING BTREE ON s.a (b)', 'CREATE INDEX', ['alter s table:a if']],
    ['ALTER TABLE a ADD b INT, ADD KEY (b)', 'ALTER TABLE', ['alter table:a']],
    ['ALTER ONLINE IGNORE TABLE IF EXISTS a FORCE', 'ALTER TABLE', ['alter table:a if']],
    ['ALTER TABLE a ADD c INT, RENAME TO b', 'ALTER TABLE', ['rename table:a → table:b']],
    ['ALTER TABLE a RENAME b', 'ALTER TABLE', ['rename table:a → table:b']],
    ['ALTER TABLE a RENAME COLUMN b TO c, RENAME INDEX d TO e', 'ALTER TABLE', ['alter table:a']],
    ['ALTER TABLE a CONVERT TO CHARACTER SET utf8mb4', 'ALTER TABLE', ['alter table:a']],
    ['ALTER VIEW v AS SELECT 2', 'ALTER VIEW', ['alter view:v']],
    ['ALTER EVENT e RENAME TO f', 'ALTER EVENT', ['rename event:e → event:f']],
    ['ALTER EVENT e DO ALTER TABLE a RENAME TO b', 'ALTER EVENT', ['alter event:e']],
    ['DROP TABLE IF EXISTS a, s.b CASCADE', 'DROP TABLE', ['drop table:a if', 'drop s table:b if']],
    ['DROP VIEW a, b', 'DROP VIEW', ['drop view:a', 'drop view:b']],
    ['DROP INDEX i ON a', 'DROP INDEX', ['alter table:a']],
    ['DROP TRIGGER t', 'DROP TRIGGER', ['drop trigger:t']],
    ['RENAME TABLE a TO b, c WAIT 5 TO a', 'RENAME TABLE', ['rename table:a → table:b', 'rename table:c → table:a']],
    ['/*!50001 CREATE VIEW `v` AS SELECT 1 */', 'CREATE VIEW', ['create view:v']],
    ['/* a */ CREATE /* b */ TABLE -- c\n a (id INT)', 'CREATE TABLE', ['create table:a']],
    ['/*!40000 ALTER TABLE `a` DISABLE KEYS */', 'ALTER TABLE', ['alter table:a']],
  ])('ddl: %s', (sql, verb, touches) => {
    expect(classify(sql)).toMatchObject({ kind: 'ddl', verb, writes: [] });
    expect(touchesOf(sql)).toEqual(touches);
  });

  test.each([
    ['INSERT INTO a VALUES (1)', 'INSERT', ['a']],
    ['insert low_priority ignore into s.`a b` (x) SELECT 1', 'INSERT', ['s.a b']],
    ['REPLACE a SET x = 1', 'REPLACE', ['a']],
    ['UPDATE a SET x = 1', 'UPDATE', ['a']],
    [
      'UPDATE LOW_PRIORITY a AS x JOIN (b y, c) ON x.id = y.id LEFT JOIN (SELECT 1 FROM d) z USING (id) SET x.v = 1',
      'UPDATE',
      ['a', 'b', 'c'],
    ],
    ['DELETE FROM a WHERE id IN (SELECT id FROM b)', 'DELETE', ['a']],
    ['DELETE QUICK x FROM a AS x JOIN b ON a.id = b.id', 'DELETE', ['a']],
    ['DELETE a.*, y FROM a, s.b y WHERE 1', 'DELETE', ['a', 's.b']],
    ['DELETE FROM x, y USING a x JOIN b y', 'DELETE', ['a', 'b']],
    ['WITH c AS (SELECT 1) UPDATE a JOIN c SET x = 1', 'UPDATE', ['a', 'c']],
    ['WITH RECURSIVE c AS (SELECT 1) DELETE FROM a WHERE id IN (SELECT * FROM c)', 'DELETE', ['a']],
    ['SET STATEMENT max_statement_time=5 FOR UPDATE a SET x = 1', 'UPDATE', ['a']],
    ['ANALYZE FORMAT=JSON DELETE FROM a', 'DELETE', ['a']],
  ])('dml: %s', (sql, verb, writes) => {
    expect(classify(sql)).toEqual({ kind: 'dml', verb, touches: [], writes });
  });

  test.each([
    ['SET NAMES utf8mb4', 'session', 'SET'],
    ['SET @a = 1, @b = (SELECT 2, 3)', 'session', 'SET'],
    ['SET @a = 1, GLOBAL b = 2', 'session', 'SET'],
    ['SET GLOBAL a = 1', 'admin', 'SET'],
    ['SET @@global.a = 1, PERSIST b = 2', 'admin', 'SET'],
    ['/*!40101 SET SQL_MODE=@OLD_SQL_MODE */', 'session', 'SET'],
    ['SET autocommit = 1', 'session', 'SET'],
    ["SET PASSWORD = 'a'", 'admin', 'SET PASSWORD'],
    ['CREATE TEMPORARY TABLE a (id INT)', 'session', 'CREATE TEMPORARY TABLE'],
    ['DROP TEMPORARY TABLE a', 'session', 'DROP TEMPORARY TABLE'],
    ["PREPARE s FROM 'SELECT 1'", 'session', 'PREPARE'],
    ['EXECUTE s', 'opaque', 'EXECUTE'],
    ['CALL p()', 'opaque', 'CALL'],
    ['DO SLEEP(1)', 'opaque', 'DO'],
    ['SELECT 1 INTO @a', 'session', 'SELECT'],
    ['SELECT (SELECT 1) FROM a', 'admin', 'SELECT'],
    ["SELECT 1 INTO OUTFILE '/tmp/a'", 'opaque', 'SELECT'],
    ['(SELECT 1) UNION (SELECT 2)', 'admin', 'SELECT'],
    ['WITH c AS (SELECT 1) SELECT * FROM c', 'admin', 'SELECT'],
    ['ANALYZE TABLE a', 'admin', 'ANALYZE'],
    ['FLUSH PRIVILEGES', 'admin', 'FLUSH'],
    ['GRANT SELECT ON *.* TO a', 'admin', 'GRANT'],
    ['CREATE USER a', 'opaque', 'CREATE USER'],
    ['CREATE USER IF NOT EXISTS a', 'admin', 'CREATE USER'],
    ['DROP USER a', 'opaque', 'DROP USER'],
    ["ALTER USER a IDENTIFIED BY 'b'", 'admin', 'ALTER USER'],
    ["CREATE FUNCTION f RETURNS STRING SONAME 'f.so'", 'opaque', 'CREATE FUNCTION'],
    ['ALTER TABLE a EXCHANGE PARTITION p WITH TABLE b', 'opaque', 'ALTER TABLE'],
    ['ALTER TABLE a TRUNCATE PARTITION p', 'opaque', 'ALTER TABLE'],
    ['BEGIN', 'transaction', 'BEGIN'],
    ['START TRANSACTION READ WRITE', 'transaction', 'START TRANSACTION'],
    ['COMMIT WORK', 'transaction', 'COMMIT'],
    ['COMMIT AND NO CHAIN', 'transaction', 'COMMIT'],
    ['ROLLBACK WORK TO SAVEPOINT a', 'transaction', 'ROLLBACK TO'],
    ['RELEASE SAVEPOINT a', 'transaction', 'RELEASE'],
    ['BEGIN NOT ATOMIC SELECT 1; END', 'opaque', 'BEGIN NOT ATOMIC'],
    ['FROBNICATE a', 'opaque', 'FROBNICATE'],
    ['', 'opaque', 'STATEMENT'],
  ])('by kind alone: %s', (sql, kind, verb) => {
    expect(classify(sql)).toMatchObject({ kind, verb, touches: [] });
  });

  test.each([
    ['USE a', 'a migration belongs to one database: write schema.table where you mean another'],
    ['LOCK TABLES a WRITE', 'its lock ends with the connection, so a run that is cut off could not be continued'],
    ['XA START 1', 'a distributed transaction outlives the connection and could not be journalled'],
    ['DROP DATABASE a', 'a migration belongs to one existing database, which backup and journal are about'],
    [
      'SET autocommit = 0',
      'the tool decides when rows are committed: write BEGIN and COMMIT around statements instead',
    ],
    [
      'SET @@session.autocommit = OFF',
      'the tool decides when rows are committed: write BEGIN and COMMIT around statements instead',
    ],
    [
      'FLUSH TABLES a WITH READ LOCK',
      'it holds a lock that ends with the connection, and would block the deploy itself',
    ],
    ['COMMIT AND CHAIN', 'AND CHAIN opens a transaction that no statement shows: write BEGIN'],
    ['ROLLBACK RELEASE', 'RELEASE would close the connection'],
    ['START REPLICA', "replication is not a migration's business"],
  ])('forbidden: %s', (sql, reason) => {
    expect(classify(sql)).toMatchObject({ kind: 'forbidden', reason });
  });

  test('a truncated table is touched and written', () => {
    expect(classify('TRUNCATE s.a')).toEqual({
      kind: 'truncate',
      verb: 'TRUNCATE TABLE',
      touches: [{ action: 'alter', object: 'table:a', schema: 's', isConditional: false }],
      writes: ['s.a'],
    });
  });

  test('LOAD DATA names the table that it writes', () => {
    expect(classify("LOAD DATA LOCAL INFILE 'a' INTO TABLE b")).toMatchObject({ kind: 'opaque', writes: ['b'] });
  });
});
