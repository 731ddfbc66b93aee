import { afterAll, expect, test } from 'vitest';
import { describeOnServers } from '../support/servers.ts';
import { createProduction, jsonLines, lastOf, type Production } from './production.ts';

const SHOPS = 'CREATE TABLE shops (id INT PRIMARY KEY, name VARCHAR(50) NOT NULL)';
/** How often the server has made a database: the comparison makes one, and drops it. */
const DATABASES_MADE = "SHOW GLOBAL STATUS LIKE 'Com_create_db'";
const MIGRATIONS = {
  '1_shops.sql': `-- migrate:up\n${SHOPS};\n-- migrate:down\nDROP TABLE shops;\n`,
  '2_goods.sql': '-- migrate:up\nCREATE TABLE goods (id INT PRIMARY KEY);\n-- migrate:down\nDROP TABLE goods;\n',
};

describeOnServers('a table that is there already', (server) => {
  const made: Production[] = [];
  const create = async (existing: string) => {
    const production = await createProduction(server(), { migrations: MIGRATIONS });
    made.push(production);
    await production.sql(existing);
    return production;
  };
  afterAll(() => {
    for (const production of made) production.remove();
  });
  const databases = async (production: Production) =>
    (await production.query<{ name: string }>('SELECT schema_name AS name FROM information_schema.schemata')).map(
      (row) => row.name,
    );

  test('is adopted when it equals what the migration creates, and never dropped by a rollback', async () => {
    const production = await create(`${SHOPS}; INSERT INTO shops VALUES (1, 'kept')`);
    const before = await databases(production);
    const made = await production.query(DATABASES_MADE);
    const dry = await production.run('deploy', '--dry-run');
    expect(dry.stdout.replace(/\s+/g, ' ')).toContain(
      'tables of 1 are there already: deploy compares them, and adopts them if they are equal',
    );
    expect(await production.query(DATABASES_MADE)).toEqual(made);
    const deploy = await production.run('deploy', '--yes', '--json');
    expect(await production.query(DATABASES_MADE)).not.toEqual(made);
    expect(lastOf(deploy)).toMatchObject({ exitCode: 0, applied: ['2'], pending: [] });
    expect(deploy.stdout).toContain('1","shops: already there and equal, adopted');
    expect(await databases(production)).toEqual(before);
    expect(await production.query('SELECT version, state FROM gateway_migrate_history ORDER BY version')).toEqual([
      { version: '1', state: 'adopted' },
      { version: '2', state: 'applied' },
    ]);
    expect(lastOf(await production.run('status', '--check', '--json'))).toMatchObject({ exitCode: 0, pending: [] });
    const rollback = await production.run('rollback', '--yes', '--json');
    expect(lastOf(rollback)).toMatchObject({ exitCode: 0, reverted: ['2'] });
    expect(await production.query('SELECT * FROM shops')).toEqual([{ id: 1, name: 'kept' }]);
  });

  test('is refused with the difference when it does not', async () => {
    const production = await create('CREATE TABLE shops (id INT PRIMARY KEY, name VARCHAR(20) NULL, extra INT)');
    const before = [await databases(production), await production.objects()];
    const deploy = await production.run('deploy', '--yes', '--json');
    const [check] = jsonLines(deploy).filter(
      (event) => event.type === 'check' && event.group === 'tables already there',
    );
    expect([deploy.code, check?.ok, check?.name]).toEqual([2, false, '1']);
    const lines = String(check?.detail).split('\n');
    expect(lines.slice(0, 2)).toEqual([
      'what is there differs from what the migration creates (- production, + migration):',
      'table shops:',
    ]);
    expect(lines.filter((line) => /^ +- /.test(line)).join('\n')).toMatch(/varchar\(20\)[\s\S]*extra/);
    expect(lines.filter((line) => /^ +\+ /.test(line)).join('\n')).toMatch(/varchar\(50\)/);
    expect([await databases(production), await production.objects()]).toEqual(before);
  });
});
