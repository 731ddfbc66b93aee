import { expect, it } from 'vitest';
import type { Config } from '../../../src/config/config.ts';
import type { Context } from '../../../src/context.ts';
import { Failure } from '../../../src/errors.ts';
import { connect } from '../../../src/mysql/connect.ts';
import { type VerifyScope, verifyPhase } from '../../../src/phases/migrate/verify.ts';
import type { RunEvent } from '../../../src/run/events.ts';
import { readSnapshot } from '../../../src/schema/snapshot.ts';
import type { Snapshot } from '../../../src/schema/types.ts';
import { systemClock } from '../../../src/system/clock.ts';
import { systemExec } from '../../../src/system/exec.ts';
import { systemHttp } from '../../../src/system/http.ts';
import { runAll, withSession } from '../../schema/sessions.ts';
import { describeOnServers, type TestServer } from '../../support/servers.ts';

const SCHEMA = [
  'CREATE TABLE companies (id int PRIMARY KEY)',
  `CREATE TABLE calls (id int PRIMARY KEY, company_id int NOT NULL, staff_id int,
     CONSTRAINT calls_company FOREIGN KEY (company_id) REFERENCES companies (id) ON DELETE CASCADE)`,
  'CREATE TABLE staff (id int PRIMARY KEY)',
  'CREATE TABLE legacy (company_id int)',
  'INSERT INTO companies VALUES (1)',
  'INSERT INTO staff VALUES (1)',
  'INSERT INTO calls VALUES (1, 1, 1), (2, 1, NULL)',
];
const VERIFY: Config['verify'] = {
  requireTables: ['companies', 'staff'],
  requireIndexes: [],
  tenant: { table: 'companies', column: 'company_id', onDelete: 'CASCADE' },
  references: [{ from: { table: 'calls', column: 'staff_id' }, to: { table: 'staff', column: 'id' } }],
  polymorphic: [],
  plans: ['SELECT * FROM calls WHERE company_id = 1'],
};
const QUERIES = [
  { version: '2025_1', statements: ['SELECT * FROM calls WHERE staff_id = 9', 'SELECT 1 FROM calls WHERE id < 0'] },
];

type CheckEvent = Extract<RunEvent, { type: 'check' }>;

describeOnServers('verify', (server) => {
  async function prepare(...more: string[]): Promise<string> {
    const database = await server().createDatabase();
    await runAll(server(), database, [...SCHEMA, ...more]);
    return database;
  }

  it('reports every check and passes when all hold', async () => {
    const database = await prepare();
    const expected = await withSession(server(), database, (session) => readSnapshot(session, database));
    const { checks, result } = await verify(server(), database, { tables: ['calls'], queries: QUERIES, expected });
    expect(result).toBe('14 checks: 1 table, 1 foreign key (1/1 CASCADE), 2 indexes, 0 orphans');
    expect(checks.map(({ group, name, ok }) => [group, name, ok])).toEqual([
      ['required tables', 'table companies exists', true],
      ['required tables', 'table staff exists', true],
      ['tables', 'table calls exists', true],
      ['counts', 'calls', true],
      ['tenant', 'calls.company_id exists', true],
      ['tenant', 'calls.company_id is NOT NULL', true],
      ['tenant', 'calls.company_id is a foreign key to companies ON DELETE CASCADE', true],
      ['tenant', 'calls.company_id leads an index', true],
      ['orphans', 'calls.company_id → companies.id', true],
      ['orphans', 'calls.staff_id → staff.id', true],
      ['drift', 'the schema is as expected', true],
      ['plans', 'SELECT * FROM calls WHERE company_id = 1', true],
      ['verify queries', '2025_1 query 1', true],
      ['verify queries', '2025_1 query 2', true],
    ]);
    expect(checks.find(({ group }) => group === 'counts')?.detail).toBe(
      '3 columns, 2 indexes, 1 foreign key: company_id → companies ON DELETE CASCADE',
    );
  });

  it('fails with the names of the checks that do not hold', async () => {
    const database = await prepare();
    const expected: Snapshot = await withSession(server(), database, (session) => readSnapshot(session, database));
    await runAll(server(), database, [
      'SET foreign_key_checks = 0',
      'INSERT INTO calls VALUES (3, 5, 9)',
      'DROP TABLE staff',
      'ALTER TABLE calls DROP FOREIGN KEY calls_company',
      'CREATE TABLE staff (id bigint PRIMARY KEY)',
      'DROP TABLE companies',
    ]);
    const { checks, error } = await verify(server(), database, { tables: ['calls'], queries: QUERIES, expected });
    expect(error?.message).toBe(
      '5 checks do not hold: table companies exists; calls.company_id is a foreign key to companies ON DELETE CASCADE; ' +
        'calls.staff_id → staff.id; the schema is as expected; 2025_1 query 1',
    );
    expect(error).toMatchObject({
      exitCode: 1,
      production: 'unchanged',
      state: 'the checks only read, they changed nothing',
      next: 'gateway-migrate verify',
    });
    const details = new Map(checks.map(({ name, detail }) => [name, detail]));
    expect(details.get('table companies exists')).toBe(`${database} has no table companies`);
    expect(details.get('2025_1 query 1')).toBe('1 row, expected none: SELECT * FROM calls WHERE staff_id = 9');
    expect(details.get('the schema is as expected')?.split('\n')).toEqual(
      expect.arrayContaining(['table calls changed', 'table companies removed', '  + column `id` bigint not null']),
    );
  });

  it('only warns of tables that no migration is known to have made', async () => {
    const { checks, result } = await verify(server(), await prepare(), {});
    expect(checks.filter(({ ok }) => !ok).map(({ name, level }) => [name, level])).toEqual([
      ['legacy.company_id is NOT NULL', 'warning'],
      ['legacy.company_id is a foreign key to companies ON DELETE CASCADE', 'warning'],
      ['legacy.company_id leads an index', 'warning'],
    ]);
    expect(result).toBe('17 checks: 2 tables, 1 foreign key (1/1 CASCADE), 2 indexes, 0 orphans');
  });

  it('lets no query of a migration write', async () => {
    const database = await prepare();
    const queries = [{ version: '1', statements: ['DELETE FROM calls', 'DROP TABLE calls', 'SELECT nope'] }];
    const { checks, error } = await verify(server(), database, { tables: [], queries });
    expect(error?.message).toBe('3 checks do not hold: 1 query 1; 1 query 2; 1 query 3');
    const [first] = checks.filter(({ group }) => group === 'verify queries');
    const stop = server().kind === 'mysql' ? '.' : '';
    expect(first?.detail).toBe(`Cannot execute statement in a READ ONLY transaction${stop}`);
    const [row] = await withSession(server(), database, (session) => session.query('SELECT COUNT(*) AS n FROM calls'));
    expect(Number(row?.n)).toBe(2);
  });

  it('has no effect that a crash could leave behind', async () => {
    const phase = verifyPhase(VERIFY);
    const context = await contextFor(server(), await prepare(), () => undefined);
    expect(await phase.probe({}, context)).toBe('not-done');
  });
});

async function contextFor(server: TestServer, database: string, report: (event: RunEvent) => void): Promise<Context> {
  return {
    server: await connect(server.target(database)),
    exec: systemExec,
    http: systemHttp,
    clock: systemClock,
    signal: new AbortController().signal,
    report,
  };
}

async function verify(server: TestServer, database: string, scope: VerifyScope) {
  const checks: CheckEvent[] = [];
  const context = await contextFor(server, database, (event) => {
    if (event.type === 'check') checks.push(event);
  });
  const outcome = await verifyPhase(VERIFY, scope)
    .run({}, context)
    .catch((error: unknown) => error);
  return outcome instanceof Failure
    ? { checks, error: outcome, result: undefined }
    : { checks, error: undefined, result: outcome };
}
