import { existsSync, readdirSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeEach, expect, test } from 'vitest';
import { describeOnServers } from '../support/servers.ts';
import { createProduction, jsonLines, lastOf, type Production } from './production.ts';

const PARENTS = `
  CREATE TABLE companies (id INT PRIMARY KEY, name VARCHAR(50));
  INSERT INTO companies VALUES (1, 'one'), (2, 'two'), (3, 'three');
  CREATE TABLE customers (id INT PRIMARY KEY, company_id INT NOT NULL, name VARCHAR(50),
    seen TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP ON UPDATE CURRENT_TIMESTAMP,
    FOREIGN KEY (company_id) REFERENCES companies (id) ON DELETE CASCADE);
  INSERT INTO customers VALUES (1, 1, 'a', '2020-01-01'), (2, 1, 'b', '2020-01-01'), (3, 2, 'c', '2020-01-01'), (4, 3, 'd', '2020-01-01');
  CREATE TABLE audit (what VARCHAR(50))`;

const ORDERS = `-- migrate:up
CREATE TABLE orders (
  id BIGINT UNSIGNED AUTO_INCREMENT PRIMARY KEY,
  company_id INT NOT NULL,
  customer_id INT NULL,
  replaces_id BIGINT UNSIGNED NULL,
  code VARCHAR(20) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NULL UNIQUE,
  words TEXT, bytes VARBINARY(40), doc JSON, bits BIT(9),
  total DECIMAL(20,4), doubled DECIMAL(22,4) AS (total * 2) STORED, length_of INT AS (CHAR_LENGTH(words)) VIRTUAL,
  kind ENUM('small', 'größer'), ratio DOUBLE, day DATE NULL, at DATETIME(6) NULL,
  seen TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP ON UPDATE CURRENT_TIMESTAMP,
  CONSTRAINT orders_company FOREIGN KEY (company_id) REFERENCES companies (id) ON DELETE CASCADE,
  CONSTRAINT orders_customer FOREIGN KEY (customer_id) REFERENCES customers (id) ON DELETE SET NULL,
  CONSTRAINT orders_replaces FOREIGN KEY (replaces_id) REFERENCES orders (id)
) DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci;
CREATE TABLE order_lines (id INT AUTO_INCREMENT PRIMARY KEY, order_id BIGINT UNSIGNED NOT NULL, n INT NOT NULL,
  CONSTRAINT lines_order FOREIGN KEY (order_id) REFERENCES orders (id) ON DELETE CASCADE);
-- migrate:down
DROP TABLE order_lines;
DROP TABLE orders;
`;
const TRIGGERS = `-- migrate:up
CREATE TRIGGER orders_upper BEFORE INSERT ON orders FOR EACH ROW SET NEW.words = UPPER(NEW.words);
CREATE TRIGGER orders_audited AFTER INSERT ON orders FOR EACH ROW INSERT INTO audit VALUES (CONCAT('order ', NEW.id));
-- migrate:down
DROP TRIGGER orders_audited;
DROP TRIGGER orders_upper;
`;
const COLUMNS = `-- migrate:up
ALTER TABLE customers ADD COLUMN note VARCHAR(50) NOT NULL DEFAULT 'none', ADD COLUMN company_since INT NULL,
  ADD CONSTRAINT customers_since FOREIGN KEY (company_since) REFERENCES companies (id);
-- migrate:down
ALTER TABLE customers DROP FOREIGN KEY customers_since, DROP COLUMN note, DROP COLUMN company_since;
`;
/** Row 7 replaces one that comes later: whoever loads in the order of the keys meets a child first. */
const ROWS = `SET SESSION sql_mode = '', time_zone = '+02:00';
  INSERT INTO orders (id, company_id, customer_id, code, words, bytes, doc, bits, total, kind, ratio, day, at, seen) VALUES
    (1, 1, 1, 'a', 'emoji 🎉 and ''quotes'' \\\\ back', X'00FF1A5C27220A', '{"a": [1, "ü", null]}', b'101010101', 12345.6789, 'größer', 0.1, '0000-00-00', '2024-02-29 23:59:59.123456', '2021-05-05 05:05:05'),
    (2, 2, 3, 'A', '', X'', '[]', 0, -0.0001, 'small', -1e300, '2024-02-00', '0000-00-00 00:00:00', '2021-05-05 05:05:05'),
    (7, 1, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, '2021-05-05 05:05:05'),
    (9, 1, 2, NULL, 'tab\\tnewline\\nnul\\0end ', NULL, 'true', NULL, 0, NULL, NULL, NULL, NULL, '2021-05-05 05:05:05'),
    (50, 3, 4, 'x', 'of a company that goes', NULL, NULL, NULL, 1, NULL, NULL, NULL, NULL, '2021-05-05 05:05:05');
  UPDATE orders SET replaces_id = 9, seen = seen WHERE id = 7;
  INSERT INTO order_lines (order_id, n) SELECT ELT(1 + seq % 4, 1, 2, 9, 50), seq FROM (
    SELECT a.n + 10 * b.n + 100 * c.n + 1000 * d.n AS seq FROM ten a, ten b, ten c, ten d WHERE d.n < 5) all_numbers ORDER BY seq;
  DELETE FROM order_lines WHERE id > 4990;
  UPDATE customers SET note = CONCAT('of ', name), company_since = company_id, seen = seen WHERE id > 1`;
const TEN = `CREATE TABLE ten (n INT PRIMARY KEY); INSERT INTO ten VALUES (0), (1), (2), (3), (4), (5), (6), (7), (8), (9)`;
const SITE = {
  dir: '.',
  maintenance: { enter: ['touch', 'down'], leave: ['rm', '-f', 'down'], check: ['test', '-e', 'down'] },
  caches: 'none',
};
const LIMIT_MS = 60_000;

describeOnServers('deploy --with-saved-rows', (server) => {
  let production: Production;
  const made: Production[] = [];
  const create = async (migrations: Record<string, string>) => {
    production = await createProduction(server(), { migrations });
    production.configure({ app: SITE });
    made.push(production);
    // MySQL lets an account without SUPER make triggers only so, with a binary log.
    await server().sql('SET GLOBAL log_bin_trust_function_creators = 1');
    await production.sql(PARENTS);
    await production.sql(TEN);
  };
  afterAll(() => {
    for (const one of made) one.remove();
  });
  const rowsOf = (table: string, columns = '*') => production.query(`SELECT ${columns} FROM ${table} ORDER BY id`);
  const deploy = async (...flags: string[]) => production.run('deploy', '--yes', '--json', '--skip-backup', ...flags);
  const rollBack = async () => lastOf(await production.run('rollback', '--yes', '--json'));
  const warnings = (finished: Awaited<ReturnType<typeof deploy>>) =>
    jsonLines(finished).flatMap((event) => (event.type === 'note' && event.level === 'warning' ? [event.text] : []));
  const notes = (finished: Awaited<ReturnType<typeof deploy>>) =>
    jsonLines(finished).flatMap((event) => (event.type === 'note' ? [event.text] : []));
  const beside = async () =>
    production.query(`SHOW DATABASES LIKE '${production.database.replaceAll('_', '\\_')}\\_restore%'`);
  const tellsOf = (finished: Awaited<ReturnType<typeof deploy>>) =>
    jsonLines(finished).find((event) => event.type === 'step.finished' && event.id === 'saved-rows')?.detail;

  test('not a row is missing, nothing fires, and ids go on where they were', { timeout: LIMIT_MS }, async () => {
    await create({ '1_orders.sql': ORDERS, '2_columns.sql': COLUMNS });
    expect((await deploy()).code).toBe(0);
    await production.sql(ROWS);
    const before = {
      orders: await rowsOf('orders'),
      lines: await rowsOf('order_lines'),
      customers: await rowsOf('customers'),
    };
    expect([before.orders.length, before.lines.length]).toEqual([5, 4990]);
    const [line] = await production.query('SHOW CREATE TABLE order_lines');
    const next = Number(/AUTO_INCREMENT=(\d+)/.exec(String(line?.['Create Table']))?.[1]);
    expect(next).toBeGreaterThan(5000);
    const { saved } = await rollBack();
    // Triggers of a later migration are there when the rows come back.
    production.migration('3_triggers.sql', TRIGGERS);

    const plain = await production.run('deploy', '--dry-run', '--json', '--skip-backup');
    expect(warnings(plain)).toEqual([
      `a rollback has saved note, company_since in 4 rows of customers, 5 rows of orders, 4990 rows of order_lines in ${saved}: they are not loaded back. gateway-migrate deploy --with-saved-rows does it`,
    ]);
    const dry = await production.run('deploy', '--dry-run', '--with-saved-rows', '--skip-backup');
    expect(dry.stdout).toMatch(
      /Load the saved rows beside production\n\n {4}\S+_rollback_saved_\S+ into \S+_restore_\S+\n.*Wait for old transactions\n.*Maintenance on\n[\s\S]*Put the saved rows back\n\n {4}customers values of note, company_since\n {4}orders its rows\n {4}order_lines its rows\n.*Verify\n[\s\S]*Tidy up after the saved rows \(once "Load the saved rows beside production" has begun\)\n.*Save the rows that the way back drops.*\n.*Undo what/,
    );

    const deployed = await deploy('--with-saved-rows');
    expect(lastOf(deployed)).toMatchObject({
      exitCode: 0,
      production: 'changed',
      applied: ['1', '2', '3'],
      loaded: [saved],
    });
    expect(await rowsOf('orders')).toEqual(before.orders);
    expect(await rowsOf('order_lines')).toEqual(before.lines);
    expect(await rowsOf('customers')).toEqual(before.customers);
    expect(warnings(deployed)).toEqual([]);
    expect(tellsOf(deployed)).toBe(
      'note, company_since of 4 rows of customers, 5 rows of orders, 4990 rows of order_lines',
    );
    expect(await production.query('SELECT * FROM audit')).toEqual([]);
    expect((await production.objects()).filter((name) => name.startsWith('trigger'))).toEqual([
      'trigger orders_audited',
      'trigger orders_upper',
    ]);
    await production.sql(
      "INSERT INTO orders (company_id, words) VALUES (1, 'new'); INSERT INTO order_lines (order_id, n) VALUES (1, 0)",
    );
    expect(await production.query('SELECT id, words FROM orders WHERE id > 50')).toEqual([{ id: 51, words: 'NEW' }]);
    // The last ten were deleted before the rollback: their ids are not given a second time.
    expect(await production.query('SELECT MAX(id) AS id FROM order_lines')).toEqual([{ id: next }]);
    expect(await beside()).toEqual([]);
    expect(readdirSync(join(production.dir, '.gateway-migrate/runs', lastOf(deployed).run))).not.toContain(
      'triggers-away.json',
    );

    // Loaded once, they are not offered again, but what the next rollback saves is.
    const again = await rollBack();
    const offered = warnings(await production.run('deploy', '--dry-run', '--json', '--skip-backup'));
    expect(offered).toEqual([expect.stringContaining(String(again.saved))]);
  });

  test('what has lost its parent, or its row, is told and stays in the file', { timeout: LIMIT_MS }, async () => {
    await create({ '1_orders.sql': ORDERS, '2_columns.sql': COLUMNS });
    await deploy();
    await production.sql(ROWS);
    const before = { orders: await rowsOf('orders'), lines: await rowsOf('order_lines') };
    const { saved } = await rollBack();
    await production.sql(`DELETE FROM companies WHERE id = 3; DELETE FROM customers WHERE id = 2;
      UPDATE customers SET name = 'changed since', seen = '2022-02-02' WHERE id = 3; INSERT INTO customers VALUES (5, 2, 'new', '2020-01-01')`);

    const deployed = await deploy('--with-saved-rows');
    expect(deployed.code).toBe(0);
    expect(await rowsOf('orders')).toEqual(
      before.orders.filter(({ id }) => id !== 50).map((row) => (row.id === 9 ? { ...row, customer_id: null } : row)),
    );
    expect(await rowsOf('order_lines')).toEqual(before.lines.filter((row) => Number(row.order_id) !== 50));
    expect(await rowsOf('customers', 'id, name, seen, note, company_since')).toEqual([
      { id: 1, name: 'a', seen: '2020-01-01 00:00:00', note: 'none', company_since: null },
      { id: 3, name: 'changed since', seen: '2022-02-02 00:00:00', note: 'of c', company_since: 2 },
      { id: 5, name: 'new', seen: '2020-01-01 00:00:00', note: 'none', company_since: null },
    ]);
    expect(warnings(deployed)).toEqual([
      `not put back, and still in ${saved}: 1 row of orders: its row in companies is gone (company_id)`,
      `not put back, and still in ${saved}: 1247 rows of order_lines: their row in orders is gone (order_id)`,
    ]);
    expect(notes(deployed)).toEqual(
      expect.arrayContaining([
        '2 rows of customers are not there any more',
        'customer_id is NULL in 1 row of orders: its row in customers is gone',
      ]),
    );
    expect(existsSync(String(saved))).toBe(true);
  });

  test('a value whose parent is gone keeps what the column has now', { timeout: LIMIT_MS }, async () => {
    await create({ '2_columns.sql': COLUMNS });
    await deploy();
    await production.sql("UPDATE customers SET note = 'kept', company_since = 3 WHERE id IN (1, 3)");
    const { saved } = await rollBack();
    await production.sql('DELETE FROM companies WHERE id = 3');
    const deployed = await deploy('--with-saved-rows');
    expect(await rowsOf('customers', 'id, note, company_since')).toEqual([
      { id: 1, note: 'kept', company_since: null },
      { id: 2, note: 'none', company_since: null },
      { id: 3, note: 'kept', company_since: null },
    ]);
    expect(warnings(deployed)).toEqual([
      `not put back, and still in ${saved}: company_since of 2 rows of customers: their row in companies is gone`,
    ]);
  });

  test('a mended file: what both have comes back, rows of the migration give way, and a failure undoes it all', {
    timeout: LIMIT_MS,
  }, async () => {
    const settings = (columns: string, seeds: string) =>
      `-- migrate:up\nCREATE TABLE settings (id INT PRIMARY KEY, ${columns});\nINSERT INTO settings ${seeds};\n-- migrate:down\nDROP TABLE settings;\n`;
    await create({
      '1_settings.sql': settings(
        'name VARCHAR(20) UNIQUE, v DECIMAL(10,4), old INT',
        "VALUES (1, 'one', 1, 1), (2, 'two', 2, 2)",
      ),
    });
    await deploy();
    await production.sql(
      "UPDATE settings SET v = 1.25, old = 7 WHERE id = 1; DELETE FROM settings WHERE id = 2; INSERT INTO settings VALUES (10, 'ten', 10, 10), (11, 'eleven', 11, 11)",
    );
    const { saved } = await rollBack();

    production.migration(
      '1_settings.sql',
      settings('name VARCHAR(20) UNIQUE, v DECIMAL(10,1), fresh INT DEFAULT 5', "(id, name, v) VALUES (1, 'one', 1)"),
    );
    const narrowed = lastOf(await deploy('--with-saved-rows'));
    expect(narrowed).toMatchObject({
      exitCode: 2,
      production: 'unchanged',
      error: {
        what: 'Put the saved rows back: 1 row of settings would come back other than as saved',
        state: 'everything this run did was undone: production is as it was before',
        next: 'mend the cause, then: gateway-migrate deploy',
      },
    });
    expect(await beside()).toEqual([]);
    expect((await production.objects()).includes('base table settings')).toBe(false);

    production.migration(
      '1_settings.sql',
      settings(
        'name VARCHAR(20) UNIQUE, v DECIMAL(12,4), fresh INT DEFAULT 5',
        "(id, name, v) VALUES (1, 'one', 1), (3, 'ten', 3)",
      ),
    );
    const deployed = await deploy('--with-saved-rows');
    expect(await rowsOf('settings')).toEqual([
      { id: 1, name: 'one', v: '1.2500', fresh: 5 },
      { id: 3, name: 'ten', v: '3.0000', fresh: 5 },
      { id: 11, name: 'eleven', v: '11.0000', fresh: 5 },
    ]);
    expect(warnings(deployed)).toEqual([
      `not put back, and still in ${saved}: settings has no column old now: its values stay in the file`,
      `not put back, and still in ${saved}: 1 row of settings: another row has its key now`,
    ]);
    expect(notes(deployed)).toContain('1 row of settings that the migration made gave way to those saved');
  });

  test('with the site up nothing that is there gives way, and no trigger is taken away', {
    timeout: LIMIT_MS,
  }, async () => {
    const table =
      '-- migrate:up\nCREATE TABLE a (id INT PRIMARY KEY, v INT);\nINSERT INTO a VALUES (1, 1);\n-- migrate:down\nDROP TABLE a;\n';
    await create({ '1_a.sql': table });
    await deploy();
    await production.sql('UPDATE a SET v = 100; INSERT INTO a VALUES (2, 2)');
    const { saved } = await rollBack();
    const fires =
      '-- migrate:up\nCREATE TRIGGER doubled BEFORE INSERT ON a FOR EACH ROW SET NEW.v = 2 * NEW.v;\n-- migrate:down\nDROP TRIGGER doubled;\n';
    production.migration('2_fires.sql', fires);
    expect(lastOf(await deploy('--with-saved-rows', '--no-maintenance'))).toMatchObject({
      exitCode: 2,
      production: 'unchanged',
      error: {
        what: 'Put the saved rows back: the triggers doubled would fire for the saved rows, and cannot be taken away while the site is up',
        state: 'everything this run did was undone: production is as it was before',
        next: `gateway-migrate deploy --with-saved-rows without --no-maintenance; or gateway-migrate deploy without --with-saved-rows: the rows stay in ${saved}`,
      },
    });
    production.migration('2_fires.sql', undefined);
    const deployed = await deploy('--with-saved-rows', '--no-maintenance');
    expect(await rowsOf('a')).toEqual([
      { id: 1, v: 1 },
      { id: 2, v: 2 },
    ]);
    expect(warnings(deployed)).toEqual([
      `not put back, and still in ${saved}: 1 row of a: another row has its key now`,
    ]);
  });

  test('a deploy that fails after loading is undone, and the rows come back with the next', {
    timeout: LIMIT_MS,
  }, async () => {
    const table = (verify: string) =>
      `-- migrate:up\nCREATE TABLE a (id INT PRIMARY KEY);\n-- migrate:down\nDROP TABLE a;\n-- migrate:verify\n${verify};\n`;
    await create({ '1_a.sql': table('SELECT id FROM a WHERE id = 2') });
    await deploy();
    await production.sql('INSERT INTO a VALUES (1), (2)');
    await rollBack();
    const failed = lastOf(await deploy('--with-saved-rows'));
    expect(failed).toMatchObject({ exitCode: 2, production: 'unchanged' });
    // What it had put back, and what was written since, it has saved again on its way back.
    const { saved } = failed;
    expect((await production.objects()).includes('base table a')).toBe(false);
    production.migration('1_a.sql', table('SELECT id FROM a WHERE id = 3'));
    expect(warnings(await production.run('deploy', '--dry-run', '--json'))).toEqual([
      expect.stringContaining(`a rollback has saved 2 rows of a in ${saved}`),
    ]);
    expect(lastOf(await deploy('--with-saved-rows'))).toMatchObject({ exitCode: 0, loaded: [saved] });
    expect(await rowsOf('a')).toEqual([{ id: 1 }, { id: 2 }]);
  });

  test('each of several rollbacks gives what it saved', { timeout: LIMIT_MS }, async () => {
    await create({
      '1_a.sql': '-- migrate:up\nCREATE TABLE a (id INT PRIMARY KEY);\n-- migrate:down\nDROP TABLE a;\n',
      '2_b.sql':
        '-- migrate:up\nALTER TABLE a ADD COLUMN v INT;\nCREATE TABLE b (id INT PRIMARY KEY, a_id INT, FOREIGN KEY (a_id) REFERENCES a (id));\n-- migrate:down\nDROP TABLE b;\nALTER TABLE a DROP COLUMN v;\n',
    });
    await deploy();
    await production.sql('INSERT INTO a VALUES (1, 10), (2, 20); INSERT INTO b VALUES (5, 2)');
    const ofB = lastOf(await production.run('rollback', '--steps', '1', '--yes', '--json')).saved;
    await production.sql('INSERT INTO a VALUES (3)');
    const ofA = (await rollBack()).saved;
    expect(lastOf(await deploy('--with-saved-rows'))).toMatchObject({ exitCode: 0, loaded: [ofA, ofB] });
    expect([await rowsOf('a'), await rowsOf('b')]).toEqual([
      [
        { id: 1, v: 10 },
        { id: 2, v: 20 },
        { id: 3, v: null },
      ],
      [{ id: 5, a_id: 2 }],
    ]);
  });

  test('what one deploy had no place for comes back with the next', { timeout: LIMIT_MS }, async () => {
    await create({
      '1_a.sql': '-- migrate:up\nCREATE TABLE a (id INT PRIMARY KEY);\n-- migrate:down\nDROP TABLE a;\n',
      '2_v.sql': '-- migrate:up\nALTER TABLE a ADD COLUMN v INT;\n-- migrate:down\nALTER TABLE a DROP COLUMN v;\n',
    });
    await deploy();
    await production.sql('INSERT INTO a VALUES (1, 10), (2, 20)');
    const { saved } = await rollBack();
    const first = await deploy('--with-saved-rows', '--to', '1');
    expect(warnings(first)).toEqual([
      `not put back, and still in ${saved}: a has no column v now: its values stay in the file`,
    ]);
    await production.sql('INSERT INTO a VALUES (3)');
    expect(warnings(await production.run('deploy', '--dry-run', '--json'))).toEqual([
      expect.stringContaining(`a rollback has saved v in 2 rows of a in ${saved}`),
    ]);
    await deploy('--with-saved-rows');
    expect(await rowsOf('a')).toEqual([
      { id: 1, v: 10 },
      { id: 2, v: 20 },
      { id: 3, v: null },
    ]);
  });

  test('what has no way back in is told', { timeout: LIMIT_MS }, async () => {
    const table = (engine: string) =>
      `-- migrate:up\nCREATE TABLE a (id INT PRIMARY KEY) ENGINE=${engine};\n-- migrate:down\nDROP TABLE a;\n`;
    const column =
      '-- migrate:up\nALTER TABLE keyless ADD COLUMN v INT;\n-- migrate:down\nALTER TABLE keyless DROP COLUMN v;\n';
    await create({ '1_a.sql': table('InnoDB'), '2_v.sql': column });
    await production.sql('CREATE TABLE keyless (id INT)');
    await deploy();
    await production.sql('INSERT INTO a VALUES (1); INSERT INTO keyless VALUES (1, 5)');
    const { saved } = await rollBack();
    production.migration('1_a.sql', table('MyISAM'));
    expect(lastOf(await deploy('--with-saved-rows'))).toMatchObject({
      exitCode: 2,
      error: {
        what: 'Put the saved rows back: the saved rows of a cannot be put back exactly once: MyISAM has no transactions',
        next: `gateway-migrate deploy without --with-saved-rows; the rows stay in ${saved}`,
      },
    });
    production.migration('1_a.sql', table('InnoDB'));
    const deployed = await deploy('--with-saved-rows');
    expect(await rowsOf('a')).toEqual([{ id: 1 }]);
    expect(await rowsOf('keyless')).toEqual([{ id: 1, v: null }]);
    expect(warnings(deployed)).toEqual([
      `not put back, and still in ${saved}: keyless has no primary key that tells which row a value belongs to: those of v stay in the file`,
    ]);
  });
});

const TABLE = '-- migrate:up\nCREATE TABLE a (id INT PRIMARY KEY);\n-- migrate:down\nDROP TABLE a;\n';

describeOnServers('saved rows', (server) => {
  let production: Production;
  let saved: string;
  const made: Production[] = [];
  beforeEach(async () => {
    production = await createProduction(server(), { migrations: { '1_a.sql': TABLE } });
    made.push(production);
    await production.run('deploy', '--yes', '--skip-backup');
    await production.sql('INSERT INTO a VALUES (1), (2)');
    saved = String(lastOf(await production.run('rollback', '--yes', '--json')).saved);
  });
  afterAll(() => {
    for (const one of made) one.remove();
  });
  const withThem = async () =>
    lastOf(await production.run('deploy', '--yes', '--json', '--skip-backup', '--with-saved-rows'));

  test('a file that is missing or damaged is refused before anything starts, and told of to whoever did not ask', async () => {
    const refused = (reason: unknown) => ({
      exitCode: 5,
      production: 'unchanged',
      error: {
        what: reason,
        state: 'nothing was started, production is unchanged',
        next: 'put the file back, or: gateway-migrate deploy, without --with-saved-rows',
      },
    });
    const because = `the rows that a rollback saved in ${saved} cannot be loaded: `;
    renameSync(saved, `${saved}.away`);
    expect(await withThem()).toMatchObject(refused(`${because}there is no such file`));
    writeFileSync(saved, 'something else');
    expect(await withThem()).toMatchObject(refused(expect.stringContaining(because)));
    const without = await production.run('deploy', '--yes', '--skip-backup');
    expect([without.code, without.stdout]).toEqual([0, expect.stringContaining('cannot be loaded')]);
    expect(await production.query('SELECT * FROM a')).toEqual([]);
  });

  test('where nothing was saved for the migrations it is refused', async () => {
    await withThem();
    production.migration('2_b.sql', TABLE.replaceAll(' a', ' b'));
    expect(await withThem()).toMatchObject({
      exitCode: 5,
      error: {
        what: 'no rollback that this machine knows has saved rows that come back with 2',
        state: 'nothing was started, production is unchanged',
        next: 'gateway-migrate deploy, without --with-saved-rows',
      },
    });
  });

  test('without the right to a database beside nothing in production is touched', async () => {
    const account = "'app user'@'localhost'";
    const pattern = `${production.database.replaceAll('_', '\\_')}\\_restore\\_%`;
    await server().sql(`REVOKE ALL ON \`${pattern}\`.* FROM ${account}`);
    const failed = await withThem();
    expect(failed).toMatchObject({ exitCode: 2, production: 'unchanged' });
    expect(failed.error).toEqual({
      what: expect.stringMatching(
        /^Load the saved rows beside production: the database \S+_restore_\d{8}_\d{6}, which the saved rows are loaded into first, cannot be made: Access denied for user/,
      ),
      state: 'everything this run did was undone: production is as it was before',
      next: `as an administrator: GRANT ALL ON \`${pattern}\`.* TO the account app user; then: gateway-migrate deploy --with-saved-rows`,
    });
  });

  test('on a terminal they are offered: yes loads them, and no leaves them where they are', async () => {
    const question = `? A rollback has saved 2 rows of a, saved `;
    const answer = async (yes: boolean) => {
      const terminal = await production.open('deploy', '--skip-backup');
      await terminal.waitFor(question);
      await terminal.waitFor('Load them back? (yes/no)');
      terminal.type(yes ? 'yes\r' : 'no\r');
      await terminal.waitFor('? Continue? (yes/no)');
      terminal.type('yes\r');
      await terminal.waitFor('? Ready to deploy to PRODUCTION? (yes/no)');
      return terminal;
    };
    const declining = await answer(false);
    expect(declining.transcript()).toContain(`Saved rows   2 rows of a stay in ${saved} (--with-saved-rows)`);
    declining.type('no\r');
    expect((await declining.exit).code).toBe(6);

    const accepting = await answer(true);
    expect(accepting.transcript()).toContain(`Saved rows   2 rows of a come back from ${saved}`);
    accepting.type('yes\r');
    expect((await accepting.exit).code).toBe(0);
    expect(accepting.transcript()).toMatch(/Loaded back +\S+_rollback_saved_\S+/);
    expect(await production.query('SELECT id FROM a')).toEqual([{ id: 1 }, { id: 2 }]);

    const discarded = await production.run('rollback', '--yes', '--discard-new-rows');
    const silent = await production.run('deploy', '--dry-run', '--skip-backup');
    expect([discarded.code, silent.code, silent.stdout.includes('a rollback has saved')]).toEqual([0, 0, false]);
    // Asked for by name they come once more.
    expect((await withThem()).loaded).toEqual([saved]);
  });
});
