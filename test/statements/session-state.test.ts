import { expect, test } from 'vitest';
import { toStatement } from '../../src/migrations/sql/statement.ts';
import type { Session } from '../../src/mysql/connect.ts';
import type { Evidence, JournalRow } from '../../src/statements/row.ts';
import { isReading, leavesTraces, replaySession, userVariables } from '../../src/statements/session-state.ts';

const numbered = (...texts: string[]) =>
  texts.map((text, index) => ({ ordinal: index + 1, statement: toStatement(text, index + 1) }));

function done(ordinal: number, evidence: Partial<Evidence>): JournalRow {
  return {
    run: 'r',
    version: '1',
    direction: 'up',
    ordinal,
    digest: '',
    kind: 'session',
    connectionId: 1,
    state: 'done',
    rows: null,
    error: null,
    evidence: { objects: {}, ...evidence },
    statement: '',
  };
}

/** Keeps what it is told to execute. */
function listening(): { session: Session; heard: string[] } {
  const heard: string[] = [];
  const session: Session = {
    connectionId: 1,
    query: async () => [],
    queryKinds: async () => ({ rows: [], kinds: [] }),
    execute: async (sql) => {
      heard.push(sql);
      return { rows: 0, lastInsertId: undefined, warnings: [] };
    },
    close: async () => undefined,
    destroy: () => undefined,
  };
  return { session, heard };
}

test('user variables are found in every spelling, system variables are not', () => {
  const statements = numbered(
    'SET @a = 1, @`b c` = 2',
    'SELECT @@sql_mode, @"d", @\'e\'',
    'SELECT 1',
    'SET @A = @f.g, @größe = @`h``i`',
  );
  expect(userVariables(statements)).toEqual(['a', 'b c', 'd', 'e', 'f.g', 'größe', 'h`i']);
});

test.each([
  ['SELECT f()', true],
  ['SELECT f() INTO @x', true],
  ['WITH c AS (SELECT 1) SELECT * FROM c', true],
  ['VALUES ROW(f())', true],
  ['SET @a = f(1, 2), @b := 3', true],
  ["SET @a = 1, sql_mode = ''", false],
  ["SET @@session.sql_mode = ''", false],
  ['SET NAMES utf8mb4', false],
  ['UPDATE t SET a = 1', false],
  ['SHOW TABLES', true],
  ['EXPLAIN ANALYZE SELECT f()', true],
  ["SET @a = f(), sql_mode = ''", true],
  ['SET sql_mode = (SELECT m FROM modes)', true],
  ['SET GLOBAL max_connections = f()', false],
  ["PREPARE p FROM 'SELECT 1'", false],
  ['ANALYZE TABLE t', false],
])('%s: reads what a function may write: %s', (sql, expected) => {
  expect(isReading(toStatement(sql, 1))).toBe(expected);
});

test.each([
  ["SET sql_mode = ''", true],
  ['CALL p()', true],
  ['UPDATE t SET a = @x := 1', true],
  ['INSERT INTO t VALUES (LAST_INSERT_ID())', true],
  ['CREATE TABLE t (a INT)', false],
])('%s leaves traces on the connection: %s', (sql, expected) => {
  expect(leavesTraces([toStatement(sql, 1)])).toBe(expected);
});

test('what set the session up runs again, with the variables of its time; values are assigned, not computed', async () => {
  const { session, heard } = listening();
  const statements = numbered(
    'SET @old = @@sql_mode',
    "SET sql_mode = 'ANSI_QUOTES'",
    'SELECT MAX(id) INTO @top FROM t',
    'SET sql_mode = @old',
    'UPDATE t SET a = LAST_INSERT_ID(7)',
  );
  const rows = [
    done(1, { variables: { old: "'STRICT'", top: 'NULL' } }),
    done(2, { variables: { old: "'STRICT'", top: 'NULL' } }),
    done(3, { variables: { old: "'STRICT'", top: '5' } }),
    done(4, { variables: { old: "'STRICT'", top: '5' } }),
    done(5, { variables: { old: "'STRICT'", top: '5' }, lastInsertId: '7' }),
  ];
  await replaySession(session, statements, rows);
  expect(heard).toEqual([
    "SET @`old` = 'STRICT', @`top` = NULL",
    "SET sql_mode = 'ANSI_QUOTES'",
    "SET @`old` = 'STRICT', @`top` = 5",
    'SET sql_mode = @old',
    "SET @`old` = 'STRICT', @`top` = 5, last_insert_id = 7",
  ]);
});

test('nothing done means nothing to replay', async () => {
  const { session, heard } = listening();
  await replaySession(session, [], []);
  expect(heard).toEqual([]);
});

/** What was sent before a kill, and what is sent of it again; `@@session.` where its value was noted. */
test.each([
  ["SET @a = f(), sql_mode = ''", "SET sql_mode = ''"],
  ["SET sql_mode = '', @a = (SELECT 1)", "SET sql_mode = ''"],
  ["/*!40101 SET @OLD=@@SQL_MODE, SQL_MODE='ANSI' */", "SET SQL_MODE='ANSI'"],
  ["SET sql_mode = f(@a), time_zone = '+01:00'", "SET @@session.`sql_mode` = 'NOTED', time_zone = '+01:00'"],
  ["SET @@session.sql_mode = CONCAT(@@sql_mode, ',x')", "SET @@session.`sql_mode` = 'NOTED'"],
  ["SET GLOBAL a = 1, SESSION sql_mode = '', c = 2", "SET SESSION sql_mode = '', c = 2"],
  ['SET NAMES latin1, @a = f()', 'SET NAMES latin1'],
  ["SET sql_mode = ''", "SET sql_mode = ''"],
  ['SET @a = 1, @b = f()', undefined],
  ['SELECT f() INTO @x', undefined],
])('%s: what may write is not sent again', async (text, again) => {
  const { session, heard } = listening();
  await replaySession(session, numbered(text), [done(1, { session: { sql_mode: "'NOTED'" } })]);
  expect(heard).toEqual(again === undefined ? [] : [again]);
});

test.each([
  ["/* a */ PREPARE /* b */ `S` FROM 'SELECT 1'", 'DROP /* c */ PREPARE s'],
  ["PREPARE s FROM 'SELECT 1'", '-- d\nDEALLOCATE PREPARE S'],
])('%s is let go by %s', async (...texts) => {
  const { session, heard } = listening();
  await replaySession(session, numbered(...texts), [done(1, {}), done(2, {})]);
  expect(heard).toEqual([]);
});
