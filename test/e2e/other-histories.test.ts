import { afterAll, describe, expect, test } from 'vitest';
import { filesOf, LEFT, PRODUCTION } from '../preflight/foreign/histories.ts';
import { describeOnServers } from '../support/servers.ts';
import { createProduction, jsonLines, lastOf, type Production } from './production.ts';

const AMOUNT = 'SELECT amount FROM items';
const UNCHANGED = 'nothing was started, production is unchanged';

describeOnServers('a production that another tool has migrated', (server) => {
  const made: Production[] = [];
  afterAll(() => {
    for (const production of made) production.remove();
  });
  const create = async (tool: string, existing = PRODUCTION) => {
    const production = await createProduction(server(), { migrations: filesOf(tool) });
    made.push(production);
    await production.sql(`${existing}; ${LEFT[tool]?.sql}`);
    return production;
  };

  test.each(['golang-migrate', 'prisma'])('%s: is told, refused, taken over, and goes on from there', async (tool) => {
    const production = await create(tool);
    const { table = '', files = ['', '', ''] } = LEFT[tool] ?? {};
    const [first = '', second = '', third = ''] = files.map(
      (name) => /^(?:\d{4}_\d\d_\d\d_\d+|\d+)/.exec(name)?.[0] ?? '',
    );
    const left = await production.query(`SELECT * FROM ${table}`);
    const command = `gateway-migrate baseline --from ${tool}`;
    const what = `${tool} has applied 2 of the pending migrations, says its table ${table}: ${first}, ${second}`;

    const status = await production.run('status', '--check', '--json');
    expect(lastOf(status)).toMatchObject({
      exitCode: 1,
      foreign: [{ tool, table, pending: [first, second], failed: null }],
      error: { next: command },
    });
    for (const args of [['test'], ['deploy', '--yes']]) {
      const refused = lastOf(await production.run(...args, '--json'));
      expect([args, refused.exitCode, refused.error]).toEqual([args, 5, { what, state: UNCHANGED, next: command }]);
    }
    expect(await production.query(AMOUNT)).toEqual([{ amount: 1995 }]);

    const taken = lastOf(await production.run('baseline', '--from', tool, '--yes', '--json'));
    expect(taken).toMatchObject({ exitCode: 0, applied: [first, second], pending: [third], production: 'unchanged' });
    const deployed = lastOf(await production.run('deploy', '--yes', '--json'));
    expect(deployed).toMatchObject({ exitCode: 0, applied: [third] });
    expect(await production.query(AMOUNT)).toEqual([{ amount: 1995 }]);
    expect(await production.query('SELECT * FROM carts')).toEqual([]);
    expect(await production.query(`SELECT * FROM ${table}`)).toEqual(left);
  });

  describe('where its history cannot be believed', () => {
    test('a migration that failed in the middle is named with what brings it out', async () => {
      const production = await create('golang-migrate');
      await production.sql('UPDATE schema_migrations SET dirty = 1');
      const error = {
        what: 'golang-migrate failed in the middle of 2, says its table schema_migrations: nobody knows how much of it is in place',
        state: UNCHANGED,
        next: 'bring that migration to its end or back by hand, tell golang-migrate so (migrate force VERSION), then: gateway-migrate baseline --from golang-migrate',
      };
      for (const args of [['baseline'], ['deploy']]) {
        expect(lastOf(await production.run(...args, '--yes', '--json'))).toMatchObject({ exitCode: 5, error });
      }
      expect(lastOf(await production.run('baseline', '--to', '1', '--yes', '--json')).applied).toEqual(['1']);
      expect(lastOf(await production.run('deploy', '--yes', '--json'))).toMatchObject({ exitCode: 5, error });
    });

    test('production that lacks what the files make is refused, and taken as it is only by name', async () => {
      const production = await create('dbmate', 'CREATE TABLE items (id INT PRIMARY KEY, amount INT NOT NULL)');
      const refused = await production.run('baseline', '--yes', '--json');
      expect(lastOf(refused)).toMatchObject({
        exitCode: 5,
        error: {
          what: 'production is not what these files make: see the differences above',
          state: UNCHANGED,
          next: 'make the two equal, or take it as it is: gateway-migrate baseline --from dbmate --allow-differences',
        },
      });
      const notes = jsonLines(refused).filter(({ type }) => type === 'note');
      expect(notes.map(({ text }) => text).join('\n')).toMatch(
        /table items changed\n {2}- .*\bint\b.*\n {2}\+ .*bigint/,
      );
      const taken = await production.run('baseline', '--allow-differences', '--yes', '--json');
      expect(lastOf(taken)).toMatchObject({ exitCode: 0, applied: ['20240101120000', '20240102120000'] });
    });

    test('what cannot be seen is told; what is beside is named', async () => {
      const production = await create('dbmate', `${PRODUCTION}; CREATE TABLE other (id INT)`);
      const seen = await production.run('baseline', '--json');
      expect([seen.code, seen.stdout.includes('in production alone: table other')]).toEqual([5, true]);
      production.migration('20240102120000_cents.sql', '-- migrate:up\nALTER TABLE nowhere ADD x INT;\n');
      const unseen = await production.run('baseline', '--yes', '--json');
      expect(unseen.stdout).toContain('production could not be compared with what the files make: 20240102120000: ');
      expect(lastOf(unseen).exitCode).toBe(0);
    });
  });

  test('without a history, a person says what is applied', async () => {
    const production = await createProduction(server(), { migrations: filesOf('golang-migrate') });
    made.push(production);
    await production.sql(PRODUCTION);
    const next = 'gateway-migrate baseline --to VERSION (the last one that is applied)';
    const told = async (...args: string[]) => lastOf(await production.run('baseline', ...args, '--yes', '--json'));
    expect(await told()).toMatchObject({
      exitCode: 64,
      error: { what: 'no history of another tool is in this database', state: UNCHANGED, next },
    });
    await production.sql(LEFT.knex?.sql ?? '');
    expect((await told('--from', 'goose')).error).toMatchObject({
      what: 'no history of goose is in this database, but one of knex',
    });
    await production.sql('DROP TABLE knex_migrations');
    expect(await told('--to', '2')).toMatchObject({ exitCode: 0, applied: ['1', '2'], pending: ['10'] });
    expect((await production.run('baseline', '--to', '2', '--yes')).stdout).toContain(
      'nothing to take over: all of that is noted already',
    );
    expect(await production.query('SELECT version, state FROM gateway_migrate_history ORDER BY version')).toEqual([
      { version: '1', state: 'adopted' },
      { version: '2', state: 'adopted' },
    ]);
  });

  test('two histories that speak of the same migrations: neither is chosen', async () => {
    const production = await create('golang-migrate');
    await production.sql(LEFT.goose?.sql ?? '');
    expect(lastOf(await production.run('baseline', '--yes', '--json')).error).toEqual({
      what: 'golang-migrate and goose have noted pending migrations here',
      state: UNCHANGED,
      next: 'gateway-migrate baseline --from golang-migrate, or gateway-migrate baseline --from goose',
    });
  });

  test('at a terminal, the first deploy asks and goes on', async () => {
    const production = await create('golang-migrate');
    const terminal = await production.open('deploy');
    for (const question of ['Take the history of golang-migrate over?', 'Note 2 migrations as applied?', 'Continue?']) {
      await terminal.waitFor(question);
      terminal.type('yes\r');
    }
    await terminal.waitFor('Ready to deploy to PRODUCTION?');
    terminal.type('yes\r');
    expect((await terminal.exit).code).toBe(0);
    expect(await production.query(AMOUNT)).toEqual([{ amount: 1995 }]);
    expect(await production.query('SELECT * FROM carts')).toEqual([]);
  });
});
