import { expect, it, test } from 'vitest';
import { connect } from '../../../../src/mysql/connect.ts';
import type { Check } from '../../../../src/schema/checks/check.ts';
import { checkAutoIncrement } from '../../../../src/schema/checks/database/auto-increment.ts';
import type { Subject } from '../../../../src/schema/checks/database/rule.ts';
import { checkRules } from '../../../../src/schema/checks/database/rules.ts';
import { readSnapshot } from '../../../../src/schema/snapshot.ts';
import { describeOnServers } from '../../../support/servers.ts';
import { runAll, withSession } from '../../sessions.ts';

const TENANT = { table: 'companies', column: 'company_id', onDelete: 'CASCADE' };
const HEALTHY = [
  'CREATE TABLE companies (id bigint unsigned AUTO_INCREMENT PRIMARY KEY)',
  'CREATE TABLE staff (id int PRIMARY KEY, company_id bigint unsigned NOT NULL, UNIQUE KEY staff_place (company_id, id))',
];

interface Planted {
  readonly rule: string;
  readonly group: 'schema' | 'tenant' | 'references';
  readonly sql: readonly string[];
  readonly subject?: Partial<Subject>;
  /** level, detail, remedy of what is found. */
  readonly found: readonly [level: Check['level'], detail: string, remedy: string];
}

const STAFF = [{ from: { table: 'calls', column: 'staff_id' }, to: { table: 'staff', column: 'id' } }];
const CALLS = (columns: string) =>
  `CREATE TABLE calls (id int PRIMARY KEY, company_id bigint unsigned NOT NULL, ${columns})`;

const PLANTED: readonly Planted[] = [
  {
    rule: 'no-primary-key log',
    group: 'schema',
    sql: ['CREATE TABLE log (company_id int)'],
    found: [
      'advice',
      'log has no primary key: a replica and a restore find each changed row by reading the whole table, and no row can be told from its twin',
      'ALTER TABLE `log` ADD COLUMN id BIGINT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY FIRST',
    ],
  },
  {
    rule: 'not-transactional old',
    group: 'schema',
    sql: ['CREATE TABLE old (id int PRIMARY KEY) ENGINE=MyISAM'],
    found: [
      'warning',
      'old is kept by MyISAM: a crash can lose its rows, no foreign key of it is enforced, and a backup does not see it at the moment of the others',
      'ALTER TABLE `old` ENGINE = InnoDB',
    ],
  },
  {
    rule: 'redundant-index calls.b',
    group: 'schema',
    sql: [CALLS('n int, KEY a (n), KEY b (n)')],
    found: [
      'advice',
      '(n) of b begin a (n): every query that it serves is served by the other one, and every write keeps both',
      'ALTER TABLE `calls` DROP INDEX `b`',
    ],
  },
  {
    rule: 'redundant-index calls.a',
    group: 'schema',
    sql: [CALLS('n int, m int, KEY a (n), KEY b (n, m)')],
    found: [
      'hint',
      '(n) of a begin b (n, m): every query that it serves is served by the other one, and every write keeps both',
      'ALTER TABLE `calls` DROP INDEX `a`',
    ],
  },
  {
    rule: 'unique-with-null calls.k',
    group: 'schema',
    sql: [CALLS('deleted_at datetime NULL, UNIQUE KEY k (company_id, deleted_at)')],
    found: [
      'advice',
      'deleted_at may be NULL in (company_id, deleted_at): NULLs are distinct: of rows with a NULL in it the key forbids none',
      'ALTER TABLE `calls` ADD COLUMN `deleted_at_key` … AS (COALESCE(`deleted_at`, …)) NOT NULL, and put it into the key in its place',
    ],
  },
  {
    rule: 'unique-with-null calls.k',
    group: 'schema',
    sql: [CALLS('code int NULL, UNIQUE KEY k (code)')],
    found: [
      'hint',
      'code may be NULL in (code): NULLs are distinct: of rows with a NULL in it the key forbids none',
      'ALTER TABLE `calls` ADD COLUMN `code_key` … AS (COALESCE(`code`, …)) NOT NULL, and put it into the key in its place',
    ],
  },
  {
    rule: 'tenant-column-missing plans',
    group: 'tenant',
    sql: ['CREATE TABLE plans (id int PRIMARY KEY)'],
    found: [
      'hint',
      'plans has no column company_id: no query can keep its tenants apart, and its rows outlive their tenant',
      'ALTER TABLE `plans` ADD COLUMN `company_id` …; or name it in verify.tenant.except',
    ],
  },
  {
    rule: 'tenant-column-missing plans',
    group: 'tenant',
    sql: ['CREATE TABLE plans (id int PRIMARY KEY)', 'CREATE TABLE telescope_entries (id int PRIMARY KEY)'],
    subject: { tenant: { ...TENANT, except: ['telescope_*'] } },
    found: [
      'error',
      'plans has no column company_id: no query can keep its tenants apart, and its rows outlive their tenant',
      'ALTER TABLE `plans` ADD COLUMN `company_id` …; or name it in verify.tenant.except',
    ],
  },
  {
    rule: 'unknown-exception plan.s',
    group: 'tenant',
    sql: ['CREATE TABLE plans (id int PRIMARY KEY)'],
    subject: { tenant: { ...TENANT, except: ['plans', 'plan.s'] } },
    found: [
      'warning',
      'DATABASE has no table plan.s: an exception that matches nothing hides a slip of the pen',
      'mend verify.tenant.except in the configuration',
    ],
  },
  {
    rule: 'tenant-not-first calls.k',
    group: 'tenant',
    sql: [CALLS('n int, KEY k (n, company_id)')],
    found: [
      'hint',
      '(n, company_id) of k hold company_id behind n: a query of one tenant that names none of the columns before it cannot use the index',
      'put company_id first, unless every query names n',
    ],
  },
  {
    rule: 'unique-without-tenant calls.k',
    group: 'tenant',
    sql: [CALLS('code int NOT NULL, UNIQUE KEY k (code)')],
    found: [
      'advice',
      'the unique key (code) does not hold company_id: a value that one tenant has taken is refused to all others, which also tells them that it exists',
      'ALTER TABLE `calls` DROP INDEX `k`, ADD UNIQUE INDEX (`company_id`, `code`)',
    ],
  },
  {
    rule: 'unique-without-tenant calls.k',
    group: 'tenant',
    sql: [CALLS('token char(36) NOT NULL, UNIQUE KEY k (token)')],
    found: [
      'hint',
      'the unique key (token) does not hold company_id: a value that one tenant has taken is refused to all others, which also tells them that it exists',
      'ALTER TABLE `calls` DROP INDEX `k`, ADD UNIQUE INDEX (`company_id`, `token`)',
    ],
  },
  {
    rule: 'reference-without-index calls.staff_id',
    group: 'references',
    sql: [CALLS('staff_id int')],
    subject: { references: STAFF },
    found: [
      'advice',
      'no index of calls begins with (staff_id), which refers to staff: to find the rows of one parent, to delete it, and to look for orphans, the whole table is read',
      'ALTER TABLE `calls` ADD INDEX (`staff_id`)',
    ],
  },
  {
    rule: 'reference-width calls.staff_id',
    group: 'references',
    sql: [CALLS('staff_id bigint, KEY (staff_id)')],
    subject: { references: STAFF },
    found: [
      'advice',
      'calls.staff_id is bigint and refers to staff.id, int: keys of the wider one do not fit the other, and no foreign key can join them',
      'ALTER TABLE `staff` MODIFY `id` bigint …',
    ],
  },
  {
    rule: 'reference-width calls.staff_id',
    group: 'references',
    sql: [CALLS('staff_id smallint, KEY (staff_id)')],
    subject: { references: STAFF },
    found: [
      'warning',
      'calls.staff_id is smallint and refers to staff.id, int: keys of the wider one do not fit the other, and no foreign key can join them',
      'ALTER TABLE `calls` MODIFY `staff_id` int …',
    ],
  },
  {
    rule: 'reference-width calls.company_id',
    group: 'references',
    sql: ['CREATE TABLE calls (id int PRIMARY KEY, company_id int, KEY (company_id))'],
    found: [
      'hint',
      'calls.company_id is int and refers to companies.id, bigint unsigned: keys of the wider one do not fit the other, and no foreign key can join them',
      'ALTER TABLE `calls` MODIFY `company_id` bigint unsigned …',
    ],
  },
];

test('a rule of tenants is not asked where there are none', () => {
  const snapshot = { database: 'd', charset: '', collation: '', objects: new Map(), fingerprint: '' };
  expect(checkRules('tenant', { snapshot, tenant: undefined, references: [] })).toEqual([]);
});

describeOnServers('the rules of the whole database', (server) => {
  async function look(sql: readonly string[], group: Planted['group'], given: Partial<Subject> = {}) {
    const database = await server().createDatabase();
    await runAll(server(), database, sql);
    const snapshot = await withSession(server(), database, (session) => readSnapshot(session, database));
    return { database, checks: checkRules(group, { snapshot, tenant: TENANT, references: [], ...given }) };
  }

  it.each(PLANTED)('find $rule', async ({ rule, group, sql, subject, found: [level, detail, remedy] }) => {
    const { database, checks } = await look([...HEALTHY, ...sql], group, subject);
    const found = checks.filter(({ ok }) => !ok);
    expect(found.map((check) => [check.name, check.level, check.detail, check.remedy])).toEqual([
      [rule, level, detail.replace('DATABASE', database), remedy],
    ]);
  });

  it('find nothing where all is well', async () => {
    const names: string[] = [];
    for (const group of ['schema', 'tenant', 'references'] as const) {
      const { checks } = await look(HEALTHY, group, { tenant: { ...TENANT, except: [] } });
      expect(checks.filter(({ ok }) => !ok)).toEqual([]);
      names.push(...checks.map(({ name, detail }) => `${name}: ${detail}`));
    }
    expect(names).toEqual([
      'every table has a primary key: 2 tables',
      'every table is kept by an engine with transactions: 2 tables',
      'no index is there twice: 2 tables',
      'no unique key has a column that may be NULL: 2 tables',
      'every table has the tenant column, or is an exception: 2 tables',
      'every exception names a table: 2 tables',
      'every index that holds the tenant begins with it: 2 tables',
      'every unique key of a tenant’s table holds the tenant: 2 tables',
      'an index leads with the columns of every reference: 2 tables',
      'every reference is as wide as the key it refers to: 2 tables',
    ]);
  });

  it('see a foreign key that has lost its index', async () => {
    const sql = [
      ...HEALTHY,
      'CREATE TABLE calls (staff_id int, KEY k (staff_id), FOREIGN KEY (staff_id) REFERENCES staff (id))',
      'SET foreign_key_checks = 0',
      'ALTER TABLE calls DROP INDEX k',
    ];
    // MySQL never lets the index go.
    const outcome = await look(sql, 'references').catch((error: Error) => error.message);
    if (server().kind === 'mysql') expect(outcome).toContain('needed in a foreign key constraint');
    else {
      expect(typeof outcome === 'object' && outcome.checks.filter(({ ok }) => !ok)).toMatchObject([
        { name: 'reference-without-index calls.staff_id', level: 'warning' },
      ]);
    }
  });

  async function counters(sql: readonly string[]): Promise<Check[]> {
    const database = await server().createDatabase();
    await runAll(server(), database, sql);
    const { flavor } = await connect(server().target(database));
    return withSession(server(), database, async (session) =>
      checkAutoIncrement(session, flavor, await readSnapshot(session, database)),
    );
  }

  it('tell an AUTO_INCREMENT that is near its end, as it is now', async () => {
    const [healthy] = await counters(HEALTHY);
    expect(healthy).toMatchObject({ ok: true, detail: 'at most 0 % used: companies' });
    expect(await counters(['CREATE TABLE t (id int PRIMARY KEY)'])).toMatchObject([
      { ok: true, detail: 'no column has one' },
    ]);
    const sql = ['CREATE TABLE tiny (id tinyint unsigned AUTO_INCREMENT PRIMARY KEY)', 'INSERT INTO tiny VALUES (199)'];
    expect(await counters([...HEALTHY, ...sql])).toEqual([
      {
        group: 'schema',
        name: 'auto-increment tiny.id',
        ok: false,
        level: 'warning',
        detail:
          '78 % of the numbers of tinyint unsigned are used, the next is 200: at the end every INSERT is refused with a duplicate key, or with no number left',
        remedy: 'ALTER TABLE `tiny` MODIFY `id` BIGINT UNSIGNED NOT NULL AUTO_INCREMENT',
      },
    ]);
    const [full] = await counters([
      'CREATE TABLE big (id bigint AUTO_INCREMENT PRIMARY KEY)',
      'INSERT INTO big VALUES (9223372036854775806)',
    ]);
    expect(full?.detail).toMatch(/^100 % of the numbers of bigint are used/);
  });
});
