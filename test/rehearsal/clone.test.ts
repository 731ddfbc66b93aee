import { delimiter, join } from 'node:path';
import { expect, test } from 'vitest';
import { connect } from '../../src/mysql/connect.ts';
import { cloneSchema, namesDatabase } from '../../src/rehearsal/clone.ts';
import { compareClone, compareServers } from '../../src/rehearsal/likeness.ts';
import { withScratch } from '../../src/rehearsal/scratch.ts';
import { readSnapshot } from '../../src/schema/snapshot.ts';
import { runAll, withSession } from '../schema/sessions.ts';
import { SHOP } from '../schema/shop.ts';
import { describeOnServers, type TestServer } from '../support/servers.ts';
import { file, rehearseFiles } from './stages.ts';

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
      level: 'warning',
      detail: `procedure wipe: it names the database ${database}, so it would act on production`,
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
      expect(version).toMatchObject({ name: 'version', ok: false, level: 'error' });
    });
    await server().sql('SET GLOBAL sql_mode = DEFAULT');
  });

  test('may stand on a private server, under the name of production', async () => {
    const { findings, checks } = await rehearseFiles(server(), {
      production: 'CREATE TABLE companies (id INT PRIMARY KEY)',
      files: { '0001': file('CREATE TABLE a (id INT PRIMARY KEY);', 'DROP TABLE a;') },
      config: { rehearsal: 'private' },
      path: [server().binDir, join(server().binDir, '../sbin')].join(delimiter),
    });
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
