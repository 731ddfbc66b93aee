import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import type { RehearsalRecord } from '../../src/rehearsal/record.ts';
import { describeOnServers } from '../support/servers.ts';
import { createProduction, finish, jsonLines, lastOf, type Production } from './production.ts';

function migration(up: string, down: string): string {
  return `-- migrate:up\n${up};\n-- migrate:down\n${down};\n`;
}

const GOOD = {
  '1_shops.sql': migration('CREATE TABLE shops (id INT PRIMARY KEY)', 'DROP TABLE shops'),
  '2_goods.sql': migration('CREATE TABLE goods (id INT PRIMARY KEY)', 'DROP TABLE goods'),
};

function recordIn({ dir, database }: Production): RehearsalRecord {
  const path = join(dir, '.gateway-migrate/rehearsal', `${encodeURIComponent(database)}.json`);
  return JSON.parse(readFileSync(path, 'utf8')) as RehearsalRecord;
}

describeOnServers('rehearsal by the built program', (server) => {
  const made: Production[] = [];
  const create = async (...options: Parameters<typeof createProduction> extends [unknown, ...infer R] ? R : never) => {
    const production = await createProduction(server(), ...options);
    made.push(production);
    return production;
  };
  afterAll(() => {
    for (const production of made) production.remove();
  });

  test('test on the project’s own six migrations says ready, keeps the evidence, and leaves production alone', async () => {
    const production = await create({ migrations: 'six' });
    const before = await production.objects();
    const done = await production.run('test', '--json');
    expect([done.code, lastOf(done).production]).toEqual([0, 'unchanged']);
    expect(await production.objects()).toEqual(before);
    const record = recordIn(production);
    expect(record.verdict).toBe('ready');
    expect(record.migrations).toHaveLength(6);
    for (const one of record.migrations.flatMap((rehearsed) => rehearsed.statements)) {
      expect(Object.values(one.objects)).toEqual([expect.stringMatching(/^[0-9a-f]{64}$/)]);
      expect(one.fingerprint).toMatch(/^[0-9a-f]{64}$/);
    }
    const summary = jsonLines(done).find((event) => event.type === 'summary');
    expect(Object.fromEntries(summary?.rows as [string, string][]).Verdict).toMatch(/^ready/);
  });

  test('what is not ready is exit 1, says why, and is no evidence', async () => {
    const production = await create({
      migrations: { '1_a.sql': migration('CREATE TABLE a (id INT PRIMARY KEY)', 'SELECT 1') },
    });
    const done = await production.run('test', '--json');
    expect(done.code).toBe(1);
    expect(lastOf(done).error).toEqual({
      what: 'not ready: 1 down-leaves-something',
      state: 'production is unchanged by this command',
      next: 'mend what is named above, then: gateway-migrate test',
    });
    expect(recordIn(production).verdict).toBe('not ready');
  });

  test('--keep leaves the clone there, and the next rehearsal makes it anew', async () => {
    const production = await create({ migrations: GOOD });
    expect((await production.run('test', '--keep')).code).toBe(0);
    const clones = () =>
      production.query(
        `SELECT SCHEMA_NAME FROM information_schema.SCHEMATA WHERE SCHEMA_NAME = '${production.database}_rehearsal'`,
      );
    expect(await clones()).toHaveLength(1);
    expect((await production.run('test')).code).toBe(0);
    expect(await clones()).toHaveLength(0);
  });

  test('killed in the middle it leaves its clone, which the next rehearsal removes', async () => {
    const production = await create({ migrations: 'six' });
    const child = production.start(['test', '--json']);
    child.stdout?.setEncoding('utf8').on('data', (text: string) => {
      if (/"step\.started"[^\n]*"id":"(?:forward|cascade|back)"/.test(text)) child.kill('SIGKILL');
    });
    expect((await finish(child)).code).toBeNull();
    const clones = () =>
      production.query(
        `SELECT SCHEMA_NAME FROM information_schema.SCHEMATA WHERE SCHEMA_NAME = '${production.database}_rehearsal'`,
      );
    expect(await clones()).toHaveLength(1);
    expect(lastOf(await production.run('status', '--json')).unfinished).toBeNull();
    const again = await production.run('test', '--json');
    expect([again.code, lastOf(again).error]).toEqual([0, undefined]);
    expect(await clones()).toHaveLength(0);
  });

  test('deploy takes the evidence, and rehearses again when one byte or one column is not what it was', async () => {
    const production = await create({ migrations: GOOD, parents: true, rehearses: true });
    expect((await production.run('test')).code).toBe(0);
    const told = async () => {
      const done = await production.run('deploy', '--json');
      const step = jsonLines(done).find((event) => event.type === 'step.finished' && event.id === 'rehearse');
      return step?.detail === undefined
        ? undefined
        : String(step.detail).replace(/^ready on (?:MySQL|MariaDB) \S+: \d+ statements? forward and back /, 'ready ');
    };
    // Without --yes it ends at the first question, with nothing done.
    expect(await told()).toBeUndefined();
    production.migration('2_goods.sql', GOOD['2_goods.sql'].replace('id INT', 'id  INT'));
    expect(await told()).toBe('ready (2 was changed since the rehearsal, or comes in another order)');
    expect(await told()).toBeUndefined();
    await production.sql('ALTER TABLE companies ADD COLUMN extra INT');
    expect(await told()).toBe("ready (production's schema has changed since the rehearsal)");
    production.configure({ verify: { requireIndexes: [{ table: 'goods', columns: ['id'] }] } });
    expect(await told()).toBe('ready (verify in the configuration has changed since the rehearsal)');
    production.migration('3_more.sql', migration('CREATE TABLE more (id INT PRIMARY KEY)', 'DROP TABLE more'));
    expect(await told()).toBe('ready (3 was not rehearsed)');
    const done = await production.run('deploy', '--yes', '--json');
    expect(lastOf(done).applied).toEqual(['1', '2', '3']);
    const summary = jsonLines(done).find((event) => event.type === 'summary');
    expect(Object.fromEntries(summary?.rows as [string, string][]).Rehearsed).toMatch(
      /^\d{4}-\d\d-\d\d \d\d:\d\d, ready$/,
    );
  });

  test('what it calls ready does not fail in the verification, with the site down', async () => {
    const production = await create({ parents: true, rehearses: true });
    await production.sql('CREATE TABLE settings (id INT PRIMARY KEY)');
    production.configure({
      verify: {
        tenant: { table: 'companies', column: 'company_id' },
        plans: ['SELECT * FROM later WHERE id = 1'],
      },
    });
    const countries = migration('CREATE TABLE countries (id INT PRIMARY KEY)', 'DROP TABLE countries');
    production.migration('1_countries.sql', countries);
    production.migration(
      '2_settings.sql',
      migration('ALTER TABLE settings ADD COLUMN word VARCHAR(9)', 'ALTER TABLE settings DROP COLUMN word'),
    );
    production.migration('3_later.sql', migration('CREATE TABLE later (id INT PRIMARY KEY)', 'DROP TABLE later'));
    expect(lastOf(await production.run('test', '--json')).error).toMatchObject({
      what: 'not ready: 1 tenant-column, 3 tenant-column',
    });
    const allow = '-- migrate:allow tenant-column the same for everybody\n';
    production.migration('1_countries.sql', allow + countries);
    const first = await production.run('deploy', '--yes', '--json', '--to', '2');
    expect(lastOf(first)).toMatchObject({ exitCode: 0, applied: ['1', '2'] });
    const checks = jsonLines(first).filter((event) => event.type === 'check' && event.ok === false);
    expect(checks.map(({ name, level, detail, remedy }) => [name, level, detail, remedy])).toEqual(
      expect.arrayContaining([
        [
          'countries.company_id exists',
          'advice',
          'the table has no column company_id (allowed: the same for everybody)',
          'ALTER TABLE `countries` ADD COLUMN `company_id` … NOT NULL',
        ],
        [
          'SELECT * FROM later WHERE id = 1',
          'warning',
          `Table '${production.database}.later' doesn't exist`,
          'look at verify.plans in the configuration',
        ],
      ]),
    );
    // A row that nobody owns, and what the probe of the cascade says of it, are allowed by name as well.
    const orphaned = 'id INT PRIMARY KEY, company_id BIGINT UNSIGNED NULL, KEY (company_id)';
    production.migration(
      '3_later.sql',
      ['tenant-cascade', 'tenant-not-null', 'rows-outlive-tenant']
        .map((name) => `-- migrate:allow ${name} the archive outlives its company\n`)
        .join('') + migration(`CREATE TABLE later (${orphaned})`, 'DROP TABLE later'),
    );
    const second = lastOf(await production.run('deploy', '--yes', '--json'));
    expect([second.error, second.applied]).toEqual([undefined, ['3']]);
    expect((await production.run('verify')).code).toBe(0);
    // Orphans that were there before are found by verify, and undo no deploy.
    await production.sql('CREATE TABLE rooms (id INT PRIMARY KEY, owner_id INT); INSERT INTO rooms VALUES (1, 7)');
    production.configure({ verify: { references: [{ from: 'rooms.owner_id', to: 'settings.id' }] } });
    production.migration('4_rooms.sql', migration('ALTER TABLE rooms ADD n INT', 'ALTER TABLE rooms DROP n'));
    const third = await production.run('deploy', '--yes', '--json');
    expect([lastOf(third).error, lastOf(third).applied]).toEqual([undefined, ['4']]);
    const orphans = { name: 'rooms.owner_id → settings.id', ok: false, detail: '1 key without a parent: 7' };
    expect(jsonLines(third).find(({ name }) => name === orphans.name)).toMatchObject({ ...orphans, level: 'warning' });
    expect(lastOf(await production.run('verify', '--json'))).toMatchObject({
      exitCode: 1,
      error: { what: expect.stringMatching(/^1 of \d+ checks do not hold: rooms\.owner_id → settings\.id$/) },
    });
  });

  test('deploy refuses what is not ready, unless it is told to skip the rehearsal', async () => {
    const bad = { '1_a.sql': migration('CREATE TABLE a (id INT PRIMARY KEY)', 'SELECT 1') };
    const production = await create({ migrations: bad, rehearses: true });
    const refused = await production.run('deploy', '--yes', '--json');
    expect([refused.code, lastOf(refused).production, lastOf(refused).error]).toEqual([
      5,
      'unchanged',
      {
        what: 'no valid rehearsal: not ready: 1 down-leaves-something',
        state: 'nothing was started, production is unchanged',
        next: 'gateway-migrate test',
      },
    ]);
    const skipped = await production.run('deploy', '--yes', '--json', '--skip-rehearsal');
    expect([skipped.code, lastOf(skipped).applied]).toEqual([0, ['1']]);
    const summary = jsonLines(skipped).find((event) => event.type === 'summary');
    expect(Object.fromEntries(summary?.rows as [string, string][]).Rehearsed).toBe(
      'NO: whether it works shows in production (--skip-rehearsal)',
    );
  });

  test('deploy asks for the grant when the clone cannot be made', async () => {
    const production = await create({ migrations: GOOD, rehearses: true });
    production.configure({ rehearsal: { database: 'forbidden_clone' } });
    const { code, error } = lastOfJson(await production.run('deploy', '--yes', '--json'));
    expect(code).toBe(5);
    expect(error.what).toMatch(
      /^the database forbidden_clone cannot be made for the rehearsal: Access denied for user /,
    );
    expect(error.next).toMatch(
      /^GRANT ALL ON `forbidden\\_clone`\.\* TO 'app user'@'localhost'; or the same command with --skip-rehearsal$/,
    );
  });
});

function lastOfJson(finished: Awaited<ReturnType<Production['run']>>) {
  const { exitCode, error } = lastOf(finished);
  return { code: exitCode, error: error as { what: string; next: string } };
}
