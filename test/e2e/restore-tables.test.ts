import { existsSync, readdirSync } from 'node:fs';
import { basename, join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { describeOnServers } from '../support/servers.ts';
import { createProduction, jsonLines, lastOf, type Production } from './production.ts';

/** Parents, children, grandchildren; a table that leads to itself; triggers in order; a view. */
const TABLES = `CREATE TABLE shops (id INT PRIMARY KEY, name VARCHAR(50));
  INSERT INTO shops VALUES (1, 'one'), (2, 'two');
  CREATE TABLE visits (id INT PRIMARY KEY, shop_id INT NOT NULL, after_id INT, note VARCHAR(20), KEY of_shop (shop_id),
    CONSTRAINT visits_shop FOREIGN KEY (shop_id) REFERENCES shops (id),
    CONSTRAINT visits_after FOREIGN KEY (after_id) REFERENCES visits (id));
  INSERT INTO visits VALUES (1, 1, NULL, 'a'), (2, 2, 1, 'b');
  CREATE TABLE remarks (id INT PRIMARY KEY, visit_id INT NOT NULL,
    CONSTRAINT remarks_visit FOREIGN KEY (visit_id) REFERENCES visits (id) ON DELETE CASCADE);
  INSERT INTO remarks VALUES (10, 1), (20, 2);
  CREATE VIEW seen AS SELECT id FROM visits;`;
const TRIGGERS = [
  "CREATE DEFINER=`app user`@localhost TRIGGER z_first BEFORE INSERT ON visits FOR EACH ROW SET NEW.note = CONCAT(NEW.note, '1')",
  "CREATE DEFINER=`app user`@localhost TRIGGER a_second BEFORE INSERT ON visits FOR EACH ROW FOLLOWS z_first SET NEW.note = CONCAT(NEW.note, '2')",
];
const BACK = 'everything this run did was undone: production is as it was before';
const LIMIT_MS = 240_000;

describeOnServers(
  'single tables restored in place',
  (server) => {
    const made: Production[] = [];
    afterAll(() => {
      for (const production of made) production.remove();
    });
    const APP = {
      dir: '.',
      maintenance: { enter: ['touch', 'down'], leave: ['rm', '-f', 'down'], check: ['test', '-e', 'down'] },
      caches: 'none',
    };
    const create = async (migrations: Record<string, string> = {}) => {
      const production = await createProduction(server(), { migrations });
      production.configure({ app: APP });
      await production.sql(TABLES);
      for (const trigger of TRIGGERS) await production.query(trigger);
      made.push(production);
      return production;
    };
    const backUp = async (production: Production) => {
      expect((await production.run('backup', 'create')).code).toBe(0);
      const names = readdirSync(production.backups).filter((name) => name.endsWith('.sql.gz'));
      return join(production.backups, names.sort().at(-1) ?? '');
    };
    const restore = (production: Production, ...tables: string[]) =>
      production.run('restore', '--table', ...tables, '--in-place', '--yes', '--json');
    const ids = async (production: Production, table: string, database = production.database) =>
      (await production.query<{ id: number }>(`SELECT id FROM \`${database}\`.${table} ORDER BY id`)).map(
        ({ id }) => id,
      );
    const beside = async (production: Production) => {
      const pattern = `${production.database.replaceAll('_', '\\_')}\\_%`;
      return (await production.query(`SHOW DATABASES LIKE '${pattern}'`)).map((row) => String(Object.values(row)[0]));
    };
    const definitions = async (production: Production) => {
      const texts: unknown[] = [];
      for (const table of ['shops', 'visits', 'remarks']) {
        const rows = await production.query(`SHOW CREATE TABLE ${table}`).catch((error: Error) => [error.message]);
        // MySQL names a column's character set from the moment on that its collation was given, as a dump does.
        texts.push(JSON.stringify(rows).replaceAll(' CHARACTER SET utf8mb4 COLLATE', ' COLLATE'));
      }
      const triggers = await production.query(
        `SELECT TRIGGER_NAME, EVENT_OBJECT_TABLE, ACTION_ORDER, ACTION_STATEMENT FROM information_schema.TRIGGERS
       WHERE TRIGGER_SCHEMA = DATABASE() ORDER BY 1`,
      );
      return [...texts, ...triggers];
    };
    /** What the servers refuse when the foreign keys of `visits`, and those that lead to it, hold. */
    const requireKeys = async (production: Production) => {
      const fails = (sql: string) =>
        expect(production.query(sql), sql).rejects.toThrow(/a foreign key constraint fails .*REFERENCES `\w+` \(/);
      await fails('INSERT INTO visits VALUES (90, 99, NULL, NULL)');
      await fails('INSERT INTO visits VALUES (90, 1, 99, NULL)');
      await fails('INSERT INTO remarks VALUES (90, 99)');
      await fails('DELETE FROM shops WHERE id = 2');
    };

    test('one that was emptied: keys, triggers and children are as before; rollback takes it back and keeps it', {
      timeout: LIMIT_MS,
    }, async () => {
      const production = await create();
      await backUp(production);
      const intact = await definitions(production);
      await production.sql('SET foreign_key_checks = 0; DELETE FROM visits; DROP TRIGGER z_first');
      const emptied = await definitions(production);

      const restored = await restore(production, 'visits');
      const events = jsonLines(restored);
      expect(events.flatMap((event) => (event.type === 'step.finished' ? [event.id] : []))).toEqual([
        ...['preflight', 'load-tables', 'compare-tables', 'locks', 'maintenance-on', 'swap-tables', 'maintenance-off'],
      ]);
      expect(lastOf(restored)).toMatchObject({ exitCode: 0, production: 'changed', maintenanceMs: expect.any(Number) });
      const [before = '', ...others] = await beside(production);
      expect([before, others]).toEqual([expect.stringMatching(/_before_\d{8}_\d{6}$/), []]);
      expect(events.find(({ type }) => type === 'summary')).toMatchObject({
        title: 'Restore tables',
        rows: [
          ['Backup', expect.any(String)],
          ['Of', expect.stringMatching(/ of M\w+ \S+ on /)],
          ['Taken', expect.any(String)],
          ['visits', 'is replaced'],
          ['Lost', 'what was written to visits since then'],
          ['Site', 'up while they are loaded and compared, down for the swap'],
          ['Kept', `what is there now, in ${before}`],
          ['Undo', 'gateway-migrate rollback'],
        ],
      });
      expect(events.filter(({ type, level }) => type === 'note' && level === 'warning')).toEqual([]);
      expect(await definitions(production)).toEqual(intact);
      expect([await ids(production, 'visits'), await ids(production, 'seen')]).toEqual([
        [1, 2],
        [1, 2],
      ]);
      await requireKeys(production);
      await production.sql("INSERT INTO visits VALUES (3, 1, NULL, 'c'); DELETE FROM visits WHERE id = 2");
      expect(await production.query('SELECT note FROM visits WHERE id = 3')).toEqual([{ note: 'c12' }]);
      expect(await ids(production, 'remarks'), 'the cascade of the child follows the restored table').toEqual([10]);
      expect(await ids(production, 'visits', before)).toEqual([]);
      expect(existsSync(join(production.dir, 'down'))).toBe(false);

      await production.sql('DELETE FROM remarks');
      expect(lastOf(await production.run('rollback', '--yes', '--json'))).toMatchObject({
        exitCode: 0,
        production: 'changed',
      });
      expect(await definitions(production)).toEqual(emptied);
      expect(await ids(production, 'visits')).toEqual([]);
      const [kept = '', ...none] = await beside(production);
      expect([await ids(production, 'visits', kept), none]).toEqual([[1, 3], []]);
      await requireKeysOfEmptied(production);

      production.configure({
        backup: { dir: 'backups', minFree: '1MB', verify: 'checksum', keep: { last: 1, days: 1 } },
      });
      await server().sql(`UPDATE \`${kept}\`.gateway_migrate_beside SET made = '2020-01-01'`);
      await restore(production, 'visits', 'remarks');
      expect(lastOf(await production.run('backup', 'prune', '--yes', '--json'))).toMatchObject({ exitCode: 0 });
      expect(await beside(production)).toEqual([expect.stringMatching(/_before_/)]);
      expect(await beside(production)).not.toContain(kept);
    });

    const requireKeysOfEmptied = async (production: Production) => {
      await expect(production.query('INSERT INTO remarks VALUES (90, 1)')).rejects.toThrow(/REFERENCES `visits` \(/);
      await expect(production.query('INSERT INTO visits VALUES (90, 99, NULL, NULL)')).rejects.toThrow(/`visits_shop`/);
    };

    test('tables that were dropped, a parent and its child; without them again after rollback', {
      timeout: LIMIT_MS,
    }, async () => {
      const production = await create();
      await backUp(production);
      const intact = await definitions(production);
      await production.sql('SET foreign_key_checks = 0; DROP TABLE visits');
      const dropped = await definitions(production);
      const restored = await restore(production, 'visits');
      expect(lastOf(restored)).toMatchObject({ exitCode: 0, production: 'changed' });
      expect(jsonLines(restored).find(({ type }) => type === 'summary')?.rows).toEqual(
        expect.arrayContaining([
          ['visits', 'comes back: it is not there'],
          ['Kept', 'nothing: none of them is there'],
        ]),
      );
      expect(await definitions(production)).toEqual(intact);
      await requireKeys(production);
      expect(await beside(production)).toEqual([]);
      expect(lastOf(await production.run('rollback', '--yes', '--json'))).toMatchObject({ exitCode: 0 });
      expect(await definitions(production)).toEqual(dropped);
      const [kept = ''] = await beside(production);
      expect(await ids(production, 'visits', kept)).toEqual([1, 2]);

      await production.sql('SET foreign_key_checks = 0; DROP TABLE shops; DELETE FROM remarks WHERE id = 20');
      expect(lastOf(await restore(production, 'visits', 'shops')).exitCode).toBe(0);
      expect(await definitions(production)).toEqual(intact);
      await requireKeys(production);
    });

    test('is refused when foreign keys would be broken: each is named, with rows and an example', {
      timeout: LIMIT_MS,
    }, async () => {
      const production = await create();
      const file = await backUp(production);
      await production.sql(`SET foreign_key_checks = 0; DELETE FROM visits; DELETE FROM shops WHERE id = 2;
      INSERT INTO visits VALUES (7, 1, NULL, 'new'), (8, 1, NULL, 'new');
      INSERT INTO remarks VALUES (70, 7), (80, 8), (81, 8);
      CREATE TABLE since (id INT PRIMARY KEY, visit_id INT, CONSTRAINT since_visit FOREIGN KEY (visit_id) REFERENCES visits (id));
      INSERT INTO since VALUES (1, 7)`);
      const before = await definitions(production);
      const refused = await restore(production, 'visits');
      const visits =
        "visits_shop (visits.shop_id → shops.id): 1 row of the backup's visits without a row in shops, such as shop_id = 2";
      const remarks =
        "remarks_visit (remarks.visit_id → visits.id): 3 rows of remarks without a row in the backup's visits, such as visit_id = 7";
      const since =
        "since_visit (since.visit_id → visits.id): 1 row of since without a row in the backup's visits, such as visit_id = 7";
      expect(lastOf(refused)).toMatchObject({ exitCode: 2, production: 'unchanged' });
      expect(lastOf(refused).error).toEqual({
        what: `Compare with production: foreign keys would be broken: ${visits}; ${remarks}; ${since}`,
        state: BACK,
        next:
          `gateway-migrate restore --backup ${file} --table visits shops remarks --in-place (these too), ` +
          `or gateway-migrate restore --backup ${file} --table visits (beside the present ones)`,
      });
      expect(jsonLines(refused).some((event) => event.id === 'maintenance-on')).toBe(false);
      expect([await definitions(production), await beside(production)]).toEqual([before, []]);

      await production.sql('SET foreign_key_checks = 0; DROP TABLE since, shops');
      const gone = lastOf(await restore(production, 'visits', 'remarks')).error;
      expect(gone).toEqual({
        what: 'Compare with production: foreign keys would be broken: visits_shop (visits.shop_id → shops.id): the table shops is not there',
        state: BACK,
        next:
          `gateway-migrate restore --backup ${file} --table visits remarks shops --in-place (these too), ` +
          `or gateway-migrate restore --backup ${file} --table visits remarks (beside the present ones)`,
      });
      expect(lastOf(await restore(production, 'visits', 'remarks', 'shops')).exitCode).toBe(0);
      await requireKeys(production);
    });

    test('looks at the keys once more when the site is down, and goes back', { timeout: LIMIT_MS }, async () => {
      const production = await create();
      const file = await backUp(production);
      await production.sql('SET foreign_key_checks = 0; DELETE FROM visits');
      const before = await definitions(production);
      const client = join(server().binDir, server().kind === 'mysql' ? 'mysql' : 'mariadb');
      const late = `touch down; ${client} --no-defaults -uroot -S ${server().socket} ${production.database} -e 'DELETE FROM shops WHERE id = 2'`;
      production.configure({ app: { ...APP, maintenance: { ...APP.maintenance, enter: ['sh', '-c', late] } } });
      const refused = await restore(production, 'visits');
      expect(lastOf(refused).error).toEqual({
        what:
          "Swap visits with production's: foreign keys would be broken: visits_shop (visits.shop_id → shops.id): " +
          "1 row of the backup's visits without a row in shops, such as shop_id = 2",
        state: BACK,
        next:
          `gateway-migrate restore --backup ${file} --table visits shops --in-place (these too), ` +
          `or gateway-migrate restore --backup ${file} --table visits (beside the present ones)`,
      });
      expect([await definitions(production), await beside(production)]).toEqual([before, []]);
      expect(existsSync(join(production.dir, 'down'))).toBe(false);
    });

    test('is refused when migrations have changed the table since, and warns of what nobody knows', {
      timeout: LIMIT_MS,
    }, async () => {
      const production = await create({ '1_first.sql': '-- migrate:up\nALTER TABLE shops ADD COLUMN city INT;\n' });
      expect((await production.run('deploy', '--yes', '--skip-backup')).code).toBe(0);
      const file = await backUp(production);
      production.migration('2_add_stars.sql', '-- migrate:up\nALTER TABLE visits ADD COLUMN stars INT;\n');
      production.migration(
        '3_stamp.sql',
        '-- migrate:up\nCREATE TRIGGER remarked BEFORE INSERT ON remarks FOR EACH ROW SET NEW.id = NEW.id + 1;\n-- migrate:down\nDROP TRIGGER remarked;\n',
      );
      expect((await production.run('deploy', '--yes', '--skip-backup')).code).toBe(0);
      const beside = (...tables: string[]) =>
        'gateway-migrate backup list (for a backup from after that), ' +
        `or gateway-migrate restore --backup ${file} --table ${tables.join(' ')} (beside the present ones)`;
      const changed = 'Compare with production: migrations have changed the tables since the backup: ';
      const { error } = lastOf(await restore(production, 'visits'));
      expect(error).toEqual({
        what: `${changed}visits by 2_add_stars (+ column \`stars\` int null)`,
        state: BACK,
        next: beside('visits'),
      });
      expect(lastOf(await restore(production, 'remarks')).error).toEqual({
        what: `${changed}their triggers by 3_stamp`,
        state: BACK,
        next: beside('remarks'),
      });
      await production.sql('SET foreign_key_checks = 0; DROP TABLE visits');
      expect(lastOf(await restore(production, 'visits')).error).toMatchObject({
        what: `${changed}visits by 2_add_stars`,
      });

      await production.sql('ALTER TABLE shops DROP COLUMN city');
      const restored = await restore(production, 'shops');
      expect(lastOf(restored).exitCode).toBe(0);
      expect(jsonLines(restored).find(({ type, level }) => type === 'note' && level === 'warning')).toMatchObject({
        text: `shops is not as it was backed up, and no migration has changed it (- column \`city\` int null)`,
      });
      expect(await production.query('SELECT id, city FROM shops')).toHaveLength(2);
    });

    test('is refused for the history of the tool, and while a run is unfinished', { timeout: LIMIT_MS }, async () => {
      const production = await create({
        '1_a.sql': '-- migrate:up\nCREATE TABLE a (id INT);\nALTER TABLE no ADD x INT;\n',
      });
      const { run } = lastOf(
        await production.run('deploy', '--on-failure', 'stop', '--skip-backup', '--yes', '--json'),
      );
      const file = await backUp(production);
      const history = 'gateway_migrate_history';
      expect(lastOf(await restore(production, 'visits', history))).toMatchObject({
        exitCode: 5,
        production: 'unchanged',
        error: {
          what: `${history} is what this tool knows about the database, and is not replaced alone`,
          state: 'nothing was started, production is unchanged',
          next: `gateway-migrate restore --table ${history} (beside the present one), or gateway-migrate restore`,
        },
      });
      expect(lastOf(await restore(production, 'visits'))).toMatchObject({
        exitCode: 5,
        error: {
          what: `run ${run} (deploy) was cut off and is unfinished`,
          next: 'gateway-migrate resume (finishes it), or gateway-migrate rollback (undoes it)',
        },
      });
      expect(basename(file)).toMatch(/^gateway-prod/);
      const until = await production.run('restore', '--table', 'visits', '--until', 'now');
      expect([until.code, until.stderr]).toEqual([
        64,
        expect.stringContaining("option '--table <names...>' cannot be used with option '--until <moment>'"),
      ]);
    });

    test('is refused when the account may not make the triggers', { timeout: LIMIT_MS }, async () => {
      const production = await create();
      await production.query('CREATE TRIGGER of_root BEFORE DELETE ON shops FOR EACH ROW SET @gone = 1');
      await backUp(production);
      const before = await definitions(production);
      const refused = await restore(production, 'shops');
      // MySQL asks for SYSTEM_USER, because root has it; MariaDB is content with SET USER.
      if (server().kind === 'mariadb') return expect(lastOf(refused).exitCode).toBe(0);
      expect(lastOf(refused).error).toEqual({
        what: 'Load shops beside production: the triggers of the backup cannot be made: the account may not make what has DEFINER=`root`@`localhost`: Access denied; you need (at least one of) the SYSTEM_USER privilege(s) for this operation',
        state: BACK,
        next: 'mend the cause, then: gateway-migrate restore --table NAME --in-place',
      });
      expect([await definitions(production), await beside(production)]).toEqual([before, []]);
    });

    test('asks for the word yes', { timeout: LIMIT_MS }, async () => {
      const production = await create();
      await backUp(production);
      const terminal = await production.open('restore', '--table', 'visits', '--in-place');
      await terminal.waitFor('Replace these tables in PRODUCTION? (yes/no)');
      terminal.type('no\r');
      expect((await terminal.exit).code).toBe(6);
      expect(await beside(production)).toEqual([]);
    });
  },
  { args: ['--log-bin-trust-function-creators=1'] },
);
