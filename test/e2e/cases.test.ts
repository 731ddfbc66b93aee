import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { describeOnServers } from '../support/servers.ts';
import { createProduction, lastOf, type Production } from './production.ts';

const CASES = join(import.meta.dirname, '../fixtures/cases');

function filesOf(name: string): Record<string, string> {
  const folder = join(CASES, name, 'm');
  return Object.fromEntries(readdirSync(folder).map((file) => [file, readFileSync(join(folder, file), 'utf8')]));
}

/** Small sets of migrations as their own tools take them, with what production holds before. */
describeOnServers('sets of other tools', (server) => {
  const made: Production[] = [];
  afterAll(() => {
    for (const production of made) production.remove();
  });
  const create = async (name: string, rehearses = true) => {
    const production = await createProduction(server(), { migrations: filesOf(name), rehearses });
    made.push(production);
    const before = join(CASES, name, 'before.sql');
    if (existsSync(before)) await production.sql(readFileSync(before, 'utf8'));
    return production;
  };
  const told = async (production: Production, ...args: string[]) =>
    lastOf(await production.run(...args, '--yes', '--json'));
  const own = async (production: Production) =>
    (await production.objects()).filter((name) => !name.includes('gateway_migrate'));

  test.each([
    ['dbmate-names', ['20240101000000']],
    ['empty-up', ['1', '2']],
    ['temp-table', ['1']],
  ])('%s: are rehearsed, deployed and undone', async (name, versions) => {
    const production = await create(name);
    expect(await told(production, 'deploy')).toMatchObject({ exitCode: 0, applied: versions });
    expect(await told(production, 'rollback')).toMatchObject({ exitCode: 0, reverted: versions.toReversed() });
    expect(await own(production)).toEqual([]);
  });

  test('to-version: a version is found by its value', async () => {
    const production = await create('to-version', false);
    expect(await told(production, 'deploy', '--to', '2')).toMatchObject({ applied: ['000001', '000002'] });
  });

  test('adopt-golang: the history of golang-migrate is believed, and only what is new is applied', async () => {
    const production = await create('adopt-golang');
    expect((await told(production, 'deploy')).exitCode).toBe(5);
    expect(await told(production, 'baseline')).toMatchObject({ exitCode: 0, applied: ['000001', '000002'] });
    expect(await told(production, 'deploy')).toMatchObject({ exitCode: 0, applied: ['000003'] });
    expect(await production.query('SELECT amount FROM prices')).toEqual([{ amount: 1995 }]);
    expect(await production.query('SELECT * FROM schema_migrations')).toEqual([{ version: 2, dirty: 0 }]);
  });

  test.each([
    ['seed-then-fail', ['stock']],
    ['inverse-of-index', ['c', 'p']],
  ])('%s: what fails at its last statement is undone', async (name, tables) => {
    const production = await create(name, false);
    const before = await production.query(`SHOW CREATE TABLE ${tables[0]}`);
    expect(await told(production, 'deploy')).toMatchObject({ exitCode: 2, production: 'unchanged' });
    expect(await own(production)).toEqual(tables.map((name) => `base table ${name}`));
    expect(await production.query(`SHOW CREATE TABLE ${tables[0]}`)).toEqual(before);
  });

  test('index-on-fk-cut: the rehearsal finds a way back from everywhere', async () => {
    const production = await create('index-on-fk-cut');
    production.migration('1_a.sql', filesOf('index-on-fk-cut')['1_a.sql']?.replace(/^.*migrate:allow.*\n/, ''));
    expect((await production.run('test')).stdout).not.toContain('no-way-back-from-the-middle');
    await production.sql('INSERT INTO locked VALUES (2); ALTER TABLE locked ADD COLUMN x INT');
    expect(await told(production, 'deploy', '--skip-rehearsal')).toMatchObject({
      exitCode: 2,
      production: 'unchanged',
    });
    expect(await own(production)).toEqual(['base table locked']);
  });

  test('what stops while a temporary table is used begins anew where it was made', async () => {
    const text = (last: string) =>
      [
        '-- migrate:up',
        'CREATE TABLE t (id INT PRIMARY KEY);',
        'CREATE TEMPORARY TABLE ids (id INT PRIMARY KEY);',
        'INSERT INTO ids VALUES (1), (2);',
        'INSERT INTO t SELECT id FROM ids;',
        `INSERT INTO t SELECT id + 10 FROM ids WHERE ${last};`,
        'DROP TEMPORARY TABLE ids;',
      ].join('\n');
    const production = await createProduction(server(), { migrations: { '1_a.sql': text('wrong = 1') } });
    made.push(production);
    expect((await told(production, 'deploy', '--on-failure', 'stop')).exitCode).toBe(3);
    expect(await production.query('SELECT id FROM t')).toEqual([]);
    production.migration('1_a.sql', text('id > 0'));
    expect(await told(production, 'resume')).toMatchObject({ exitCode: 0, applied: ['1'] });
    const ids = await production.query<{ id: number }>('SELECT id FROM t ORDER BY id');
    expect(ids.map(({ id }) => id)).toEqual([1, 2, 11, 12]);
  });

  test('what only a backup brings back is told beside the question, and refused without a backup', async () => {
    const lossy = [
      '-- migrate:up\nDROP TABLE old;\nCREATE TABLE b (id INT);',
      '-- migrate:down\nDROP TABLE b;\nCREATE TABLE c (id INT PRIMARY KEY);\nRENAME TABLE c TO old;\n',
    ].join('\n');
    const production = await createProduction(server(), { migrations: { '1_a.sql': lossy }, rehearses: true });
    made.push(production);
    production.configure({ backup: { dir: 'backups', verify: 'restore' } });
    await production.sql('CREATE TABLE old (id INT PRIMARY KEY)');
    expect((await told(production, 'deploy', '--skip-backup')).error).toEqual({
      what: 'only a backup leads back from the middle of 1, and there will be none (--skip-backup)',
      state: 'nothing was started, production is unchanged',
      next: 'gateway-migrate deploy',
    });
    const deployed = await production.run('deploy', '--yes', '--json');
    expect(lastOf(deployed)).toMatchObject({ exitCode: 0, applied: ['1'] });
    expect(deployed.stdout).toContain('from the middle of 1 only by restore, from this backup, proven first');
  });
});
