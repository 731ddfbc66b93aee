import { expect, test } from 'vitest';
import { readSource } from '../../src/backup/dump/source.ts';
import { connect } from '../../src/mysql/connect.ts';
import { describeOnServers } from '../support/servers.ts';

describeOnServers('a session', (server) => {
  test('that was given up answers at once', async () => {
    const session = await (await connect(server().target('mysql'))).open();
    const waiting = session.query('SELECT SLEEP(60)');
    session.destroy();
    await expect(waiting).rejects.toThrow('the connection was given up');
  });

  test('of a database that is gone says so', async () => {
    const root = await connect(server().target('mysql'));
    const gone = { ...root, target: { ...root.target, database: 'gone' } };
    const session = await root.open();
    await expect(readSource(gone, session).finally(() => session.close())).rejects.toThrow(
      'there is no database gone, or the account may not see it',
    );
  });
});
