import { expect, test } from 'vitest';
import { endingsOf, type Procedure } from '../../src/migrations/ending.ts';
import { toStatement } from '../../src/migrations/sql/statement.ts';

const procedure = (name: string, body: string | null, sqlMode = ''): Procedure => ({ name, body, sqlMode });
const endings = (sql: string, procedures: readonly Procedure[] = [], prepared?: string) =>
  endingsOf(toStatement(sql, 1), { database: 'shop', procedures }, prepared);
const ending = (...asked: Parameters<typeof endings>) => endings(...asked)[0]?.because;

/** Bodies of a procedure p that is called. */
test.each([
  ['BEGIN ROLLBACK; INSERT INTO t VALUES (1); END', 'procedure p holds ROLLBACK'],
  ['BEGIN INSERT INTO t VALUES (1); /* never */ COMMIT; END', 'procedure p holds COMMIT'],
  ['COMMIT', 'procedure p holds COMMIT'],
  ['BEGIN IF (SELECT 1) THEN ROLLBACK WORK; END IF; END', 'procedure p holds ROLLBACK'],
  ['l: LOOP start transaction; LEAVE l; END LOOP', 'procedure p holds START'],
  ['BEGIN CREATE TABLE made (id INT); END', 'procedure p holds CREATE'],
  ['BEGIN TRUNCATE t; END', 'procedure p holds TRUNCATE'],
  ['BEGIN SET @a = 1, autocommit = 1; END', 'procedure p holds SET'],
  ['BEGIN SET GLOBAL max_connections = @@max_connections + 1; END', 'procedure p holds SET'],
  ["BEGIN SELECT 1 INTO OUTFILE '/tmp/x'; END", 'procedure p writes a file'],
  [
    'BEGIN DECLARE EXIT HANDLER FOR SQLEXCEPTION BEGIN END; DELETE FROM t; END',
    'procedure p goes on behind an error that may roll all back',
  ],
  [
    'BEGIN DECLARE CONTINUE HANDLER FOR 1062, 1213 SET @a = 1; END',
    'procedure p goes on behind an error that may roll all back',
  ],
  [
    "BEGIN DECLARE EXIT HANDLER FOR SQLSTATE '40001' SET @a = 1; END",
    'procedure p goes on behind an error that may roll all back',
  ],
  ['BEGIN DECLARE EXIT HANDLER FOR dead SET @a = 1; END', 'procedure p goes on behind an error that may roll all back'],
  ['BEGIN DECLARE EXIT HANDLER FOR NOT FOUND ROLLBACK; END', 'procedure p holds ROLLBACK'],
  ['BEGIN EXECUTE s; END', 'nobody can see what EXECUTE in procedure p runs'],
  ['BEGIN CALL inner_one(); END', 'procedure inner_one holds ROLLBACK'],
  ['BEGIN CALL `shop`.INNER_ONE(); END', 'procedure inner_one holds ROLLBACK'],
  ['BEGIN CALL other.q(); END', 'nobody can see what procedure q does'],
  ['BEGIN CALL hidden(); END', 'nobody can see what procedure hidden does'],
  ['BEGIN CALL nowhere(); END', 'nobody can see what procedure nowhere does'],
  ['BEGIN CALL p(); UPDATE t SET a = 1; END', undefined],
  ['BEGIN SAVEPOINT s; DELETE FROM t; ROLLBACK TO s; ROLLBACK WORK TO SAVEPOINT s; END', undefined],
  [
    'BEGIN CREATE TEMPORARY TABLE x (a INT); CREATE OR REPLACE TEMPORARY TABLE x (a INT); DROP TEMPORARY TABLE x; END',
    undefined,
  ],
  [
    "BEGIN DECLARE CONTINUE HANDLER FOR NOT FOUND, 1062, SQLWARNING SET @done = 1, @a = 2; DECLARE EXIT HANDLER FOR SQLSTATE '23000' SET @a = 1; END",
    undefined,
  ],
  ['BEGIN UPDATE t SET `commit` = CASE a WHEN 1 THEN TRUNCATE(b, 2) ELSE b END; SET @x := 1; END', undefined],
  ["BEGIN INSERT INTO notes VALUES ('; ROLLBACK'); -- ; COMMIT\nEND", undefined],
])('CALL of %s', (body, expected) => {
  const procedures = [procedure('P', body), procedure('inner_one', 'BEGIN ROLLBACK; END'), procedure('hidden', null)];
  expect(ending('/* a */ CALL p(1)', procedures)).toBe(expected?.replace('procedure p', 'procedure P'));
});

test.each([
  ['CALL gone()', undefined],
  ['CALL other.p()', 'nobody can see what procedure p does'],
  ['CALL `shop`.`o`()', 'nobody can see what procedure o does'],
  ['BEGIN NOT ATOMIC ROLLBACK; INSERT INTO t VALUES (1); END', 'it holds ROLLBACK'],
  ['BEGIN NOT ATOMIC INSERT INTO t VALUES (1); END', undefined],
  ["EXECUTE IMMEDIATE 'ROLLBACK'", 'it runs ROLLBACK'],
  ["EXECUTE IMMEDIATE 'CALL o()'", 'nobody can see what procedure o does'],
  ["EXECUTE IMMEDIATE 'DELETE FROM t'", undefined],
  ["EXECUTE IMMEDIATE CONCAT('ROLL', 'BACK')", 'nobody can see what EXECUTE runs'],
  ['EXECUTE s', 'nobody can see what EXECUTE runs'],
  ["SELECT 1 INTO OUTFILE '/tmp/x'", 'it writes a file'],
  ["TABLE t INTO OUTFILE '/tmp/x'", 'it writes a file'],
  ['FROBNICATE t', 'nobody knows what FROBNICATE does'],
  ['CREATE USER a', undefined],
  ['DO f()', undefined],
  ['INSERT INTO t VALUES (1)', undefined],
])('%s', (sql, expected) => {
  expect(ending(sql, [procedure('o', 'BEGIN ROLLBACK END', 'ORACLE,PIPES_AS_CONCAT')])).toBe(expected);
});

test.each([
  ["INSERT INTO t VALUES ('a')", undefined],
  ['CALL r()', 'procedure r holds ROLLBACK'],
])('EXECUTE of %s', (prepared, expected) => {
  expect(ending('EXECUTE s USING @a', [procedure('r', 'ROLLBACK')], prepared)).toBe(expected);
});

/** What decides whether the mark is committed ahead. */
test.each([
  ['BEGIN ALTER TABLE t ADD c INT; COMMIT; END', ['commits', 'commits']],
  ['BEGIN COMMIT; ROLLBACK; END', ['commits', 'takes-back']],
  ['BEGIN DECLARE EXIT HANDLER FOR SQLEXCEPTION BEGIN END; TRUNCATE t; END', ['takes-back', 'commits']],
  ['BEGIN SET GLOBAL max_connections = 5; START SLAVE; SET autocommit = 1; END', ['outside', 'outside', 'commits']],
  ['BEGIN DROP TABLE t; CALL q(); END', ['commits', 'takes-back']],
])('how %s ends', (body, expected) => {
  expect(endings('CALL p()', [procedure('p', body), procedure('q', 'ROLLBACK')]).map(({ how }) => how)).toEqual(
    expected,
  );
});

/** Its text is read as its procedure remembers, those that it calls each by their own. */
test.each([
  ['NO_BACKSLASH_ESCAPES', "BEGIN SET @a = 'c:\\'; ROLLBACK; SET @b = ''; END", 'procedure p holds ROLLBACK'],
  ['', "BEGIN SET @a = 'c:\\'; ROLLBACK; SET @b = '; END", undefined],
  ['ANSI_QUOTES', 'BEGIN CALL "quoted"(); END', 'procedure quoted holds ROLLBACK'],
  ['STRICT_ALL_TABLES', 'BEGIN CALL quoted(); END', 'procedure quoted holds ROLLBACK'],
])('under sql_mode %s: %s', (sqlMode, body, expected) => {
  const quoted = procedure('quoted', "BEGIN SET @a = 'c:\\'; ROLLBACK; SET @b = ''; END", 'NO_BACKSLASH_ESCAPES');
  expect(ending('CALL p()', [procedure('p', body, sqlMode), quoted])).toBe(expected);
});
