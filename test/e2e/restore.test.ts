import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { describeOnServers } from '../support/servers.ts';
import { createProduction, filesBelow, type JsonObject, jsonLines, lastOf, type Production } from './production.ts';

const TABLES = `CREATE TABLE shops (id INT PRIMARY KEY, name VARCHAR(50)); INSERT INTO shops VALUES (1, 'one'), (2, 'two');
  CREATE TABLE visits (id INT PRIMARY KEY, shop_id INT NOT NULL, FOREIGN KEY (shop_id) REFERENCES shops (id));
  INSERT INTO visits VALUES (1, 1), (2, 2);`;
const LIMIT_MS = 240_000;
/** Files stand for services that run and for a site in maintenance. */
const SCRIPT = (dir: string) => ({
  dir: '.',
  maintenance: { enter: ['touch', 'down'], leave: ['rm', '-f', 'down'], check: ['test', '-e', 'down'] },
  caches: 'none',
  services: ['php'],
  serviceCommand: [
    'sh',
    '-c',
    `case {action} in start) touch ${dir}/{service};; stop) rm -f ${dir}/{service};; *) test -e ${dir}/{service};; esac`,
  ],
});

describeOnServers('restore', (server) => {
  const made: Production[] = [];
  const create = async (migrations: Record<string, string> = {}) => {
    const production = await createProduction(server(), { migrations });
    production.configure({ app: SCRIPT(production.dir) });
    await production.sql(TABLES);
    made.push(production);
    return production;
  };
  afterAll(() => {
    for (const production of made) production.remove();
  });
  const shops = (production: Production, database = production.database) =>
    production
      .query<{ id: number }>(`SELECT id FROM \`${database}\`.shops ORDER BY id`)
      .then((rows) => rows.map((row) => row.id));
  const beside = async (production: Production) => {
    const pattern = `${production.database.replaceAll('_', '\\_')}\\_%`;
    return (await production.query(`SHOW DATABASES LIKE '${pattern}'`)).map((row) => String(Object.values(row)[0]));
  };

  const pruned = async (production: Production) =>
    jsonLines(await production.run('backup', 'prune', '--yes', '--json')).find(({ type }) => type === 'pruned')
      ?.removed;

  test('is undone by rollback, which keeps what was written since; prune lets go of what is kept', {
    timeout: LIMIT_MS,
  }, async () => {
    const production = await create();
    expect((await production.run('backup', 'create')).code).toBe(0);
    await production.sql('DELETE FROM visits; DELETE FROM shops WHERE id = 2; CREATE TABLE since (id INT)');

    const restored = await production.run('restore', '--yes', '--json');
    const steps = jsonLines(restored).filter((event) => event.type === 'step.finished');
    expect(steps.map((event) => event.id)).toEqual([
      ...[
        'preflight',
        'load-beside',
        'locks',
        'maintenance-on',
        'services-stop',
        'swap',
        'services-start',
        'maintenance-off',
      ],
    ]);
    expect(lastOf(restored)).toMatchObject({ exitCode: 0, production: 'restored', maintenanceMs: expect.any(Number) });
    expect(await shops(production)).toEqual([1, 2]);
    const [before = ''] = await beside(production);
    expect(before).toMatch(/_before_\d{8}_\d{6}$/);
    expect(await shops(production, before)).toEqual([1]);
    expect([existsSync(join(production.dir, 'down')), existsSync(join(production.dir, 'php'))]).toEqual([false, true]);

    await production.sql("INSERT INTO shops VALUES (3, 'since the restore')");
    const back = lastOf(await production.run('rollback', '--yes', '--json'));
    expect(back).toMatchObject({ command: 'rollback', exitCode: 0, production: 'changed' });
    expect(await shops(production)).toEqual([1]);
    expect((await production.objects()).includes('base table since')).toBe(true);
    const [kept = ''] = await beside(production);
    expect(await shops(production, kept)).toEqual([1, 2, 3]);
    const nothing = await production.run('rollback', '--yes');
    expect([nothing.code, nothing.stdout]).toEqual([0, expect.stringContaining('nothing to undo')]);

    production.configure({
      backup: { dir: 'backups', minFree: '1MB', verify: 'checksum', keep: { last: 1, days: 1 } },
    });
    expect(await pruned(production)).toEqual([]);
    await server().sql(
      `CREATE DATABASE \`${production.database}_before_19990101_000000\`; UPDATE \`${kept}\`.gateway_migrate_beside SET made = '2020-01-01'`,
    );
    // Perhaps within the second after which the first one was named.
    const { run, exitCode } = lastOf(await production.run('restore', '--yes', '--json'));
    expect(exitCode).toBe(0);
    expect(await pruned(production)).toEqual([`database ${kept}`]);
    const [foreign, newest = ''] = await beside(production);
    expect(foreign).toBe(`${production.database}_before_19990101_000000`);
    await server().sql(`DROP DATABASE \`${newest}\``);
    expect(lastOf(await production.run('rollback', '--yes', '--json'))).toMatchObject({
      exitCode: 5,
      production: 'unchanged',
      error: {
        what: `what was there before the restore ${run} is gone: the database ${newest} was removed`,
        next: 'gateway-migrate backup list, then gateway-migrate restore --backup FILE',
      },
    });
  });

  test('brings a database back that was dropped as a whole, once it is made again', { timeout: LIMIT_MS }, async () => {
    const production = await create();
    const { database } = production;
    expect((await production.run('backup', 'create')).code).toBe(0);
    await production.sql(`DROP DATABASE \`${database}\``);
    const dropped = lastOf(await production.run('restore', '--yes', '--json'));
    expect(dropped).toMatchObject({ exitCode: 2, production: 'unchanged' });
    expect(dropped.error).toEqual({
      what: `cannot connect to ${database} on ${server().socket} as app user: Unknown database '${database}'`,
      state: 'production is as it was before',
      next: `if it was dropped: CREATE DATABASE \`${database}\`; then gateway-migrate restore`,
    });
    await server().sql(`CREATE DATABASE \`${database}\` CHARACTER SET latin1`);
    expect(lastOf(await production.run('restore', '--yes', '--json'))).toMatchObject({
      exitCode: 0,
      production: 'restored',
    });
    expect(await shops(production)).toEqual([1, 2]);
    expect(await production.query('SELECT @@character_set_database AS charset')).toEqual([{ charset: 'utf8mb4' }]);
  });

  test('brings single tables back beside the present ones', { timeout: LIMIT_MS }, async () => {
    const production = await create();
    await production.query('CREATE TRIGGER stamped BEFORE INSERT ON visits FOR EACH ROW SET NEW.id = NEW.id + 100');
    expect((await production.run('backup', 'create')).code).toBe(0);
    await production.sql('DELETE FROM visits; DELETE FROM shops');
    const present = await production.objects();
    const unknown = lastOf(await production.run('restore', '--table', 'visits', 'nothing', '--yes', '--json'));
    expect(unknown).toMatchObject({
      exitCode: 2,
      production: 'unchanged',
      error: {
        what: expect.stringMatching(/_manual_\d{8}_\d{6}\.sql\.gz has no table nothing$/),
        next: 'gateway-migrate restore --table NAME, with one of these: shops, visits',
      },
    });
    const inPlace = lastOf(await production.run('restore', '--table', 'nothing', '--in-place', '--yes', '--json'));
    expect(inPlace).toMatchObject({
      error: { next: 'gateway-migrate restore --table NAME --in-place, with one of these: shops, visits' },
    });
    const manifest = filesBelow(production.backups).find((path) => path.endsWith('.manifest.json')) ?? '';
    const intact = readFileSync(manifest, 'utf8');
    const refuse = async (change: { rows?: number; digest?: string }) => {
      const { seal: _, ...edited } = JSON.parse(intact);
      Object.assign(
        edited.tables.find(({ name }: { name: string }) => name === 'visits'),
        change,
      );
      writeFileSync(manifest, JSON.stringify(edited));
      const { exitCode, error } = lastOf(await production.run('restore', '--table', 'visits', '--yes', '--json'));
      writeFileSync(manifest, intact);
      return { exitCode, ...(error as object) };
    };
    const refused = {
      exitCode: 2,
      state: 'everything this run did was undone: production is as it was before',
      next: 'mend the cause, then: gateway-migrate restore --table',
    };
    const file = manifest.replace('.manifest.json', '');
    const failed = `Load visits beside: loading from ${basename(file)} failed: `;
    expect(await refuse({ digest: '0'.repeat(64) })).toEqual({
      ...refused,
      what: `${failed}table visits in ${file} differs from what was backed up`,
    });
    expect(await refuse({ rows: 3 })).toEqual({
      ...refused,
      what: `${failed}after the load table visits has 2 rows instead of 3`,
    });
    // A file that no deploy would take stands in the way of no restore, and frightens nobody.
    production.migration('9_broken.sql', '-- migrate:up\n');
    const done = await production.run('restore', '--table', 'visits', '--table', 'shops', '--yes', '--json');
    const isAboutFile = ({ type, group, ok }: JsonObject) =>
      type === 'step.failed' || (type === 'check' && group === 'migrations' && ok === false);
    expect(jsonLines(done).filter(isAboutFile)).toEqual([
      expect.objectContaining({ name: join(production.dir, 'migrations/9_broken.sql'), level: 'warning' }),
    ]);
    expect(lastOf(done)).toMatchObject({ exitCode: 0, production: 'changed' });
    const added = (await production.objects()).filter((name) => !present.includes(name));
    expect(added.map((name) => name.replace(/\d{8}_\d{6}$/, 'TIME'))).toEqual([
      'base table gateway_migrate_history',
      'base table gateway_migrate_journal',
      'base table shops_restored_TIME',
      'base table visits_restored_TIME',
    ]);
    const visits = added.find((name) => name.includes('visits'))?.replace('base table ', '');
    expect(await production.query(`SELECT * FROM ${visits} ORDER BY id`)).toEqual([
      { id: 1, shop_id: 1 },
      { id: 2, shop_id: 2 },
    ]);
    expect([await shops(production), await beside(production)]).toEqual([[], []]);
    const rolledBack = await production.run('rollback', '--yes');
    expect([rolledBack.code, rolledBack.stdout]).toEqual([0, expect.stringContaining('nothing to undo')]);
    expect(rolledBack.stdout).toContain('✔ Preflight');
  });

  test('begins nothing when the account may not make a database for single tables, and names the GRANT', {
    timeout: LIMIT_MS,
  }, async () => {
    const production = await create();
    expect((await production.run('backup', 'create')).code).toBe(0);
    const pattern = `${production.database.replaceAll('_', '\\_')}\\_restore\\_%`;
    await server().sql(`REVOKE ALL ON \`${pattern}\`.* FROM 'app user'@'localhost'`);
    const {
      exitCode,
      production: state,
      error,
    } = lastOf(await production.run('restore', '--table', 'visits', '--yes', '--json'));
    expect({ exitCode, state, error }).toEqual({
      exitCode: 2,
      state: 'unchanged',
      error: {
        what: `app user@localhost may not create ${production.database}_restore_…, in which the tables would be loaded`,
        state: 'production is as it was before',
        next: `GRANT ALL ON \`${pattern}\`.* TO 'app user'@'localhost'; as an administrator, then gateway-migrate restore --table again`,
      },
    });
    expect((await production.run('resume', '--yes')).stdout).toContain('nothing to finish');
  });

  test('stops before the site goes down when the account may not make what belongs to another', {
    timeout: LIMIT_MS,
  }, async () => {
    const production = await create();
    await production.sql('CREATE VIEW of_root AS SELECT id FROM shops');
    expect((await production.run('backup', 'create')).code).toBe(0);
    const restored = await production.run('restore', '--yes', '--json');
    // MySQL asks for SYSTEM_USER, because root has it; MariaDB is content with SET USER.
    if (server().kind === 'mariadb') return expect(restored.code).toBe(0);
    expect(lastOf(restored)).toMatchObject({
      exitCode: 2,
      production: 'unchanged',
      error: {
        what: expect.stringMatching(
          /^Load the backup beside production: loading \S+ beside production failed: the account may not make what has DEFINER=`root`@`localhost`: Access denied; you need \(at least one of\) the SYSTEM_USER privilege\(s\) for this operation$/,
        ),
        state: 'everything this run did was undone: production is as it was before',
        next: 'mend the cause, then: gateway-migrate restore',
      },
    });
    expect(jsonLines(restored).some((event) => event.id === 'maintenance-on')).toBe(false);
    expect([await production.objects(), await beside(production)]).toEqual([
      expect.arrayContaining(['view of_root']),
      [],
    ]);
  });

  test('leaves nothing older unfinished, and a foreign key of another database stops it before anything', {
    timeout: LIMIT_MS,
  }, async () => {
    const production = await create({
      '1_a.sql': '-- migrate:up\nCREATE TABLE a (id INT PRIMARY KEY);\nALTER TABLE nowhere ADD COLUMN x INT;\n',
    });
    const stopped = lastOf(await production.run('deploy', '--on-failure', 'stop', '--yes', '--json'));
    expect(stopped.exitCode).toBe(3);
    expect(lastOf(await production.run('status', '--json')).unfinished).toMatchObject({ run: stopped.run });
    const other = `${production.database}_rehearsal`;
    await server().sql(
      `CREATE DATABASE \`${other}\`; CREATE TABLE \`${other}\`.child (id INT, FOREIGN KEY follows (id) REFERENCES \`${production.database}\`.shops (id))`,
    );
    const refused = await production.run('restore', '--yes', '--json');
    expect(jsonLines(refused).find((event) => event.name === 'foreign keys of other databases')).toMatchObject({
      ok: false,
      detail: expect.stringMatching(
        /_rehearsal\.child \(.+ → shops\): they would follow the tables that the restore moves away$/,
      ),
      remedy: 'ALTER TABLE … DROP FOREIGN KEY … there, restore, and add them again',
    });
    expect(lastOf(refused)).toMatchObject({
      exitCode: 2,
      production: 'unchanged',
      error: {
        what: 'preflight found 1 to mend: foreign keys of other databases',
        next: 'mend them, then look again: gateway-migrate doctor',
      },
    });
    await server().sql(`DROP DATABASE \`${other}\``);

    const restored = lastOf(await production.run('restore', '--in-place', '--no-services', '--yes', '--json'));
    expect(restored).toMatchObject({ exitCode: 0, production: 'restored' });
    expect(lastOf(await production.run('status', '--json')).unfinished).toBeNull();
    const journal = readFileSync(
      join(production.dir, '.gateway-migrate/runs', String(stopped.run), 'journal.ndjson'),
      'utf8',
    );
    expect(journal.trim().split('\n').at(-1)).toContain(`"result":"superseded by ${restored.run}"`);
    expect(await production.objects()).not.toContain('base table a');

    expect(lastOf(await production.run('rollback', '--yes', '--json')).exitCode).toBe(0);
    expect(await production.objects()).toContain('base table a');
    expect(lastOf(await production.run('status', '--json')).unfinished).toMatchObject({ run: stopped.run });
    expect(readdirSync(production.backups).length).toBeGreaterThan(0);
  });
});
