import { expect, it } from 'vitest';
import { connect } from '../../src/mysql/connect.ts';
import { tableIdentity } from '../../src/schema/identity.ts';
import { describeOnServers } from '../support/servers.ts';
import { runAll, withSession } from './sessions.ts';

describeOnServers('the identity of a table', (server) => {
  const TABLES = ['CREATE TABLE `odd name.x` (id int)', 'CREATE TABLE plain (id int)'];

  it('changes with TRUNCATE and with nothing that writes rows', async () => {
    const database = await server().createDatabase('a-b');
    await runAll(server(), database, [
      ...TABLES,
      'CREATE TABLE parted (id int) PARTITION BY HASH (id) PARTITIONS 3',
      'CREATE TABLE plain_too (id int)',
    ]);
    await withSession(server(), database, async (session) => {
      for (const table of ['odd name.x', 'plain', 'parted']) {
        const before = await tableIdentity(session, database, table);
        expect(before, table).toMatch(table === 'parted' ? /^innodb \d+ \d+ \d+$/ : /^innodb \d+$/);
        await runAll(server(), database, [`INSERT INTO \`${table}\` VALUES (1)`, `DELETE FROM \`${table}\``]);
        expect(await tableIdentity(session, database, table), table).toBe(before);
        await runAll(server(), database, [`TRUNCATE TABLE \`${table}\``]);
        expect(await tableIdentity(session, database, table), table).not.toBe(before);
      }
      expect(await tableIdentity(session, database, 'nope')).toBeUndefined();
    });
  });

  it('is the time of creation without PROCESS', async () => {
    const database = await server().createDatabase();
    await runAll(server(), database, TABLES);
    const account = `reader_${database}`;
    await server().sql(`CREATE USER ${account}; GRANT SELECT ON \`${database}\`.* TO ${account}`);
    const session = await (await connect({ ...server().target(database), user: account })).open();
    expect(await tableIdentity(session, database, 'plain')).toMatch(/^created \d{4}-\d\d-\d\d \d\d:\d\d:\d\d$/);
    await session.close();
  });
});
