import { describe, expect, test } from 'vitest';
import { classify } from '../../../src/migrations/classify/classify.ts';

const touched = (sql: string) => classify(sql).touches.map(({ action, object }) => `${action} ${object}`);

/** Accounts, names and comments that hold what a search for a keyword would stop at. */
describe('a name is no keyword', () => {
  test.each([
    ['CREATE DEFINER=user@host VIEW v AS SELECT 1', 'CREATE VIEW', 'create view:v'],
    ['CREATE DEFINER=user@localhost PROCEDURE p() SELECT 1', 'CREATE PROCEDURE', 'create procedure:p'],
    ['CREATE DEFINER=event@server FUNCTION f() RETURNS INT RETURN 1', 'CREATE FUNCTION', 'create function:f'],
    [
      'CREATE DEFINER = role TRIGGER t BEFORE INSERT ON a FOR EACH ROW SET @a = 1',
      'CREATE TRIGGER',
      'create trigger:t',
    ],
    ['CREATE DEFINER=user@user EVENT e ON SCHEDULE EVERY 1 DAY DO SELECT 1', 'CREATE EVENT', 'create event:e'],
    ['CREATE DEFINER=`table`@`view` SQL SECURITY INVOKER VIEW v AS SELECT 1', 'CREATE VIEW', 'create view:v'],
    ["CREATE DEFINER='index'@'%' PROCEDURE p() SELECT 1", 'CREATE PROCEDURE', 'create procedure:p'],
    ['CREATE DEFINER=user@db.example.com VIEW v AS SELECT 1', 'CREATE VIEW', 'create view:v'],
    ['CREATE DEFINER=user@10.0.0.7 VIEW v AS SELECT 1', 'CREATE VIEW', 'create view:v'],
    ['CREATE DEFINER=user/* @ */ @ /* user */ server VIEW v AS SELECT 1', 'CREATE VIEW', 'create view:v'],
    ['CREATE DEFINER=CURRENT_USER VIEW `user` AS SELECT 1', 'CREATE VIEW', 'create view:user'],
    [
      '/*!50001 CREATE ALGORITHM=UNDEFINED */ /*!50013 DEFINER=user@host SQL SECURITY DEFINER */ /*!50001 VIEW v AS SELECT 1 */',
      'CREATE VIEW',
      'create view:v',
    ],
    ['ALTER DEFINER=user@host VIEW v AS SELECT 1', 'ALTER VIEW', 'alter view:v'],
    ['ALTER DEFINER = role@server EVENT e DISABLE', 'ALTER EVENT', 'alter event:e'],
    ['ALTER ALGORITHM=MERGE DEFINER=database SQL SECURITY DEFINER VIEW v AS SELECT 1', 'ALTER VIEW', 'alter view:v'],
    ['CREATE TABLE `user` (id INT)', 'CREATE TABLE', 'create table:user'],
    ['CREATE OR /* VIEW */ REPLACE /* TABLE */ VIEW v AS SELECT 1', 'CREATE VIEW', 'create view:v'],
    ['ALTER /* USER x */ TABLE -- DATABASE\n a ADD b INT', 'ALTER TABLE', 'alter table:a'],
  ])('%s', (sql, verb, object) => {
    expect(classify(sql)).toMatchObject({ kind: 'ddl', verb });
    expect(touched(sql)).toEqual([object]);
  });

  test.each([
    ["TABLE t INTO OUTFILE '/tmp/x'", 'opaque', 'TABLE'],
    ["VALUES ROW(1) INTO DUMPFILE '/tmp/x'", 'opaque', 'VALUES'],
    ["(SELECT 1 INTO OUTFILE '/tmp/x')", 'opaque', 'SELECT'],
    ["((SELECT 1) UNION (SELECT 2)) INTO OUTFILE '/tmp/x'", 'opaque', 'SELECT'],
    ["WITH c AS (SELECT 1) TABLE c INTO OUTFILE '/tmp/x'", 'opaque', 'SELECT'],
    ["SELECT 1 /* INTO @a */ INTO /* @a */ OUTFILE '/tmp/x'", 'opaque', 'SELECT'],
    ["SELECT 'INTO OUTFILE', `into` FROM t", 'admin', 'SELECT'],
    ['TABLE t INTO @a, @b', 'session', 'TABLE'],
    ['TABLE t', 'admin', 'TABLE'],
    ['FLUSH TABLES export, t', 'admin', 'FLUSH'],
    ['SET GLOBAL a = 1, b = @@b + 1', 'admin', 'SET'],
    ['SET PERSIST validate_password.policy = 1, c = 2', 'admin', 'SET'],
    ['SET GLOBAL a = 1, SESSION b = 2', 'session', 'SET'],
    ['SET GLOBAL TRANSACTION ISOLATION LEVEL READ COMMITTED, READ ONLY', 'admin', 'SET'],
    ['SET @@GLOBAL.a = 1, b = 2', 'session', 'SET'],
    ['SET @global = 1', 'session', 'SET'],
    ['SET SESSION TRANSACTION READ WRITE', 'session', 'SET'],
    ['SET completion_type = NO_CHAIN', 'session', 'SET'],
  ])('%s is %s', (sql, kind, verb) => {
    expect(classify(sql)).toMatchObject({ kind, verb });
  });
});

describe('a session in which the journal cannot be written', () => {
  test.each([
    'SET SESSION TRANSACTION READ ONLY',
    'SET TRANSACTION ISOLATION LEVEL SERIALIZABLE, READ ONLY',
    'SET /* READ WRITE */ LOCAL TRANSACTION READ /* x */ ONLY',
    'SET @@session.transaction_read_only = 1',
    'SET tx_read_only = ON',
    'START TRANSACTION WITH CONSISTENT SNAPSHOT, READ ONLY',
  ])('%s', (sql) => {
    expect(classify(sql)).toMatchObject({
      kind: 'forbidden',
      reason: 'the outcome of its statements is written in it: leave READ ONLY out',
    });
  });

  test.each([
    'SET completion_type = 1',
    "SET SESSION completion_type = 'RELEASE'",
    'SET sql_mode = "", `autocommit` = 0',
  ])('%s', (sql) => {
    expect(classify(sql)).toMatchObject({
      kind: 'forbidden',
      reason: 'the tool decides when rows are committed: write BEGIN and COMMIT around statements instead',
    });
  });
});
