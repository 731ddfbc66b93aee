import { expect, test } from 'vitest';
import { readSource } from '../../src/backup/dump/source.ts';
import { connect } from '../../src/mysql/connect.ts';
import { reach } from '../../src/preflight/reach.ts';
import { describeOnServers } from '../support/servers.ts';

/** MariaDB answers as if the password were wrong. */
const ASKS_FOR_TLS = { mysql: 'set', mariadb: 'mend user or password; where the server asks for TLS, set' };

describeOnServers('a session', (server) => {
  test('that was given up answers at once', async () => {
    const session = await (await connect(server().target('mysql'))).open();
    const waiting = session.query('SELECT SLEEP(60)');
    session.destroy();
    await expect(waiting).rejects.toThrow('the connection was given up');
  });

  test('without TLS, where the server wants it, is told what to set', async () => {
    const database = { ...server().target('mysql'), socket: undefined, host: '127.0.0.1', port: server().port };
    await server().sql('SET GLOBAL require_secure_transport = ON');
    try {
      await expect(reach({ database, stateDir: '/nowhere' })).rejects.toMatchObject({
        next: `${ASKS_FOR_TLS[server().kind]} database.tls: true (or { ca: FILE }) in the configuration, then: gateway-migrate doctor`,
      });
    } finally {
      await server().sql('SET GLOBAL require_secure_transport = OFF');
    }
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
