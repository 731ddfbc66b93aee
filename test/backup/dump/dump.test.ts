import { statSync } from 'node:fs';
import { expect, it } from 'vitest';
import { verifyBackup } from '../../../src/backup/file/verify.ts';
import { loadBackup } from '../../../src/backup/load/load.ts';
import { connect } from '../../../src/mysql/connect.ts';
import { Secret } from '../../../src/system/secret.ts';
import { describeOnServers } from '../../support/servers.ts';
import { clientsOf, contextFor, runScript, takeBackup } from '../support.ts';
import { ZOO, ZOO_ROWS } from '../zoo.ts';

describeOnServers(
  'a dump by an account with few rights',
  (server) => {
    it('is complete, and has the position that the account may read', async () => {
      const database = await server().createDatabase();
      await runScript(server(), database, 'CREATE TABLE t (id INT PRIMARY KEY); INSERT INTO t VALUES (1);');
      const rights = `SELECT, SHOW VIEW, TRIGGER, EVENT ON \`${database}\`.*`;
      await server().sql(`CREATE USER few@localhost IDENTIFIED BY 'x'; GRANT ${rights} TO few@localhost`);
      const target = { ...server().target(database), user: 'few', password: new Secret('x') };
      const { manifest } = await takeBackup(server(), target);
      const isMySql = server().kind === 'mysql';
      expect(manifest.positionReason).toBe(isMySql ? 'the account lacks RELOAD and REPLICATION CLIENT' : null);
      expect(manifest.position === null).toBe(isMySql);
      await server().sql('GRANT RELOAD, REPLICATION CLIENT ON *.* TO few@localhost');
      expect((await takeBackup(server(), target)).manifest.position?.file).toMatch(/bin\.\d{6}$|binlog\.\d{6}$/);
    });
  },
  { binlog: true, onNewer: true },
);

describeOnServers(
  'a dump',
  (server) => {
    it('holds every object, every row, and a manifest that says so', async () => {
      const database = await server().createDatabase('zoo-with-dash');
      await runScript(server(), database, ZOO);
      const { file, manifest } = await takeBackup(server(), server().target(database));
      expect(Object.fromEntries(manifest.tables.map(({ name, rows }) => [name, rows]))).toEqual(ZOO_ROWS);
      expect(statSync(file).mode & 0o777).toBe(0o600);
      expect(await verifyBackup(file)).toEqual({ manifest, problems: [] });
    });
  },
  { onNewer: true },
);

describeOnServers(
  'a blob of 64 MB',
  (server) => {
    it('is dumped, and loaded again to the byte', async () => {
      const database = await server().createDatabase();
      await server().sql(
        `CREATE TABLE large (id INT PRIMARY KEY, content LONGBLOB);
         INSERT INTO large VALUES (1, REPEAT(CONCAT(x'00275c0a1a0d22', RANDOM_BYTES(1017)), 65536))`,
        database,
      );
      const { file, manifest } = await takeBackup(server(), server().target(database));
      expect(manifest.rawBytes).toBeGreaterThan(64 * 1024 * 1024);
      const other = await server().createDatabase();
      const context = await contextFor(server().target(database));
      await loadBackup(file, server().target(other), await clientsOf(server()), 'load', context);
      const session = await (await connect(server().target(other))).open();
      const ask = `SELECT (SELECT SHA2(content, 256) FROM \`${database}\`.large) = SHA2(content, 256) AS isSame, LENGTH(content) AS bytes FROM large`;
      expect(await session.query(ask)).toEqual([{ isSame: 1, bytes: 64 * 1024 * 1024 }]);
      await session.close();
    });
  },
  { onNewer: true, args: ['--max-allowed-packet=1G', '--loose-innodb-log-file-size=1G'] },
);
