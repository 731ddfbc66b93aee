import { afterEach, describe, expect, test } from 'vitest';
import { classify } from '../../src/migrations/classify/classify.ts';
import { joinWrites, packetsOf } from '../../src/statements/write.ts';
import { describeOnServers } from '../support/servers.ts';
import { createProduction, lastOf, type Production } from './production.ts';

const GIVES_UP =
  'it would give up the lock by which a later run knows that this connection is still at work: RELEASE_LOCK names one';

test.each([
  ['DO RELEASE_ALL_LOCKS()', GIVES_UP],
  ['SELECT release_all_locks() INTO @n', GIVES_UP],
  ['SET @n = RELEASE_ALL_LOCKS()', GIVES_UP],
  ["SELECT 'RELEASE_ALL_LOCKS()'", undefined],
  ['SELECT `RELEASE_ALL_LOCKS` FROM t', undefined],
  ['DO RELEASE_LOCK("mine")', undefined],
  ['CREATE PROCEDURE p() DO RELEASE_ALL_LOCKS()', undefined],
  ['CREATE TRIGGER t BEFORE INSERT ON a FOR EACH ROW SET @n = RELEASE_ALL_LOCKS()', undefined],
])('%s', (text, reason) => {
  expect(classify(text).reason).toBe(reason);
});

describe('what is written together', () => {
  test('is in as many packets as it takes', () => {
    expect(packetsOf(['aaaa', 'bb', 'c', 'dddddd', 'e'], 7)).toEqual(['aaaa;\nbb', 'c;\ndddddd', 'e']);
    const row = 'x'.repeat(100_000);
    const writes = Array.from({ length: 5 }, () => ({ start: 'S ', row, end: '' }));
    expect(joinWrites(writes).map(({ length }) => length)).toEqual([200_004, 200_004, 100_002]);
  });
});

describeOnServers(
  'migrations that are hard on the tool',
  (server) => {
    let production: Production;
    afterEach(() => production?.remove());
    const end = async (...args: string[]) => {
      const { exitCode, error } = lastOf(await production.run(...args, '--yes', '--json'));
      return { exitCode, error };
    };
    const fine = { exitCode: 0, error: undefined };

    test('files that are longer than a quarter of a packet, and together than several', {
      timeout: 120_000,
    }, async () => {
      production = await createProduction(server());
      // As SQL twice as long as in the file.
      const long = `INSERT INTO t0 VALUES (1, '${"''".repeat(350_000)}');`;
      for (let n = 0; n < 12; n++) {
        const more = n === 1 ? long : `-- ${"'".repeat(110_000)}`;
        production.migration(
          `${n + 1}_t.sql`,
          `-- migrate:up\nCREATE TABLE t${n} (id INT PRIMARY KEY, c MEDIUMTEXT);\n${more}\n-- migrate:down\nDROP TABLE t${n};\n`,
        );
      }
      expect(await end('deploy')).toEqual(fine);
      expect(await production.query('SELECT LENGTH(c) AS n FROM t0')).toEqual([{ n: 350_000 }]);
      const kept = await production.query('SELECT version FROM gateway_migrate_history WHERE text IS NULL');
      expect(kept).toEqual([{ version: '2' }]);
      expect(await end('rollback')).toEqual(fine);
      expect(await production.query("SHOW TABLES LIKE 't%'")).toEqual([]);
    });

    test('a procedure that gives up all locks', { timeout: 60_000 }, async () => {
      production = await createProduction(server());
      const held = `SELECT DISTINCT IS_USED_LOCK(LEFT(CONCAT('gateway_migrate.work.', run), 64)) = CONNECTION_ID()
        FROM gateway_migrate_journal WHERE kind = 'start'`;
      production.migration(
        '1_p.sql',
        `-- migrate:up\nCREATE TABLE seen (mine INT);\nCREATE PROCEDURE p() DO RELEASE_ALL_LOCKS();\nCALL p();\nINSERT INTO seen ${held};\n-- migrate:down\nDROP PROCEDURE p;\nDROP TABLE seen;\n`,
      );
      expect(await end('deploy')).toEqual(fine);
      expect(await production.query('SELECT mine FROM seen')).toEqual([{ mine: 1 }]);
    });

    test('triggers that are dropped come back at their places', { timeout: 60_000 }, async () => {
      production = await createProduction(server());
      await production.sql('CREATE TABLE t (id INT PRIMARY KEY, c VARCHAR(50))');
      const made = (name: string, place = '') =>
        production.sql(
          `CREATE TRIGGER ${name} BEFORE INSERT ON t FOR EACH ROW ${place} SET NEW.c = CONCAT(NEW.c, '${name}')`,
        );
      await server().sql("GRANT ALL ON *.* TO 'app user'@'localhost'");
      await made('a');
      await made('d');
      await made('b', 'FOLLOWS a');
      await made('c', 'FOLLOWS b');
      const order = () =>
        production.query(
          'SELECT TRIGGER_NAME AS name FROM information_schema.TRIGGERS WHERE TRIGGER_SCHEMA = DATABASE() ORDER BY ACTION_ORDER',
        );
      const before = await order();
      expect(before.map(({ name }) => name)).toEqual(['a', 'b', 'c', 'd']);
      production.migration(
        '1_t.sql',
        '-- migrate:up\nDROP TRIGGER a;\nDROP TRIGGER c;\nDROP TRIGGER b;\nALTER TABLE nowhere ADD x INT;\n-- migrate:down\nALTER TABLE nowhere DROP x;\n',
      );
      expect((await end('deploy')).exitCode).toBe(2);
      expect(await order()).toEqual(before);
      await production.sql("INSERT INTO t VALUES (1, '')");
      expect(await production.query('SELECT c FROM t')).toEqual([{ c: 'abcd' }]);
    });
  },
  { args: ['--max-allowed-packet=1M', '--log-bin-trust-function-creators=1'] },
);
