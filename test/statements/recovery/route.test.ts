import { expect, test } from 'vitest';
import { parseMigrationText } from '../../../src/migrations/parse.ts';
import { routeBack } from '../../../src/statements/recovery/route.ts';
import type { Evidence, JournalRow } from '../../../src/statements/row.ts';
import { ownTables } from '../../../src/statements/way-back/own-tables.ts';

function migration(up: string, down = '') {
  const text = `-- migrate:up\n${up}\n${down === '' ? '' : `-- migrate:down\n${down}\n`}`;
  return parseMigrationText(text, { version: '1', name: 'x', baseName: '1_x', checksum: 'v1:0' });
}

function done(ordinal: number, evidence: Evidence = { objects: {} }): JournalRow {
  return {
    run: 'r',
    version: '1',
    direction: 'up',
    ordinal,
    digest: '',
    kind: 'ddl',
    connectionId: 1,
    state: 'done',
    rows: null,
    error: null,
    evidence,
    statement: '',
  };
}

const nothing = (id: `table:${string}`): Evidence => ({ objects: { [id]: null } });

function texts(route: ReturnType<typeof routeBack>) {
  return 'statements' in route ? [route.by, ...route.statements.map((one) => one.text)] : [route.by, route.reason];
}

test('what has not begun needs no way back', () => {
  expect(texts(routeBack(migration('CREATE TABLE a (x INT);'), []))).toEqual(['nothing to undo']);
});

test('a session that was set up and nothing else needs no way back', () => {
  const plan = migration('SET @x = 1; CREATE TABLE a (x INT);');
  expect(texts(routeBack(plan, [done(1)]))).toEqual(['nothing to undo']);
});

test('a complete migration goes back by its down section, whatever that is', () => {
  const plan = migration('CREATE TABLE a (x INT);', 'DROP TABLE IF EXISTS a, b;');
  expect(texts(routeBack(plan, [done(1)]))).toEqual(['down section', 'DROP TABLE IF EXISTS a, b']);
});

test('a part goes back by exact inverses, the last first', () => {
  const plan = migration('CREATE TABLE a (x INT); CREATE TABLE b (x INT); CREATE TABLE c (x INT);');
  const rows = [done(1, nothing('table:a')), done(2, nothing('table:b'))];
  expect(texts(routeBack(plan, rows))).toEqual(['exact inverse', 'DROP TABLE `b`', 'DROP TABLE `a`']);
});

test('rows go back by the statement that mirrors theirs', () => {
  const plan = migration(
    'CREATE TABLE a (x INT); UPDATE n SET v = v + 1; CREATE TABLE b (x INT);',
    'DROP TABLE b; UPDATE n SET v = v - 1; DROP TABLE a;',
  );
  const rows = [done(1, nothing('table:a')), done(2)];
  expect(texts(routeBack(plan, rows))).toEqual(['exact inverse', 'UPDATE n SET v = v - 1', 'DROP TABLE `a`']);
});

test('a down section that does not mirror leads nowhere from the middle', () => {
  const plan = migration('UPDATE n SET v = v + 1; CREATE TABLE b (x INT);', 'DROP TABLE b;');
  expect(texts(routeBack(plan, [done(1)]))).toEqual([
    'none',
    'statement 1 (UPDATE): UPDATE changes rows, which no statement brings back',
  ]);
});

test('a mirror on other tables is no mirror', () => {
  const plan = migration('UPDATE n SET v = v + 1; CREATE TABLE b (x INT);', 'DROP TABLE b; UPDATE m SET v = v - 1;');
  expect(routeBack(plan, [done(1)]).by).toBe('none');
});

test('what the down section sets for the session stands before the way back', () => {
  const plan = migration(
    'UPDATE n SET v = v + 1; CREATE TABLE b (x INT);',
    "SET sql_mode = ''; DROP TABLE b; UPDATE n SET v = v - 1;",
  );
  const route = texts(routeBack(plan, [done(1)]));
  expect(route).toEqual(['exact inverse', "SET sql_mode = ''", 'UPDATE n SET v = v - 1']);
});

test('a transaction that the author rolls back changed nothing', () => {
  const plan = migration('BEGIN; UPDATE n SET v = 1; ROLLBACK; CREATE TABLE b (x INT);');
  expect(texts(routeBack(plan, [done(1), done(2), done(3)]))).toEqual(['nothing to undo']);
});

test('applied by the history, with nothing in the journal: the down section, or none', () => {
  const up = 'CREATE TABLE a (x INT);';
  expect(texts(routeBack(migration(up, 'DROP TABLE a;'), [], [], true))).toEqual(['down section', 'DROP TABLE a']);
  expect(texts(routeBack(migration(up), [], [], true))).toEqual([
    'none',
    'the journal of its run is not in this database, and it has no down section',
  ]);
});

const made: Evidence = { objects: { 'table:a': null } };
const SEEDED = 'CREATE TABLE a (x INT);';

test.each([
  ['rows', "INSERT INTO a (x) VALUES (1), (LENGTH('f(x)'));"],
  ['rows of another table', 'INSERT INTO `a` SELECT x FROM n;'],
  ['changes of rows', 'UPDATE a SET x = x + 1;'],
  ['all rows', 'TRUNCATE TABLE a;'],
  ['an index, which a foreign key may have come to use', 'CREATE INDEX i ON a (x);'],
  ['a column that is dropped', 'ALTER TABLE a DROP COLUMN x, ADD COLUMN y INT;'],
])('what a table of its own holds goes with it: %s', (_what, sql) => {
  const plan = migration(`${SEEDED} ${sql} DROP TABLE n;`);
  expect(texts(routeBack(plan, [done(1, made), done(2)]))).toEqual(['exact inverse', 'DROP TABLE `a`']);
});

test.each([
  ['the table was there', { objects: { 'table:a': 'x' } }, '', 'INSERT INTO a VALUES (1);'],
  [
    'a trigger may write elsewhere',
    made,
    'CREATE TRIGGER t AFTER INSERT ON a FOR EACH ROW DELETE FROM n;',
    'INSERT INTO a VALUES (1);',
  ],
  ['a stored function may write elsewhere', made, '', 'INSERT INTO a VALUES (next_number(1));'],
  ['a sequence does not count back', made, '', 'INSERT INTO a VALUES (NEXT VALUE FOR s);'],
  [
    'a child that was there may lose its rows',
    made,
    'ALTER TABLE n ADD FOREIGN KEY (v) REFERENCES a (x);',
    'DELETE FROM a;',
  ],
  ['others are written too', made, '', 'UPDATE a, n SET n.v = a.x;'],
  ['a partition is exchanged', made, '', 'ALTER TABLE a EXCHANGE PARTITION p WITH TABLE n;'],
] as const)('but not where %s', (_why, first, between, last) => {
  const plan = migration(`${SEEDED} ${between} ${last} DROP TABLE n;`);
  const count = between === '' ? 2 : 3;
  const rows = [done(1, first), ...Array.from({ length: count - 1 }, (_, index) => done(index + 2))];
  expect(ownTables(plan, rows).gone.has(count)).toBe(false);
});

test('a table of its own that is gone again needs nothing', () => {
  const plan = migration(`${SEEDED} INSERT INTO a VALUES (1); DROP TABLE a; CREATE TABLE b (x INT);`);
  const rows = [done(1, made), done(2), done(3, { objects: { 'table:a': 'x' } })];
  expect(texts(routeBack(plan, rows))).toEqual(['exact inverse']);
});

test('tables that an earlier migration of the run has made are its own too', () => {
  const plan = migration('INSERT INTO a VALUES (1); DROP TABLE n;');
  const own = ownTables(plan, [done(1)], new Set(['a']));
  expect(texts(routeBack(plan, [done(1)], [], false, { own }))).toEqual(['exact inverse']);
  const dropped = migration('DROP TABLE a; DROP TABLE n;');
  expect(ownTables(dropped, [done(1)], new Set(['a'])).gone).toEqual(new Set());
});

/** The server keeps `Notes` as `notes`; a statement spells it as its author does. */
test.each([
  ['a list of columns', 'INSERT INTO NOTES (Id) VALUES (1);'],
  ['a temporary table', 'CREATE TEMPORARY TABLE Few (x INT); INSERT INTO FEW (x) VALUES (1);'],
])('names of any case are the same table where the server keeps them in lower case: %s', (_, sql) => {
  const text = `-- migrate:up\nCREATE TABLE Notes (Id INT);\n${sql}\n`;
  const modes = { noBackslashEscapes: false, ansiQuotes: false, foldsNames: true };
  const plan = parseMigrationText(text, { version: '1', name: 'x', baseName: '1_x', checksum: 'v1:0' }, modes);
  const rows = plan.up.map((_one, index) => done(index + 1, index === 0 ? nothing('table:notes') : undefined));
  expect(ownTables(plan, rows).gone).toContain(plan.up.length);
});
