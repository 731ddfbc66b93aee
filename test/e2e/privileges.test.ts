import { afterAll, beforeAll, expect, test } from 'vitest';
import { describeOnServers } from '../support/servers.ts';
import { createProduction, type Finished, jsonLines, lastOf, type Production } from './production.ts';

const SHOPS = '-- migrate:up\nCREATE TABLE shops (id INT PRIMARY KEY);\n-- migrate:down\nDROP TABLE shops;\n';

describeOnServers(
  'an account with exactly the rights that doctor prints',
  (server) => {
    let production: Production;
    const account = "'app user'@'localhost'";
    const rights = (run: Finished) => jsonLines(run).filter((line) => line.type === 'check' && line.group === 'rights');

    beforeAll(async () => {
      production = await createProduction(server(), { migrations: { '1_shops.sql': SHOPS }, rehearses: true });
      await production.sql(
        "CREATE TABLE items (id INT PRIMARY KEY, name VARCHAR(20)); INSERT INTO items VALUES (1, 'pen'); CREATE VIEW names AS SELECT name FROM items",
      );
      await production.sql('CREATE TRIGGER trimmed BEFORE INSERT ON items FOR EACH ROW SET NEW.name = TRIM(NEW.name)');
      await server().sql('SET GLOBAL log_bin_trust_function_creators = 1');
      await server().sql(`REVOKE ALL PRIVILEGES, GRANT OPTION FROM ${account}`);
      await server().sql(`GRANT SELECT, SHOW VIEW, TRIGGER ON \`${production.database}\`.* TO ${account}`);
    });
    afterAll(() => production?.remove());

    test('doctor names what does not work, and prints one block', async () => {
      const run = await production.run('doctor', '--json');
      const block = rights(run).find((line) => line.name === 'grants');
      expect(block).toMatchObject({ ok: false, level: 'warning' });
      await server().sql(`REVOKE ALL PRIVILEGES, GRANT OPTION FROM ${account}`);
      // A definer of the server's own has every right there is.
      const system = server().kind === 'mysql' ? `GRANT SYSTEM_USER ON *.* TO ${account};` : '';
      expect(String(rights(run).find((line) => line.name === 'definers')?.remedy ?? '')).toBe(system);
      await server().sql(`${block?.remedy} ${system}`);
      expect(rights(await production.run('doctor', '--json'))).toEqual([
        expect.objectContaining({
          name: 'grants',
          ok: true,
          detail: 'app user@localhost may do all that every command needs',
        }),
      ]);
    });

    test.each(['test', 'deploy', 'rollback', 'backup create', 'restore'])('%s', async (command) => {
      const last = lastOf(await production.run(...command.split(' '), '--yes', '--json'));
      expect([last.exitCode, last.error]).toEqual([0, undefined]);
      expect(await production.query('SELECT * FROM names')).toEqual([{ name: 'pen' }]);
    });

    test('restore --until, what was written since the backup', async () => {
      // The restore before it is in the log: one does not lead over another.
      expect(lastOf(await production.run('backup', 'create', '--json')).exitCode).toBe(0);
      await production.sql("INSERT INTO items VALUES (2, 'ink')");
      const [row] = await production.query<{ at: string }>(
        'SELECT SLEEP(1 - MICROSECOND(NOW(6)) / 1000000), FROM_UNIXTIME(UNIX_TIMESTAMP(SYSDATE())) AS at',
      );
      await production.sql('DELETE FROM items');
      const until = String(row?.at).slice(0, 19);
      const last = lastOf(await production.run('restore', '--until', until, '--yes', '--json'));
      expect([last.exitCode, last.error, last.production]).toEqual([0, undefined, 'restored']);
      expect(await production.query('SELECT * FROM names ORDER BY name')).toEqual([{ name: 'ink' }, { name: 'pen' }]);
    });
  },
  { binlog: true },
);
