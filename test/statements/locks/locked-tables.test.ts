import { expect, test } from 'vitest';
import { toStatement } from '../../../src/migrations/sql/statement.ts';
import { connect } from '../../../src/mysql/connect.ts';
import { readSnapshot } from '../../../src/schema/snapshot.ts';
import { lockedTables } from '../../../src/statements/locks/locked-tables.ts';
import { describeOnServers, type TestServer } from '../../support/servers.ts';

const CHILD = 'CREATE TABLE c (id INT PRIMARY KEY, p INT, CONSTRAINT f FOREIGN KEY (p) REFERENCES parent (id))';
const TRIGGER = 'CREATE TRIGGER t BEFORE INSERT ON parent FOR EACH ROW SET NEW.n = 1';

/** A statement, what was there before it beside `parent`, and the table that a transaction has used. */
const CASES = [
  { before: '', sql: CHILD, used: 'parent' },
  { before: '', sql: 'ALTER TABLE parent ADD COLUMN x INT', used: 'parent' },
  { before: '', sql: 'CREATE INDEX i ON parent (n)', used: 'parent' },
  { before: '', sql: 'RENAME TABLE parent TO other', used: 'parent' },
  { before: '', sql: 'TRUNCATE TABLE parent', used: 'parent' },
  { before: '', sql: 'DROP TABLE parent', used: 'parent' },
  { before: '', sql: TRIGGER, used: 'parent' },
  { before: TRIGGER, sql: 'DROP TRIGGER t', used: 'parent' },
  { before: '', sql: 'CREATE VIEW v AS SELECT * FROM parent', used: 'parent' },
  { before: '', sql: 'CREATE TABLE other LIKE parent', used: 'parent' },
  { before: '', sql: 'ANALYZE TABLE parent', used: 'parent' },
  {
    before: 'CREATE TABLE c (id INT PRIMARY KEY, p INT)',
    sql: 'ALTER TABLE c ADD CONSTRAINT f FOREIGN KEY (p) REFERENCES parent (id)',
    used: 'parent',
  },
  { before: CHILD, sql: 'ALTER TABLE c DROP FOREIGN KEY f', used: 'parent' },
  { before: CHILD, sql: 'ALTER TABLE c ADD COLUMN x INT', used: 'parent' },
  { before: CHILD, sql: 'DROP TABLE c', used: 'parent' },
  { before: CHILD, sql: 'RENAME TABLE c TO other', used: 'parent' },
  { before: CHILD, sql: 'TRUNCATE TABLE c', used: 'parent' },
  { before: CHILD, sql: 'ALTER TABLE parent ADD COLUMN x INT', used: 'c' },
] as const;

/** A transaction has read the table: does the statement wait for it, and was that foretold? */
async function waits(server: TestServer, { before, sql, used }: (typeof CASES)[number]) {
  const production = await connect(server.target(await server.createDatabase('locks')));
  const [session, reader] = await Promise.all([production.open(), production.open()]);
  try {
    await session.query('CREATE TABLE parent (id INT PRIMARY KEY, n INT)');
    if (before) await session.query(before);
    const snapshot = await readSnapshot(session, production.target.database);
    const foretold = lockedTables([toStatement(sql, 1)], snapshot, production.flavor);
    await reader.query('START TRANSACTION');
    await reader.query(`SELECT * FROM ${used}`);
    await session.query('SET SESSION lock_wait_timeout = 1');
    const waited = await session.execute(sql).then(
      () => false,
      (error: { errno?: number }) => error.errno === 1205,
    );
    return { waited, foretold: foretold.some(({ table, against }) => table === used && against === 'everybody') };
  } finally {
    await Promise.all([session.close(), reader.close()]);
  }
}

describeOnServers('what a definition waits for is foretold', (server) => {
  test('for every statement that names or is connected with a table that a transaction has read', async () => {
    const seen = await Promise.all(CASES.map((one) => waits(server(), one)));
    const told = CASES.map(({ sql, used }, index) => ({ sql, used, waits: seen[index]?.foretold }));
    expect(told).toEqual(CASES.map(({ sql, used }, index) => ({ sql, used, waits: seen[index]?.waited })));
    expect(seen.filter(({ waited }) => waited).length).toBeGreaterThan(6);
  });
});
