import { expect, test } from 'vitest';
import { connect, type Session } from '../../src/mysql/connect.ts';
import { readWholeSchema } from '../../src/preflight/whole-schema.ts';
import { describeOnServers } from '../support/servers.ts';

describeOnServers('the schema as a whole', (server) => {
  test('is not shown to an account without SHOW VIEW, which is told what to grant', async () => {
    if (server().kind !== 'mysql') return;
    const database = await server().createDatabase('shop');
    await server().sql('CREATE TABLE t (id INT); CREATE VIEW v AS SELECT id FROM t', database);
    await server().sql(`CREATE USER 'blind'@'localhost'; GRANT SELECT ON \`${database}\`.* TO 'blind'@'localhost'`);
    const session = await (await connect({ ...server().target(database), user: 'blind' })).open();
    try {
      await expect(readWholeSchema(session, database)).rejects.toMatchObject({
        exitCode: 5,
        message: `the schema cannot be read as a whole: SHOW VIEW command denied to user 'blind'@'localhost' for table 'v'`,
        next: `GRANT SHOW VIEW ON \`${database}\`.* TO 'blind'@'localhost';`,
      });
      await server().sql(`GRANT SHOW VIEW ON \`${database}\`.* TO 'blind'@'localhost'`);
      await session.query(`USE \`${database}\``);
      expect([...(await readWholeSchema(session, database)).objects.keys()].sort()).toEqual(['table:t', 'view:v']);
    } finally {
      await session.close();
    }
  });

  test('passes on whatever else the server says', async () => {
    const said = (errno: number) => Object.assign(new Error('as the server says'), { errno });
    const session = (errno: number): Session => ({
      connectionId: 1,
      query: async (sql) => {
        if (sql === 'SHOW GRANTS') return [{ grant: 'GRANT ALL PRIVILEGES ON *.* TO `a`@`b`' }] as never;
        if (sql.includes('CURRENT_USER')) return [{ name: 'a@b' }] as never;
        throw said(errno);
      },
      queryKinds: () => Promise.reject(said(errno)),
      execute: () => Promise.reject(said(errno)),
      close: async () => undefined,
      destroy: () => undefined,
    });
    await expect(readWholeSchema(session(2013), 'd')).rejects.toMatchObject({ errno: 2013 });
    await expect(readWholeSchema(session(1142), 'd')).rejects.toMatchObject({ errno: 1142 });
  });
});
