import { existsSync } from 'node:fs';
import { expect, test } from 'vitest';
import { connect } from '../../src/mysql/connect.ts';
import { describeOnServers } from '../support/servers.ts';

describeOnServers('a private server', (server) => {
  test('is what it says it is, and keeps utf8mb4', async () => {
    const { flavor, open } = await connect(server().target('mysql'));
    expect(flavor.kind).toBe(server().kind);
    expect(flavor.version.join('.')).toBe(server().version);
    const session = await open();
    const [row] = await session.query('SELECT @@character_set_server AS charset, @@port AS port');
    expect(row).toEqual({ charset: 'utf8mb4', port: server().port });
    await session.close();
  });

  test('lets root in over TCP', async () => {
    const { flavor } = await connect({
      ...server().target('mysql'),
      socket: undefined,
      host: '127.0.0.1',
      port: server().port,
    });
    expect(flavor.kind).toBe(server().kind);
  });

  test('keeps acknowledged rows over a kill', async () => {
    const database = await server().createDatabase();
    await server().sql('CREATE TABLE t (id INT PRIMARY KEY); INSERT INTO t VALUES (1), (2);', database);
    await server().kill();
    await server().start();
    const session = await (await connect(server().target(database))).open();
    expect(await session.query('SELECT COUNT(*) AS n FROM t')).toEqual([{ n: 2 }]);
    await session.close();
  });

  test('leaves no folder when it is stopped', async () => {
    const { startServer } = await import('../support/servers.ts');
    const another = await startServer(server().kind);
    await another.stop();
    expect(existsSync(another.dir)).toBe(false);
  });
});
