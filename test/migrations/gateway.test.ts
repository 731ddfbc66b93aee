import { readFileSync } from 'node:fs';
import { beforeAll, describe, expect, test } from 'vitest';
import { readMigrations } from '../../src/migrations/files.ts';
import type { Migration } from '../../src/migrations/types.ts';
import { connect, type Session } from '../../src/mysql/connect.ts';
import { describeOnServers } from '../support/servers.ts';
import { EXPECTED_TABLES } from './gateway-tables.ts';
import { readTableFacts } from './table-facts.ts';

const DIR = new URL('../../migrations', import.meta.url).pathname;
const PARENTS = readFileSync(new URL('../fixtures/parents.sql', import.meta.url), 'utf8');

async function returnsNoRow(session: Session, migrations: readonly Migration[], section: 'check' | 'verify') {
  for (const migration of migrations) {
    for (const { text } of migration[section]) expect(await session.query(text), migration.baseName).toEqual([]);
  }
}

describe('the six migrations', () => {
  test('are read without a problem, under the names that Laravel knows', async () => {
    const { migrations, problems } = await readMigrations(DIR);
    expect(problems).toEqual([]);
    expect(migrations.map(({ baseName }) => baseName)).toEqual([
      '2025_10_01_060100_create_notification_configurations_table',
      '2025_10_01_060201_create_policy_configurations_table',
      '2025_10_01_060203_create_callback_requests_table',
      '2025_10_01_060304_create_appointment_modifications_table',
      '2025_10_01_060305_create_callback_escalations_table',
      '2025_10_01_060400_create_appointment_modification_stats_table',
    ]);
  });
});

describeOnServers('the six migrations', (server) => {
  let migrations: readonly Migration[];
  let session: Session;
  beforeAll(async () => {
    const database = await server().createDatabase('gateway');
    await server().sql(PARENTS, database);
    ({ migrations } = await readMigrations(DIR));
    session = await (await connect(server().target(database))).open({ purpose: 'migration' });
    return () => session.close();
  });

  test('make exactly the tables described, with 18 foreign keys, and take them away again', async () => {
    await returnsNoRow(session, migrations, 'check');
    for (const { text } of migrations.flatMap(({ up }) => up)) await session.execute(text);
    await returnsNoRow(session, migrations, 'verify');
    let foreignKeys = 0;
    for (const [table, expected] of Object.entries(EXPECTED_TABLES)) {
      expect(await readTableFacts(session, table), table).toEqual(expected);
      foreignKeys += expected.foreignKeys.length;
    }
    expect(foreignKeys).toBe(18);
    const [options] = await session.query(
      `SELECT COUNT(*) AS tables, COUNT(DISTINCT engine, table_collation) AS kinds, MAX(engine) AS engine,
         MAX(table_collation) AS collation FROM information_schema.tables WHERE table_schema = DATABASE()`,
    );
    expect(options).toEqual({ tables: 12, kinds: 1, engine: 'InnoDB', collation: 'utf8mb4_unicode_ci' });
    for (const { text } of migrations.toReversed().flatMap(({ down }) => down)) await session.execute(text);
    const left = await session.query("SHOW TABLES LIKE '%configurations'");
    expect(left).toEqual([]);
  });

  test('the verify section finds a key that does not cascade', async () => {
    const [first] = migrations;
    for (const { text } of first?.up ?? []) await session.execute(text);
    const name = 'notification_configurations_company_id_foreign';
    await session.execute(`ALTER TABLE notification_configurations DROP FOREIGN KEY ${name}`);
    expect(await session.query(first?.verify[0]?.text ?? '')).toEqual([
      { problem: 'company_id must reference companies ON DELETE CASCADE' },
    ]);
  });

  test('the check section finds a parent whose key has another type', async () => {
    await session.execute('DROP TABLE appointments');
    await session.execute('CREATE TABLE appointments (id INT PRIMARY KEY)');
    const modifications = migrations[3];
    expect(await session.query(modifications?.check[0]?.text ?? '')).toMatchObject([
      { parent: 'appointments', expected: 'bigint unsigned' },
    ]);
  });
});
