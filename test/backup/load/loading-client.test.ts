import { expect, it } from 'vitest';
import { LoadingClient } from '../../../src/backup/load/loading-client.ts';
import { connect } from '../../../src/mysql/connect.ts';
import { describeOnServers, type TestServer } from '../../support/servers.ts';
import { clientsOf, contextFor } from '../support.ts';

const SLOW_INSERT = 'INSERT INTO t SELECT 1 + SLEEP(0.5);\n';

async function startOn(server: TestServer) {
  const database = await server.createDatabase();
  await server.sql(`CREATE TABLE ${database}.t (id INT PRIMARY KEY)`);
  const target = server.target(database);
  const client = await LoadingClient.start({ target, clients: await clientsOf(server) }, await contextFor(target));
  const session = await (await connect(target)).open();
  const count = async () => (await session.query('SELECT id FROM t')).length;
  return { client, count, end: () => session.close() };
}

describeOnServers('a client that loads', (server) => {
  it('tells when the server has done what it was fed, again and again', async () => {
    const { client, count, end } = await startOn(server());
    await client.feed('table t', SLOW_INSERT);
    expect(await count()).toBe(0);
    await client.settle();
    expect(await count()).toBe(1);
    await client.settle();
    await client.feed('table u', 'DELETE FROM t;\n');
    await client.settle();
    expect(await count()).toBe(0);
    await client.finish();
    await end();
  });

  it('names the piece that failed, also to who waits for it', async () => {
    const { client, end } = await startOn(server());
    await client.feed('table t', `${SLOW_INSERT}INSERT INTO t VALUES (1);\n`);
    await expect(client.settle()).rejects.toThrow(
      /^table t: `.*` exited with 1: .*ERROR 1062 \(23000\) at line 4: Duplicate entry '1' for key '.*PRIMARY'$/,
    );
    await client.abandon();
    await end();
  });
});
