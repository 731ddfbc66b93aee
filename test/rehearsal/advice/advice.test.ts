import { expect, test } from 'vitest';
import { adviseOn } from '../../../src/rehearsal/advice/advice.ts';
import type { Finding } from '../../../src/rehearsal/finding.ts';
import { describeOnServers, type TestServer } from '../../support/servers.ts';
import { migration, PARENTS, type Staging, sixMigrations, stage, TENANT } from '../scene.ts';
import { tell } from '../telling.ts';

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
    expect(
      findings.filter(({ level }) => level !== 'hint').map(({ level, name, object }) => [level, name, object]),
    ).toEqual([
      ['advice', 'polymorphic-type', 'notification_configurations.configurable_id'],
      ['advice', 'unique-with-null', 'policy_configurations.unique_policy_per_entity'],
    ]);
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
      'hint 2025_10_01_060304 polymorphic-type appointment_modifications.modified_by_id',
      'advice 2025_10_01_060100 polymorphic-type notification_configurations.configurable_id',
    ]);
    expect(tell(named(findings, 'polymorphic-type').slice(1))).toMatchInlineSnapshot(`
      "advice 2025_10_01_060100 polymorphic-type notification_configurations.configurable_id
      what: configurable_id is bigint unsigned, but branches and staff have keys of type char(36)
      why:  a row can never refer to one of them: the key is refused, or cut to the number that it begins with
      fix:  make configurable_id CHAR(36) or VARCHAR(255), unless configurable_type never names one of them"
    `);
    expect(brief(named(findings, 'implicit-default'))).toEqual([
      'hint 2025_10_01_060305 implicit-default callback_escalations.escalated_at',
      'hint 2025_10_01_060203 implicit-default callback_requests.expires_at',
    ]);
    expect(named(findings, 'data-loss-in-down')).toHaveLength(6);
    expect(tell(named(findings, 'data-loss-in-down').slice(0, 1))).toMatchInlineSnapshot(`
      "hint 2025_10_01_060100 data-loss-in-down 2025_10_01_060100_create_notification_configurations_table
      what: its way back drops notification_configurations
      why:  what was written there since the deploy goes with it
      fix:  nothing to do if that is meant: rollback saves such rows first, and deploy --with-saved-rows loads them back"
    `);
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
    expect(tell(findings)).toMatchInlineSnapshot(`
      "error 1 tenant-cascade visits.company_id
      what: no foreign key leads to companies
      why:  when a tenant is deleted its rows stay behind as orphans, or the deletion is refused
      fix:  ALTER TABLE \`visits\` ADD FOREIGN KEY (\`company_id\`) REFERENCES \`companies\` (…) ON DELETE CASCADE

      error 1 tenant-index visits.company_id
      what: no index begins with it: every query of one tenant reads all rows
      why:  every query of one tenant reads the rows of all of them
      fix:  ALTER TABLE \`visits\` ADD INDEX (\`company_id\`)"
    `);
  });

  test('finds a table without a tenant, a tenant that may be missing, and a time that the server fills in', async () => {
    const findings = await create(
      'CREATE TABLE visits (id INT PRIMARY KEY, company_id BIGINT UNSIGNED NULL, KEY (company_id), at TIMESTAMP NOT NULL); CREATE TABLE rooms (id INT PRIMARY KEY);',
    );
    expect(
      tell(findings.filter(({ name }) => name !== 'tenant-cascade' && name !== 'implicit-default')),
    ).toMatchInlineSnapshot(`
      "error 1 tenant-column rooms.company_id
      what: the table has no column company_id
      why:  its rows belong to nobody: no query can keep the tenants apart, and they outlive their tenant
      fix:  ALTER TABLE \`rooms\` ADD COLUMN \`company_id\` … NOT NULL, or say that it is for all of them: -- migrate:allow tenant-column REASON

      error 1 tenant-not-null visits.company_id
      what: it may be NULL: such a row belongs to nobody
      why:  a row without a tenant is seen by nobody and deleted by nothing
      fix:  ALTER TABLE \`visits\` MODIFY \`company_id\` bigint unsigned NOT NULL"
    `);
    const times = [
      'CREATE TABLE rooms (id INT PRIMARY KEY, at TIMESTAMP NOT NULL);',
      'SET SESSION explicit_defaults_for_timestamp = 0; CREATE TABLE rooms (id INT PRIMARY KEY, at TIMESTAMP NOT NULL);',
    ];
    const told = [];
    for (const text of times) told.push(...named(await create(text), 'implicit-default'));
    expect(tell(told)).toMatchInlineSnapshot(`
      "hint 1 implicit-default rooms.at
      what: at is TIMESTAMP NOT NULL without a default
      why:  where explicit_defaults_for_timestamp is off the server lets every UPDATE change it; where it is on, an INSERT without it is refused
      fix:  say which: \`at\` TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP, or TIMESTAMP NULL

      advice 1 implicit-default rooms.at
      what: the server gave at DEFAULT CURRENT_TIMESTAMP ON UPDATE CURRENT_TIMESTAMP by itself
      why:  every UPDATE of a row changes it, whatever the UPDATE was about
      fix:  say which: \`at\` TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP, or TIMESTAMP NULL"
    `);
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
    expect(tell(findings)).toMatchInlineSnapshot(`
      "advice before unique-without-tenant visits.code
      what: the unique key (code) does not begin with company_id
      why:  a value that one tenant has taken is refused to all others, which also tells them that it exists
      fix:  begin the key with company_id: (company_id, code)

      advice 2 unique-without-tenant visits.slot
      what: the unique key (slot) does not begin with company_id
      why:  a value that one tenant has taken is refused to all others, which also tells them that it exists
      fix:  begin the key with company_id: (company_id, slot)

      advice 2 redundant-index visits.b
      what: the index (company_id, slot) is the beginning of a (company_id, slot)
      why:  every query that it serves is served by the longer one, and every write keeps both
      fix:  ALTER TABLE \`visits\` DROP INDEX \`b\`

      advice 2 reference-without-index visits.staff_id
      what: no index begins with (staff_id), which refers to staff
      why:  to find the rows of one row of staff, and to look for orphans, the whole table is read
      fix:  ALTER TABLE \`visits\` ADD INDEX (\`staff_id\`)

      advice 2 data-loss-in-down 2_change
      what: its way back drops a column of visits
      why:  what was written there since the deploy goes with it
      fix:  nothing to do if that is meant: rollback saves such rows first, and deploy --with-saved-rows loads them back"
    `);
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

  test.each([
    [
      'in one list',
      ['RENAME TABLE services TO other, other TO offers;'],
      'renamed-table: the table is renamed to offers',
    ],
    [
      'in two steps',
      ['ALTER TABLE services RENAME other;', 'RENAME TABLE other TO offers;'],
      'renamed-table: the table is renamed to offers',
    ],
    ['and dropped', ['RENAME TABLE services TO other;', 'DROP TABLE other;'], 'dropped-table: the table is dropped'],
  ])('follows a table that is renamed %s', async (_, ups, told) => {
    const findings = await advice(server(), {
      schema: 'CREATE TABLE services (id INT PRIMARY KEY);',
      migrations: ups.map((up, index) => migration(String(index + 2), `-- migrate:up\n${up}`)),
    });
    const removals = findings.filter(({ name }) => /^(?:renamed|dropped)-table$/.test(name));
    expect(removals.map(({ name, what }) => `${name}: ${what}`)).toEqual([told]);
  });

  test('finds the rows that go with a partition on the way back', async () => {
    const schema =
      'CREATE TABLE days (id INT) PARTITION BY LIST (id) (PARTITION a VALUES IN (1), PARTITION b VALUES IN (2));';
    const up = 'ALTER TABLE days ADD PARTITION (PARTITION c VALUES IN (3));';
    const down = 'ALTER TABLE days DROP PARTITION c;\nALTER TABLE days TRUNCATE PARTITION b;';
    const text = `-- migrate:up\n${up}\n-- migrate:down\n${down}`;
    const told = await advice(server(), { schema, migrations: [migration('2', text)] });
    expect(told.filter(({ name }) => name === 'data-loss-in-down').map(({ what }) => what)).toEqual([
      'its way back drops a partition of days, empties a partition of days',
    ]);
  });

  test('finds the rows that go on the way forward, but not those of a table that the migrations make', async () => {
    const schema =
      'CREATE TABLE days (id INT) PARTITION BY LIST (id) (PARTITION a VALUES IN (1), PARTITION b VALUES IN (2)); CREATE TABLE log (id INT);';
    const up = `TRUNCATE TABLE log; ALTER TABLE days DROP PARTITION a; ALTER TABLE days TRUNCATE PARTITION b;
      CREATE TABLE fresh (id INT PRIMARY KEY); TRUNCATE fresh; ALTER TABLE days ADD note INT;`;
    const told = await advice(server(), { schema, migrations: [migration('2', `-- migrate:up\n${up}`)] });
    const losses = told.filter(({ name }) => name === 'data-loss-in-up');
    expect(losses.map(({ object, what }) => `${object}: ${what}`)).toEqual([
      'log: line 2 empties log',
      'days: line 2 drops a partition of days',
      'days: line 2 empties a partition of days',
    ]);
    expect(tell(losses.slice(0, 1))).toMatchInlineSnapshot(`
      "advice 2 data-loss-in-up log
      what: line 2 empties log
      why:  its rows are gone, and no way back brings them: only the backup that a deploy makes first has them
      fix:  nothing to do if that is meant, but not with --skip-backup; gateway-migrate restore --table log brings them back beside it"
    `);
    const allowed = `-- migrate:allow data-loss-in-up the log is kept elsewhere\n-- migrate:up\n${up}`;
    const silent = await advice(server(), { schema, migrations: [migration('2', allowed)] });
    expect(silent.filter(({ name }) => name === 'data-loss-in-up')).toEqual([]);
  });

  test('finds what running code may still read, unless the migration allows it with a reason', async () => {
    const change = 'ALTER TABLE visits RENAME COLUMN code TO number;\nALTER TABLE visits DROP COLUMN note;';
    const told = await advice(server(), { schema: VISITS, migrations: [migration('2', `-- migrate:up\n${change}`)] });
    expect(tell(told.filter(({ version }) => version))).toMatchInlineSnapshot(`
      "advice 2 renamed-column visits.code
      what: the column is renamed to number
      why:  code that runs now may still read it: between this migration and the last process that was started before it, such queries fail
      fix:  add number beside it, let the code write both and read the new one, and drop the old one with a later deploy

      advice 2 dropped-column visits.note
      what: the column is dropped
      why:  code that runs now may still read it: between this migration and the last process that was started before it, such queries fail
      fix:  deploy code that no longer reads it first, and drop it with the deploy after that"
    `);
    const allow = '-- migrate:allow dropped-column no code reads it since June\n-- migrate:up\n';
    const allowed = await advice(server(), { schema: VISITS, migrations: [migration('2', `${allow}${change}`)] });
    expect(allowed.filter(({ version }) => version).map(({ name }) => name)).toEqual(['renamed-column']);
  });
});
