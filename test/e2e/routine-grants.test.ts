import mysql from 'mysql2/promise';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { nameBeside } from '../../src/exchange/side-database.ts';
import { exchangeTables } from '../../src/exchange/swap.ts';
import { connect } from '../../src/mysql/connect.ts';
import { type ExchangeParts, withExchange } from '../../src/phases/restore/exchange.ts';
import { loadBesidePhase } from '../../src/phases/restore/load-side-database.ts';
import { swapPhase } from '../../src/phases/restore/swap.ts';
import { contextFor, takeBackup, temporaryFolder } from '../backup/support.ts';
import { describeOnServers } from '../support/servers.ts';
import { createProduction, type Finished, jsonLines, lastOf, PASSWORD, type Production } from './production.ts';

const KINDS = {
  mysql: ['PROCEDURE', 'FUNCTION'],
  mariadb: ['PROCEDURE', 'FUNCTION', 'PACKAGE', 'PACKAGE BODY'],
} as const;

const MAKE = `CREATE PROCEDURE \`a p\`() SELECT 1;
CREATE FUNCTION f() RETURNS INT DETERMINISTIC RETURN 1;
`;
const DROP = 'DROP PROCEDURE `a p`;\nDROP FUNCTION f;\n';
const MIGRATIONS = {
  '1_made.sql': `-- migrate:up\n${MAKE}CREATE TABLE t (id INT PRIMARY KEY);\n-- migrate:down\nDROP TABLE t;\n${DROP}`,
};
const PACKAGE = `SET sql_mode = 'ORACLE';
CREATE PACKAGE pk AS PROCEDURE two(); END;
CREATE PACKAGE BODY pk AS PROCEDURE two() AS BEGIN SELECT 2; END; END;`;
const OWNER = "'app user'@'localhost'";

describeOnServers(
  'grants on single routines',
  (server) => {
    let production: Production;
    const named = (kind: string) => (kind === 'PROCEDURE' ? '`a p`' : kind === 'FUNCTION' ? '`f`' : '`pk`');
    const on = (kind: string) => `ON ${kind} \`${production.database}\`.${named(kind)}`;
    const kinds = () => KINDS[server().kind];

    beforeAll(async () => {
      production = await createProduction(server(), { migrations: MIGRATIONS });
      expect(lastOf(await production.run('deploy', '--yes', '--json')).exitCode).toBe(0);
      const inOracle = server().kind === 'mariadb' ? "SET sql_mode = 'ORACLE';" : '';
      if (inOracle) {
        const { socket } = server();
        const own = { socketPath: socket, user: 'app user', password: PASSWORD, database: production.database };
        const owner = await mysql.createConnection(own);
        for (const sql of PACKAGE.split('\n')) await owner.query(sql);
        await owner.end();
      }
      const grants = kinds().flatMap((kind) => [
        `GRANT EXECUTE ${on(kind)} TO 'reader'@'10.0.0.%'`,
        `GRANT EXECUTE, ALTER ROUTINE ${on(kind)} TO 'reader'@'localhost' WITH GRANT OPTION`,
        `GRANT EXECUTE ${on(kind)} TO a_role`,
      ]);
      const made = ["CREATE USER 'reader'@'10.0.0.%', 'reader'@'localhost'", 'CREATE ROLE a_role'];
      await server().sql(`${[...made].join(';')};${inOracle}${grants.join(';')}`);
    });
    afterAll(() => production?.remove());

    const grants = async () => {
      const session = await (await connect(server().target('mysql'))).open();
      const rows = await session.query(
        `SELECT CONCAT_WS(' ', Routine_type, Routine_name, User, Host, Proc_priv) AS one FROM mysql.procs_priv
          WHERE User <> 'app user' AND Db = ? ORDER BY 1`,
        [production.database],
      );
      await session.close();
      return rows.map(({ one }) => String(one));
    };
    const told = (run: Finished) =>
      jsonLines(run).flatMap(({ type, text }) =>
        type === 'note' && /\bgrants? on\b/.test(String(text)) ? [text] : [],
      );

    test('are not seen by an account that may not look, which is told', { timeout: 120_000 }, async () => {
      expect(await grants()).toHaveLength(3 * kinds().length);
      production.migration(
        '2_new.sql',
        `-- migrate:up\n${DROP}ALTER TABLE nowhere ADD x INT;\n-- migrate:down\n${MAKE}`,
      );
      const before = await grants();
      const run = await production.run('deploy', '--yes', '--json');
      expect(lastOf(run)).toMatchObject({ exitCode: 2, error: { what: expect.stringContaining('nowhere') } });
      expect(told(run)).toEqual([
        'grants on single routines went with these, if there were any: app user sees them only with GRANT SELECT ON mysql.procs_priv',
      ]);
      // For the next tests.
      await server().sql(
        before
          .filter((one) => !one.startsWith('PACKAGE'))
          .map((one) => {
            const [, kind = '', name, user, host, rights] = /^(\w+) (a p|f) (\w+) (\S*) (\S.*)$/.exec(one) ?? [];
            const all = String(rights).split(',');
            const to = user === 'a_role' ? 'a_role' : `'${user}'@'${host}'`;
            const option = all.includes('Grant') ? ' WITH GRANT OPTION' : '';
            const list = all.filter((right) => right !== 'Grant').join(', ');
            return `GRANT ${list} ON ${kind} \`${production.database}\`.\`${name}\` TO ${to}${option}`;
          })
          .join(';'),
      );
      expect(await grants()).toEqual(before);
    });

    test('that may not be given again are told as they have to be typed', { timeout: 120_000 }, async () => {
      await server().sql(`GRANT SELECT ON mysql.procs_priv TO ${OWNER}`);
      const before = await grants();
      const run = await production.run('deploy', '--yes', '--json');
      expect(lastOf(run).exitCode).toBe(2);
      const missing = told(run).map((text) => String(text).replace(/\(.*\)/, '(WHY)'));
      expect(missing).toContain(
        `the grant on procedure a p went with it and could not be given again (WHY); as an administrator: GRANT EXECUTE, ALTER ROUTINE ${on('PROCEDURE')} TO \`reader\`@\`localhost\` WITH GRANT OPTION;`,
      );
      expect(missing).toHaveLength(6);
      const typed = told(run).map((text) => String(text).replace(/^.*as an administrator: /, ''));
      await server().sql(typed.join('\n'));
      expect(await grants()).toEqual(before);
    });

    test('come back with an undo, a restore and its way back', { timeout: 120_000 }, async () => {
      const { database } = production;
      await server().sql(
        `GRANT EXECUTE, ALTER ROUTINE, GRANT OPTION ON \`${database.replaceAll('_', '\\_')}\`.* TO ${OWNER}`,
      );
      const before = await grants();
      const undone = await production.run('deploy', '--yes', '--json');
      expect([lastOf(undone).exitCode, told(undone)]).toEqual([2, []]);
      expect(await grants()).toEqual(before);

      production.migration('2_new.sql', `-- migrate:up\n${DROP}${MAKE}-- migrate:down\n${DROP}${MAKE}`);
      expect(lastOf(await production.run('deploy', '--yes', '--json')).exitCode).toBe(0);
      const back = await production.run('rollback', '--yes', '--json');
      expect([lastOf(back).exitCode, told(back)]).toEqual([0, []]);
      expect(await grants()).toEqual(before);
      production.migration('2_new.sql', undefined);

      const restored = await production.run('restore', '--yes', '--json');
      expect([lastOf(restored).exitCode, lastOf(restored).error, told(restored)]).toEqual([0, undefined, []]);
      expect(await grants()).toEqual(before);
      const returned = await production.run('rollback', '--yes', '--json');
      expect([lastOf(returned).exitCode, told(returned)]).toEqual([0, []]);
      expect(await grants()).toEqual(before);
      const inPlace = await production.run('restore', '--in-place', '--yes', '--json');
      expect([lastOf(inPlace).exitCode, told(inPlace)]).toEqual([0, []]);
      expect(await grants()).toEqual(before);
    });

    test('come back when a restore was killed with the routines gone', { timeout: 120_000 }, async () => {
      const { database } = production;
      const before = await grants();
      const target = server().target(database);
      const { file } = await takeBackup(server(), target);
      const context = await contextFor(target);
      const at = new Date('2026-01-02T03:04:05Z');
      const names = { from: nameBeside(database, 'restore', at), aside: nameBeside(database, 'before', at) };
      const stateDir = temporaryFolder();
      const migrations = { lockWaitSeconds: 5, lockRetries: 0 } as ExchangeParts['config']['migrations'];
      const parts: ExchangeParts = { run: 'killed', config: { stateDir, migrations }, env: { PATH: server().binDir } };
      await loadBesidePhase(parts).run({ file, database: names.from }, context);
      await withExchange(parts, context, (exchange) => exchangeTables(names, exchange));
      expect(await grants()).toEqual([]);
      await swapPhase(parts).run({ ...names, file }, context);
      expect(await grants()).toEqual(before);
    });
  },
  { args: ['--log-bin-trust-function-creators=1'] },
);
