import { once } from 'node:events';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inspect } from 'node:util';
import { describe, expect, it } from 'vitest';
import { loadConfig, locateMigrations } from '../../src/config/load.ts';
import { readLaravelDatabase } from '../../src/config/sources/laravel.ts';
import { failureOf, makeFolder } from './folder.ts';

const YAML = 'gateway-migrate.config.yaml';
const MINIMAL = 'database: { name: shop, user: deploy }\n';

describe('precedence', () => {
  // Every source gives the same key; each row takes the strongest away.
  const flag = { database: { user: 'from-flag' } };
  const variable = { GATEWAY_MIGRATE_DATABASE_USER: 'from-variable' };
  const file = { [YAML]: 'database: { name: shop, user: from-file }' };
  const outside = { DB_USERNAME: 'from-process' };
  const dotenv = { '.env': 'DB_DATABASE=shop\nDB_USERNAME=from-dotenv' };
  it.each([
    ['flag', 'from-flag', { ...file, ...dotenv }, { ...variable, ...outside }, flag],
    ['environment', 'from-variable', { ...file, ...dotenv }, { ...variable, ...outside }, undefined],
    ['file', 'from-file', { ...file, ...dotenv }, outside, undefined],
    ['DB_… of the process', 'from-process', dotenv, outside, undefined],
    ["the application's .env", 'from-dotenv', dotenv, {}, undefined],
  ])('%s', async (_source, user, files, env, overrides) => {
    const config = await loadConfig({ cwd: makeFolder(files), env, overrides });
    expect(config.database.user).toBe(user);
  });

  it('lets GATEWAY_MIGRATE_PASSWORD win over everything, and then needs nothing else for it', async () => {
    const cwd = makeFolder({ [YAML]: 'database: { name: shop, user: deploy, password: "${NOT_SET}" }' });
    const env = { GATEWAY_MIGRATE_PASSWORD: 'top', GATEWAY_MIGRATE_DATABASE_PASSWORD_FILE: '/not/there' };
    const config = await loadConfig({ cwd, env, overrides: { database: { password: 'flag' } } });
    expect(config.database.password?.reveal()).toBe('top');
  });

  it('counts an empty variable as not set', async () => {
    const env = { GATEWAY_MIGRATE_DATABASE_USER: '', GATEWAY_MIGRATE_PASSWORD: '' };
    const config = await loadConfig({ cwd: makeFolder({ [YAML]: MINIMAL }), env });
    expect(config.database).toMatchObject({ user: 'deploy' });
    expect(config.database).not.toHaveProperty('password');
  });

  it.each([
    ['host over a socket of .env', 'host: db1', 'DB_SOCKET=/run/s.sock', { host: 'db1', port: 3306 }],
    [
      'socket over host and port of .env',
      'socket: /run/s.sock',
      'DB_HOST=db1\nDB_PORT=3307',
      { socket: '/run/s.sock' },
    ],
    ['port alone over a socket of .env', 'port: 3307', 'DB_SOCKET=/run/s.sock', { host: '127.0.0.1', port: 3307 }],
  ])('%s', async (_title, line, dotenv, place) => {
    const cwd = makeFolder({ [YAML]: `database: { name: shop, user: deploy, ${line} }`, '.env': dotenv });
    const { database } = await loadConfig({ cwd, env: {} });
    expect(database).toEqual({ ...place, database: 'shop', user: 'deploy', tls: false });
  });
});

describe('defaults', () => {
  it('fills in everything that may be left out', async () => {
    const cwd = makeFolder({ [YAML]: MINIMAL });
    const place = { host: '127.0.0.1', port: 3306, user: 'deploy', tls: false };
    expect(await loadConfig({ cwd, env: {} })).toEqual({
      file: join(cwd, YAML),
      database: { ...place, database: 'shop' },
      rehearsal: { ...place, database: 'shop_rehearsal' },
      migrations: {
        dir: join(cwd, 'migrations'),
        engine: 'sql',
        laravelTable: null,
        lockWaitSeconds: 3,
        lockRetries: 10,
        allowNonTransactional: false,
      },
      app: {
        dir: undefined,
        maintenance: 'none',
        workers: 'none',
        caches: 'none',
        services: [],
        serviceCommand: ['systemctl', '{action}', '{service}'],
        health: undefined,
      },
      backup: {
        dir: '/var/backups/mysql',
        compression: 'gzip',
        verify: 'restore',
        keep: { last: 10, days: 30 },
        minFreeBytes: 500_000_000,
      },
      verify: { requireTables: [], requireIndexes: [], tenant: undefined, references: [], polymorphic: [], plans: [] },
      monitor: {
        ...{ forMs: 1_800_000, everyMs: 5_000, checkpointsMs: [60_000, 300_000, 900_000, 1_800_000], logs: [] },
        thresholds: {
          ...{ errorRate: 0.01, slower: 0.5, slowerByMs: 1, leastVolume: 50, leastErrors: 3, falseAlarms: 0.01 },
          ...{ siteDownMs: 30_000, spaceFree: 0.03, rowsLost: 0.2 },
        },
      },
      notify: [],
      logsDir: '/var/log',
      stateDir: join(cwd, '.gateway-migrate'),
    });
  });

  it('knows a Laravel application beside the file', async () => {
    const cwd = makeFolder({ [YAML]: MINIMAL, artisan: '' });
    const { app, migrations } = await loadConfig({ cwd, env: {} });
    expect(app).toMatchObject({ dir: cwd, maintenance: 'laravel', caches: 'laravel' });
    expect(migrations.laravelTable).toBe('migrations');
  });

  it('lets Laravel’s own table alone when told so', async () => {
    const cwd = makeFolder({ [YAML]: `${MINIMAL}migrations: { laravelTable: null }`, artisan: '' });
    expect((await loadConfig({ cwd, env: {} })).migrations.laravelTable).toBeNull();
  });

  it('takes an empty section as left out', async () => {
    const cwd = makeFolder({ [YAML]: `${MINIMAL}backup:\n  # keep: { last: 3 }\nnotify:\n` });
    expect(await loadConfig({ cwd, env: {} })).toMatchObject({ backup: { keep: { last: 10 } }, notify: [] });
  });
});

describe('rehearsal', () => {
  const rehearse = async (rehearsal: string) => {
    const database = 'database: { name: shop, user: deploy, password: secret, socket: /run/s.sock }';
    const cwd = makeFolder({ [YAML]: `${database}\nrehearsal: ${rehearsal}` });
    return (await loadConfig({ cwd, env: {} })).rehearsal;
  };

  it('takes from production what it does not say', async () => {
    expect(await rehearse('{ database: shop_test }')).toMatchObject({
      socket: '/run/s.sock',
      database: 'shop_test',
      user: 'deploy',
    });
  });

  it('has its own server, and with its own user no password of production', async () => {
    expect(await rehearse('{ database: shop_test, host: db2, user: tester }')).toEqual({
      host: 'db2',
      port: 3306,
      database: 'shop_test',
      user: 'tester',
      tls: false,
    });
  });

  it('may be private', async () => {
    expect(await rehearse('private')).toBe('private');
  });
});

describe('the file', () => {
  const values = { database: { name: 'shop', user: 'deploy', port: 3307 }, monitor: { for: '90s' } };
  it.each([
    ['gateway-migrate.config.yaml', 'database:\n  name: shop\n  user: deploy\n  port: 3307\nmonitor:\n  for: 90s\n'],
    ['gateway-migrate.config.yml', 'database: { name: shop, user: deploy, port: 3307 }\nmonitor: { for: 90s }\n'],
    ['gateway-migrate.config.json', JSON.stringify(values, null, '\t')],
    ['gateway-migrate.config.mjs', `export default ${JSON.stringify(values)};`],
    ['gateway-migrate.config.mjs', `export default async () => (${JSON.stringify(values)});`],
  ])('%s is found from a folder below it', async (name, content) => {
    const folder = makeFolder({ [name]: content, 'deep/er/.keep': '' });
    expect(await loadConfig({ cwd: join(folder, 'deep/er'), env: {} })).toMatchObject({
      file: join(folder, name),
      database: { database: 'shop', user: 'deploy', port: 3307 },
      monitor: { forMs: 90_000 },
      stateDir: join(folder, '.gateway-migrate'),
    });
  });

  it('is the one that --config or GATEWAY_MIGRATE_CONFIG names', async () => {
    const cwd = makeFolder({ [YAML]: MINIMAL, 'other/prod.yaml': 'database: { name: prod, user: u }' });
    const byFlag = await loadConfig({ cwd, env: {}, file: 'other/prod.yaml' });
    const byVariable = await loadConfig({ cwd, env: { GATEWAY_MIGRATE_CONFIG: 'other/prod.yaml' } });
    expect([byFlag.database.database, byVariable.database.database]).toEqual(['prod', 'prod']);
    expect(byFlag.migrations.dir).toBe(join(cwd, 'other/migrations'));
  });

  it('resolves a program and a log beside the right folder', async () => {
    const cwd = makeFolder({
      [YAML]: `${MINIMAL}app: { dir: site }\nmonitor: { logs: [{ path: storage/logs/laravel.log }] }\nnotify: [{ type: command, run: [./tell.sh, ./as-is] }]`,
    });
    const { monitor, notify } = await loadConfig({ cwd, env: {} });
    expect(monitor.logs[0]?.path).toBe(join(cwd, 'site/storage/logs/laravel.log'));
    expect(notify).toEqual([{ type: 'command', run: [join(cwd, 'tell.sh'), './as-is'] }]);
  });

  it('takes certificates as their text, from beside the file', async () => {
    const cwd = makeFolder({
      [YAML]: 'database: { name: shop, user: deploy, tls: { ca: ca.pem } }',
      'ca.pem': 'PEM\n',
    });
    const { database, rehearsal } = await loadConfig({ cwd, env: {} });
    expect([database.tls, rehearsal]).toMatchObject([{ ca: 'PEM\n' }, { tls: { ca: 'PEM\n' } }]);
  });

  it('is not needed to find the migrations, nor must it be right', async () => {
    const cwd = makeFolder({ [YAML]: 'database: { password: "${NOT_SET}" }\nmigrations: { dir: sql }' });
    expect(await locateMigrations({ cwd, env: {} })).toBe(join(cwd, 'sql'));
    const bare = makeFolder();
    expect(await locateMigrations({ cwd: bare, env: {} })).toBe(join(bare, 'migrations'));
  });

  it('looks for PHP migrations where the application has them, unless a folder is named', async () => {
    const app = makeFolder();
    const php = makeFolder({
      [YAML]: `database: { name: shop, user: u }\napp: { dir: ${app} }\nmigrations: { engine: artisan }`,
    });
    expect((await loadConfig({ cwd: php, env: {} })).migrations.dir).toBe(join(app, 'database/migrations'));
    const own = makeFolder({
      [YAML]: `database: { name: shop, user: u }\napp: { dir: ${app} }\nmigrations: { engine: artisan, dir: mine }`,
    });
    expect((await loadConfig({ cwd: own, env: {} })).migrations.dir).toBe(join(own, 'mine'));
  });
});

describe('variables', () => {
  it('follow one rule, with JSON for lists and mappings', async () => {
    const env = {
      GATEWAY_MIGRATE_DATABASE_NAME: '[shop',
      GATEWAY_MIGRATE_DATABASE_USER: 'deploy',
      GATEWAY_MIGRATE_DATABASE_PORT: '3307',
      GATEWAY_MIGRATE_DATABASE_TLS: 'true',
      GATEWAY_MIGRATE_BACKUP_KEEP_LAST: '3',
      GATEWAY_MIGRATE_BACKUP_MIN_FREE: '2GiB',
      GATEWAY_MIGRATE_VERIFY_REQUIRE_TABLES: '["a", "b"]',
      GATEWAY_MIGRATE_REHEARSAL: 'private',
    };
    expect(await loadConfig({ cwd: makeFolder(), env })).toMatchObject({
      database: { database: '[shop', port: 3307, tls: true },
      backup: { keep: { last: 3, days: 30 }, minFreeBytes: 2 ** 31 },
      verify: { requireTables: ['a', 'b'] },
      rehearsal: 'private',
    });
  });

  it('of the tool itself are no keys', async () => {
    const env = { GATEWAY_MIGRATE_CLIENTS: '/opt/mysql/bin', GATEWAY_MIGRATE_SERVERS: '/opt/servers' };
    expect(await loadConfig({ cwd: makeFolder({ [YAML]: MINIMAL }), env })).toBeDefined();
  });

  it('are filled into texts once, from the environment before .env', async () => {
    const cwd = makeFolder({
      [YAML]: 'database: { name: "${A}_${B}", user: "$${A}", port: "${PORT}" }\nverify: { plans: ["SELECT ${A}$1"] }',
      '.env': 'A=file\nB="\\${A}"\nPORT=3307',
    });
    const config = await loadConfig({ cwd, env: { A: 'outside' } });
    expect(config.database).toMatchObject({ database: 'outside_${A}', user: '${A}', port: 3307 });
    expect(config.verify.plans).toEqual(['SELECT outside$1']);
  });

  it.each([
    ['single variables', 'DB_HOST=db1\nDB_PORT=3307\nDB_DATABASE=shop\nDB_USERNAME=deploy\nDB_PASSWORD=pw', 'pw'],
    ['an address', 'DB_URL=mysql://deploy:p%40w%23@db1:3307/shop', 'p@w#'],
    [
      'an address over single variables',
      'DATABASE_URL=mysql://deploy:pw@db1:3307/shop\nDB_HOST=no\nDB_DATABASE=no',
      'pw',
    ],
  ])('of Laravel: %s', async (_title, dotenv, password) => {
    const { database } = await loadConfig({ cwd: makeFolder({ '.env': dotenv }), env: {} });
    expect(database).toMatchObject({ host: 'db1', port: 3307, database: 'shop', user: 'deploy' });
    expect(database.password?.reveal()).toBe(password);
  });

  it('of Laravel: null means nothing, a socket wins', async () => {
    const dotenv = 'DB_HOST=db1\nDB_SOCKET=/run/s.sock\nDB_DATABASE=shop\nDB_USERNAME=deploy\nDB_PASSWORD=null';
    const { database } = await loadConfig({ cwd: makeFolder({ '.env': dotenv }), env: {} });
    expect(database).toEqual({ socket: '/run/s.sock', database: 'shop', user: 'deploy', tls: false });
  });
});

describe('localhost', () => {
  const app = (values: Record<string, string>) => ({ path: '/app/.env', get: (name: string) => values[name] });
  const sockets = [join(tmpdir(), 'no-such.sock'), tmpdir(), join(tmpdir(), `gateway-migrate-${process.pid}.sock`)];
  const read = (values: Record<string, string>) => readLaravelDatabase(app(values), [], sockets).tree;

  it.each<[string, Record<string, string>, Record<string, string>]>([
    ['the socket', { DB_HOST: 'localhost', DB_PORT: '3307' }, { socket: String(sockets[2]) }],
    ['the socket, by address', { DB_URL: 'mysql://localhost:3307' }, { socket: String(sockets[2]) }],
    ['what is said', { DB_HOST: 'localhost', DB_SOCKET: '/run/own.sock' }, { socket: '/run/own.sock' }],
    ['none for an address', { DB_HOST: '127.0.0.1', DB_PORT: '3307' }, { host: '127.0.0.1', port: '3307' }],
  ])('is %s, as for PDO', async (_title, values, expected) => {
    const listening = createServer().listen(sockets[2]);
    await once(listening, 'listening');
    const tree = read(values);
    listening.close();
    expect(tree).toEqual({ database: expected });
  });

  it('is reached over TCP where there is no socket', () => {
    expect(read({ DB_HOST: 'localhost' })).toEqual({ database: { host: 'localhost' } });
  });

  it.each([
    ['[::1]', '::1'],
    ['::1', '::1'],
    ['db1', 'db1'],
  ])('and an address of IPv6: %s', async (host, expected) => {
    const { database } = await loadConfig({
      cwd: makeFolder({ '.env': `DB_HOST=${host}\nDB_DATABASE=shop\nDB_USERNAME=a` }),
      env: {},
    });
    expect(database.host).toBe(expected);
  });
});

describe('a password of any kind', () => {
  const PASSWORD = ` a'b"c d$e\${f}#g\\h\\n%i!&é `;
  const yaml = `'${PASSWORD.replaceAll("'", "''").replaceAll('${', () => '$${')}'`;
  const json = JSON.stringify(PASSWORD.replaceAll('${', () => '$${'));
  const dotenv = `DB_PASSWORD="${PASSWORD.replace(/["\\$]/g, '\\$&')}"`;
  const withPassword = (value: string) => `database: { name: shop, user: deploy, password: ${value} }`;
  it.each<[string, Record<string, string>, Record<string, string>]>([
    ['yaml', { [YAML]: withPassword(yaml) }, {}],
    ['json', { 'gateway-migrate.config.json': `{"database":{"name":"shop","user":"deploy","password":${json}}}` }, {}],
    [
      'js',
      {
        'gateway-migrate.config.mjs': `export default { database: { name: 'shop', user: 'deploy', password: ${JSON.stringify(PASSWORD)} } };`,
      },
      {},
    ],
    ['a variable in yaml', { [YAML]: withPassword('${SOME_PASSWORD}') }, { SOME_PASSWORD: PASSWORD }],
    ['a variable of .env in yaml', { [YAML]: withPassword('${DB_PASSWORD}'), '.env': dotenv }, {}],
    ['.env', { [YAML]: MINIMAL, '.env': dotenv }, {}],
    ['GATEWAY_MIGRATE_PASSWORD', { [YAML]: MINIMAL }, { GATEWAY_MIGRATE_PASSWORD: PASSWORD }],
    ['GATEWAY_MIGRATE_DATABASE_PASSWORD', { [YAML]: MINIMAL }, { GATEWAY_MIGRATE_DATABASE_PASSWORD: PASSWORD }],
    ['passwordFile', { [YAML]: 'database: { name: shop, user: deploy, passwordFile: pw }', pw: `${PASSWORD}\n` }, {}],
  ])('survives %s, and is never shown', async (_route, files, env) => {
    const config = await loadConfig({ cwd: makeFolder(files), env });
    expect(config.database.password?.reveal()).toBe(PASSWORD);
    const shown =
      JSON.stringify(config) + inspect(config, { depth: 9, showHidden: true }) + String(config.database.password);
    expect(shown).not.toContain('%i!&é');
  });
});

describe('without any configuration', () => {
  it('says to run init', async () => {
    const cwd = makeFolder();
    expect(await failureOf(loadConfig({ cwd, env: {} }))).toMatchObject({
      exitCode: 78,
      message: `no configuration found: no gateway-migrate.config.yaml (or .yml, .json, .js, .mjs) in ${cwd} or above it, and neither the environment nor ${cwd}/.env names a database`,
      next: 'gateway-migrate init',
    });
  });
});
