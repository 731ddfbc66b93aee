import { expect, test } from 'vitest';
import { describeOnServers } from '../support/servers.ts';
import { createProduction, lastOf } from './production.ts';

const START = `CREATE TABLE a (id INT PRIMARY KEY, n INT NOT NULL); INSERT INTO a VALUES (1, 1), (2, 2);
  CREATE TABLE b (id INT PRIMARY KEY, n INT NOT NULL)`;

/** What the author has written in one transaction, and the rows of `a` and `b` that it makes. */
const CASES: readonly (readonly [string, string, string])[] = [
  [
    'a temporary table in the middle of a transaction sees what came before it',
    `BEGIN; UPDATE a SET n = n + 10; CREATE TEMPORARY TABLE t AS SELECT id, n FROM a; INSERT INTO b SELECT id, n FROM t;
     UPDATE a SET n = n + 100; COMMIT`,
    'a1=111 a2=112 b1=11 b2=12',
  ],
  [
    'one that is dropped there, with a savepoint around it',
    `START TRANSACTION; UPDATE a SET n = 5 WHERE id = 1; CREATE TEMPORARY TABLE t AS SELECT id, n FROM a; SAVEPOINT s;
     DELETE FROM a; ROLLBACK TO SAVEPOINT s; INSERT INTO b SELECT id, n FROM t; DROP TEMPORARY TABLE t; COMMIT`,
    'a1=5 a2=2 b1=5 b2=2',
  ],
  [
    'a savepoint in a transaction of ours',
    `CREATE TEMPORARY TABLE t AS SELECT id, n FROM a; SAVEPOINT s; DELETE FROM a WHERE id = 2; ROLLBACK TO s; RELEASE SAVEPOINT s;
     INSERT INTO b SELECT id, n FROM t WHERE id = 2`,
    'a1=1 a2=2 b2=2',
  ],
  [
    'a savepoint alone',
    'BEGIN; UPDATE a SET n = 7 WHERE id = 1; SAVEPOINT s; UPDATE a SET n = 8; ROLLBACK TO s; INSERT INTO b VALUES (9, 9); COMMIT',
    'a1=7 a2=2 b9=9',
  ],
];

describeOnServers('in the order in which they stand', (server) => {
  test.each(CASES)('%s', async (_, up, expected) => {
    const text = `-- migrate:up\n${up};\nCREATE TABLE c (id INT);\n-- migrate:down\nDROP TABLE c;\n`;
    const production = await createProduction(server(), { migrations: { '1_rows.sql': text } });
    try {
      await production.sql(START);
      const deployed = lastOf(await production.run('deploy', '--yes', '--json', '--skip-backup'));
      expect([deployed.exitCode, deployed.error]).toEqual([0, undefined]);
      const rows = await production.query<{ told: string }>(
        "SELECT CONCAT('a', id, '=', n) AS told FROM a UNION ALL SELECT CONCAT('b', id, '=', n) FROM b ORDER BY told",
      );
      expect(rows.map(({ told }) => told).join(' ')).toBe(expected);
      const open = await production.query(
        "SELECT ordinal, state FROM gateway_migrate_journal WHERE ordinal > 0 AND state <> 'done'",
      );
      expect(open).toEqual([]);
      expect((await production.run('status', '--check')).code).toBe(0);
    } finally {
      production.remove();
    }
  });
});
