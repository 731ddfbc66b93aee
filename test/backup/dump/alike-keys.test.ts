import { expect, test } from 'vitest';
import { describeOnServers } from '../../support/servers.ts';
import { takeBackup } from '../support.ts';

const ALIKE = '52.520008), (2, 52.520012';

const CASES: readonly { readonly what: string; readonly sql: string; readonly isAlike: boolean }[] = [
  {
    what: 'one key of it',
    sql: `CREATE TABLE t (id INT PRIMARY KEY, f FLOAT, UNIQUE KEY of_f (f)); INSERT INTO t VALUES (1, ${ALIKE})`,
    isAlike: true,
  },
  {
    what: 'a part of a key',
    sql: "CREATE TABLE t (a VARCHAR(20), f FLOAT, UNIQUE KEY of_f (a(2), f)); INSERT INTO t VALUES ('Abc', 52.520008), ('abd', 52.520012)",
    isAlike: true,
  },
  {
    what: 'another part tells them apart',
    sql: `CREATE TABLE t (a INT, f FLOAT, UNIQUE KEY of_f (f, a)); INSERT INTO t VALUES (1, ${ALIKE})`,
    isAlike: false,
  },
  {
    what: 'a part that is NULL',
    sql: 'CREATE TABLE t (a INT, f FLOAT, UNIQUE KEY of_f (a, f)); INSERT INTO t VALUES (NULL, 52.520008), (NULL, 52.520012)',
    isAlike: false,
  },
  {
    what: 'six digits tell them apart',
    sql: 'CREATE TABLE t (f FLOAT PRIMARY KEY); INSERT INTO t VALUES (52.5201), (52.5202)',
    isAlike: false,
  },
  {
    what: 'a key that is not unique',
    sql: `CREATE TABLE t (id INT PRIMARY KEY, f FLOAT, KEY of_f (f)); INSERT INTO t VALUES (1, ${ALIKE})`,
    isAlike: false,
  },
];

describeOnServers('a unique key with a FLOAT', (server) => {
  test.each(CASES)('$what', async ({ sql, isAlike }) => {
    const database = await server().createDatabase();
    await server().sql(sql, database);
    const taking = takeBackup(server(), server().target(database));
    if (!isAlike) return expect((await taking).manifest.tables).toMatchObject([{ rows: 2 }]);
    await expect(taking).rejects.toMatchObject({
      message: `the backup of ${database} failed: no load would take it: rows that the unique key of_f of t tells apart are alike in the six digits that a dump tells of a FLOAT`,
      next: 'ALTER TABLE `t` MODIFY `f` DOUBLE, with what else stands in its definition; then the same command again',
    });
  });
});
