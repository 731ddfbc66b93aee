import { createHash } from 'node:crypto';
import { delimiter, join } from 'node:path';
import { expect, test } from 'vitest';
import type { Config } from '../../../src/config/config.ts';
import { connect, type Session } from '../../../src/mysql/connect.ts';
import { cloneSchema } from '../../../src/rehearsal/clone/clone.ts';
import { compareClone, compareServers } from '../../../src/rehearsal/clone/likeness.ts';
import { withPlace } from '../../../src/rehearsal/clone/place.ts';
import { withScratch } from '../../../src/schema/scratch.ts';
import { readSnapshot } from '../../../src/schema/snapshot.ts';
import { namesDatabase } from '../../../src/schema/text.ts';
import { systemExec } from '../../../src/system/exec.ts';
import { runAll, withSession } from '../../schema/sessions.ts';
import { SHOP } from '../../schema/shop.ts';
import { describeOnServers, type TestServer } from '../../support/servers.ts';
import { file, rehearseFiles, rehearseOn } from '../stages.ts';

/** Clones a database, and compares the two. */
async function clone(server: TestServer, database: string) {
  const scratch = { name: `${database}_clone`, charset: 'utf8mb4', collation: 'utf8mb4_unicode_ci' };
  const onto = await connect(server.target(scratch.name), { database: null });
  return withSession(server, database, async (session) => {
    const production = await readSnapshot(session, database);
    return withScratch(onto, scratch, async () => {
      const cloned = await cloneSchema(session, production, onto);
      const copy = await withSession(server, scratch.name, (reading) => readSnapshot(reading, scratch.name));
      return { production, copy, cloned, checks: compareClone(production, copy, cloned) };
    });
  });
}

describeOnServers('the clone', (server) => {
  test('is what production is, with every kind of object, but for events: those are disabled', async () => {
    const database = await server().createDatabase('shop');
    await runAll(
      server(),
      database,
      [
        ...SHOP,
        'CREATE VIEW a_needs_z AS SELECT id FROM z_first',
        'CREATE VIEW z_first AS SELECT id FROM orders',
      ].toSorted((a, b) => Number(a.includes('a_needs_z')) - Number(b.includes('a_needs_z'))),
    );
    await runAll(server(), database, ['ALTER EVENT nightly ENABLE']);
    const { production, copy, cloned, checks } = await clone(server(), database);
    expect(cloned.shortfalls).toEqual([]);
    expect([...copy.objects.keys()].sort()).toEqual([...production.objects.keys()].sort());
    const different = [...production.objects].filter(([id, one]) => copy.objects.get(id)?.digest !== one.digest);
    expect(different.map(([id]) => id)).toEqual(['event:nightly']);
    expect(checks.map(({ name, ok }) => [name, ok])).toEqual([['schema', true]]);
  });

  test('keeps the sql_mode of stored programs', async () => {
    const database = await server().createDatabase('mode');
    await runAll(server(), database, [
      "SET SESSION sql_mode = 'ANSI_QUOTES,PIPES_AS_CONCAT'",
      "CREATE PROCEDURE p() SELECT 'a' || 'b' AS \"both\"",
    ]);
    const { production, copy } = await clone(server(), database);
    expect(copy.fingerprint).toBe(production.fingerprint);
  });

  test('leaves out a routine that names its own database, and says so', async () => {
    const database = await server().createDatabase('named');
    await runAll(server(), database, ['CREATE TABLE t (id INT)', `CREATE PROCEDURE wipe() DELETE FROM ${database}.t`]);
    const { copy, checks } = await clone(server(), database);
    expect([...copy.objects.keys()]).toEqual(['table:t']);
    expect(checks.find((check) => !check.ok)).toMatchObject({
      name: '1 not in it',
      level: 'warning',
      detail: `procedure wipe: it names the database ${database}, so it would act on production`,
    });
  });

  test.each([
    ['a trigger', 'CREATE TRIGGER one BEFORE INSERT ON t FOR EACH ROW INSERT INTO OTHER.log VALUES (NEW.id)'],
    ['a trigger, in quotes', 'CREATE TRIGGER one BEFORE INSERT ON t FOR EACH ROW DELETE FROM `OTHER` . `log`'],
    ['a procedure', 'CREATE PROCEDURE one() UPDATE OTHER.log SET id = id + 1'],
    ['a function', 'CREATE FUNCTION one() RETURNS INT BEGIN INSERT INTO OTHER.log VALUES (1); RETURN 1; END'],
    ['a call', 'CREATE PROCEDURE one() CALL OTHER.work()'],
    ['a table that nobody can see', 'CREATE PROCEDURE one() INSERT INTO hidden_from_us.log VALUES (1)'],
    ['a view that can be written', 'CREATE VIEW one AS SELECT id FROM OTHER.log'],
    ['an event', 'CREATE EVENT one ON SCHEDULE EVERY 1 DAY DO TRUNCATE TABLE OTHER.log'],
  ])('leaves out what would act in another database: %s', async (_, sql) => {
    const other = await server().createDatabase('other');
    const database = await server().createDatabase('acting');
    await runAll(server(), other, ['CREATE TABLE log (id INT)', 'CREATE PROCEDURE work() DELETE FROM log']);
    await runAll(server(), database, [
      'SET GLOBAL log_bin_trust_function_creators = 1',
      'CREATE TABLE t (id INT)',
      sql.replaceAll('OTHER', other),
    ]);
    const { cloned, copy } = await clone(server(), database);
    const named = sql.includes('hidden_from_us') ? 'hidden_from_us' : other;
    expect(cloned.shortfalls.map(({ reason }) => reason)).toEqual([
      `it names the database ${named}, so it would act there: rehearsal: private has none beside it`,
    ]);
    expect([...copy.objects.keys()]).toEqual(['table:t']);
  });

  test('takes no alias, table or value for a database', async () => {
    await server().sql('CREATE DATABASE IF NOT EXISTS t; CREATE TABLE IF NOT EXISTS t.other (id INT)');
    const database = await server().createDatabase('aliases');
    await runAll(server(), database, [
      'CREATE TABLE t (id INT PRIMARY KEY, n INT)',
      'CREATE VIEW seen AS SELECT t.id, t.n FROM t',
      'CREATE TRIGGER one BEFORE INSERT ON t FOR EACH ROW SELECT COUNT(*) INTO @x FROM t WHERE t.id = NEW.id',
      'CREATE PROCEDURE two() INSERT INTO t (id) VALUES (1) ON DUPLICATE KEY UPDATE t.n = 2',
    ]);
    expect((await clone(server(), database)).cloned.shortfalls).toEqual([]);
    await server().sql('DROP DATABASE t');
  });

  test('is not begun for a migration that makes what would act in another database', async () => {
    const other = await server().createDatabase('other');
    const database = await server().createDatabase('prod');
    await runAll(server(), other, ['CREATE TABLE log (id INT)']);
    await runAll(server(), database, ['CREATE TABLE t (id INT)']);
    const up = `CREATE TRIGGER one BEFORE INSERT ON t FOR EACH ROW INSERT INTO ${other}.log VALUES (1);\nINSERT INTO t VALUES (1);`;
    const { findings } = await rehearseOn(server(), database, { files: { '0001': file(up, 'DROP TRIGGER one;') } });
    expect(findings.map(({ name, what }) => [name, what])).toEqual([
      ['names-a-database', `the statement (CREATE TRIGGER) names the database ${other}`],
    ]);
    await withSession(server(), other, async (session) => {
      expect(await session.query('SELECT * FROM log')).toEqual([]);
    });
  });

  test('of many tables that refer to one another is whole', async () => {
    const database = await server().createDatabase('many');
    const tables = Array.from({ length: 60 }, (_, index) => {
      const parents = index === 0 ? [] : [index - 1, Math.floor(index / 2)];
      const keys = parents.map(
        (parent, place) => `, p${place} INT, FOREIGN KEY (p${place}) REFERENCES t${parent} (id)`,
      );
      return `CREATE TABLE t${index} (id INT PRIMARY KEY${keys.join('')})`;
    });
    await runAll(server(), database, tables);
    const { production, copy } = await clone(server(), database);
    expect(copy.fingerprint).toBe(production.fingerprint);
  });

  test('on another server is compared with the settings of production', async () => {
    await server().sql("SET GLOBAL sql_mode = 'ANSI_QUOTES'");
    const database = await server().createDatabase('settings');
    await withSession(server(), database, async (session) => {
      const { flavor } = await connect(server().target(database));
      const place = { flavor, session };
      expect((await compareServers(place, place)).map(({ ok }) => ok)).toEqual([true]);
      const other = {
        ...place,
        flavor: { ...flavor, version: [flavor.version[0] + 1, 0, 0] as const, label: 'other' },
      };
      const [version] = await compareServers(place, other);
      expect(version).toEqual({
        group: 'clone',
        name: 'version',
        ok: false,
        level: 'error',
        detail: `${flavor.label} in production, other here`,
        remedy: 'rehearse on the same version',
      });
      const named = (name: string, value: string) => ({
        ...place,
        session: { ...session, query: async () => [{ Variable_name: name, Value: value }] } as unknown as Session,
      });
      const [, mode] = await compareServers(named('sql_mode', 'ANSI_QUOTES'), named('sql_mode', ''));
      expect(mode).toMatchObject({
        level: 'error',
        detail: 'ANSI_QUOTES in production,  here',
        remedy: 'set sql_mode on the server of the rehearsal as in production',
      });
    });
    await server().sql('SET GLOBAL sql_mode = DEFAULT');
  });

  test('that is not what production is says what it lacks and what to do about it', async () => {
    const [database, other] = [await server().createDatabase('one'), await server().createDatabase('two')];
    await runAll(server(), database, ['CREATE TABLE t (id INT)', 'CREATE TABLE u (id INT)']);
    await runAll(server(), other, ['CREATE TABLE t (id BIGINT)']);
    const read = (name: string) => withSession(server(), name, (session) => readSnapshot(session, name));
    const checks = compareClone(await read(database), await read(other), {
      creations: new Map(),
      shortfalls: [{ object: 'table:u', reason: 'CREATE command denied' }],
      withoutDefiner: ['view:v'],
    });
    expect(checks).toEqual([
      {
        group: 'clone',
        name: 'schema',
        ok: false,
        level: 'error',
        detail: [
          'differs from production (- production, + clone):',
          'table t changed',
          '  - column `id` int null',
          '  + column `id` bigint null',
        ].join('\n'),
        remedy: 'rehearse on a server of the same version and settings',
      },
      {
        group: 'clone',
        name: '1 not in it',
        ok: false,
        level: 'error',
        detail: 'table u: CREATE command denied',
        remedy: 'let the account do it, or rehearse on another server',
      },
      {
        group: 'clone',
        name: 'definers',
        ok: false,
        level: 'warning',
        detail: '1 objects were made with our own account as definer',
      },
    ]);
  });

  test('is made by one rehearsal at a time, where the account may, on a server that is there', async () => {
    const database = await server().createDatabase('prod');
    const files = { '0001': file('CREATE TABLE a (id INT);', 'DROP TABLE a;') };
    const rehearse = (config: Record<string, unknown>) => rehearseOn(server(), database, { files, config });
    await withSession(server(), 'mysql', async (session) => {
      const lock = `gateway_migrate.scratch.${createHash('sha256').update(`${database}_rehearsal`).digest('hex').slice(0, 32)}`;
      await session.query('SELECT GET_LOCK(?, 0)', [lock]);
      await expect(rehearse({})).rejects.toMatchObject({
        message: `another rehearsal uses the database ${database}_rehearsal`,
        next: 'the same command again, when it has ended',
      });
    });
    await server().sql("CREATE USER IF NOT EXISTS 'poor'@'localhost'");
    await expect(rehearse({ rehearsal: { user: 'poor', database: 'clone_of_poor' } })).rejects.toMatchObject({
      message:
        "the database clone_of_poor cannot be made for the rehearsal: Access denied for user 'poor'@'localhost' to database 'clone_of_poor'",
      next: "GRANT ALL ON `clone\\_of\\_poor`.* TO 'poor'@'localhost'; or the same command with --skip-rehearsal",
    });
    await expect(rehearse({ rehearsal: { socket: '/nowhere.sock' } })).rejects.toMatchObject({
      message: 'cannot connect to the server of the rehearsal: connect ENOENT /nowhere.sock',
      next: 'mend rehearsal in the configuration, or the same command with --skip-rehearsal',
    });
    const production = await connect(server().target(database));
    const flavor = { ...production.flavor, kind: 'oracle' as never, label: 'Oracle 23' };
    const session = await production.open();
    const parts = { production: { ...production, flavor }, session, exec: systemExec, env: {} };
    const config = { rehearsal: 'private' } as Config;
    await expect(withPlace({ ...parts, config }, async () => 0).finally(() => session.close())).rejects.toMatchObject({
      message: 'rehearsal: private needs the server program of Oracle 23 on this machine, and there is none',
      next: 'install it, or set rehearsal.database in the configuration',
    });
  });

  test('may stand on a private server, under the name of production', async () => {
    const owner = `CREATE DEFINER='app user'@localhost`;
    await server().sql(`CREATE USER 'app user'@localhost; GRANT ALL ON *.* TO 'app user'@localhost`);
    const { findings, checks } = await rehearseFiles(server(), {
      production: `CREATE TABLE companies (id INT PRIMARY KEY);
        ${owner} FUNCTION number_one() RETURNS INT DETERMINISTIC RETURN 1;
        ${owner} VIEW all_of_them AS SELECT id, number_one() AS one_each FROM companies;
        ${owner} VIEW upon_another AS SELECT id FROM all_of_them;`,
      files: { '0001': file('CREATE TABLE a (id INT PRIMARY KEY);', 'DROP TABLE a;') },
      config: { rehearsal: 'private' },
      path: [server().binDir, join(server().binDir, '../sbin')].join(delimiter),
    });
    expect(checks.filter((check) => !check.ok)).toEqual([]);
    expect(findings.filter((one) => one.level === 'error')).toEqual([]);
    expect(checks.filter((check) => !check.ok && check.level === 'error')).toEqual([]);
  });
});

test.each([
  ['DELETE FROM prod.t', true],
  ['DELETE FROM `prod` . t', true],
  ["PREPARE s FROM 'DROP TABLE PROD.t'", true],
  ['DELETE FROM prod_x.t', false],
  ['DELETE FROM my_prod.t', false],
  ['SELECT prod FROM t', false],
])('%s names the database prod: %s', (text, expected) => {
  expect(namesDatabase(text, 'prod')).toBe(expected);
});
