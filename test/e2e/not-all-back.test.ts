import { existsSync, readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { afterAll, expect, test } from 'vitest';
import { describeOnServers } from '../support/servers.ts';
import { createProduction, lastOf, type Production } from './production.ts';

/** Rows move into a table of the run, and a column goes. */
const MOVES = `-- migrate:up
CREATE TABLE archive (id INT PRIMARY KEY, note VARCHAR(20));
INSERT INTO archive SELECT id, note FROM orders;
ALTER TABLE orders DROP COLUMN note;
-- migrate:down
ALTER TABLE orders ADD COLUMN note VARCHAR(20);
DELETE FROM archive;
DROP TABLE archive;
`;

const FAILS = '-- migrate:up\nALTER TABLE orders ADD COLUMN id INT;\n';

describeOnServers(
  'a way back that cannot bring everything back',
  (server) => {
    const made: Production[] = [];
    afterAll(() => {
      for (const production of made) production.remove();
    });

    test('says 3, saves what it drops, names what is gone, and the command it names brings it back', async () => {
      const production = await createProduction(server(), {
        migrations: { '1_moves.sql': MOVES, '2_fails.sql': FAILS },
      });
      made.push(production);
      production.configure({ database: { socket: server().socket, name: production.database, user: 'root' } });
      await production.sql(
        "CREATE TABLE orders (id INT PRIMARY KEY, note VARCHAR(20)); INSERT INTO orders VALUES (1, 'a'), (2, 'b')",
      );
      const failed = lastOf(await production.run('deploy', '--yes', '--json'));
      const { run, backup, saved } = failed;
      const what =
        'the schema is as before, but this did not come back, or nobody could compare it: column note of orders (ALTER TABLE in 1)';
      const restore = `gateway-migrate restore --backup ${backup} --until ${run}`;
      expect(failed).toMatchObject({
        exitCode: 3,
        production: 'changed',
        error: {
          what: expect.stringMatching(/Then on the way back, Undo what this run applied: (.*)$/),
          state: 'every statement of the way back is done; what is named above is not as it was before',
          next: `${restore} (brings it back), or gateway-migrate resume (goes on without it)`,
        },
      });
      expect((failed.error as { what: string }).what).toContain(what);
      expect(await production.query('SELECT * FROM orders')).toEqual([
        { id: 1, note: null },
        { id: 2, note: null },
      ]);
      expect(existsSync(String(saved))).toBe(true);
      expect(
        gunzipSync(readFileSync(String(saved)))
          .toString()
          .replace(/\s/g, ''),
      ).toContain("(1,'a'),(2,'b')");

      const again = lastOf(await production.run('rollback', '--yes', '--json'));
      expect(again).toMatchObject({
        exitCode: 3,
        production: 'changed',
        error: {
          what: `Undo what this run applied: ${what}`,
          state: 'the way back is done and the site is up; what is named above is not as it was before',
          next: restore,
        },
      });
      const args = String((failed.error as { next: string }).next)
        .replace(/^gateway-migrate /, '')
        .replace(/ \(brings.*/, '')
        .split(' ');
      const restored = await production.run(...args, '--yes', '--json');
      expect(lastOf(restored), restored.stdout).toMatchObject({ exitCode: 0 });
      expect(await production.query('SELECT * FROM orders')).toEqual([
        { id: 1, note: 'a' },
        { id: 2, note: 'b' },
      ]);
    });
  },
  { binlog: true },
);
