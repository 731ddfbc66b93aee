import { expect, test } from 'vitest';
import { adviseOn } from '../../src/rehearsal/advice.ts';
import type { Finding } from '../../src/rehearsal/finding.ts';
import { describeOnServers, type TestServer } from '../support/servers.ts';
import { migration, PARENTS, type Staging, sixMigrations, stage, TENANT } from './scene.ts';

const REFERENCES = [{ from: { table: 'visits', column: 'staff_id' }, to: { table: 'staff', column: 'id' } }];

async function advice(server: TestServer, staging: Staging): Promise<Finding[]> {
  const scene = await stage(server, staging);
  await scene.close();
  return adviseOn({ ...scene, tenant: TENANT, references: REFERENCES });
}

const named = (findings: readonly Finding[], name: string) => findings.filter((finding) => finding.name === name);
const brief = (findings: readonly Finding[]) =>
  findings.map(({ level, version, name, object }) => `${level} ${version ?? 'before'} ${name} ${object}`);

describeOnServers('advice', (server) => {
  const create = (text: string) =>
    advice(server(), { schema: PARENTS, migrations: [migration('1', `-- migrate:up\n${text}`)] });

  test('points out the two flaws of the six tables, and no error', async () => {
    const findings = await advice(server(), { schema: PARENTS, migrations: await sixMigrations() });
    expect(findings.filter(({ level }) => level === 'error')).toEqual([]);
    expect(named(findings, 'unique-with-null')).toEqual([
      {
        name: 'unique-with-null',
        level: 'advice',
        version: '2025_10_01_060201',
        group: 'advice',
        object: 'policy_configurations.unique_policy_per_entity',
        what: 'deleted_at may be NULL in the unique key (company_id, configurable_type, configurable_id, policy_type, deleted_at)',
        why: 'NULLs are distinct: for rows whose deleted_at is NULL it forbids nothing, any number of them may have the same company_id, configurable_type, configurable_id, policy_type',
        fix: 'add a generated column that is never NULL, e.g. `deleted_at_key` … AS (COALESCE(`deleted_at`, …)) NOT NULL, and put it into the key in its place',
      },
    ]);
    expect(brief(named(findings, 'polymorphic-type'))).toEqual([
      'advice 2025_10_01_060304 polymorphic-type appointment_modifications.modified_by_id',
      'advice 2025_10_01_060100 polymorphic-type notification_configurations.configurable_id',
    ]);
    expect(named(findings, 'polymorphic-type')[1]?.what).toBe(
      'configurable_id is bigint unsigned, but branches and staff have keys of type char(36)',
    );
    expect(brief(named(findings, 'implicit-default'))).toEqual([
      'advice 2025_10_01_060305 implicit-default callback_escalations.escalated_at',
      'advice 2025_10_01_060203 implicit-default callback_requests.expires_at',
    ]);
    expect(named(findings, 'data-loss-in-down')).toHaveLength(6);
  });

  test('finds a foreign key to the tenant without CASCADE', async () => {
    const findings = await create(
      'CREATE TABLE visits (id INT PRIMARY KEY, company_id BIGINT UNSIGNED NOT NULL, KEY c (company_id), CONSTRAINT visits_company FOREIGN KEY (company_id) REFERENCES companies (id) ON DELETE RESTRICT);',
    );
    expect(findings).toEqual([
      {
        name: 'tenant-cascade',
        level: 'error',
        version: '1',
        group: 'tenant',
        object: 'visits.company_id',
        what: 'visits_company: ON DELETE RESTRICT',
        why: 'when a tenant is deleted its rows stay behind as orphans, or the deletion is refused',
        fix: 'ALTER TABLE `visits` DROP FOREIGN KEY `visits_company`, ADD FOREIGN KEY (`company_id`) REFERENCES `companies` (…) ON DELETE CASCADE',
      },
    ]);
  });

  test('finds a tenant column that leads no index', async () => {
    const findings = await create(
      'CREATE TABLE visits (id INT PRIMARY KEY, company_id BIGINT UNSIGNED NOT NULL, day DATE NOT NULL, KEY d (day, company_id));',
    );
    expect(brief(findings)).toEqual([
      'error 1 tenant-cascade visits.company_id',
      'error 1 tenant-index visits.company_id',
    ]);
    expect(named(findings, 'tenant-index')[0]).toMatchObject({
      what: 'no index begins with it: every query of one tenant reads all rows',
      fix: 'ALTER TABLE `visits` ADD INDEX (`company_id`)',
    });
  });

  const VISITS = `${PARENTS} CREATE TABLE visits (id INT PRIMARY KEY, company_id BIGINT UNSIGNED NOT NULL, code INT NOT NULL, note TEXT NULL,
    UNIQUE KEY code (code), CONSTRAINT visits_company FOREIGN KEY (company_id) REFERENCES companies (id) ON DELETE CASCADE);`;

  test('finds needless indexes, references without one, and keys over all tenants', async () => {
    const findings = await advice(server(), {
      schema: VISITS,
      migrations: [
        migration(
          '2',
          `-- migrate:up
ALTER TABLE visits ADD staff_id CHAR(36) NULL, ADD slot INT NOT NULL, ADD UNIQUE KEY slot (slot), ADD KEY a (company_id, slot), ADD KEY b (company_id, slot);
-- migrate:down
ALTER TABLE visits DROP KEY a, DROP KEY b, DROP KEY slot, DROP slot, DROP staff_id;`,
        ),
      ],
    });
    expect(brief(findings)).toEqual([
      'advice before unique-without-tenant visits.code',
      'advice 2 unique-without-tenant visits.slot',
      'advice 2 redundant-index visits.b',
      'advice 2 reference-without-index visits.staff_id',
      'advice 2 data-loss-in-down 2_change',
    ]);
  });

  test('takes a renamed table for what it was', async () => {
    const findings = await advice(server(), {
      schema: PARENTS.replaceAll(' ON DELETE CASCADE', ''),
      migrations: [
        migration('2', '-- migrate:up\nRENAME TABLE services TO offers; ALTER TABLE offers ADD note TEXT NULL;'),
      ],
    });
    expect(brief(findings).filter((line) => /offers|services/.test(line))).toEqual([
      'advice before tenant-cascade offers.company_id',
      'advice 2 renamed-table services',
    ]);
  });

  test('finds what running code may still read, unless the migration allows it with a reason', async () => {
    const change = 'ALTER TABLE visits RENAME COLUMN code TO number;\nALTER TABLE visits DROP COLUMN note;';
    const told = await advice(server(), { schema: VISITS, migrations: [migration('2', `-- migrate:up\n${change}`)] });
    expect(told.filter(({ version }) => version).map(({ name, object, what }) => [name, object, what])).toEqual([
      ['renamed-column', 'visits.code', 'the column is renamed to number'],
      ['dropped-column', 'visits.note', 'the column is dropped'],
    ]);
    const allow = '-- migrate:allow dropped-column no code reads it since June\n-- migrate:up\n';
    const allowed = await advice(server(), { schema: VISITS, migrations: [migration('2', `${allow}${change}`)] });
    expect(allowed.filter(({ version }) => version).map(({ name }) => name)).toEqual(['renamed-column']);
  });
});
