import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { loadConfig } from '../../src/config/load.ts';
import { suggest } from '../../src/config/problems.ts';
import { failureOf, makeFolder } from './folder.ts';

const YAML = 'gateway-migrate.config.yaml';
const SECRET = 'hunter2';

const failWith = async (yaml: string, env: Record<string, string> = {}, files: Record<string, string> = {}) => {
  const cwd = makeFolder({ [YAML]: yaml, ...files });
  const failure = await failureOf(loadConfig({ cwd, env }));
  expect(failure).toMatchObject({ exitCode: 78, production: 'unchanged', next: 'gateway-migrate doctor' });
  return failure.message.replaceAll(cwd, '<folder>');
};
const VALID = 'database: { name: shop, user: deploy }\n';

describe('all problems at once', () => {
  it('names path, place, what was found and what was expected, and no secret', async () => {
    const yaml = `databse: { name: x }
database:
  host: db1
  socket: /run/s.sock
  port: 99999
  user: deploy
  password: 1234567
  passwordFile: not-there
  nmae: shop
rehearsal: { databse: shop_test, tls: maybe }
migrations: { engine: yes, lockRetries: -1 }
app:
  maintenance: { enter: php artisan down }
  caches: laravel
  health: { url: api.example.com }
backup:
  keep: { last: ten }
  minFree: 500 MB
verify:
  tenant: { table: companies }
  references: [{ from: staff_id, to: staff.id }]
monitor: { for: 30, thresholds: { slower: 2x }, logs: [{ major: [deadlock, /(/] }, /var/log/x] }
notify:
  - { type: slack, url: 12 }
  - { type: pager }
  - { type: email, smtp: ${'$'}{SMTP_URL}, from: a@example.com, to: b@example.com }
logs: 7
`;
    const env = { GATEWAY_MIGRATE_BACKUP_COMPRESSION: 'zip', GATEWAY_MIGRATE_BACKUP_DRI: '/x' };
    expect(await failWith(yaml, env, { '.env': `DB_PASSWORD=${SECRET} ${SECRET}\n` })).toBe(
      [
        'the configuration has 34 problems',
        '  GATEWAY_MIGRATE_BACKUP_DRI: unknown variable, did you mean "GATEWAY_MIGRATE_BACKUP_DIR"?',
        '  <folder>/.env:1: the value of DB_PASSWORD has a space in it, so it needs quotes around it',
        '  notify[2].smtp: ${SMTP_URL} is not set, expected it in the environment or <folder>/.env',
        "  database.passwordFile: cannot be read (ENOENT: no such file or directory, open '<folder>/not-there')",
        '  database.port: found 99999 in gateway-migrate.config.yaml:5, expected a whole number from 1 to 65535',
        '  database.password: found a number (not shown) in gateway-migrate.config.yaml:7, expected text in quotes',
        '  database.nmae: unknown key in gateway-migrate.config.yaml:9, did you mean "name"?',
        '  rehearsal.tls: found "maybe" in gateway-migrate.config.yaml:10, expected true, false or { ca: FILE }',
        '  rehearsal.databse: unknown key in gateway-migrate.config.yaml:10, did you mean "database"?',
        '  migrations.engine: found "yes" in gateway-migrate.config.yaml:11, expected one of sql, artisan',
        '  migrations.lockRetries: found -1 in gateway-migrate.config.yaml:11, expected a whole number from 0 to 1000',
        '  app.maintenance.enter: found "php artisan down" in gateway-migrate.config.yaml:13, expected a command as a list: [program, argument, …]',
        '  app.maintenance.leave: found nothing, expected a command as a list: [program, argument, …]',
        '  app.health.url: found "api.example.com" in gateway-migrate.config.yaml:15, expected an address that begins with http:// or https://',
        '  backup.compression: found "zip" in GATEWAY_MIGRATE_BACKUP_COMPRESSION, expected one of gzip, zstd',
        '  backup.keep.last: found "ten" in gateway-migrate.config.yaml:17, expected a whole number from 1 to 100000',
        '  backup.minFree: found "500 MB" in gateway-migrate.config.yaml:18, expected a size such as 500MB or 2GB',
        '  verify.tenant.column: found nothing, expected the name of a column',
        '  verify.references[0].from: found "staff_id" in gateway-migrate.config.yaml:21, expected a column as table.column',
        '  monitor.for: found 30 in gateway-migrate.config.yaml:22, expected a duration such as 90s, 30m or 2h',
        '  monitor.thresholds.slower: found "2x" in gateway-migrate.config.yaml:22, expected a percentage such as 1% or 50%',
        '  monitor.logs[0].path: found nothing, expected the path of a log file',
        '  monitor.logs[0].major[1]: found "/(/" in gateway-migrate.config.yaml:22, expected a text, or a /regular expression/',
        '  monitor.logs[1]: found "/var/log/x" in gateway-migrate.config.yaml:22, expected a mapping with path',
        '  notify[0].url: found a number (not shown) in gateway-migrate.config.yaml:24, expected the address of a Slack webhook',
        '  notify[1].type: found "pager" in gateway-migrate.config.yaml:25, expected a mapping whose type is slack, email, webhook or command',
        '  notify[2].to: found "b@example.com" in gateway-migrate.config.yaml:26, expected a list of e-mail addresses',
        '  logs: found 7 in gateway-migrate.config.yaml:27, expected the path of a folder',
        '  databse: unknown key in gateway-migrate.config.yaml:1, did you mean "database"?',
        "  database.name: found nothing, expected database.name in the file, GATEWAY_MIGRATE_DATABASE_NAME, or DB_DATABASE in the application's .env",
        '  database.socket: found beside database.host in gateway-migrate.config.yaml:4, expected only one of the two',
        '  database.socket: found beside database.port in gateway-migrate.config.yaml:4, expected only one of the two',
        '  database.password: found beside database.passwordFile in gateway-migrate.config.yaml:7, expected only one of the two',
        '  app.caches: found "laravel" without app.dir, expected both',
      ].join('\n'),
    );
  });

  it('tells where a value of .env stands', async () => {
    expect(await failWith('logs: /tmp', {}, { '.env': 'DB_DATABASE=shop\nDB_USERNAME=u\nDB_PORT=none' })).toBe(
      'the configuration has a problem\n  database.port: found "none" in DB_PORT of <folder>/.env, expected a whole number from 1 to 65535',
    );
  });

  it('refuses PHP migrations without their application', async () => {
    expect(await failWith(`${VALID}migrations: { engine: artisan }`)).toBe(
      'the configuration has a problem\n  migrations.engine: found "artisan" without app.dir, expected both',
    );
  });

  it('refuses to rehearse on the production database', async () => {
    expect(await failWith(`${VALID}rehearsal: { database: SHOP, host: localhost }`)).toBe(
      'the configuration has a problem\n  rehearsal.database: found the production database "shop" itself, expected one that may be dropped',
    );
  });
});

describe('a file that cannot be read', () => {
  it.each([
    ['database:\n\thost: x', `${YAML}:2:1: Tabs are not allowed as indentation`],
    [`password: a: ${SECRET}`, `${YAML}:1:11: Nested mappings are not allowed in compact mappings`],
    [`password: "${SECRET}`, `${YAML}:1:19: Missing closing "quote`],
    [`password: *${SECRET}`, `${YAML}:1:11: Alias of nothing, put the value in quotes`],
    [`password: @${SECRET}`, `${YAML}:1:11: Plain value cannot start with reserved character @`],
    ['logs: /a\nlogs: /b', `${YAML}:2:1: Map keys must be unique`],
    ['just text', `${YAML}: holds no mapping, expected keys such as database and migrations`],
  ])('%j', async (yaml, problem) => {
    expect(await failWith(yaml)).toBe(`the configuration has a problem\n  ${problem}`);
  });

  it('never quotes what stands in it', async () => {
    const noise = fc
      .array(fc.constantFrom(...'"\'\\{}[]:,#&*!|>%@` \n\t-?a1'), { maxLength: 8 })
      .map((c) => c.join(''));
    await fc.assert(
      fc.asyncProperty(noise, noise, async (before, after) => {
        const cwd = makeFolder({ [YAML]: `database:\n  user: 7\n  password: ${before}${SECRET}${after}\n` });
        const { message } = await failureOf(loadConfig({ cwd, env: {} }));
        const shown = message.split('\n').filter((line) => !line.includes('unknown key'));
        expect(shown.join('\n')).not.toContain(SECRET);
      }),
    );
  });

  it('quotes no tag and no directive, which may be a password', async () => {
    expect(await failWith(`password: !${SECRET}!`)).toBe(
      `the configuration has 2 problems\n  ${YAML}:1:11: The tag has no suffix\n  ${YAML}:1:11: Could not resolve tag`,
    );
    const directive = await failWith(`%${SECRET} 1\n---\nlogs: /x`);
    expect(directive.split('\n')[1]).toBe(`  ${YAML}:1:1: Unknown directive: put the value in quotes`);
  });

  it('a value that YAML reads as a tag', async () => {
    expect(await failWith(`${VALID}logs: !pass /tmp`)).toBe(
      `the configuration has a problem\n  ${YAML}:2:7: Unresolved tag: put the value in quotes`,
    );
  });

  it('a file that is not there', async () => {
    const cwd = makeFolder();
    const failure = await failureOf(loadConfig({ cwd, env: {}, file: 'no.yaml' }));
    expect(failure.message.replaceAll(cwd, '<folder>')).toBe(
      "the configuration has a problem\n  no.yaml: cannot be read (ENOENT: no such file or directory, open '<folder>/no.yaml')",
    );
  });

  it('two files in one folder', async () => {
    const message = await failWith(VALID, {}, { 'gateway-migrate.config.json': '{}' });
    expect(message).toBe(
      `the configuration has a problem\n  <folder>: holds 2 configuration files (<folder>/${YAML}, <folder>/gateway-migrate.config.json), expected one`,
    );
  });

  it('a program that throws', async () => {
    const cwd = makeFolder({ 'gateway-migrate.config.mjs': 'throw new Error("no vault")' });
    expect((await failureOf(loadConfig({ cwd, env: {} }))).message).toBe(
      'the configuration has a problem\n  gateway-migrate.config.mjs: cannot be run (no vault)',
    );
  });
});

describe('references', () => {
  it.each([
    ['a${', 'found "${" without a name and "}" after it, expected ${NAME}, or $${ for the characters "${"'],
    ['${A:-b}', 'found "${" without a name and "}" after it, expected ${NAME}, or $${ for the characters "${"'],
    ['${NOT_SET}', '${NOT_SET} is not set, expected it in the environment or <folder>/.env'],
  ])('%s', async (text, problem) => {
    expect(await failWith(`${VALID}logs: '${text}'`)).toBe(`the configuration has a problem\n  logs: ${problem}`);
  });

  it('never show the value that was filled in', async () => {
    const yaml = `database: { name: shop, user: deploy, port: '\${PORT}' }\nbackup: { minFree: '\${PORT}' }`;
    expect(await failWith(yaml, { PORT: SECRET })).toBe(
      [
        'the configuration has 2 problems',
        `  database.port: found "\${PORT}" in ${YAML}:1, expected a whole number from 1 to 65535`,
        `  backup.minFree: found "\${PORT}" in ${YAML}:2, expected a size such as 500MB or 2GB`,
      ].join('\n'),
    );
  });
});

it('does not show a password in an address that is in the wrong place', async () => {
  expect(await failWith(`${VALID}rehearsal: mysql://root:${SECRET}@db1/x`)).toBe(
    `the configuration has a problem\n  rehearsal: found "mysql://…@db1/x" in ${YAML}:2, expected a mapping with the key database, or the word private`,
  );
  expect(await failWith('logs: /tmp', { DB_URL: `mysql://root:${SECRET}@[/x` })).toContain(
    'DB_URL: not an address (not shown), expected mysql://user:password@host:port/database',
  );
});

it('says which variable holds bad JSON, and nothing of it', async () => {
  expect(await failWith(VALID, { GATEWAY_MIGRATE_VERIFY_PLANS: `["${SECRET}` })).toMatch(
    /^the configuration has a problem\n {2}GATEWAY_MIGRATE_VERIFY_PLANS: not valid JSON( at position \d+)?, expected a list or a mapping as JSON$/,
  );
});

it('says which half of a polymorphic reference is missing', async () => {
  const references = [
    '{ from: a.b_id, type: b_type, to: c.id }',
    '{ from: a.b_id, to: { C: c.id } }',
    '{ from: a.b_id, type: b_type, to: { C: c } }',
    '{ from: a.b_id, type: b_type, to: { C: c.id } }',
  ];
  expect(await failWith(`${VALID}verify: { references: [${references.slice(0, 2).join(', ')}] }`)).toBe(
    [
      'the configuration has 2 problems',
      '  verify.references[0]: found type, expected to as a mapping of types to columns',
      '  verify.references[1]: found a mapping of types, expected type beside it',
    ].join('\n'),
  );
  expect(await failWith(`${VALID}verify: { references: [${references[2]}] }`)).toContain('verify.references[0].to');
});

it('suggests the nearest key, or all of them', () => {
  const keys = ['host', 'port', 'passwordFile'];
  expect(suggest('hsot', keys)).toBe('did you mean "host"?');
  expect(suggest('password_file', keys)).toBe('did you mean "passwordFile"?');
  expect(suggest('certificate', keys)).toBe('expected one of host, port, passwordFile');
});

it('keeps --config in the next command', async () => {
  const cwd = makeFolder({ 'prod.yaml': 'logs: 7' });
  const { next } = await failureOf(loadConfig({ cwd, env: {}, file: 'prod.yaml' }));
  expect(next).toBe('gateway-migrate --config prod.yaml doctor');
});
