import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { connect } from '../../src/mysql/connect.ts';
import { describeOnServers, type TestServer } from '../support/servers.ts';
import { createProduction, lastOf, type Production } from './production.ts';

/** Every global that a connection inherits and that something of ours relies on, the wrong way. */
const EVERYWHERE = {
  autocommit: 'OFF',
  completion_type: "'RELEASE'",
  foreign_key_checks: 'OFF',
  unique_checks: 'OFF',
  sql_safe_updates: 'ON',
  sql_auto_is_null: 'ON',
  sql_quote_show_create: 'OFF',
  sql_big_selects: 'OFF',
  max_sort_length: '8',
  group_concat_max_len: '4',
  div_precision_increment: '0',
  lc_time_names: "'de_DE'",
  sql_notes: 'OFF',
  wait_timeout: '2',
  interactive_timeout: '2',
  net_read_timeout: '2',
  net_write_timeout: '2',
  lock_wait_timeout: '1',
  innodb_lock_wait_timeout: '1',
  time_zone: "'+05:45'",
  sql_mode: "'STRICT_TRANS_TABLES,PIPES_AS_CONCAT,IGNORE_SPACE,HIGH_NOT_PRECEDENCE,NO_AUTO_VALUE_ON_ZERO'",
  default_storage_engine: 'MyISAM',
  init_connect: "'SET NAMES latin1, autocommit = 0, completion_type = 1, sql_safe_updates = 1'",
} as const;

const OF_ONE_KIND = {
  mysql: {
    transaction_isolation: "'READ-UNCOMMITTED'",
    transaction_read_only: 'ON',
    max_execution_time: '1',
    sql_select_limit: '1',
    max_join_size: '100',
  },
  mariadb: {
    tx_isolation: "'READ-UNCOMMITTED'",
    tx_read_only: 'ON',
    max_statement_time: '0.001',
    idle_transaction_timeout: '1',
    idle_readonly_transaction_timeout: '1',
    idle_write_transaction_timeout: '1',
  },
} as const;

/** `SET GLOBAL` is not told to connections that stand: what follows is the last thing that this one does. */
async function turn(server: TestServer, globals: Readonly<Record<string, string>>): Promise<void> {
  const assignments = Object.entries(globals).map(([name, value]) => `GLOBAL ${name} = ${value}`);
  await server.sql(`SET ${assignments.join(', ')}`);
}

const MIGRATIONS = {
  '1_notes.sql': `-- migrate:up
CREATE TABLE notes (id INT PRIMARY KEY AUTO_INCREMENT, text VARCHAR(50) NOT NULL) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;
INSERT INTO notes (text) VALUES ('Müller €'), ('丧 x');
UPDATE orders SET note = 'Grüße' WHERE id = 1;
CREATE VIEW many AS SELECT id FROM notes;
-- migrate:down
DROP VIEW many;
UPDATE orders SET note = 'Müller €' WHERE id = 1;
DELETE FROM notes WHERE id > 0;
DROP TABLE notes;
`,
  '2_index.sql': `-- migrate:up
ALTER TABLE orders ADD COLUMN price DECIMAL(10,2) NOT NULL DEFAULT 1.50, ADD INDEX by_note (note);
-- migrate:down
ALTER TABLE orders DROP INDEX by_note, DROP COLUMN price;
`,
};

const SHOP = `
  CREATE TABLE companies (id INT PRIMARY KEY, name VARCHAR(50)) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;
  CREATE TABLE orders (id INT PRIMARY KEY AUTO_INCREMENT, company INT, note VARCHAR(50), at TIMESTAMP NULL,
    FOREIGN KEY (company) REFERENCES companies (id)) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;
  CREATE TABLE seen (id INT PRIMARY KEY, n INT NOT NULL) ENGINE=InnoDB;
  INSERT INTO companies VALUES (1, 'Söhne €');
  INSERT INTO orders VALUES (1, 1, 'Müller €', '2025-06-01 12:00:00'), (2, 1, '丧', NULL);
  INSERT INTO seen VALUES (1, 0);
  CREATE DEFINER='app user'@'localhost' VIEW latest AS SELECT MAX(id) AS id FROM orders;
  COMMIT`;
const TRIGGER = `CREATE DEFINER='app user'@'localhost' TRIGGER count_orders AFTER INSERT ON orders
  FOR EACH ROW UPDATE seen SET n = n + 1 WHERE id = 1`;
const STATE = `SELECT GROUP_CONCAT(id, HEX(note), IFNULL(UNIX_TIMESTAMP(at), '-') ORDER BY id) AS orders,
  (SELECT n FROM seen) AS seen FROM orders`;

/** The character sets of every client are the server's, which are not UTF-8 (MySQL 9 has no such option any more). */
const ARGS = [
  '--log-bin-trust-function-creators=1',
  '--character-set-server=latin1',
  '--collation-server=latin1_swedish_ci',
  '--loose-skip-character-set-client-handshake',
];

/** What cannot be turned together with the rest, or is turned in another way. */
const SETTINGS = [
  ['all at once', EVERYWHERE],
  [
    'other quotes, and transactions in a chain',
    {
      completion_type: "'CHAIN'",
      sql_mode: "'NO_BACKSLASH_ESCAPES,ANSI_QUOTES,STRICT_TRANS_TABLES'",
      init_connect: "'SET NAMES cp932, sql_mode = DEFAULT, foreign_key_checks = 0'",
    },
  ],
] as const;

/** By a connection of ours, on which the globals are turned right again. */
async function read(production: Production, sql: string): Promise<unknown> {
  const session = await (await connect(production.server.target(production.database))).open();
  return session.query(sql).finally(() => session.close());
}

async function createShop(server: TestServer): Promise<Production> {
  const production = await createProduction(server, { migrations: MIGRATIONS, rehearses: true });
  await production.sql(SHOP);
  await read(production, TRIGGER);
  await production.grantLog();
  production.configure({ backup: { dir: 'backups', minFree: '1MB', verify: 'restore' } });
  return production;
}

describeOnServers(
  'the whole story under globals turned the wrong way',
  (server) => {
    describe.each(SETTINGS)('%s', (title, globals) => {
      let production: Production;
      let before: unknown;
      const state = () => read(production, STATE);
      const ends = async (...command: string[]) => {
        const finished = lastOf(await production.run(...command, '--yes', '--json'));
        expect([command[0], finished.exitCode, finished.error]).toEqual([command[0], 0, undefined]);
        return finished;
      };

      beforeAll(async () => {
        production = await createShop(server());
        await turn(server(), { ...globals, ...(title === 'all at once' ? OF_ONE_KIND[server().kind] : {}) });
        before = await state();
      });
      afterAll(() => production?.remove());

      test('backup, deploy, rollback, restore to a moment, restore', { timeout: 240_000 }, async () => {
        await ends('backup', 'create');
        await production.sql("INSERT INTO orders VALUES (3, 1, 'Später €', '2025-06-02 12:00:00'); COMMIT");
        const written = await state();
        expect(written).not.toEqual(before);
        const deploy = await ends('deploy');
        expect(deploy).toMatchObject({ applied: ['1', '2'] });
        expect(await read(production, 'SELECT HEX(text) AS text FROM notes ORDER BY id')).toEqual(
          ['Müller €', '丧 x'].map((text) => ({ text: Buffer.from(text).toString('hex').toUpperCase() })),
        );
        await ends('rollback');
        expect(await state()).toEqual(written);
        await production.sql('DELETE FROM orders WHERE id > 0; COMMIT');
        await ends('restore', '--until', String(deploy.run));
        expect(await state()).toEqual(written);
        await production.sql('DELETE FROM orders WHERE id > 0; COMMIT');
        await ends('restore', '--backup', String(deploy.backup));
        expect(await state()).toEqual(written);
      });
    });
  },
  { binlog: true, args: ARGS },
);
