import { beforeAll, describe, expect, test } from 'vitest';
import { describeOnServers } from '../support/servers.ts';
import { deployOnce, type Expected, survive } from './sweep.ts';

/** A migration, and the command (its first words) after which the deploy is killed; both before and after it. */
const CASES: readonly (readonly [string, string, string])[] = [
  [
    'LAST_INSERT_ID() behind an explicit id',
    `INSERT INTO companies (name) VALUES ('x'); INSERT INTO settings (id) VALUES (7); DELETE FROM gone;
     INSERT INTO users (company) VALUES (LAST_INSERT_ID());`,
    'DELETE FROM gone',
  ],
  [
    'LAST_INSERT_ID() of an upsert',
    `INSERT INTO companies (name) VALUES ('x'); INSERT INTO settings (id) VALUES (1) ON DUPLICATE KEY UPDATE id = 9; DELETE FROM gone;
     INSERT INTO users (company) VALUES (LAST_INSERT_ID());`,
    'DELETE FROM gone',
  ],
  [
    'a statement that was prepared for a column that is gone',
    `PREPARE s FROM 'UPDATE users SET company = old'; EXECUTE s; DEALLOCATE PREPARE s; ALTER TABLE users DROP COLUMN old;
     DELETE FROM gone; INSERT INTO users (company) VALUES (5);`,
    'DELETE FROM gone',
  ],
  [
    'an @ in a literal',
    `UPDATE companies SET name = CONCAT(name, '@', 'example.com'); DELETE FROM gone; INSERT INTO users (company) VALUES (5);`,
    'DELETE FROM gone',
  ],
  [
    'a function that writes, called for a variable beside a setting',
    `SET @a = f(), sql_mode = ''; DELETE FROM gone; INSERT INTO users (company) VALUES (@a);`,
    'DELETE FROM gone',
  ],
  [
    'a setting that a function works out',
    `SET SESSION sort_buffer_size = 40960 + 8192 * f(); DELETE FROM gone; INSERT INTO users (company) VALUES (@@sort_buffer_size);`,
    'DELETE FROM gone',
  ],
  [
    'a setting that a function works out, itself',
    `SET SESSION sort_buffer_size = 40960 + 8192 * f(); INSERT INTO users (company) VALUES (@@sort_buffer_size);`,
    'SET SESSION sort_buffer_size',
  ],
];

const START = `CREATE TABLE companies (id INT AUTO_INCREMENT PRIMARY KEY, name VARCHAR(50)); INSERT INTO companies VALUES (41, 'a');
  CREATE TABLE settings (id INT AUTO_INCREMENT PRIMARY KEY); INSERT INTO settings VALUES (1); CREATE TABLE gone (id INT PRIMARY KEY);
  CREATE TABLE users (id INT AUTO_INCREMENT PRIMARY KEY, company INT, old INT); INSERT INTO users VALUES (1, 1, 1);
  CREATE TABLE calls (n INT);
  CREATE FUNCTION f() RETURNS INT DETERMINISTIC MODIFIES SQL DATA BEGIN INSERT INTO calls VALUES (1); RETURN (SELECT COUNT(*) FROM calls); END`;

describeOnServers('what a session knew is known again after a kill', (server) => {
  describe.each(CASES)('%s', (_, up, at) => {
    const options = { start: START, migrations: { '1_rows.sql': `-- migrate:up\n${up}\n` } };
    let expected: Expected;
    beforeAll(async () => {
      expected = await deployOnce(server(), options);
    });

    test.each(['before', 'after'] as const)('killed %s it', async (fate) => {
      const place = expected.commands.findIndex((command) => command.includes(at));
      expect(place).toBeGreaterThanOrEqual(0);
      await survive(server(), options, { at: place + 1, fate, way: 'resume' }, expected);
    });
  });
});
