import { expect, it } from 'vitest';
import { checkIndexesExist } from '../../../src/schema/checks/structure.ts';
import { readSnapshot } from '../../../src/schema/snapshot.ts';
import { describeOnServers } from '../../support/servers.ts';
import { runAll, withSession } from '../sessions.ts';

describeOnServers('required indexes', (server) => {
  it('are there by their columns, whatever they are called', async () => {
    const database = await server().createDatabase();
    await runAll(server(), database, [
      `CREATE TABLE calls (id INT PRIMARY KEY, company_id INT NOT NULL, status VARCHAR(9) NOT NULL, word VARCHAR(99) NOT NULL,
         KEY a (company_id, status, word(20)), UNIQUE KEY b (status, company_id), UNIQUE KEY c (word(20)), UNIQUE KEY d (id, word))`,
    ]);
    const snapshot = await withSession(server(), database, (session) => readSnapshot(session, database));
    const asked: (readonly [columns: string, unique: boolean, table?: string])[] = [
      ['company_id', false],
      ['company_id status word', false],
      ['status', false],
      ['company_id status', true],
      ['id', true],
      ['status word', false],
      ['id', false],
      ['company_id', true],
      ['word', true],
      ['id', false, 'not_yet'],
    ];
    const checks = checkIndexesExist(
      snapshot,
      asked.map(([columns, unique, table = 'calls']) => ({ table, columns: columns.split(' '), unique })),
    );
    expect(checks.map(({ ok, level, detail }) => [ok, level, detail])).toEqual([
      [true, 'error', 'a'],
      [true, 'error', 'a'],
      [true, 'error', 'b'],
      [true, 'error', 'b'],
      [true, 'error', 'PRIMARY'],
      [false, 'error', 'no index begins with these columns in this order'],
      [true, 'error', expect.stringMatching(/PRIMARY/)],
      [false, 'error', 'no unique index is of these columns alone'],
      [false, 'error', 'no unique index is of these columns alone'],
      [false, 'warning', `${database} has no table not_yet`],
    ]);
    expect(checks[5]).toMatchObject({
      group: 'required indexes',
      name: 'calls has an index (status, word)',
      remedy: 'ALTER TABLE `calls` ADD INDEX (`status`, `word`)',
    });
    expect(checks[7]).toMatchObject({
      name: 'calls has a unique index (company_id)',
      remedy: 'ALTER TABLE `calls` ADD UNIQUE INDEX (`company_id`)',
    });
  });
});
