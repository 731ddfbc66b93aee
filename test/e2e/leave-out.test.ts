import { existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { connect } from '../../src/mysql/connect.ts';
import { contentOf, endOfLog } from '../binlog/support.ts';
import { describeOnServers } from '../support/servers.ts';
import { createProduction, jsonLines, lastOf, type Production } from './production.ts';

const SHOP = `
  CREATE TABLE customers (id INT PRIMARY KEY AUTO_INCREMENT, name VARCHAR(40) NOT NULL);
  CREATE TABLE orders (id INT PRIMARY KEY AUTO_INCREMENT, customer_id INT, note VARCHAR(200),
    FOREIGN KEY (customer_id) REFERENCES customers (id) ON DELETE CASCADE);
  CREATE TABLE prices (id INT PRIMARY KEY, cents INT NOT NULL);
  CREATE TABLE counter (id INT PRIMARY KEY, n INT NOT NULL);
  INSERT INTO customers (name) VALUES ('Ada'), ('Bea'), ('Cem');
  INSERT INTO orders (customer_id, note) VALUES (1, 'a'), (2, 'b'), (3, 'c');
  INSERT INTO prices VALUES (1, 100), (2, 200);
  INSERT INTO counter VALUES (1, 0)`;

describeOnServers(
  'restore --leave-out',
  (server) => {
    let production: Production;
    beforeAll(async () => {
      production = await createProduction(server(), { migrations: { '20260101000000_notes.sql': NOTES } });
      await production.sql(SHOP);
      await production.grantLog();
      mkdirSync(join(production.dir, 'app'));
      const maintenance = { enter: ['touch', 'down'], leave: ['rm', '-f', 'down'] };
      production.configure({ app: { dir: 'app', maintenance, caches: 'none' } });
      expect((await production.run('backup', 'create')).code).toBe(0);
    });
    afterAll(() => production?.remove());

    test('a DELETE, an UPDATE and a deploy go, and no row of a site that writes all the while', {
      timeout: 120_000,
    }, async () => {
      const site = startWriting(production);
      await site.until(20);
      const deploy = lastOf(await production.run('deploy', '--yes', '--json', '--skip-backup'));
      expect(deploy.exitCode).toBe(0);
      const deleted = await placeOf('DELETE FROM customers WHERE id < 3');
      await site.until(40);
      const updated = await placeOf('UPDATE prices SET cents = 0');
      await site.until(60);
      const restored = await production.run(
        'restore',
        '--leave-out',
        deleted,
        String(deploy.run),
        updated,
        '--yes',
        '--json',
      );
      await site.until(80);
      const written = await site.stop();
      expect(lastOf(restored).error).toBeUndefined();
      expect(lastOf(restored)).toMatchObject({
        ...{ exitCode: 0, production: 'restored', lost: { transactions: 0, rows: 0 } },
        maintenanceMs: expect.any(Number),
      });
      const content = await contentOf(server(), production.database);
      expect(rowsIn(content, 'customers')).toMatchObject([{ name: 'Ada' }, { name: 'Bea' }, { name: 'Cem' }]);
      expect(rowsIn(content, 'prices')).toEqual([
        { id: 1, cents: 100 },
        { id: 2, cents: 200 },
      ]);
      const orders = rowsIn(content, 'orders') as { note: string }[];
      expect(orders.slice(0, 3).map(({ note }) => note)).toEqual(['a', 'b', 'c']);
      // Every row that the server has acknowledged, each once, in order.
      expect(orders.slice(3).map(({ note }) => Number(note))).toEqual(Array.from({ length: written }, (_, at) => at));
      expect(rowsIn(content, 'counter')).toEqual([{ id: 1, n: written }]);
      expect(Object.keys(content)).not.toContain('notes');
      expect(lastOf(await production.run('status', '--json')).applied).toEqual([]);
      process.stdout.write(
        `${server().kind}: ${written} committed, 0 lost, site down ${lastOf(restored).maintenanceMs} ms\n`,
      );
    });

    test('a dry run shows what there is to choose from and what each choice costs', { timeout: 60_000 }, async () => {
      expect((await production.run('backup', 'create')).code).toBe(0);
      await production.sql(`CREATE TABLE many (id INT PRIMARY KEY);
        INSERT INTO many VALUES (1), (2), (3), (4), (5), (6), (7), (8), (9), (10), (11), (12)`);
      const place = await placeOf('DELETE FROM many WHERE id < 11', 'many');
      await production.sql('INSERT INTO many VALUES (20), (21)');
      const before = await contentOf(server(), production.database);
      const shown = await production.run('restore', '--dry-run');
      expect(shown.code).toBe(0);
      const text = shown.stdout.replace(/\s+/g, ' ');
      expect(text).toMatch(
        new RegExp(
          `In the binary log ${place} \\d{4}-\\S+ \\S+ (?:thread \\d+ )?DELETE of 10 rows in many \\(83 %\\): --until loses 1 transaction, 2 changed rows after it, --leave-out none, --flashback undoes its rows alone`,
        ),
      );
      expect(text).toContain('Nothing was changed: this is what would be done.');
      const told = await production.run('restore', '--leave-out', place, '--dry-run', '--json');
      expect(lastOf(told)).toMatchObject({
        ...{ exitCode: 0, production: 'unchanged', lost: { transactions: 0, rows: 0 } },
      });
      const open = await production.run('restore', '--leave-out', place, '--no-maintenance', '--dry-run');
      expect(open.stdout).toMatch(/Lost +nothing else; who asks while the tables change places is refused/);
      expect(jsonLines(await production.run('restore', '--dry-run', '--json'))).toContainEqual(
        expect.objectContaining({
          ...{ type: 'accident', position: place, rows: 10, lostUntil: { transactions: 1, rows: 2 } },
          percent: 83,
        }),
      );
      expect(await contentOf(server(), production.database)).toEqual(before);
      await production.sql('CREATE DATABASE elsewhere; CREATE TABLE elsewhere.t (id INT PRIMARY KEY)');
      const { file, position } = await endOfLog(server());
      await production.sql('BEGIN; DELETE FROM many WHERE id = 12; INSERT INTO elsewhere.t VALUES (1); COMMIT');
      const wide = await production.run('restore', '--leave-out', `${file}:${position}`, '--dry-run');
      expect(wide.stdout).toMatch(/Lost +nothing else; what is left out stays in elsewhere/);
    });

    test('what stands on it is told, row by row, and nothing is done', { timeout: 60_000 }, async () => {
      expect((await production.run('backup', 'create')).code).toBe(0);
      const place = await placeOf('UPDATE prices SET cents = 1');
      const later = await placeOf('UPDATE prices SET cents = 2 WHERE id = 2');
      const before = await contentOf(server(), production.database);
      const refused = await production.run('restore', '--leave-out', place, '--yes', '--json');
      expect(lastOf(refused)).toMatchObject({
        ...{ exitCode: 5, production: 'unchanged' },
        conflicts: [{ table: 'prices', key: 'id=2', reason: 'it is another row, or none, without what is left out' }],
        error: {
          what: `1 later changes stand on what is to be left out: ${later} prices id=2: it is another row, or none, without what is left out (id=2 cents=1 → id=2 cents=2)`,
          state: 'nothing was started, production is unchanged',
          next: `gateway-migrate restore --leave-out ${place} --on-conflict skip (leaves out as well what stands on it, first ${later}), or gateway-migrate restore --until ${place} (everything after it is lost)`,
        },
      });
      expect(await contentOf(server(), production.database)).toEqual(before);
      const skipping = ['restore', '--leave-out', place, '--on-conflict', 'skip', '--yes', '--json'];
      expect(lastOf(await production.run(...skipping))).toMatchObject({
        ...{ exitCode: 0, lost: { transactions: 1, rows: 1 } },
        conflicts: [{ table: 'prices', key: 'id=2', position: later }],
      });
      expect(await production.query('SELECT cents FROM prices ORDER BY id')).toEqual([{ cents: 100 }, { cents: 200 }]);

      expect((await production.run('backup', 'create')).code).toBe(0);
      const emptied = await placeOf('TRUNCATE TABLE orders');
      await production.sql("INSERT INTO orders (customer_id, note) VALUES (3, 'under a number of before')");
      expect(lastOf(await production.run('restore', '--leave-out', emptied, '--dry-run', '--json'))).toMatchObject({
        exitCode: 5,
        conflicts: [{ table: 'orders', key: 'id=1', reason: 'its key is that of a row which is there again' }],
      });
    });

    test('what the log does not have, and what is no place, is refused', { timeout: 60_000 }, async () => {
      const { file } = await endOfLog(server());
      const refused = lastOf(await production.run('restore', '--leave-out', `${file}:99999999`, '--yes', '--json'));
      expect(refused.error).toEqual({
        what: expect.stringMatching(/^binlog\.\d+:99999999 is not in the binary log since the backup .*\.sql\.gz$/),
        state: 'nothing was started, production is unchanged',
        next: 'gateway-migrate restore --backup FILE --leave-out PLACE, with a backup from before it',
      });
      const odd = lastOf(await production.run('restore', '--leave-out', 'yesterday', '--yes', '--json'));
      expect(odd).toMatchObject({
        exitCode: 64,
        error: {
          what: '--leave-out yesterday is no run and no place in the binary log',
          state: 'nothing was started, production is unchanged',
          next: 'gateway-migrate restore (shows the places of what looks like an accident), then --leave-out PLACE',
        },
      });
    });

    /** Where the one transaction begins that this statement makes. */
    async function placeOf(sql: string, ...more: string[]): Promise<string> {
      const lock = await (await connect(server().target(production.database))).open({ purpose: 'migration' });
      try {
        // Nobody else writes between the two.
        const tables = ['customers', 'orders', 'prices', 'counter', ...more];
        await lock.query(`LOCK TABLES ${tables.map((name) => `${name} WRITE`).join(', ')}`);
        const { file, position } = await endOfLog(server());
        await lock.query(sql);
        return `${file}:${position}`;
      } finally {
        await lock.close();
      }
    }
  },
  { binlog: true },
);

const NOTES = `-- migrate:up
CREATE TABLE notes (id INT PRIMARY KEY, text VARCHAR(40));
INSERT INTO notes VALUES (1, 'x');
-- migrate:down
DROP TABLE notes;
`;

function rowsIn(content: Record<string, unknown>, table: string): unknown[] {
  return (content[table] as [string, unknown[]])[1];
}

/** A site that counts what the server has acknowledged, and stands still while it is down, as a site does. */
function startWriting(production: Production) {
  let written = 0;
  let isOver = false;
  const down = join(production.dir, 'app', 'down');
  const pause = () => new Promise((resolve) => setTimeout(resolve, 2));
  const loop = async () => {
    const session = await (await connect(production.server.target(production.database))).open({ purpose: 'migration' });
    try {
      while (!isOver) {
        await pause();
        if (existsSync(down)) continue;
        try {
          await session.query('BEGIN');
          await session.query(`INSERT INTO orders (customer_id, note) VALUES (3, '${written}')`);
          await session.query('UPDATE counter SET n = n + 1');
          await session.query('COMMIT');
          written++;
        } catch (error) {
          // ER_LOCK_DEADLOCK: what the server has taken back is tried again.
          if ((error as { errno?: number }).errno !== 1213) throw error;
        }
      }
    } finally {
      await session.close();
    }
  };
  const ended = loop();
  return {
    async until(count: number): Promise<void> {
      const wanted = written + count;
      while (written < wanted) await Promise.race([pause(), ended]);
    },
    async stop(): Promise<number> {
      isOver = true;
      await ended;
      return written;
    },
  };
}
