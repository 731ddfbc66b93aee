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
});
