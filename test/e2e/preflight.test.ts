import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, expect, inject, test } from 'vitest';
import { describeOnServers } from '../support/servers.ts';
import {
  createProduction,
  type Finished,
  jsonLines,
  lastOf,
  type Production,
  type ProductionOptions,
} from './production.ts';

const SHOPS = '-- migrate:up\nCREATE TABLE shops (id INT PRIMARY KEY);\n-- migrate:down\nDROP TABLE shops;\n';

/** The checks that stop a deploy: name → detail and remedy. */
function refused(finished: Finished): Record<string, readonly [detail: string, remedy: unknown]> {
  const checks = jsonLines(finished).filter(
    (event) => event.type === 'check' && event.ok === false && event.level === 'error',
  );
  // What is free on a disk changes from moment to moment.
  const steady = (detail: unknown) => String(detail).replace(/\d+ MB free/, 'some MB free');
  return Object.fromEntries(checks.map(({ name, detail, remedy }) => [name, [steady(detail), remedy]]));
}

describeOnServers('preflight', (server) => {
  const made: Production[] = [];
  const create = async (options: ProductionOptions = {}) => {
    const production = await createProduction(server(), { migrations: { '1_shops.sql': SHOPS }, ...options });
    made.push(production);
    return production;
  };
  afterAll(() => {
    for (const production of made) production.remove();
  });

  test('says all that is wrong at once, each with its remedy, and doctor says the same; nothing is changed', async () => {
    const production = await create({
      grants: 'SELECT, INSERT, UPDATE, DELETE, CREATE, DROP, ALTER, INDEX, LOCK TABLES, SHOW VIEW, EXECUTE',
      migrations: {
        '1_shops.sql': SHOPS,
        '2_rows.sql': '-- migrate:up\nUPDATE notes SET text = 1;\n-- migrate:down\nUPDATE notes SET text = 2;\n',
      },
    });
    await production.sql(
      'CREATE TABLE notes (text INT) ENGINE=MyISAM; CREATE PROCEDURE of_root() DO 0; CREATE PROCEDURE too() DO 0',
    );
    production.configure({
      backup: { dir: 'backups', minFree: '900TB' },
      verify: { requireTables: ['companies', 'notes', 'staff'] },
      app: { dir: '/var/www/nowhere', maintenance: 'none', caches: 'none' },
    });
    const before = await production.objects();
    const empty = join(production.dir, 'no-programs');
    mkdirSync(empty);
    const env = { GATEWAY_MIGRATE_CLIENTS: empty, PATH: empty };
    const [doctor, deploy] = [
      await production.runWith(env, 'doctor', '--json'),
      await production.runWith(env, 'deploy', '--yes', '--json'),
    ];
    const found = refused(deploy);
    const account = "'app user'@'localhost'";
    const missing = 'REFERENCES, TRIGGER, CREATE VIEW, EVENT';
    expect(found).toEqual({
      privileges: [
        `app user@localhost lacks ${missing} on ${production.database}`,
        `GRANT ${missing} ON \`${production.database}\`.* TO ${account};`,
      ],
      'required tables': [
        'missing: companies, staff',
        'is this the right database? Look at database.name and verify.requireTables in the configuration',
      ],
      '2, statement 1, line 2': [
        'writes to notes, which is MyISAM: it has no transactions, so after a crash nobody knows which rows were written',
        'ALTER TABLE notes ENGINE=InnoDB first, or set migrations.allowNonTransactional: true',
      ],
      'client programs': [expect.stringMatching(/dump/), expect.stringMatching(/install/i)],
      'disk space': [
        `${production.backups}: some MB free, 900000000 MB needed`,
        'gateway-migrate backup prune, or another backup.dir in the configuration',
      ],
      routines: [
        'of_root, too belong to another account, and app user may not read them: a dump stops there',
        `as an administrator: GRANT ${server().kind === 'mysql' ? 'SHOW_ROUTINE ON *.*' : 'SELECT ON mysql.proc'} TO the account app user`,
      ],
      'application folder': [
        "ENOENT: no such file or directory, stat '/var/www/nowhere'",
        'set app.dir to the folder of the application, or leave it out when there is none',
      ],
    });
    expect(refused(doctor)).toEqual(found);
    expect([doctor.code, deploy.code]).toEqual([1, 2]);
    expect(lastOf(deploy)).toMatchObject({
      result: 'failed',
      production: 'unchanged',
      error: {
        what: `preflight found 7 to mend: ${Object.keys(found).join(', ')}`,
        state: 'production is as it was before',
        next: 'mend them, then look again: gateway-migrate doctor',
      },
    });
    await production.run('status');
    expect(await production.objects()).toEqual(before);
  });

  test('client programs of the other family are not taken', async () => {
    const production = await create();
    const other = inject('servers')[server().kind === 'mysql' ? 'mariadb' : 'mysql'];
    const env = { GATEWAY_MIGRATE_CLIENTS: 'binaries' in other ? other.binaries.binDir : '', PATH: '/nowhere' };
    const found = refused(await production.runWith(env, 'doctor', '--json'));
    expect(Object.keys(found)).toEqual(['client programs']);
  });

  test('a deploy without a backup needs neither its programs nor its folder', async () => {
    const production = await create();
    production.configure({ backup: { dir: 'password/backups', minFree: '900TB' } });
    const env = { GATEWAY_MIGRATE_CLIENTS: '/nowhere', PATH: '/nowhere' };
    const quick = ['deploy', '--yes', '--skip-rehearsal', '--no-maintenance', '--json'];
    const found = refused(await production.runWith(env, ...quick));
    expect(Object.keys(found)).toEqual(['client programs', 'backup folder']);
    const { code } = await production.runWith(env, ...quick, '--skip-backup');
    expect(code).toBe(0);
  });

  test('a backup folder that cannot be made', async () => {
    const production = await create();
    production.configure({ backup: { dir: 'password/backups', minFree: '1MB' } });
    const found = refused(await production.run('doctor', '--json'));
    const file = join(production.dir, 'password');
    expect(found).toEqual({
      'backup folder': [
        `${file} cannot be written to: EACCES: permission denied, access '${file}'`,
        `mkdir -p ${join(file, 'backups')} as a user who may`,
      ],
    });
  });

  test("the tool's own folders: without a state folder there is no run, without a log folder the log stands there", async () => {
    const production = await create();
    const file = join(production.dir, 'password');
    const words = (dir: string) => `${dir} cannot be written to: EACCES: permission denied, access '${file}'`;
    production.configure({ logs: 'password/logs' });
    const warned = await production.run('doctor', '--json');
    expect(warned.code).toBe(0);
    expect(jsonLines(warned).find((event) => event.name === 'log folder')).toMatchObject({
      ok: false,
      level: 'warning',
      detail: `${words(join(file, 'logs'))}: the log goes to the state folder`,
      remedy: 'set logs in the configuration',
    });
    production.configure({ state: 'password/state' });
    const found = await production.run('doctor', '--json');
    expect([found.code, refused(found)]).toEqual([
      1,
      {
        'state folder': [
          words(join(file, 'state')),
          `mkdir -p ${join(file, 'state')} as a user who may, or set state in the configuration`,
        ],
      },
    ]);
    expect(lastOf(await production.run('deploy', '--yes', '--json'))).toMatchObject({
      exitCode: 5,
      error: { what: expect.stringContaining('the log cannot be written to '), next: 'gateway-migrate doctor' },
    });
  });

  test('a migration edited after it was applied, with the difference', async () => {
    const production = await create();
    expect((await production.run('deploy', '--yes')).code).toBe(0);
    production.migration('1_shops.sql', SHOPS.replace('KEY)', 'KEY, name TEXT)'));
    production.migration('2_more.sql', '-- migrate:up\nCREATE TABLE more (id INT PRIMARY KEY);\n');
    const deploy = await production.run('deploy', '--yes', '--json');
    expect([deploy.code, refused(deploy)]).toEqual([
      2,
      {
        '1': [
          [
            'edited after it was applied:',
            '  -- migrate:up',
            '- CREATE TABLE shops (id INT PRIMARY KEY);',
            '+ CREATE TABLE shops (id INT PRIMARY KEY, name TEXT);',
            '  -- migrate:down',
            '  DROP TABLE shops;',
          ].join('\n'),
          'put the file back as it was applied, and write the change as a new migration: gateway-migrate new <name>',
        ],
      },
    ]);
    const status = await production.run('status', '--check');
    expect([status.code, status.stdout]).toEqual([
      1,
      expect.stringContaining('+ CREATE TABLE shops (id INT PRIMARY KEY, name TEXT);'),
    ]);
  });

  test('a missing file and one that came late are told, and do not stop a deploy', async () => {
    const production = await create({ migrations: { '2_shops.sql': SHOPS } });
    expect((await production.run('deploy', '--yes')).code).toBe(0);
    production.migration('2_shops.sql', undefined);
    production.migration('1_late.sql', '-- migrate:up\nCREATE TABLE late (id INT PRIMARY KEY);\n');
    const deploy = await production.run('deploy', '--yes', '--json');
    const warnings = jsonLines(deploy).filter(
      (event) => event.type === 'check' && event.group === 'migrations' && !event.ok,
    );
    expect(warnings.map(({ name, detail }) => [name, detail])).toEqual([
      ['2', expect.stringMatching(/^applied .* UTC, but its file is missing$/)],
      ['1', 'is older than the newest applied one; it is applied all the same'],
    ]);
    expect(lastOf(deploy)).toMatchObject({ exitCode: 0, applied: ['1'] });
    const status = lastOf(await production.run('status', '--check', '--json'));
    expect(status).toMatchObject({ exitCode: 1, applied: ['1', '2'], pending: [], missing: ['2'] });
  });

  test('what could not be restored is told by doctor and refused by restore before anything is touched', async () => {
    const production = await create();
    await server().sql(
      `REVOKE ${server().kind === 'mysql' ? 'SET_ANY_DEFINER' : 'SET USER'} ON *.* FROM 'app user'@localhost`,
    );
    await production.sql('CREATE VIEW of_root AS SELECT 1 AS one');
    expect((await production.run('backup', 'create')).code).toBe(0);
    const doctor = await production.run('doctor', '--json');
    expect(doctor.code).toBe(0);
    expect(jsonLines(doctor).find((event) => event.name === 'definers')).toMatchObject({
      ok: false,
      level: 'warning',
      detail: 'app user@localhost may not create what belongs to root@localhost',
    });
    const restore = await production.run('restore', '--yes', '--json');
    expect(lastOf(restore)).toMatchObject({
      exitCode: 2,
      production: 'unchanged',
      error: { what: 'preflight found 1 to mend: definers' },
    });
    expect(await production.objects()).toEqual(['view of_root']);
  });

  test('--dry-run prints the plan with its SQL and changes nothing', async () => {
    const production = await create();
    const { code, stdout } = await production.run('deploy', '--dry-run');
    expect(code).toBe(0);
    expect(stdout).toContain('      CREATE TABLE shops (id INT PRIMARY KEY);\n');
    expect(stdout).toContain('Nothing was changed: this is what would be done.');
    expect(await production.objects()).toEqual([]);
  });
});
