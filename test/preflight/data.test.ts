import { expect, test } from 'vitest';
import type { Config } from '../../src/config/config.ts';
import { connect } from '../../src/mysql/connect.ts';
import { compareExisting } from '../../src/preflight/adoption.ts';
import { checkData } from '../../src/preflight/data.ts';
import { readSnapshot } from '../../src/schema/snapshot.ts';
import { migration } from '../rehearsal/scene.ts';
import { describeOnServers } from '../support/servers.ts';

describeOnServers('what production holds before a deploy', (server) => {
  test('the checks of pending migrations are asked; of what comes with one of them, later', async () => {
    const database = await server().createDatabase('shop');
    await server().sql('CREATE TABLE items (id INT PRIMARY KEY); INSERT INTO items VALUES (1), (2)', database);
    const session = await (await connect(server().target(database))).open();
    const checking = (version: string, query: string) =>
      migration(version, `-- migrate:check\n${query};\n-- migrate:up\nSELECT 1;`);
    const checks = await checkData(session, [
      checking('1', 'SELECT id FROM items WHERE id > 2'),
      checking('2', 'SELECT id FROM items WHERE id > 1'),
      checking('3', 'SELECT id FROM not_there_yet'),
      checking('4', 'SELECT id FROM items WHERE POW(id, 1000000) > 1'),
    ]).finally(() => session.close());
    expect(checks).toEqual([
      { group: 'data', name: '1', ok: true, level: 'error', detail: 'its 1 checks return no row' },
      {
        group: 'data',
        name: '2',
        ok: false,
        level: 'error',
        detail: '2, check at line 2: must return no row, returned id = 2',
        remedy: 'mend the rows, then look again: gateway-migrate doctor',
      },
      {
        group: 'data',
        name: '4',
        ok: false,
        level: 'error',
        detail: expect.stringMatching(/^its check cannot be run: DOUBLE value is out of range in /),
        remedy: 'mend its -- migrate:check section',
      },
    ]);
  });

  test('tables that are there already are compared with what their migrations would create', async () => {
    const database = await server().createDatabase('shop');
    await server().sql(
      'CREATE TABLE a (id INT PRIMARY KEY); CREATE TABLE b (id INT); CREATE TABLE c (id INT)',
      database,
    );
    const target = await connect(server().target(database));
    const session = await target.open();
    const snapshot = await readSnapshot(session, database);
    const pending = [
      migration('1', '-- migrate:up\nCREATE TABLE a (id INT PRIMARY KEY);'),
      migration('2', '-- migrate:up\nCREATE TABLE b (id BIGINT);'),
      migration('3', '-- migrate:up\nCREATE TABLE c (id INT);\nINSERT INTO c VALUES (1);'),
      migration('4', '-- migrate:up\nCREATE TABLE d (id INT);'),
    ];
    const config = { rehearsal: { database: `${database}_rehearsal` } } as Config;
    const adoption = await compareExisting(target, session, pending, snapshot, config);
    const denied = { ...target, open: () => Promise.reject(new Error('Access denied')) };
    const failed = await compareExisting(denied, session, pending, snapshot, config).finally(() => session.close());
    expect(adoption.versions).toEqual(['1']);
    const difference = 'what is there differs from what the migration creates (- production, + migration):';
    const remedy = 'make production and the migration equal, or rename the table that is there';
    expect(adoption.checks.map(({ name, detail, remedy: advice }) => [name, detail, advice])).toEqual([
      ['1', 'table a equal: adopted as applied', undefined],
      ['2', `${difference}\ntable b:\n  - column \`id\` int null\n  + column \`id\` bigint null`, remedy],
      ['3', `${difference}\nit does more than create tables, and nobody knows whether that is done`, remedy],
    ]);
    expect(failed.checks).toMatchObject([
      {
        name: 'comparison',
        detail:
          '3 pending migrations create tables that are there already, and they could not be compared: Access denied',
        remedy: 'let the account create the database named in rehearsal.database',
      },
    ]);
  });
});
