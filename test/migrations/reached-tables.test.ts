import { expect, test } from 'vitest';
import type { Config } from '../../src/config/config.ts';
import { compareWithHistory } from '../../src/migrations/pending.ts';
import { reachedTables, UNSEEN } from '../../src/migrations/reached-tables.ts';
import { toStatement } from '../../src/migrations/sql/statement.ts';
import { connect } from '../../src/mysql/connect.ts';
import { checkMigrations } from '../../src/preflight/migrations.ts';
import { NamedObjects } from '../../src/schema/named-objects.ts';
import { readSnapshot } from '../../src/schema/snapshot.ts';
import { bodyLines } from '../../src/schema/text.ts';
import type { Snapshot } from '../../src/schema/types.ts';
import { migration } from '../rehearsal/scene.ts';
import { describeOnServers } from '../support/servers.ts';

const SCHEMA = [
  'CREATE TABLE plain (id INT, what TEXT) ENGINE=MyISAM',
  'CREATE TABLE a (id INT PRIMARY KEY, n INT)',
  'CREATE TABLE b (id INT PRIMARY KEY, n INT)',
  'CREATE TABLE c (id INT PRIMARY KEY, n INT)',
  'CREATE TABLE safe (id INT PRIMARY KEY, plain INT)',
  `CREATE PROCEDURE note(IN v INT) BEGIN IF v > 0 THEN INSERT INTO plain (id) VALUES (v); END IF; END`,
  'CREATE PROCEDURE looks() SELECT COUNT(*), "INSERT INTO plain" FROM plain FOR UPDATE',
  'CREATE PROCEDURE outer_one() BEGIN DECLARE x INT; SET x = 1; CALL `note`(x); END',
  `CREATE FUNCTION counted(v INT) RETURNS INT DETERMINISTIC MODIFIES SQL DATA
     BEGIN REPLACE INTO plain VALUES (v, REPLACE('a', 'b', 'c')); RETURN v; END`,
  'CREATE TRIGGER a_noted AFTER INSERT ON a FOR EACH ROW BEGIN /* all */ INSERT INTO plain VALUES (NEW.id, ";"); END',
  'CREATE TRIGGER a_gone AFTER DELETE ON a FOR EACH ROW CALL note(OLD.id)',
  'CREATE TRIGGER b_moved BEFORE UPDATE ON b FOR EACH ROW UPDATE c SET n = n + 1 WHERE id = NEW.id',
  'CREATE TRIGGER c_moved BEFORE UPDATE ON c FOR EACH ROW DELETE FROM plain WHERE id = OLD.id',
  'CREATE TRIGGER safe_one BEFORE INSERT ON safe FOR EACH ROW SET NEW.plain = 1',
];

/** What takes the statement to the table without transactions; undefined: it does not get there. */
const CASES: readonly [statement: string, by: string | undefined][] = [
  ['INSERT INTO plain VALUES (1, NULL)', ''],
  ['INSERT INTO a VALUES (1, 1)', ' (by trigger a_noted)'],
  ['UPDATE a SET n = 2', undefined],
  ['DELETE FROM a WHERE id = 1', ' (by trigger a_gone, procedure note)'],
  ['REPLACE INTO SHOP.b SELECT * FROM b', undefined],
  ['INSERT INTO b VALUES (1, 1) ON DUPLICATE KEY UPDATE n = 2', ' (by trigger b_moved, trigger c_moved)'],
  ['UPDATE SHOP.b SET n = 3', ' (by trigger b_moved, trigger c_moved)'],
  ['CALL note(1)', ' (by procedure note)'],
  ['CALL SHOP.outer_one()', ' (by procedure outer_one, procedure note)'],
  ['CALL looks()', undefined],
  ['UPDATE safe SET plain = counted(id)', ' (by function counted)'],
  ['SET @x = COUNTED(5)', ' (by function counted)'],
  ['SELECT counted(1)', ' (by function counted)'],
  ["INSERT INTO safe VALUES (1, 1), (2, LENGTH('CALL note(1)'))", undefined],
  ['ALTER TABLE plain ADD k INT', undefined],
];
test('of a body that the account may not see, of what is put together, and of another database nobody can tell', () => {
  const definition = ['sql security DEFINER', 'body', ...bodyLines(null)].join('\n');
  const objects = new Map([['procedure:p', { kind: 'procedure', name: 'p', definition, digest: '' }]]);
  const snapshot = { database: 'shop', objects } as unknown as Snapshot;
  const reached = (text: string) => reachedTables(toStatement(text, 1), snapshot);
  expect(reached('CALL p()')).toEqual([{ table: UNSEEN, by: ['procedure:p'] }]);
  expect(reached('CALL other.q()')).toEqual([{ table: UNSEEN, by: [] }]);
  expect(reached('EXECUTE s')).toEqual([{ table: UNSEEN, by: [] }]);
});

test.each([
  [true, 'INSERT INTO SHOP.Plain VALUES (1)', 'plain'],
  [true, 'CALL SHOP.Note()', 'plain'],
  [false, 'INSERT INTO SHOP.plain VALUES (1)', 'SHOP.plain'],
  [false, 'CALL SHOP.note()', UNSEEN],
  [false, 'CALL other.note()', UNSEEN],
  [true, 'CALL other.note()', UNSEEN],
])('where names are folded (%s), %s reaches %s', (folds, sql, table) => {
  const definition = ['sql security DEFINER', 'body', 'INSERT INTO plain VALUES (1)'].join('\n');
  const objects = new NamedObjects(folds, [
    ['procedure:note', { kind: 'procedure', name: 'note', definition, digest: '' }],
    ['table:plain', { kind: 'table', name: 'plain', definition: '', digest: '' }],
  ] as never);
  const snapshot = { database: 'shop', objects } as unknown as Snapshot;
  const reached = reachedTables(toStatement(sql, 1), snapshot).map((one) => one.table);
  expect(reached).toEqual([table]);
});

const CONFIG = { migrations: { dir: 'migrations', allowNonTransactional: false } } as unknown as Config;

describeOnServers(
  'rows that reach a table without transactions',
  (server) => {
    test('are found by way of triggers and routines', async () => {
      const shop = await server().createDatabase('shop');
      for (const statement of SCHEMA) await server().sql(statement, shop);
      const session = await (await connect(server().target(shop))).open();
      const snapshot = await readSnapshot(session, shop);
      await session.close();
      const told = CASES.map(([statement]) => {
        const files = [migration('1', `-- migrate:up\n${statement.replace('SHOP', shop)};`)];
        const checks = checkMigrations(compareWithHistory(files, []), [], snapshot, CONFIG);
        return [statement, ...checks.filter(({ ok }) => !ok).map(({ detail }) => detail)];
      });
      expect(told).toEqual(
        CASES.map(([statement, by]) => [
          statement,
          ...(by === undefined
            ? []
            : [
                `writes to plain${by}, which is MyISAM: it has no transactions, so after a crash nobody knows which rows were written`,
              ]),
        ]),
      );
    });
  },
  { args: ['--log-bin-trust-function-creators=1'] },
);
