import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { connect, type Session } from '../../src/mysql/connect.ts';
import { describeOnServers, type TestServer } from '../support/servers.ts';

const NOBODY = 'nobody';

/** A connection for a migration, by an account that init_connect is run for. */
async function openMigration(server: TestServer, database: string): Promise<Session> {
  const target = { ...server.target(database), user: NOBODY };
  return (await connect(target)).open({ purpose: 'migration' });
}

/** What a stock client ends with that is given the same file, in UTF-8. */
function runStock(server: TestServer, database: string, sql: string): void {
  const program = join(server.binDir, server.kind === 'mysql' ? 'mysql' : 'mariadb');
  const args = ['--no-defaults', `--socket=${server.socket}`, `--user=${NOBODY}`, '--default-character-set=utf8mb4'];
  const ran = spawnSync(program, [...args, database], { input: sql, encoding: 'utf8' });
  expect(ran.stderr).toBe('');
}

const TABLE = 'CREATE TABLE t (id INT PRIMARY KEY, x VARCHAR(50)) CHARACTER SET utf8mb4';

describeOnServers('text of a migration', (server) => {
  const makeTwo = async () => {
    await server().sql(`CREATE USER IF NOT EXISTS ${NOBODY}@localhost`);
    const names = [await server().createDatabase('ours'), await server().createDatabase('stock')] as const;
    for (const name of names) await server().sql(`GRANT ALL ON ${name}.* TO ${NOBODY}@localhost`);
    return names;
  };
  const valuesOf = async (database: string, sql: string) => {
    const session = await (await connect(server().target(database))).open();
    return session.query(sql).finally(() => session.close());
  };

  describe('arrives as it does from the stock client', () => {
    test.each([
      'SET NAMES utf8mb4',
      'SET NAMES latin1',
      'SET NAMES cp1250',
      'SET NAMES sjis',
      'SET NAMES cp932',
      'SET NAMES gbk',
      'SET NAMES big5',
      'SET character_set_client = latin1',
      'SET CHARACTER SET latin1',
      'SET NAMES binary',
    ])('behind %s', async (setting) => {
      const [ours, stock] = await makeTwo();
      const statements = [
        TABLE,
        setting,
        // Node writes U+4E27 as latin1 by its low byte, which is a quote.
        "INSERT IGNORE INTO t VALUES (1, 'abc丧')",
        "INSERT IGNORE INTO t VALUES (2, 'Müller €')",
        'SET NAMES utf8mb4',
        "INSERT INTO t VALUES (3, 'ß')",
      ];
      const session = await openMigration(server(), ours);
      for (const statement of statements) await session.execute(statement);
      await session.close();
      runStock(server(), stock, `${statements.join(';\n')};\n`);
      const sql = 'SELECT id, HEX(x) AS x FROM t ORDER BY id';
      expect(await valuesOf(ours, sql)).toEqual(await valuesOf(stock, sql));
      expect(await valuesOf(ours, sql)).toHaveLength(3);
    });
  });

  describe('arrives in UTF-8, whatever init_connect says', () => {
    test.each([
      'SET NAMES latin1',
      'SET NAMES sjis',
      'SET character_set_client = latin1',
      'SET character_set_connection = latin1',
      'SET CHARACTER SET koi8r',
      'SET autocommit = 0, NAMES latin1',
    ])('%s', async (setting) => {
      const [ours] = await makeTwo();
      await server().sql(`SET GLOBAL init_connect = '${setting}'`);
      const session = await openMigration(server(), ours);
      try {
        await session.execute(TABLE);
        await session.execute("INSERT INTO t VALUES (1, '丧 Müller €')");
        const [row] = await session.query('SELECT x FROM t');
        expect(row).toEqual({ x: '丧 Müller €' });
      } finally {
        await session.close();
        await server().sql("SET GLOBAL init_connect = ''");
      }
      expect(await valuesOf(ours, 'SELECT HEX(x) AS x FROM t')).toEqual([
        { x: Buffer.from('丧 Müller €').toString('hex').toUpperCase() },
      ]);
    });
  });

  describe('has the collation that it has from the stock client', () => {
    test.each(['', 'SET NAMES utf8mb4 COLLATE utf8mb4_unicode_ci', 'SET collation_connection = utf8mb4_bin'])(
      'with init_connect = %j',
      async (setting) => {
        const [ours, stock] = await makeTwo();
        await server().sql(`SET GLOBAL init_connect = '${setting}'`);
        const statements = [
          "CREATE TABLE a AS SELECT 'abc' AS c",
          "SET @n = 'abc'",
          'CREATE TABLE b AS SELECT @n AS n, COLLATION(@n) AS of_n, @@collation_connection AS of_connection',
          "CREATE VIEW v AS SELECT 'x' AS x",
        ];
        const session = await openMigration(server(), ours);
        for (const statement of statements) await session.execute(statement);
        await session.close();
        runStock(server(), stock, `${statements.join(';\n')};\n`);
        await server().sql("SET GLOBAL init_connect = ''");
        const sql = `SELECT table_name, column_name, collation_name, (SELECT of_n FROM b) AS of_n,
        (SELECT of_connection FROM b) AS of_connection,
        (SELECT collation_connection FROM information_schema.views WHERE table_schema = DATABASE()) AS of_view
        FROM information_schema.columns WHERE table_schema = DATABASE() ORDER BY 1, 2`;
        expect(await valuesOf(ours, sql)).toEqual(await valuesOf(stock, sql));
      },
    );

    test('so that a variable can be compared with a column of a database with the default collation', async () => {
      await makeTwo();
      await server().sql(`CREATE DATABASE IF NOT EXISTS plain; GRANT ALL ON plain.* TO ${NOBODY}@localhost`);
      const statements = [
        "CREATE TABLE a AS SELECT 'abc' AS c",
        'CREATE TABLE b (id INT PRIMARY KEY, name VARCHAR(20))',
        "SET @n = 'abc'",
        'UPDATE b SET id = 2 WHERE name = @n',
        'DROP TABLE b, a',
      ];
      // MariaDB's own client fails with 1267 where the server's default collation is not that of its character set.
      const isDefault = server().kind === 'mysql';
      const session = await openMigration(server(), 'plain');
      const run = async () => {
        for (const statement of statements) await session.execute(statement);
      };
      try {
        if (isDefault) await run();
        else await expect(run()).rejects.toThrow('Illegal mix of collations');
      } finally {
        await session.close();
      }
    });
  });
});
