import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { buildGateway } from '../../src/demo/gateway/gateway.ts';
import { connect } from '../../src/mysql/connect.ts';
import type { Rehearsed } from '../../src/rehearsal/rehearse.ts';
import { judgeRehearsal } from '../../src/rehearsal/verdict.ts';
import { EXPECTED_TABLES } from '../migrations/gateway-tables.ts';
import { describeOnServers } from '../support/servers.ts';
import { PARENTS } from './scene.ts';
import { databasesOf, rehearseFiles, rehearseOn } from './stages.ts';

// The eight checks of the paper's test script (clone, migrate, foreign keys, indexes, cascade, rollback, repetition,
// orphans) and those of its extended version (composite, unique and polymorphic indexes, NOT NULL, soft delete,
// violations of foreign keys, query plans): each is made, and each finds the fault that it is for.

const SIX = join(import.meta.dirname, '../../migrations');
const FILES = Object.fromEntries(
  readdirSync(SIX).map((name) => [name.slice(0, '2025_10_01_060100'.length), readFileSync(join(SIX, name), 'utf8')]),
);
const TABLES = Object.keys(EXPECTED_TABLES);
const POLICIES = '2025_10_01_060201';
const CALLBACKS = '2025_10_01_060203';
const ESCALATIONS = '2025_10_01_060305';
const STATS = '2025_10_01_060400';
const NOTIFICATIONS = '2025_10_01_060100';
const BY_STATUS = "SELECT * FROM callback_requests WHERE company_id = 1 AND status = 'pending'";

/** `unique name (a, b)` or `name (a, b)`, as it is expected, without its name. */
const REQUIRED = Object.entries(EXPECTED_TABLES).flatMap(([table, { indexes }]) =>
  indexes.map((index) => {
    const [, unique, columns = ''] = /^(unique )?\S+ \((.*)\)$/.exec(index) ?? [];
    return { table, columns: columns.split(', '), unique: unique !== undefined };
  }),
);

const CONFIG = {
  verify: {
    requireTables: ['companies', 'customers', 'appointments', 'branches', 'services', 'staff'],
    requireIndexes: REQUIRED,
    tenant: { table: 'companies', column: 'company_id', onDelete: 'CASCADE' },
    plans: [BY_STATUS],
  },
};

/** Files in which the words of one are replaced; they must be there. */
function planted(version: string, from: string | RegExp, to: string): Record<string, string> {
  const text = FILES[version] ?? '';
  const changed = text.replace(from, to);
  expect(changed).not.toBe(text);
  return { ...FILES, [version]: changed };
}

/** What stands in the way of a deploy, without the checks that say the same as a finding. */
const obstacles = (done: Rehearsed) => judgeRehearsal(done).obstacles;

describeOnServers("the paper's checks", (server) => {
  /** On the parent tables alone: the other 182 only take their time to be cloned. */
  const rehearse = (files: Record<string, string>, config = CONFIG) =>
    rehearseFiles(server(), { production: PARENTS, files, config });

  test('are all made on the six migrations, and hold', async () => {
    await buildGateway(await connect(server().target('gateway'), { database: null }), { scale: 0.001 });
    const done = await rehearseOn(server(), 'gateway', { files: FILES, config: CONFIG });
    expect(obstacles(done)).toEqual([]);
    const held = (group: string, name: RegExp) =>
      done.checks.filter((check) => check.group === group && check.ok && name.test(check.name));
    // Clone, and migrate.
    expect(held('clone', /^schema$/)[0]?.detail).toMatch(/^\d{3} objects, fingerprint [0-9a-f]{12}$/);
    expect(done.applied.map(({ migration }) => migration.version)).toEqual(Object.keys(FILES));
    // Foreign keys, and indexes: not their number alone.
    const keys = held('counts', /./).flatMap(
      ({ detail }) => detail.match(/→ \w+ ON DELETE (?:CASCADE|SET NULL)/g) ?? [],
    );
    expect(keys).toHaveLength(18);
    expect(keys.filter((key) => key === '→ companies ON DELETE CASCADE')).toHaveLength(6);
    const indexes = held('required indexes', /./).map(({ name }) => name);
    expect(indexes).toHaveLength(REQUIRED.length);
    expect(indexes).toEqual(
      expect.arrayContaining([
        'callback_requests has an index (company_id, status, priority, expires_at)',
        'appointment_modification_stats has a unique index (company_id, customer_id, stat_type, period_start)',
        'notification_configurations has an index (configurable_type, configurable_id)',
      ]),
    );
    // Cascade, on all six; NOT NULL; violations; soft delete; query plans.
    for (const table of TABLES) {
      expect(held('cascade', new RegExp(`^${table}: goes with its row of companies$`))).toHaveLength(1);
      const [missing] = held('cascade', new RegExp(`^${table}: a row without company_id is refused$`));
      expect(missing?.detail).toMatch(/^error 1364: /);
    }
    const wrong = done.checks.filter(({ name }) => name.endsWith(': a company_id that does not exist is refused'));
    expect(wrong).toHaveLength(6);
    // MySQL 9.7 passes over the key of policy_configurations, which test/rehearsal/cascade.test.ts is about.
    expect(wrong.filter(({ ok }) => !ok).map(({ name }) => name.split(':')[0])).toEqual(
      server().kind === 'mysql' && wrong.some(({ ok }) => !ok) ? ['policy_configurations'] : [],
    );
    expect(held('cascade', /a soft-deleted row frees unique_policy_per_entity$/)).toHaveLength(1);
    expect(held('plans', /^SELECT \* FROM callback_requests /)[0]?.detail).toMatch(/^callback_requests: idx_/);
    // Rollback and repetition leave no finding; orphans are looked for in production, where rows are.
    expect(done.findings.filter(({ group }) => group === 'way back' || group === 'repeat')).toEqual([]);
    expect(await databasesOf(server())).not.toContain('gateway_rehearsal');
  });

  test.each([
    [
      'a composite index',
      () => planted(CALLBACKS, /^ *KEY idx_status_priority_expires .*\n/m, ''),
      ['callback_requests has an index (company_id, status, priority, expires_at)'],
    ],
    [
      'a unique index that is a plain one',
      () => planted(STATS, 'UNIQUE KEY unique_customer_stat_period', 'KEY unique_customer_stat_period'),
      ['appointment_modification_stats has a unique index (company_id, customer_id, stat_type, period_start)'],
    ],
    [
      'a polymorphic index',
      () => planted(NOTIFICATIONS, /^ *KEY notif_config_polymorphic_idx .*\n/m, ''),
      ['notification_configurations has an index (configurable_type, configurable_id)'],
    ],
    [
      'NOT NULL',
      () => planted(ESCALATIONS, 'company_id BIGINT UNSIGNED NOT NULL', 'company_id BIGINT UNSIGNED NULL'),
      ['callback_escalations: a row without company_id is refused', `${ESCALATIONS} tenant-not-null`],
    ],
    [
      'the foreign key to the tenant',
      () => planted(CALLBACKS, /^ *CONSTRAINT callback_requests_company_id_foreign .*\n/m, ''),
      [
        'callback_requests: a company_id that does not exist is refused',
        `${CALLBACKS} tenant-cascade`,
        `${CALLBACKS} verify-finds-something`,
      ],
    ],
    [
      'a deletion that cascades',
      () => planted(STATS, /(company_id_foreign .*ON DELETE) CASCADE/, '$1 RESTRICT'),
      [`${STATS} tenant-cascade`, `${STATS} verify-finds-something`],
    ],
    [
      'a unique key that a soft-deleted row gives free',
      () => planted(POLICIES, 'policy_type, deleted_at)', 'policy_type)'),
      [
        'policy_configurations: a soft-deleted row frees unique_policy_per_entity',
        `${POLICIES} soft-delete-keeps-key`,
        'policy_configurations has a unique index (company_id, configurable_type, configurable_id, policy_type, deleted_at)',
      ],
    ],
    [
      'a way back that is whole',
      () =>
        planted(STATS, 'DROP TABLE appointment_modification_stats', 'TRUNCATE TABLE appointment_modification_stats'),
      [`${STATS} down-leaves-something`],
    ],
    [
      'a count of foreign keys that the author wrote down',
      () => ({
        ...planted(CALLBACKS, /^ *CONSTRAINT callback_requests_customer_id_foreign .*\n/m, ''),
        '2025_10_02_000000': `-- migrate:up
CREATE TABLE last_one (company_id BIGINT UNSIGNED NOT NULL PRIMARY KEY, FOREIGN KEY (company_id) REFERENCES companies (id) ON DELETE CASCADE);
-- migrate:down
DROP TABLE last_one;
-- migrate:verify
SELECT COUNT(*) AS n FROM information_schema.referential_constraints
WHERE constraint_schema = DATABASE() AND table_name = 'callback_requests' HAVING n <> 6;
`,
      }),
      ['2025_10_02_000000 verify-finds-something'],
    ],
  ] as const)('find what lacks %s', async (_what, files, expected) => {
    const found = obstacles(await rehearse(files()));
    expect(found.toSorted()).toEqual(expect.arrayContaining([...expected]));
    // Nothing else stands in the way but what says the same once more.
    expect(found.length).toBeLessThanOrEqual(expected.length + 2);
  });

  test('find a query that no index serves, on empty tables', async () => {
    const query = "SELECT * FROM callback_requests WHERE phone_number = '1'";
    const done = await rehearse(FILES, { verify: { ...CONFIG.verify, plans: [query] } });
    expect(obstacles(done)).toEqual([query]);
  });
});
