import { afterAll, beforeAll, expect, test } from 'vitest';
import { hasKeyBeside } from '../../src/backup/load/unfound-rows.ts';
import { endOfLog } from '../binlog/support.ts';
import { describeOnServers } from '../support/servers.ts';
import { createProduction, lastOf, type Production } from './production.ts';

/** The log has the whole row as it was; the backup has it with six digits. */
describeOnServers(
  'restore --until, of a table without a key whose rows the backup has otherwise',
  (server) => {
    let production: Production;
    beforeAll(async () => {
      production = await createProduction(server());
      await production.grantLog();
      await production.sql(
        'CREATE TABLE places (name VARCHAR(20), lat FLOAT); CREATE TABLE keyed (id INT PRIMARY KEY, lat FLOAT)',
      );
      await production.sql("INSERT INTO places VALUES ('Berlin', 52.520008); INSERT INTO keyed VALUES (1, 52.520008)");
    });
    afterAll(() => production?.remove());

    test('is refused by name where the log changes such a row, and goes as far as it can', async () => {
      expect(lastOf(await production.run('backup', 'create', '--json')).exitCode).toBe(0);
      const place = async () => {
        const { file, position } = await endOfLog(server());
        return `${file}:${position}`;
      };
      await production.sql("INSERT INTO places VALUES ('Paris', 48.856613); UPDATE keyed SET id = 2 WHERE id = 1");
      const before = await place();
      await production.sql("UPDATE places SET name = 'BER' WHERE name = 'Berlin'");
      const until = (at: string) => production.run('restore', '--until', at, '--yes', '--json');
      const refused = lastOf(await until(await place()));
      expect([refused.exitCode, refused.production]).toEqual([5, 'unchanged']);
      const { what, next } = refused.error as { what: string; next: string };
      expect(what.replace(/: \S+, \S+ \S+?(?:, thread \d+)?: it/, ': AT: it')).toBe(
        'the binary log cannot be repeated: AT: it changes rows of places, some of which the backup has otherwise than they were, and no key finds them again (give it a primary key, and take another backup, for the next time)',
      );
      expect(next).toMatch(/^gateway-migrate restore --until \S+:\d+$/);
      const restored = lastOf(await until(before));
      expect([restored.exitCode, restored.error]).toEqual([0, undefined]);
      expect(await production.query('SELECT name FROM places ORDER BY name')).toEqual([
        { name: 'Berlin' },
        { name: 'Paris' },
      ]);
      expect(await production.query('SELECT id, lat + 0e0 AS lat FROM keyed')).toEqual([
        { id: 2, lat: Math.fround(52.520008) },
      ]);
    }, 120_000);
  },
  { binlog: true },
);

test.each([
  ['a primary key', '`a` int NOT NULL, `f` float, PRIMARY KEY (`a`)', true],
  ['one that is lost itself', '`a` int NOT NULL, `f` float NOT NULL, PRIMARY KEY (`a`,`f`)', false],
  ['a unique key without NULL', '`a` int NOT NULL, `f` float, UNIQUE KEY `k` (`a`)', true],
  ['a unique key that may be NULL', "`a` int DEFAULT NULL COMMENT 'x', `f` float, UNIQUE KEY `k` (`a`)", false],
  ['a key that is not unique', '`a` int NOT NULL, `f` float, KEY `k` (`a`)', false],
  ['a key of an expression', '`a` int NOT NULL, `f` float, UNIQUE KEY `k` ((`a` + 1))', false],
])('finds rows again by %s: %#', (_, items, isFound) => {
  expect(hasKeyBeside(`CREATE TABLE \`t\` (\n  ${items}\n) ENGINE=InnoDB`, ['f'])).toBe(isFound);
});
