import { expect, test } from 'vitest';
import { connect } from '../../src/mysql/connect.ts';
import { describeOnServers, type TestServer, type TestServerOptions } from '../support/servers.ts';
import { createProduction, lastOf, type Production } from './production.ts';

/** Names in capitals, in the migrations written otherwise than production has them; literal defaults of TIMESTAMP. */
const MIGRATIONS = {
  '1_Notes.sql': `-- migrate:up
CREATE TABLE Notes (Id INT PRIMARY KEY AUTO_INCREMENT, Company INT NOT NULL, at TIMESTAMP NOT NULL DEFAULT '2026-01-02 03:04:05') ENGINE=InnoDB;
INSERT INTO Notes (Company) VALUES (1), (2);
CREATE VIEW Many_Notes AS SELECT n.Id, c.Name FROM Notes n JOIN Companies c ON c.Id = n.Company;
CREATE TRIGGER Notes_Seen AFTER INSERT ON Notes FOR EACH ROW UPDATE Seen SET N = N + 1 WHERE Id = 1;
-- migrate:down
DROP TRIGGER Notes_Seen;
DROP VIEW Many_Notes;
DROP TABLE Notes;
`,
  '2_Price.sql': `-- migrate:up
ALTER TABLE Orders ADD COLUMN Price DECIMAL(10,2) NOT NULL DEFAULT 1.50, ADD INDEX By_Note (Note);
ALTER TABLE Orders MODIFY Since TIMESTAMP NOT NULL DEFAULT '2027-06-01 00:00:00';
UPDATE Orders SET Note = 'Grüße' WHERE Id = 1;
RENAME TABLE Seen TO Seen_Before;
-- migrate:down
RENAME TABLE Seen_Before TO Seen;
UPDATE Orders SET Note = 'first' WHERE Id = 1;
ALTER TABLE Orders MODIFY Since TIMESTAMP NOT NULL DEFAULT '2026-01-01 00:00:00';
ALTER TABLE Orders DROP INDEX By_Note, DROP COLUMN Price;
`,
};

const SHOP = `
  CREATE TABLE Companies (Id INT PRIMARY KEY, Name VARCHAR(50)) ENGINE=InnoDB;
  CREATE TABLE Orders (Id INT PRIMARY KEY AUTO_INCREMENT, Company INT, Note VARCHAR(50),
    Since TIMESTAMP NOT NULL DEFAULT '2026-01-01 00:00:00',
    CONSTRAINT Of_Company FOREIGN KEY (Company) REFERENCES Companies (Id)) ENGINE=InnoDB;
  CREATE TABLE Seen (Id INT PRIMARY KEY, N INT NOT NULL) ENGINE=InnoDB;
  INSERT INTO Companies VALUES (1, 'Söhne €'), (2, 'b');
  INSERT INTO Orders (Id, Company, Note) VALUES (1, 1, 'first'), (2, 1, NULL);
  INSERT INTO Seen VALUES (1, 0);
  CREATE DEFINER='app user'@'localhost' VIEW Latest AS SELECT MAX(Id) AS Id FROM Orders;
  CREATE DEFINER='app user'@'localhost' PROCEDURE Count_Orders() SELECT COUNT(*) FROM Orders;
  CREATE DEFINER='app user'@'localhost' TRIGGER Orders_Seen AFTER INSERT ON Orders FOR EACH ROW UPDATE Seen SET N = N + 1 WHERE Id = 1;
  CREATE DEFINER='app user'@'localhost' EVENT Yearly ON SCHEDULE EVERY 1 YEAR STARTS '2030-01-01 00:00:00' DO DELETE FROM Seen WHERE Id > 1`;

interface Setting {
  readonly options: TestServerOptions;
  readonly env?: Record<string, string>;
  readonly beside?: string;
  /** Rights that the account needs for it on MySQL. */
  readonly rights?: readonly string[];
  /** The other server has no such setting. */
  readonly only?: 'mysql';
}

const STATE = `SELECT GROUP_CONCAT(CONCAT_WS(' ', Id, Company, Note, UNIX_TIMESTAMP(Since)) ORDER BY Id SEPARATOR '; ') AS orders FROM Orders`;

async function ends(production: Production, env: Record<string, string>, ...command: string[]) {
  const finished = lastOf(await production.runWith(env, ...command, '--yes', '--json'));
  expect([command.join(' '), finished.exitCode, finished.error]).toEqual([command.join(' '), 0, undefined]);
  return finished;
}

async function createShop(server: TestServer, { beside, rights = [] }: Setting): Promise<Production> {
  const production = await createProduction(server, { database: 'Shop_Db', migrations: MIGRATIONS, rehearses: true });
  await production.sql(SHOP);
  // A table that is another one in the same database, where names have case.
  if (beside) await production.sql(`${beside}; CREATE TABLE seen (id INT PRIMARY KEY, other INT, UNIQUE KEY (other))`);
  await production.grantLog(...(server.kind === 'mysql' ? ['SHOW_ROUTINE', ...rights] : []));
  if (server.kind === 'mariadb') await server.sql("GRANT SELECT ON mysql.proc TO 'app user'@'localhost'");
  production.configure({ backup: { dir: 'backups', minFree: '1MB', verify: 'checksum' } });
  return production;
}

/** Without the history, which a deploy begins. */
async function present(production: Production): Promise<string[]> {
  return (await production.objects()).filter((name) => !/gateway_migrate|schema_migrations/.test(name));
}

/** The whole story on a server of its own, as it goes on any other. `beside`: SQL that makes what may not come into it. */
export function tellsTheStory(setting: Setting): void {
  const { options, env = {} } = setting;
  describeOnServers(
    'the whole story',
    (server) => {
      test('backup, deploy, verify, rollback, restore to a moment, restore of a table, restore of all', {
        timeout: 300_000,
      }, async () => {
        if (setting.only && server().kind !== setting.only) return;
        const production = await createShop(server(), setting);
        const session = await (await connect(server().target(production.database))).open();
        const state = () => session.query(STATE);
        const does = (...command: string[]) => ends(production, env, ...command);
        try {
          const objects = await present(production);
          await does('backup', 'create');
          await session.query("INSERT INTO Orders (Company, Note) VALUES (2, 'later')");
          const written = await state();
          const deploy = await does('deploy');
          expect(deploy).toMatchObject({ applied: ['1', '2'] });
          await does('verify');
          await does('rollback');
          expect([await state(), await present(production)]).toEqual([written, objects]);
          for (const restore of [
            ['--until', String(deploy.run)],
            ['--table', 'Orders', '--in-place'],
            ['--backup', String(deploy.backup)],
          ]) {
            await session.query('DELETE FROM Orders');
            await does('restore', ...restore);
            expect([restore[0], await state(), await present(production)]).toEqual([restore[0], written, objects]);
          }
        } finally {
          await session.close();
          production.remove();
        }
      });
    },
    { binlog: true, ...options, args: ['--log-bin-trust-function-creators=1', ...(options.args ?? [])] },
  );
}
