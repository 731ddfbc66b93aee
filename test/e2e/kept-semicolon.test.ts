import mysql from 'mysql2/promise';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { describeOnServers } from '../support/servers.ts';
import { createProduction, type Finished, jsonLines, lastOf, PASSWORD, type Production } from './production.ts';

/** The whole file in one packet, as dbmate and golang-migrate send it. */
const PACKET = `CREATE TABLE a (id INT PRIMARY KEY, x INT);
CREATE TRIGGER one BEFORE INSERT ON a FOR EACH ROW SET NEW.x = 1;
CREATE TRIGGER block BEFORE UPDATE ON a FOR EACH ROW BEGIN SET NEW.x = 2; END;
CREATE TRIGGER noted BEFORE DELETE ON a FOR EACH ROW SET @gone = ';' ;
CREATE PROCEDURE p() DELETE FROM a;
CREATE FUNCTION f() RETURNS INT DETERMINISTIC RETURN 1;
CREATE EVENT e ON SCHEDULE EVERY 1 YEAR DO SET @done = 1;
CREATE EVENT e2 ON SCHEDULE EVERY 1 YEAR DO BEGIN SET @done = 1; END;
INSERT INTO a (id) VALUES (1);`;
const B = '-- migrate:up\nCREATE TABLE b (id INT PRIMARY KEY);\n-- migrate:down\nDROP TABLE b;\n';

describeOnServers(
  'triggers and events that keep their semicolon',
  (server) => {
    let production: Production;
    beforeAll(async () => {
      production = await createProduction(server(), { migrations: { '1_b.sql': B }, rehearses: true });
      production.configure({ backup: { dir: 'backups', minFree: '1MB', verify: 'restore' } });
      const { socket } = server();
      const tool = await mysql.createConnection({
        ...{
          socketPath: socket,
          user: 'app user',
          password: PASSWORD,
          database: production.database,
          multipleStatements: true,
        },
      });
      await tool.query(PACKET);
      await tool.end();
    });
    afterAll(() => production?.remove());

    const told = (run: Finished) =>
      jsonLines(run).flatMap(({ type, group, name, detail, remedy }) =>
        type === 'check' && group === 'stored programs' ? [{ name, detail, remedy }] : [],
      );
    const finding = (name: string, show: string) => ({
      name,
      detail:
        'keeps the semicolon that ended it, so no server loads what mysqldump writes of it; a backup of ours loads',
      remedy: `SHOW CREATE ${show}, drop it, and make it again as one statement without the last semicolon`,
    });

    test.each(['doctor', 'test'])('%s names them, and how to mend them', async (command) => {
      const run = await production.run(command, '--json');
      expect([0, 1]).toContain(run.code);
      expect(told(run)).toEqual(
        server().kind === 'mysql'
          ? [
              finding('trigger noted', 'TRIGGER `noted`'),
              finding('trigger one', 'TRIGGER `one`'),
              finding('event e', 'EVENT `e`'),
            ]
          : [],
      );
      if (command === 'test') expect(lastOf(run).exitCode).toBe(0);
    });

    test('a backup is proven and restored, and they do what they did', { timeout: 180_000 }, async () => {
      const before = await production.objects();
      expect(lastOf(await production.run('backup', 'create', '--json'))).toMatchObject({ exitCode: 0 });
      await production.sql('DROP TRIGGER one; DROP EVENT e; DROP PROCEDURE p');
      expect(lastOf(await production.run('restore', '--yes', '--json'))).toMatchObject({ exitCode: 0 });
      expect((await production.objects()).filter((one) => !one.includes('gateway_migrate'))).toEqual(before);
      await production.sql('INSERT INTO a (id) VALUES (2)');
      expect(await production.query('SELECT id, x, f() AS f FROM a')).toEqual([
        { id: 1, x: 1, f: 1 },
        { id: 2, x: 1, f: 1 },
      ]);
      expect(lastOf(await production.run('deploy', '--yes', '--json'))).toMatchObject({ exitCode: 0 });
      expect(lastOf(await production.run('rollback', '--yes', '--json'))).toMatchObject({ exitCode: 0 });
    });
  },
  { args: ['--log-bin-trust-function-creators=1'] },
);
