import { afterAll, beforeAll, expect, test } from 'vitest';
import { toStatement } from '../../../src/migrations/sql/statement.ts';
import { connect, type Server, type Session } from '../../../src/mysql/connect.ts';
import { readSnapshot } from '../../../src/schema/snapshot.ts';
import { createToolTables } from '../../../src/statements/journal.ts';
import { evidenceReader } from '../../../src/statements/recovery/evidence-reader.ts';
import { settleOpenStatements } from '../../../src/statements/recovery/settle.ts';
import type { JournalRow } from '../../../src/statements/row.ts';
import { recordedContext } from '../../support/recorded-context.ts';
import { describeOnServers } from '../../support/servers.ts';

const BEGIN = `
  CREATE TABLE a (id INT PRIMARY KEY AUTO_INCREMENT, v INT, w INT);
  INSERT INTO a (v) VALUES (1), (2), (3);
  CREATE TABLE b (id INT PRIMARY KEY, v INT, w INT);
  INSERT INTO b VALUES (1, 1, 1);
  CREATE TABLE n (id INT PRIMARY KEY AUTO_INCREMENT, v INT);
  INSERT INTO n (v) VALUES (1), (2), (3);
  CREATE TABLE child (id INT PRIMARY KEY, a_id INT, CONSTRAINT child_a FOREIGN KEY (a_id) REFERENCES a (id));
  CREATE VIEW seen AS SELECT id, v FROM a;`;

type Case = readonly [statement: string, ran: boolean, others: string, is: 'done' | 'intent' | 'unknown'];

/** `ran`: the statement had taken effect. `others`: what somebody else did between its intent and the recovery. */
const CASES: readonly Case[] = [
  ['RENAME TABLE a TO c', false, '', 'intent'],
  ['RENAME TABLE a TO c', false, 'ALTER TABLE a ADD INDEX (v)', 'intent'],
  ['RENAME TABLE a TO c', false, 'OPTIMIZE TABLE a', 'intent'],
  ['RENAME TABLE a TO c', false, 'CREATE TABLE c (id INT)', 'intent'],
  ['RENAME TABLE a TO c', true, '', 'done'],
  ['RENAME TABLE a TO c', true, 'ALTER TABLE c ADD INDEX (v)', 'done'],
  ['RENAME TABLE a TO c', true, 'OPTIMIZE TABLE c', 'done'],
  ['ALTER TABLE a RENAME TO c', false, 'ALTER TABLE a ADD INDEX (v)', 'intent'],
  ['ALTER TABLE a ADD x INT, RENAME TO c', true, '', 'done'],
  ['RENAME TABLE a TO x, b TO a, x TO b', false, 'ALTER TABLE a ADD INDEX (v)', 'intent'],
  ['RENAME TABLE a TO x, b TO a, x TO b', true, 'ALTER TABLE a ADD INDEX (v)', 'done'],
  ['RENAME TABLE a TO x, b TO a, x TO b', false, 'OPTIMIZE TABLE a', 'intent'],
  ['TRUNCATE TABLE b', false, '', 'intent'],
  ['TRUNCATE TABLE b', false, 'ALTER TABLE b ADD INDEX (v)', 'intent'],
  ['TRUNCATE TABLE b', false, 'OPTIMIZE TABLE b', 'unknown'],
  ['TRUNCATE TABLE b', true, '', 'done'],
  ['TRUNCATE TABLE b', true, 'ALTER TABLE b ADD INDEX (v)', 'done'],
  ['TRUNCATE TABLE n', true, 'INSERT INTO n (v) VALUES (9)', 'done'],
  ['TRUNCATE TABLE n', false, 'OPTIMIZE TABLE n', 'unknown'],
  ['ALTER TABLE b ADD COLUMN x INT', false, '', 'intent'],
  ['ALTER TABLE b ADD COLUMN x INT', false, 'ALTER TABLE b ADD INDEX (v)', 'unknown'],
  ['ALTER TABLE b ADD COLUMN x INT', false, 'OPTIMIZE TABLE b', 'intent'],
  ['ALTER TABLE b ADD COLUMN x INT', true, '', 'done'],
  ['ALTER TABLE b ADD COLUMN x INT', true, 'ALTER TABLE b ADD INDEX (v)', 'unknown'],
  ['ALTER TABLE b ENGINE=InnoDB', false, 'ALTER TABLE b ADD INDEX (v)', 'intent'],
  ['ALTER TABLE child ADD CONSTRAINT child_b FOREIGN KEY (a_id) REFERENCES b (id)', true, '', 'done'],
  ['ALTER TABLE child DROP FOREIGN KEY child_a', true, '', 'done'],
  ['ALTER TABLE child ADD INDEX own_index (a_id)', true, '', 'done'],
  ['ALTER TABLE child ADD INDEX own_index (a_id)', false, 'ALTER TABLE child ADD INDEX theirs (a_id)', 'unknown'],
  ['CREATE INDEX b_w ON b (w)', false, 'CREATE INDEX b_v ON b (v)', 'unknown'],
  ['CREATE INDEX b_w ON b (w)', true, '', 'done'],
  ['CREATE TABLE c (id INT PRIMARY KEY)', false, 'CREATE TABLE c (id INT, mine INT)', 'unknown'],
  ['CREATE TABLE c (id INT PRIMARY KEY)', true, '', 'done'],
  ['CREATE TABLE c LIKE b', true, '', 'done'],
  ['CREATE TABLE c AS SELECT v, w FROM seen JOIN b USING (v)', true, '', 'done'],
  ['CREATE TABLE IF NOT EXISTS b (id INT)', false, 'ALTER TABLE b ADD INDEX (v)', 'intent'],
  ['CREATE VIEW c AS SELECT * FROM seen', true, '', 'done'],
  ['CREATE VIEW c AS SELECT * FROM seen', false, 'CREATE VIEW c AS SELECT 1 AS one', 'unknown'],
  ['CREATE OR REPLACE VIEW seen AS SELECT id FROM a', false, 'ALTER VIEW seen AS SELECT v FROM a', 'unknown'],
  ['CREATE TRIGGER c BEFORE INSERT ON b FOR EACH ROW SET NEW.w = 1', true, '', 'done'],
  [
    'CREATE TRIGGER c BEFORE INSERT ON b FOR EACH ROW SET NEW.w = 1',
    false,
    'CREATE TRIGGER c BEFORE INSERT ON b FOR EACH ROW SET NEW.w = 2',
    'unknown',
  ],
  ['CREATE PROCEDURE c() SELECT 1', true, '', 'done'],
  ['CREATE PROCEDURE c() SELECT 1', false, 'CREATE PROCEDURE c() SELECT 2', 'unknown'],
  ['DROP TABLE b', false, 'ALTER TABLE b ADD INDEX (v)', 'intent'],
  ['DROP TABLE b', false, 'OPTIMIZE TABLE b', 'unknown'],
  ['CREATE EVENT e ON SCHEDULE AT CURRENT_TIMESTAMP DO DELETE FROM b', true, 'DROP EVENT IF EXISTS e', 'unknown'],
  ['CREATE EVENT e ON SCHEDULE EVERY 1 DAY DISABLE DO DELETE FROM b', true, '', 'done'],
  ['SET GLOBAL max_connections = @@max_connections + 1', false, '', 'unknown'],
  ['SET GLOBAL max_connections = 151', false, '', 'intent'],
  ['DROP TABLE b', false, '', 'intent'],
  ['DROP TABLE b', true, '', 'done'],
  ['DROP TABLE b', true, 'CREATE TABLE b (id INT); INSERT INTO b VALUES (7)', 'unknown'],
  ['ALTER TABLE b CHANGE v w INT, CHANGE w v INT AFTER id', false, '', 'intent'],
  ['ALTER TABLE b CHANGE v w INT, CHANGE w v INT AFTER id', true, '', 'unknown'],
  ['ALTER TABLE b DROP COLUMN w, ADD COLUMN w INT', false, '', 'intent'],
  ['ALTER TABLE b DROP COLUMN w, ADD COLUMN w INT', true, '', 'unknown'],
  ['ALTER TABLE b DROP COLUMN w, ADD COLUMN w BIGINT', false, 'OPTIMIZE TABLE b', 'intent'],
  ['ALTER TABLE b DROP COLUMN w, ADD COLUMN w BIGINT', true, '', 'done'],
  ['TRUNCATE TABLE OTHER.b', false, 'TRUNCATE TABLE b', 'intent'],
  ['TRUNCATE TABLE OTHER.b', true, '', 'done'],
  ['TRUNCATE TABLE OWN.b', true, '', 'done'],
  ['ALTER TABLE OTHER.b ADD INDEX (v)', true, '', 'unknown'],
  ['ALTER TABLE OTHER.b ADD INDEX (v)', false, 'ALTER TABLE b ADD INDEX (v)', 'intent'],
  ['DROP TABLE OTHER.b', true, '', 'done'],
  ['RENAME TABLE OTHER.b TO OTHER.c', false, 'RENAME TABLE b TO c', 'intent'],
  ['RENAME TABLE OTHER.b TO c', true, '', 'done'],
];

const ON_MARIADB: readonly Case[] = [
  ['ALTER SEQUENCE s RESTART WITH 1', false, '', 'unknown'],
  ['ALTER SEQUENCE s RESTART WITH 1', true, '', 'unknown'],
  ['ALTER SEQUENCE s RESTART WITH 1', true, 'DO NEXTVAL(s)', 'unknown'],
  ['CREATE OR REPLACE SEQUENCE s', true, '', 'unknown'],
  ['CREATE OR REPLACE TABLE b (id INT PRIMARY KEY, v INT, w INT)', false, '', 'intent'],
  ['CREATE OR REPLACE TABLE b (id INT PRIMARY KEY, v INT, w INT)', true, '', 'done'],
  ['CREATE OR REPLACE TABLE b (id INT PRIMARY KEY, v INT, w INT)', true, 'INSERT INTO b VALUES (5, 5, 5)', 'unknown'],
];

describeOnServers('a statement that nobody heard of, while others were at work', (server) => {
  let production: Server;
  let session: Session;
  let database: string;
  let other: string;

  beforeAll(async () => {
    other = await server().createDatabase('other');
    database = await server().createDatabase('own');
    production = await connect(server().target(database));
    session = await production.open();
    await createToolTables(session);
  });
  afterAll(() => session.close());

  async function begin() {
    await server().sql(
      `SET foreign_key_checks = 0; DROP VIEW IF EXISTS seen, c; DROP PROCEDURE IF EXISTS c; DROP EVENT IF EXISTS e;
       DROP TABLE IF EXISTS a, b, c, n, x, child, ${other}.b, ${other}.c; SET foreign_key_checks = 1;
       CREATE TABLE ${other}.b (id INT PRIMARY KEY, v INT); INSERT INTO ${other}.b VALUES (1, 1), (2, 2), (3, 3);
       ${server().kind === 'mariadb' ? 'CREATE OR REPLACE SEQUENCE s; DO NEXTVAL(s);' : ''} ${BEGIN}`,
      database,
    );
  }

  const text = (sql: string) => sql.replaceAll('OTHER', other).replaceAll('OWN', database);

  async function outcomeOf([sql, ran, others]: Case) {
    await begin();
    const statement = toStatement(text(sql), 1);
    const reader = evidenceReader(session, await readSnapshot(session, database));
    await reader.lookAround();
    const evidence = await reader.before(statement);
    if (ran) await server().sql(statement.text, database);
    if (others) await server().sql(text(others), database);
    const { digest, kind } = statement;
    const row = { ...ROW, digest, kind, evidence, statement: statement.text } as JournalRow;
    const context = recordedContext(production);
    const on = { session, database, rehearsed: [], scratch: `${database}_trial`, context };
    const settled = await settleOpenStatements([row], () => statement, on).catch((error: unknown) => error);
    if (!Array.isArray(settled)) expect(settled).toMatchObject({ exitCode: 4, production: 'unknown' });
    const said = context.events.flatMap((event) => (event.type === 'check' ? [event.detail] : []));
    return { is: Array.isArray(settled) ? settled[0]?.state : 'unknown', said };
  }

  test.each(CASES)('%s; ran: %s; meanwhile: %s → %s', async (...one) => {
    const { is, said } = await outcomeOf(one);
    expect(is, said.join()).toBe(one[3]);
  });

  test.each(ON_MARIADB)('%s; ran: %s; meanwhile: %s → %s', async (...one) => {
    if (server().kind !== 'mariadb') return;
    const { is, said } = await outcomeOf(one);
    expect(is, said.join()).toBe(one[3]);
  });

  test('what somebody did before the intent is not the work of the statement', async () => {
    await begin();
    const reader = evidenceReader(session, await readSnapshot(session, database));
    await server().sql('ALTER TABLE b ADD INDEX (v); CREATE TABLE c (id INT)', database);
    await reader.lookAround();
    const altering = await reader.before(toStatement('ALTER TABLE b ADD COLUMN x INT', 1));
    expect(altering.definitions?.['table:b']).toContain('KEY `v`');
    const now = (await readSnapshot(session, database)).objects;
    expect(altering.objects).toEqual({ 'table:b': now.get('table:b')?.digest });
    const creating = await reader.before(toStatement('CREATE TABLE c (id INT PRIMARY KEY)', 1));
    expect(creating.objects).toEqual({ 'table:c': now.get('table:c')?.digest });
  });

  const ROW = {
    run: 'r1',
    version: '0001',
    direction: 'up',
    ordinal: 1,
    connectionId: 1,
    state: 'intent',
    rows: null,
    error: null,
  } as const;
});
