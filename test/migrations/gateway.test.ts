import { readFileSync } from 'node:fs';
import { beforeAll, describe, expect, test } from 'vitest';
import { readMigrations } from '../../src/migrations/files.ts';
import type { Migration } from '../../src/migrations/types.ts';
import { connect, type Session } from '../../src/mysql/connect.ts';
import { describeOnServers } from '../support/servers.ts';
import { EXPECTED_TABLES } from './gateway-tables.ts';

const DIR = new URL('../../migrations', import.meta.url).pathname;
const PARENTS = readFileSync(new URL('../fixtures/parents.sql', import.meta.url), 'utf8');

/** What one server says of a table, written as the list of expected facts is. */
async function factsOf(session: Session, table: string) {
  const columns = await session.query<Record<'name' | 'type' | 'nullable' | 'fallback' | 'extra', string>>(
    `SELECT column_name AS name, column_type AS type, is_nullable AS nullable, column_default AS fallback, extra AS extra
     FROM information_schema.columns WHERE table_schema = DATABASE() AND table_name = ? ORDER BY ordinal_position`,
    [table],
  );
  const indexes = await session.query<Record<'name' | 'duplicates' | 'columns', string>>(
    `SELECT index_name AS name, non_unique AS duplicates, GROUP_CONCAT(column_name ORDER BY seq_in_index SEPARATOR ', ') AS columns
     FROM information_schema.statistics WHERE table_schema = DATABASE() AND table_name = ?
     GROUP BY index_name, non_unique`,
    [table],
  );
  const keys = await session.query<Record<'name' | 'column' | 'parent' | 'target' | 'rule', string>>(
    `SELECT k.constraint_name AS name, k.column_name AS \`column\`, k.referenced_table_name AS parent,
       k.referenced_column_name AS target, r.delete_rule AS rule
     FROM information_schema.key_column_usage k JOIN information_schema.referential_constraints r
       ON r.constraint_schema = k.constraint_schema AND r.constraint_name = k.constraint_name
     WHERE k.table_schema = DATABASE() AND k.table_name = ? AND k.referenced_table_name IS NOT NULL`,
    [table],
  );
  return {
    columns: columns.map(describeColumn),
    indexes: indexes
      .map(({ name, duplicates, columns: list }) => `${Number(duplicates) ? '' : 'unique '}${name} (${list})`)
      .sort(),
    foreignKeys: keys
      .map(({ name, column, parent, target, rule }) => `${name}: ${column} → ${parent}.${target} ${rule}`)
      .sort(),
  };
}

function describeColumn({
  name,
  type,
  nullable,
  fallback,
  extra,
}: Record<'name' | 'type' | 'nullable' | 'fallback' | 'extra', string | null>): string {
  const plainType = type
    ?.replace(/\b(bigint|int)\(\d+\)/, '$1')
    .replace(/^longtext$/, 'json')
    .replaceAll("','", ', ')
    .replaceAll("'", '');
  const value =
    fallback === null || fallback === 'NULL'
      ? ''
      : ` default ${fallback.replaceAll("'", '').replace(/current_timestamp\(\)/i, 'CURRENT_TIMESTAMP')}`;
  const isCounted = extra?.includes('auto_increment') ? ' auto_increment' : '';
  return `${name} ${plainType}${nullable === 'YES' ? ' null' : ''}${value}${isCounted}`;
}

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
      expect(await factsOf(session, table), table).toEqual(expected);
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
