import { existsSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { describeOnServers } from '../support/servers.ts';
import { parseXml } from '../support/xml.ts';
import { createProduction, type Finished, jsonLines, lastOf, type Production } from './production.ts';

/** What docs/privileges.md grants for `verify`. */
const READ_ONLY = 'SELECT, SHOW VIEW, TRIGGER';
const SCHEMA = `
  CREATE TABLE shops (id BIGINT UNSIGNED AUTO_INCREMENT PRIMARY KEY);
  CREATE TABLE goods (id INT AUTO_INCREMENT PRIMARY KEY, shop_id BIGINT UNSIGNED NOT NULL, maker_id INT,
    KEY (maker_id), FOREIGN KEY (shop_id) REFERENCES shops (id) ON DELETE CASCADE);
  CREATE TABLE makers (id INT PRIMARY KEY);
  INSERT INTO shops VALUES (1); INSERT INTO makers VALUES (1); INSERT INTO goods VALUES (1, 1, 1);`;
const VERIFY = {
  tenant: { table: 'shops', column: 'shop_id', except: ['makers'] },
  references: [{ from: 'goods.maker_id', to: 'makers.id' }],
};

describeOnServers('verify, the whole database', (server) => {
  let production: Production;
  beforeAll(async () => {
    production = await createProduction(server(), { grants: READ_ONLY });
    await production.leaveOnly(READ_ONLY);
    await production.sql(SCHEMA);
    production.configure({ verify: VERIFY });
  });
  afterAll(() => production?.remove());

  const found = (finished: Finished) =>
    jsonLines(finished)
      .filter(({ type, ok }) => type === 'check' && !ok)
      .map(({ name, level }) => [name, level]);
  const groups = (finished: Finished) =>
    new Set(jsonLines(finished).flatMap(({ type, group }) => (type === 'check' ? [group] : [])));

  test('a healthy one holds, with an account that may only read', async () => {
    const finished = await production.run('verify', '--json');
    expect([finished.code, found(finished)]).toEqual([0, []]);
    const screen = await production.run('verify');
    expect(screen.stdout).toMatch(/✔ schema +\d+ checks\n/);
    expect(screen.stdout).not.toContain('every table has a primary key');
    expect((await production.run('--verbose', 'verify')).stdout).toContain('every table has a primary key');
  });

  test('only the groups that are asked for', async () => {
    expect(groups(await production.run('verify', '--json', '--only', 'tenant', 'references'))).toEqual(
      new Set(['tenant', 'references']),
    );
    expect(groups(await production.run('verify', '--json', '--only', 'schema,orphans'))).toEqual(
      new Set(['schema', 'orphans']),
    );
  });

  test('says when there is nothing to look at', async () => {
    const { code, stdout } = await production.run('verify', '--only', 'plans', 'queries');
    expect([code, stdout]).toEqual([
      0,
      expect.stringMatching(/nothing is declared or applied that plans, queries could look at: no check was\s+made/),
    ]);
  });

  test('a group that there is not is wrong usage, and the nearest is named', async () => {
    const { code, stderr } = await production.run('verify', '--only', 'tenants');
    expect([code, stderr]).toEqual([
      64,
      expect.stringContaining('there is no group "tenants", did you mean "tenant"?'),
    ]);
    const far = await production.run('verify', '--json', '--only', 'everything');
    expect([far.code, lastOf(far).error]).toMatchObject([64, { next: 'gateway-migrate verify --help' }]);
    expect(far.stderr).toContain('there is no group "everything", expected one of schema, tenant, references');
  });

  test('with as many connections as are asked for, and within a budget', async () => {
    const { code, stderr } = await production.run('verify', '--jobs', '65');
    expect([code, stderr]).toEqual([64, expect.stringContaining('expected a whole number from 1 to 64.')]);
    const wide = await production.run('verify', '--json', '--only', 'orphans', '--jobs', '4', '--budget', '10m');
    expect([wide.code, found(wide)]).toEqual([0, []]);
  });

  describe('with faults planted in it', () => {
    beforeAll(() =>
      production.sql(`CREATE TABLE loose (shop_id BIGINT UNSIGNED NULL); CREATE TABLE plans (id INT PRIMARY KEY);
        INSERT INTO goods VALUES (2, 1, 7)`),
    );
    afterAll(() => production.sql('DROP TABLE loose, plans; DELETE FROM goods WHERE id = 2'));

    test('each is found: what contradicts the configuration fails, the rest is told', async () => {
      const finished = await production.run('verify', '--json');
      expect(finished.code).toBe(1);
      expect(found(finished)).toEqual([
        ['no-primary-key loose', 'advice'],
        ['loose.shop_id is NOT NULL', 'error'],
        ['loose.shop_id is a foreign key to shops ON DELETE CASCADE', 'error'],
        ['loose.shop_id leads an index', 'error'],
        ['tenant-column-missing plans', 'error'],
        ['goods.maker_id → makers.id', 'error'],
      ]);
      // Without the declaration nothing but the orphan is a failure.
      production.configure({ verify: { ...VERIFY, tenant: { table: 'shops', column: 'shop_id' } } });
      const undeclared = await production.run('verify', '--json');
      production.configure({ verify: VERIFY });
      expect(found(undeclared).filter(([, level]) => level === 'error')).toEqual([
        ['goods.maker_id → makers.id', 'error'],
      ]);
      expect(lastOf(undeclared).error).toMatchObject({
        what: expect.stringMatching(/^1 of \d+ checks do not hold: goods\.maker_id → makers\.id$/),
        state: 'production is unchanged by this command',
      });
    });

    test('as JUnit XML too', async () => {
      const { code } = await production.run('verify', '--quiet', '--junit', 'verify.xml');
      expect(code).toBe(1);
      const file = join(production.dir, 'verify.xml');
      const root = parseXml(readFileSync(file, 'utf8'));
      expect([root.attributes.failures, statSync(file).mode & 0o777]).toEqual(['5', 0o600]);
      const cases = root.children.flatMap(({ children }) => children);
      expect(cases.find(({ attributes }) => attributes.name === 'tenant-column-missing plans')?.children).toMatchObject(
        [{ name: 'failure', text: expect.stringContaining('ALTER TABLE `plans` ADD COLUMN `shop_id`') }],
      );
    });
  });

  test('a JUnit file that cannot be written is told before anything is looked at', async () => {
    const finished = await production.run('verify', '--json', '--junit', 'nowhere/verify.xml');
    expect([finished.code, lastOf(finished).error]).toEqual([
      2,
      {
        what: expect.stringMatching(/^cannot write .*nowhere\/verify\.xml: ENOENT: /),
        state: 'production is as it was before',
        next: 'gateway-migrate verify --junit FILE, in a folder that is there and may be written to',
      },
    ]);
    expect(existsSync(join(production.dir, 'nowhere'))).toBe(false);
    expect(jsonLines(finished).some(({ type }) => type === 'check')).toBe(false);
  });
});
