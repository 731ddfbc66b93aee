import { expect, it } from 'vitest';
import { checkTenant, tenantRuleName, tenantTables } from '../../../src/schema/checks/tenant.ts';
import { readSnapshot } from '../../../src/schema/snapshot.ts';
import { describeOnServers } from '../../support/servers.ts';
import { runAll, withSession } from '../sessions.ts';

const RULE = { table: 'companies', column: 'company_id', onDelete: 'CASCADE' };
const ID = 'company_id bigint unsigned';
const KEY = 'FOREIGN KEY (company_id) REFERENCES companies (id)';

/** Each but the first breaks one rule. */
const TABLES = {
  good: `${ID} NOT NULL, CONSTRAINT good_fk ${KEY} ON DELETE CASCADE`,
  without: 'id int',
  nullable: `${ID} NULL, ${KEY} ON DELETE CASCADE`,
  unbound: `${ID} NOT NULL, KEY (company_id)`,
  restricting: `${ID} NOT NULL, CONSTRAINT restricting_fk ${KEY} ON DELETE RESTRICT`,
  elsewhere: `${ID} NOT NULL, FOREIGN KEY (company_id) REFERENCES others (id) ON DELETE CASCADE`,
  buried: `other int, ${ID} NOT NULL, KEY (other, company_id)`,
};

it('are known by name', () => {
  expect(tenantRuleName({ name: 'calls.company_id leads an index' })).toBe('tenant-index');
  expect(() => tenantRuleName({ name: 'calls' })).toThrow('no rule of the tenant column is called calls');
});

describeOnServers('the rules of the tenant column', (server) => {
  async function checksOf(tables?: readonly string[], rule = RULE) {
    const database = await server().createDatabase();
    const create = Object.entries(TABLES).map(([name, body]) => `CREATE TABLE ${name} (${body})`);
    const parents = ['companies', 'others'].map((name) => `CREATE TABLE ${name} (id bigint unsigned PRIMARY KEY)`);
    await runAll(server(), database, [...parents, ...create]);
    const snapshot = await withSession(server(), database, (session) => readSnapshot(session, database));
    return { snapshot, checks: checkTenant(snapshot, rule, tables) };
  }

  it('find each planted fault and no other', async () => {
    const { checks } = await checksOf(Object.keys(TABLES));
    const broken = checks.filter((check) => !check.ok);
    expect(broken.map(({ name, detail }) => `${name}: ${detail}`)).toEqual([
      'without.company_id exists: the table has no column company_id',
      'nullable.company_id is NOT NULL: it may be NULL: such a row belongs to nobody',
      'unbound.company_id is a foreign key to companies ON DELETE CASCADE: no foreign key leads to companies',
      'restricting.company_id is a foreign key to companies ON DELETE CASCADE: restricting_fk: ON DELETE RESTRICT',
      'elsewhere.company_id is a foreign key to companies ON DELETE CASCADE: no foreign key leads to companies',
      'buried.company_id is a foreign key to companies ON DELETE CASCADE: no foreign key leads to companies',
      'buried.company_id leads an index: no index begins with it: every query of one tenant reads all rows',
    ]);
    expect(broken.every((check) => check.level === 'error' && check.remedy?.startsWith('ALTER TABLE `'))).toBe(true);
    expect(checks.filter((check) => check.name.startsWith('good.')).map((check) => check.ok)).toEqual([
      true,
      true,
      true,
      true,
    ]);
  });

  it('know a composite foreign key, where no column of it can be NULL', async () => {
    const database = await server().createDatabase();
    const child = (name: string, region: string) =>
      `CREATE TABLE ${name} (region int ${region}, company_id int NOT NULL, KEY (company_id),
        CONSTRAINT ${name}_fk FOREIGN KEY (region, company_id) REFERENCES companies (region, id) ON DELETE CASCADE)`;
    const parent = 'CREATE TABLE companies (region int, id int, PRIMARY KEY (region, id))';
    await runAll(server(), database, [parent, child('bound', 'NOT NULL'), child('loose', 'NULL')]);
    const snapshot = await withSession(server(), database, (session) => readSnapshot(session, database));
    const broken = checkTenant(snapshot, RULE, ['bound', 'loose']).filter((check) => !check.ok);
    expect(broken.map(({ name, detail }) => `${name}: ${detail}`)).toEqual([
      'loose.company_id is a foreign key to companies ON DELETE CASCADE: no foreign key leads to companies',
    ]);
  });

  it('look at every table that has the column when none is named, and only warn', async () => {
    const { snapshot, checks } = await checksOf();
    expect(tenantTables(snapshot, RULE)).toEqual(['buried', 'elsewhere', 'good', 'nullable', 'restricting', 'unbound']);
    expect(checks).toHaveLength(6 * 4);
    expect(new Set(checks.map((check) => check.level))).toEqual(new Set(['warning']));
  });

  it('only warn of what migrations changed and did not make, and of what they allow', async () => {
    const { snapshot } = await checksOf();
    const scope = {
      made: ['nullable', 'unbound'],
      allowed: [{ table: 'unbound', name: 'tenant-cascade', reason: 'an archive' }],
    };
    const broken = checkTenant(snapshot, RULE, Object.keys(TABLES), scope).filter((check) => !check.ok);
    expect(broken.map(({ name, level }) => `${level} ${name}`)).toEqual([
      'error nullable.company_id is NOT NULL',
      'advice unbound.company_id is a foreign key to companies ON DELETE CASCADE',
      'warning restricting.company_id is a foreign key to companies ON DELETE CASCADE',
      'warning elsewhere.company_id is a foreign key to companies ON DELETE CASCADE',
      'warning buried.company_id is a foreign key to companies ON DELETE CASCADE',
      'warning buried.company_id leads an index',
    ]);
    expect(broken[1]?.detail).toBe('no foreign key leads to companies (allowed: an archive)');
  });

  it('take RESTRICT and NO ACTION for the same, and pass over the tenant table and tables that are gone', async () => {
    const { checks } = await checksOf(['restricting', 'companies', 'nope'], { ...RULE, onDelete: 'no action' });
    expect(checks.map((check) => check.ok)).toEqual([true, true, true, true]);
  });
});
