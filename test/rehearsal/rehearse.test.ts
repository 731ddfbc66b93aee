import { expect, test } from 'vitest';
import { describeOnServers } from '../support/servers.ts';
import { databasesOf, file, rehearseFiles } from './stages.ts';

const COMPANIES = 'CREATE TABLE companies (id BIGINT UNSIGNED PRIMARY KEY, name VARCHAR(50))';
const names = (findings: readonly { name: string; level: string }[]) =>
  findings.filter((one) => one.level === 'error').map((one) => one.name);

describeOnServers('rehearsal', (server) => {
  test('goes forward, back and forward again, and leaves no database behind', async () => {
    const done = await rehearseFiles(server(), {
      production: COMPANIES,
      files: {
        '0001': file(
          'CREATE TABLE a (id INT PRIMARY KEY);\nCREATE INDEX i ON companies (name);',
          'DROP INDEX i ON companies;\nDROP TABLE a;',
        ),
        '0002': file('ALTER TABLE a ADD COLUMN b INT NOT NULL;', 'ALTER TABLE a DROP COLUMN b;'),
      },
    });
    expect(names(done.findings)).toEqual([]);
    expect(done.applied.map((one) => one.steps.length)).toEqual([2, 1]);
    expect(await databasesOf(server())).not.toContain(`${done.database}_rehearsal`);
  });
});
