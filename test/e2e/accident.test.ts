import { once } from 'node:events';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { connect } from '../../src/mysql/connect.ts';
import { quoteQualified } from '../../src/mysql/quote.ts';
import { describeOnServers } from '../support/servers.ts';
import { createProduction, jsonLines, lastOf, type Production } from './production.ts';

/** What the site writes to: rows that only come, one row that always changes, a trigger that counts, a view on top. */
const SHOP = `
  CREATE TABLE orders (id INT PRIMARY KEY AUTO_INCREMENT, company_id BIGINT UNSIGNED, note VARCHAR(200));
  CREATE TABLE counter (id INT PRIMARY KEY, n INT NOT NULL);
  CREATE TABLE seen (id INT PRIMARY KEY, n INT NOT NULL);
  INSERT INTO counter VALUES (1, 0);
  INSERT INTO seen VALUES (1, 0);
  CREATE DEFINER='app user'@'localhost' VIEW latest AS SELECT MAX(id) AS id FROM orders`;
/** On its own: in a packet of several statements MySQL keeps the semicolon as part of a trigger. */
const TRIGGER = `CREATE DEFINER='app user'@'localhost' TRIGGER count_orders AFTER INSERT ON orders
  FOR EACH ROW UPDATE seen SET n = n + 1 WHERE id = 1`;

describeOnServers(
  'the accident',
  (server) => {
    let production: Production;
    beforeAll(async () => {
      production = await createProduction(server(), { migrations: 'six' });
      await production.sql(SHOP);
      await production.sql(TRIGGER);
      await production.grantLog();
      mkdirSync(join(production.dir, 'app'));
      const maintenance = { enter: ['touch', 'down'], leave: ['rm', '-f', 'down'] };
      production.configure({ app: { dir: 'app', maintenance, caches: 'none' } });
    });
    afterAll(() => production?.remove());

    test('back to just before a deploy: what was written while it backed up is there', {
      timeout: 120_000,
    }, async () => {
      const site = startWriting(production);
      const deploy = lastOf(await production.run('deploy', '--yes', '--json'));
      const written = await site.stop();
      expect(deploy.exitCode).toBe(0);
      const restored = await production.run('restore', '--until', deploy.run, '--yes', '--json');
      expect(lastOf(restored)).toMatchObject({ exitCode: 0, production: 'restored' });
      const ids = (await production.query<{ id: number }>('SELECT id FROM orders ORDER BY id')).map(({ id }) => id);
      expect(ids).toEqual(ids.map((_, index) => index + 1));
      expect(ids.length).toBeGreaterThan(0);
      expect(ids.length).toBeLessThanOrEqual(written);
      expect(await production.query('SELECT n FROM seen')).toEqual([{ n: ids.length }]);
      const { applied, pending } = lastOf(await production.run('status', '--json'));
      expect([applied, (pending as string[]).length]).toEqual([[], 6]);
    });

    test('every table dropped in one statement: every counted row comes back, the restore killed half way', {
      timeout: 120_000,
    }, async () => {
      await production.sql('DELETE FROM orders; UPDATE counter SET n = 0; UPDATE seen SET n = 0');
      expect(lastOf(await production.run('deploy', '--yes', '--json')).exitCode).toBe(0);
      const site = startWriting(production);
      await new Promise((resolve) => setTimeout(resolve, 1_000));
      const written = await site.stop();
      const until = await nextSecond(production);
      await dropAllTables(production);
      await killAt(/"type":"step.started".*"id":"replay"/, production, 'restore', '--until', until, '--yes', '--json');
      const restored = await production.run('resume', '--yes', '--json');
      expect(lastOf(restored)).toMatchObject({ exitCode: 0, production: 'restored' });
      const [found] = await production.query<{ n: number }>('SELECT COUNT(*) AS n FROM orders');
      expect(Number(found?.n)).toBe(written);
      expect(
        await production.query('SELECT (SELECT n FROM counter) AS hot, (SELECT n FROM seen) AS seen, id FROM latest'),
      ).toEqual([{ hot: written, seen: written, id: expect.anything() }]);
      expect((lastOf(await production.run('status', '--json')).applied as string[]).length).toBe(6);
      const downMs = Number(lastOf(restored).maintenanceMs);
      expect(downMs).toBeGreaterThan(0);
      process.stdout.write(
        `${server().kind}: ${written} committed, ${written - Number(found?.n)} lost, site down ${(downMs / 1000).toFixed(2)} s\n`,
      );
    });

    test('a statement that names the database is repeated on a private server', { timeout: 120_000 }, async () => {
      expect((await production.run('backup', 'create')).code).toBe(0);
      const rows = await many(production, 150);
      await production.sql(
        `ALTER TABLE ${quoteQualified(production.database, 'orders')} ADD COLUMN extra INT DEFAULT 7`,
      );
      await production.sql('DELETE FROM orders');
      const before = await checksums(production, production.database);
      const terminal = await production.open('restore');
      await terminal.waitFor('Restore to which moment?');
      // The list is drawn below its question, a moment later.
      await terminal.waitFor(/DELETE of \d+ rows in orders/);
      terminal.type('\r');
      await terminal.waitFor(/And what came after it\?[\s\S]*comes back as well: 0 transactions, 0 changed rows/);
      terminal.type('\r');
      await terminal.waitFor('Replace PRODUCTION by this backup? (yes/no)');
      expect(terminal.transcript()).toMatch(/Apart +on a private server: binlog\.\d+:\d+, .*: it names/);
      terminal.type('yes\r');
      expect(await terminal.exit, terminal.transcript()).toEqual({ code: 0, signal: undefined });
      const [found] = await production.query('SELECT COUNT(*) AS n, MIN(extra) AS extra FROM orders');
      expect(found).toEqual({ n: rows, extra: 7 });
      const [kept] = await production.query<{ name: string }>(
        `SELECT schema_name AS name FROM information_schema.schemata WHERE LEFT(schema_name, ${production.database.length + 8}) =
         '${production.database}_before_' ORDER BY schema_name DESC LIMIT 1`,
      );
      expect(await checksums(production, kept?.name ?? '')).toEqual(before);
    });

    test('its rows are undone in production itself, chosen from the list', { timeout: 120_000 }, async () => {
      expect((await production.run('backup', 'create')).code).toBe(0);
      const rows = await many(production, 150);
      const before = await production.query('SELECT * FROM orders ORDER BY id');
      expect(before.length).toBe(rows);
      await production.sql('DELETE FROM orders');
      await production.sql("INSERT INTO orders (id, note) VALUES (100000, 'since')");
      const terminal = await production.open('restore');
      await terminal.waitFor('Restore to which moment?');
      await terminal.waitFor(/DELETE of \d+ rows in orders/);
      terminal.type('\r');
      await terminal.waitFor(
        new RegExp(
          `stays as it is: ${rows} rows are undone in production itself, no backup is loaded, the site stays up \\(--flashback\\)`,
        ),
      );
      terminal.type('\u001b[B');
      await terminal.waitFor(/❯ stays as it is/);
      terminal.type('\r');
      await terminal.waitFor('Undo these rows in PRODUCTION? (yes/no)');
      terminal.type('yes\r');
      expect(await terminal.exit, terminal.transcript()).toEqual({ code: 0, signal: undefined });
      const after = await production.query('SELECT * FROM orders WHERE id < 100000 ORDER BY id');
      expect(after).toEqual(before);
      expect(await production.query('SELECT note FROM orders WHERE id = 100000')).toEqual([{ note: 'since' }]);
    });

    test('a view that was broken at that moment is left out, and told with its definition', {
      timeout: 120_000,
    }, async () => {
      await production.sql('CREATE TABLE prices (id INT PRIMARY KEY, amount INT); INSERT INTO prices VALUES (1, 5)');
      await production.sql("CREATE DEFINER='app user'@'localhost' VIEW costly AS SELECT amount FROM prices");
      await production.sql("CREATE DEFINER='app user'@'localhost' VIEW over_costly AS SELECT amount FROM costly");
      expect((await production.run('backup', 'create')).code).toBe(0);
      await production.sql(
        `ALTER TABLE ${quoteQualified(production.database, 'prices')} RENAME COLUMN amount TO cents`,
      );
      const until = await nextSecond(production);
      await production.sql('DELETE FROM prices');
      const restored = await production.run('restore', '--until', until, '--yes', '--json');
      expect(lastOf(restored).error).toBeUndefined();
      expect(lastOf(restored)).toMatchObject({ exitCode: 0, production: 'restored' });
      expect(await production.query('SELECT * FROM prices')).toEqual([{ id: 1, cents: 5 }]);
      const objects = await production.objects();
      expect(objects).toContain('view latest');
      expect(objects.filter((name) => name.includes('costly'))).toEqual([]);
      const told = jsonLines(restored).flatMap(({ type, text }) =>
        type === 'note' && String(text).startsWith('without the view') ? [String(text)] : [],
      );
      expect(told).toEqual(
        ['costly', 'over_costly'].map((name) =>
          expect.stringMatching(
            new RegExp(
              `^without the view ${name}, which was broken at that moment: View .* references invalid table.* Its definition: CREATE .* VIEW .*${name}. AS select .*amount`,
            ),
          ),
        ),
      );
    });

    test('a log that is gone is told before the question', { timeout: 120_000 }, async () => {
      const until = await nextSecond(production);
      await purgeLogs(production);
      const refused = lastOf(await production.run('restore', '--until', until, '--yes', '--json'));
      expect(refused).toMatchObject({ exitCode: 5, production: 'unchanged' });
      expect(refused.error).toEqual({
        what: expect.stringMatching(
          /^no moment after the backup can be brought back: the server has removed binlog\.\d+, which the backup ends in$/,
        ),
        state: 'nothing was started, production is unchanged',
        next: expect.stringMatching(
          /^gateway-migrate restore --backup .*\.sql\.gz \(to the backup's own moment: every write since then is lost\)$/,
        ),
      });
      const terminal = await production.open('restore');
      await terminal.waitFor('Replace PRODUCTION by this backup? (yes/no)');
      expect(terminal.transcript()).toMatch(/Lost +every write since then: the server has removed binlog/);
      terminal.type('no\r');
      expect((await terminal.exit).code).toBe(6);
      await server().sql("REVOKE REPLICATION SLAVE ON *.* FROM 'app user'@'localhost'");
      expect(lastOf(await production.run('restore', '--until', until, '--yes', '--json')).error).toEqual({
        what: 'no moment after the backup can be brought back: the account may not read the binary log',
        state: 'nothing was started, production is unchanged',
        next: "GRANT REPLICATION SLAVE ON *.* TO 'app user'@'localhost';",
      });
    });
  },
  { binlog: true, onNewer: true, args: ['--log-bin-trust-function-creators=1'] },
);

/** A site that writes one order after the other and counts those that the server has acknowledged. */
function startWriting(production: Production): { stop(): Promise<number> } {
  let written = 0;
  let isOver = false;
  const loop = async () => {
    const session = await (await connect(production.server.target(production.database))).open({ purpose: 'migration' });
    try {
      while (!isOver) {
        await session.query('BEGIN');
        await session.query("INSERT INTO orders (note) VALUES (REPEAT('x', 100))");
        await session.query('UPDATE counter SET n = n + 1');
        await session.query('COMMIT');
        written++;
        // As a site does, and not as fast as a server can: what matters is that no row is lost.
        await new Promise((resolve) => setTimeout(resolve, 2));
      }
    } finally {
      await session.close();
    }
  };
  const ended = loop();
  return {
    async stop() {
      isOver = true;
      await ended;
      return written;
    },
  };
}

/** The beginning of the next second, once it has begun: as a person reads it from a clock. */
async function nextSecond(production: Production): Promise<string> {
  const [row] = await production.query<{ at: string }>(
    'SELECT SLEEP(1 - MICROSECOND(NOW(6)) / 1000000), FROM_UNIXTIME(UNIX_TIMESTAMP(SYSDATE())) AS at',
  );
  return String(row?.at).slice(0, 19);
}

/** All but the one that is written to. MariaDB keeps a log until InnoDB has on disk what is in it, without a word. */
async function purgeLogs(production: Production): Promise<void> {
  for (;;) {
    await production.sql('FLUSH BINARY LOGS');
    const logs = await production.query<{ Log_name: string }>('SHOW BINARY LOGS');
    await production.sql(`PURGE BINARY LOGS TO '${logs.at(-1)?.Log_name}'`);
    const left = await production.query<{ Log_name: string }>('SHOW BINARY LOGS');
    if (!left.some(({ Log_name: name }) => name === logs[0]?.Log_name)) return;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

/** Starts the program and kills it with -9 as soon as its output matches. */
async function killAt(text: RegExp, production: Production, ...args: string[]): Promise<void> {
  const child = production.start(args);
  let output = '';
  child.stdout?.on('data', (chunk: Buffer) => {
    output += chunk.toString();
    if (text.test(output)) child.kill('SIGKILL');
  });
  const [code, signal] = await once(child, 'close');
  expect([code, signal], output).toEqual([null, 'SIGKILL']);
}

/** Inserts so many more; resolves with how many there are. */
async function many(production: Production, rows: number): Promise<number> {
  await production.sql(`INSERT INTO orders (note) VALUES ${Array.from({ length: rows }, () => "('m')").join(', ')}`);
  const [found] = await production.query<{ n: number }>('SELECT COUNT(*) AS n FROM orders');
  return Number(found?.n);
}

/** Of every table but the tool's own. */
async function checksums(production: Production, database: string): Promise<Record<string, string>> {
  const tables = await production.query<{ name: string }>(
    `SELECT table_name AS name FROM information_schema.tables
     WHERE table_schema = '${database}' AND table_type = 'BASE TABLE' AND table_name NOT LIKE 'gateway\\_migrate%'`,
  );
  const names = tables.map(({ name }) => quoteQualified(database, name)).join(', ');
  const rows = await production.query<{ Table: string; Checksum: unknown }>(`CHECKSUM TABLE ${names}`);
  return Object.fromEntries(rows.map(({ Table, Checksum }) => [Table.split('.').at(-1), String(Checksum)]));
}

async function dropAllTables(production: Production): Promise<void> {
  const tables = await production.query<{ name: string }>(
    "SELECT table_name AS name FROM information_schema.tables WHERE table_schema = DATABASE() AND table_type = 'BASE TABLE'",
  );
  const names = tables.map(({ name }) => quoteQualified(production.database, name).split('.').at(-1));
  await production.sql(`SET foreign_key_checks = 0; DROP TABLE ${names.join(', ')}`);
}
