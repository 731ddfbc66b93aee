import { afterAll, beforeAll, expect, test } from 'vitest';
import { describeOnServers } from '../support/servers.ts';
import { createProduction, jsonLines, lastOf, type Production } from './production.ts';

const SHOPS = '-- migrate:up\nCREATE TABLE shops (id INT PRIMARY KEY);\n-- migrate:down\nDROP TABLE shops;\n';

describeOnServers('a server that is read only, and an account that may write all the same', (server) => {
  let production: Production;
  beforeAll(async () => {
    production = await createProduction(server(), { migrations: { '1_shops.sql': SHOPS } });
    const privilege = server().kind === 'mysql' ? 'CONNECTION_ADMIN' : 'READ_ONLY ADMIN';
    await server().sql(`GRANT ${privilege} ON *.* TO 'app user'@'localhost'`);
    expect(lastOf(await production.run('deploy', '--yes', '--json'))).toMatchObject({ exitCode: 0 });
    production.migration('2_goods.sql', SHOPS.replaceAll('shops', 'goods'));
    await server().sql('SET GLOBAL read_only = ON');
  });
  afterAll(async () => {
    await server().sql('SET GLOBAL read_only = OFF');
    production?.remove();
  });

  const what =
    'the server has read_only=ON: it is a replica, or has been taken out of service: what is written here, production does not have';
  const next = 'name the primary in database.host; or, if this is the primary: SET GLOBAL read_only = OFF;';

  test.each(['deploy', 'rollback', 'restore', 'resume'])('%s is refused', async (command) => {
    const before = await production.objects();
    const last = lastOf(await production.run(command, '--yes', '--json'));
    expect(last).toMatchObject({ exitCode: 5, result: 'refused', production: 'unchanged', error: { what, next } });
    expect(await production.objects()).toEqual(before);
  });

  test('doctor says so', async () => {
    const run = await production.run('doctor', '--json');
    expect(lastOf(run)).toMatchObject({ exitCode: 1 });
    expect(jsonLines(run)).toContainEqual(
      expect.objectContaining({
        ...{ type: 'check', name: 'writable', ok: false, level: 'error', remedy: next },
        detail: what.replace('the server has ', ''),
      }),
    );
  });
});
