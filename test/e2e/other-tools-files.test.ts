import { afterAll, expect, test } from 'vitest';
import { describeOnServers } from '../support/servers.ts';
import { createProduction, lastOf, type Production } from './production.ts';

const BODY = 'CREATE PROCEDURE count_visits() BEGIN SELECT COUNT(*) FROM visits; END';

/** Files as their own tools' documentation writes them. */
const FILES = {
  'dbmate, with its options': {
    '20240101120000_create_visits.sql':
      '-- migrate:up\ncreate table visits (\n  id integer primary key\n);\n\n-- migrate:down\ndrop table visits;\n',
    '20240102120000_add_note.sql':
      '-- migrate:up transaction:false\nALTER TABLE visits ADD COLUMN note varchar(255);\n\n-- migrate:down transaction:false\nALTER TABLE visits DROP COLUMN note;\n',
  },
  "golang-migrate's pairs": {
    '000001_create_visits.up.sql': 'CREATE TABLE IF NOT EXISTS visits (id INT PRIMARY KEY);\n',
    '000001_create_visits.down.sql': 'DROP TABLE IF EXISTS visits;\n',
    '000002_add_note.up.sql':
      'BEGIN;\nINSERT INTO visits VALUES (1);\nCOMMIT;\nALTER TABLE visits ADD COLUMN note TEXT;\n',
    '000002_add_note.down.sql': 'ALTER TABLE visits DROP COLUMN note;\nDELETE FROM visits WHERE id = 1;\n',
  },
  'files with DELIMITER, as the client programs read them': {
    '1_visits.sql':
      '-- migrate:up\nCREATE TABLE visits (id INT PRIMARY KEY, note TEXT);\n-- migrate:down\nDROP TABLE visits;\n',
    '2_count.sql': `-- migrate:up\nDELIMITER //\n${BODY} //\nDELIMITER ;\n-- migrate:down\nDROP PROCEDURE count_visits;\n`,
  },
};

describeOnServers('files written for other tools', (server) => {
  const made: Production[] = [];
  afterAll(() => {
    for (const production of made) production.remove();
  });

  test.each(Object.entries(FILES))('%s: are rehearsed, deployed and undone unchanged', async (_tool, migrations) => {
    const production = await createProduction(server(), { migrations, rehearses: true });
    made.push(production);
    const deployed = lastOf(await production.run('deploy', '--yes', '--json'));
    expect([deployed.error, (deployed.applied as string[]).length]).toEqual([undefined, 2]);
    const columns = await production.query<{ Field: string }>('SHOW COLUMNS FROM visits');
    expect(columns.map(({ Field }) => Field)).toEqual(['id', 'note']);
    const undone = lastOf(await production.run('rollback', '--yes', '--json'));
    expect([undone.error, (undone.reverted as string[]).length]).toEqual([undefined, 2]);
    expect((await production.objects()).filter((name) => !name.includes('gateway_migrate'))).toEqual([]);
  });
});
