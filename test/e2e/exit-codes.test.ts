import type { ChildProcess } from 'node:child_process';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { connect } from '../../src/mysql/connect.ts';
import { answerWith } from '../support/answering.ts';
import { describeOnServers } from '../support/servers.ts';
import { createProduction, type Finished, finish, jsonLines, lastOf, type Production } from './production.ts';

const THREE = {
  '1_shops.sql': up('CREATE TABLE shops (id INT PRIMARY KEY)', 'DROP TABLE shops'),
  '2_goods.sql': up('CREATE TABLE goods (id INT PRIMARY KEY, shop_id INT)', 'DROP TABLE goods'),
};

function up(forward: string, back: string): string {
  return `-- migrate:up\n${forward};\n-- migrate:down\n${back};\n`;
}

/** The code, and the three things that the last event says of a failure. */
function told(finished: Finished) {
  const { exitCode, result, production, error } = lastOf(finished);
  expect(exitCode).toBe(finished.code);
  return { code: finished.code, result, production, error };
}

describeOnServers('exit codes', (server) => {
  const made: Production[] = [];
  const create = async (migrations: Record<string, string> = THREE) => {
    const production = await createProduction(server(), { migrations });
    made.push(production);
    return production;
  };
  afterAll(() => {
    for (const production of made) production.remove();
  });

  describe('0 and 1', () => {
    let production: Production;
    beforeAll(async () => {
      production = await create();
    });

    test('status --check finds what is pending, and plain status does not mind', async () => {
      expect((await production.run('status')).code).toBe(0);
      expect(told(await production.run('status', '--check', '--json'))).toEqual({
        code: 1,
        result: 'failed',
        production: 'unchanged',
        error: {
          what: '2 pending, 0 changed, 0 missing',
          state: 'production is unchanged',
          next: 'gateway-migrate deploy',
        },
      });
    });

    test('78: status has no migrations to compare with', async () => {
      production.configure({ migrations: { dir: 'nowhere' } });
      expect(told(await production.run('status', '--json'))).toEqual({
        code: 78,
        result: 'failed',
        production: 'unchanged',
        error: {
          what: expect.stringMatching(/^ENOENT: no such file or directory, scandir '.*nowhere'$/),
          state: 'nothing was started, production is unchanged',
          next: 'look at migrations.dir in the configuration',
        },
      });
      production.configure({ migrations: { dir: 'migrations' } });
    });

    test('verify finds an orphan that nothing in the database forbids', async () => {
      production.configure({ verify: { references: [{ from: 'goods.shop_id', to: 'shops.id' }] } });
      expect((await production.run('deploy', '--yes', '--quiet')).code).toBe(0);
      expect((await production.run('verify')).code).toBe(0);
      await production.sql('INSERT INTO goods VALUES (1, 7)');
      const { code, production: state, error } = told(await production.run('verify', '--json'));
      expect([code, state, error]).toEqual([
        1,
        'unchanged',
        {
          what: expect.stringMatching(/^1 of \d+ checks do not hold: goods\.shop_id → shops\.id$/),
          state: 'production is unchanged by this command',
          next: 'gateway-migrate status',
        },
      ]);
    });

    test('verify finds a site that is not well', async () => {
      const site = await answerWith(500);
      production.configure({
        verify: {},
        app: { dir: '.', maintenance: 'none', caches: 'none', health: { url: site.url } },
      });
      const finished = await production.run('verify', '--json');
      expect(told(finished)).toMatchObject({ code: 1, error: { what: expect.stringContaining(': health') } });
      expect(jsonLines(finished).find(({ name }) => name === 'health')).toMatchObject({
        ok: false,
        remedy: 'look at the log of the application',
      });
      production.configure({ app: {} });
    });

    test('verify finds a table without its tenant', async () => {
      production.configure({ verify: { tenant: { table: 'shops', column: 'shop_id' } } });
      expect(told(await production.run('verify', '--json'))).toMatchObject({
        code: 1,
        error: { what: expect.stringMatching(/do not hold: .*goods.*shop_id/) },
      });
    });

    test('doctor finds what a deploy would stumble over', async () => {
      production.configure({ verify: { requireTables: ['companies'] } });
      expect(told(await production.run('doctor', '--json'))).toMatchObject({
        code: 1,
        production: 'unchanged',
        error: {
          what: 'to be mended before a deploy: required tables',
          state: 'production is unchanged',
          next: 'gateway-migrate doctor',
        },
      });
    });
  });

  test('2: a statement fails, and everything is undone', async () => {
    const production = await create({ ...THREE, '3_bad.sql': up('CREATE TABLE shops (id INT)', 'SELECT 1') });
    const before = await production.objects();
    production.migration('3_bad.sql', up('ALTER TABLE goods ADD COLUMN id INT', 'SELECT 1'));
    const finished = await production.run('deploy', '--yes', '--json');
    expect(told(finished)).toEqual({
      code: 2,
      result: 'failed',
      production: 'unchanged',
      error: {
        what: expect.stringContaining("Duplicate column name 'id'"),
        state: 'everything this run did was undone: production is as it was before',
        next: 'mend the cause, then: gateway-migrate deploy',
      },
    });
    expect(lastOf(finished)).toMatchObject({ applied: ['1', '2'], reverted: ['3', '2', '1'] });
    expect(await production.objects()).toEqual([
      ...before,
      'base table gateway_migrate_history',
      'base table gateway_migrate_journal',
    ]);
    expect((await production.run('status', '--check', '--json')).stdout).toContain('"unfinished":null');
  });

  test('2: a check that cannot be run, once the migration before it is in place', async () => {
    const production = await create({
      ...THREE,
      '3_more.sql': `-- migrate:check\nSELECT nope FROM shops;\n${up('CREATE TABLE more (id INT)', 'DROP TABLE more')}`,
    });
    const finished = await production.run('deploy', '--yes', '--json');
    const clause = server().kind === 'mysql' ? 'field list' : 'SELECT';
    expect(told(finished)).toEqual({
      code: 2,
      result: 'failed',
      production: 'unchanged',
      error: {
        what: `Apply 3 migrations: 3: its check cannot be run: Unknown column 'nope' in '${clause}'`,
        state: 'everything this run did was undone: production is as it was before',
        next: 'mend its -- migrate:check section, then: gateway-migrate deploy',
      },
    });
    expect(lastOf(finished).reverted).toEqual(['2', '1']);
  });

  test('2: nobody answers where the server should be', async () => {
    const production = await create();
    production.configure({ database: { host: '127.0.0.1', port: 1, name: 'db', user: 'app' } });
    for (const command of ['deploy', 'status', 'doctor', 'verify', 'rollback', 'resume']) {
      expect(told(await production.run(command, '--json'))).toEqual({
        code: 2,
        result: 'failed',
        production: 'unchanged',
        error: {
          what: 'cannot connect to db on 127.0.0.1:1 as app: connect ECONNREFUSED 127.0.0.1:1',
          state: 'production is as it was before',
          next: 'mend that, then: gateway-migrate doctor',
        },
      });
    }
  });

  test('2: preflight refuses, and not even the tool has made its tables', async () => {
    const production = await create();
    production.configure({ verify: { requireTables: ['companies'] } });
    expect(told(await production.run('deploy', '--yes', '--json'))).toEqual({
      code: 2,
      result: 'failed',
      production: 'unchanged',
      error: {
        what: 'preflight found 1 to mend: required tables',
        state: 'production is as it was before',
        next: 'mend them, then look again: gateway-migrate doctor',
      },
    });
    expect(await production.objects()).toEqual([]);
  });

  test('3: a statement fails and there is no certain way back', async () => {
    const production = await create({
      '1_rows.sql':
        '-- migrate:up\nCREATE TABLE kept (id INT PRIMARY KEY);\nINSERT INTO kept VALUES (1);\nALTER TABLE kept ADD PRIMARY KEY (id);\n',
      '0_first.sql': '-- migrate:up\nCREATE TABLE words (word VARCHAR(9));\nINSERT INTO words VALUES (1);\n',
    });
    await production.sql('CREATE TABLE old (id INT PRIMARY KEY); INSERT INTO old VALUES (1), (2)');
    production.migration('1_rows.sql', '-- migrate:up\nDROP TABLE old;\nALTER TABLE words ADD COLUMN word INT;\n');
    const finished = await production.run('deploy', '--yes', '--json');
    expect(told(finished)).toMatchObject({
      code: 3,
      result: 'failed',
      production: 'changed',
      error: {
        what: expect.stringContaining('no certain way back from 1: '),
        next: expect.stringContaining('gateway-migrate resume'),
      },
    });
  });

  test('5: an unfinished run, nobody to ask, and an answer that was not given', async () => {
    const production = await create();
    expect(told(await production.run('deploy', '--json'))).toEqual({
      code: 5,
      result: 'refused',
      production: 'unchanged',
      error: {
        what: 'there is no terminal to ask "Continue? (yes/no)", and --yes was not given',
        state: 'nothing was started, production is unchanged',
        next: 'run the command again with --yes',
      },
    });
    production.migration('3_bad.sql', up('ALTER TABLE goods ADD COLUMN id INT', 'SELECT 1'));
    const stopped = await production.run('deploy', '--yes', '--on-failure', 'stop', '--json');
    expect(told(stopped)).toMatchObject({ code: 3, production: 'changed' });
    const { run } = lastOf(stopped);
    expect(told(await production.run('deploy', '--yes', '--json'))).toEqual({
      code: 5,
      result: 'refused',
      production: 'unchanged',
      error: {
        what: `run ${run} (deploy) was cut off and is unfinished`,
        state: 'nothing was started, production is unchanged',
        next: 'gateway-migrate resume (finishes it), or gateway-migrate rollback (undoes it)',
      },
    });
    expect(told(await production.run('test', '--json')).error).toEqual({
      what: `run ${run} was cut off: finish or undo it first`,
      state: 'nothing was started, production is unchanged',
      next: 'gateway-migrate resume',
    });
    expect(told(await production.run('status', '--check', '--json'))).toMatchObject({
      code: 1,
      error: { what: '0 pending, 0 changed, 0 missing, a run is unfinished', next: 'gateway-migrate resume' },
    });
    production.migration(
      '3_bad.sql',
      up('ALTER TABLE goods ADD COLUMN name INT', 'ALTER TABLE goods DROP COLUMN name'),
    );
    expect(told(await production.run('resume', '--yes', '--json'))).toMatchObject({ code: 0, production: 'changed' });
    expect((await production.run('status', '--check')).code).toBe(0);
  });

  test('5: another run holds the lock', async () => {
    const production = await create({ '1_slow.sql': "-- migrate:up\nSET @got = GET_LOCK('gate', 300);\n" });
    const gate = await (await connect(server().target(production.database))).open();
    await gate.query("SELECT GET_LOCK('gate', 0)");
    const first = production.start(['deploy', '--yes', '--json']);
    const ended = finish(first);
    await shows(first, '"statement.started"');
    const holder = /another run holds the lock: `deploy` of \S+@\S+ \(process \d+\), since \S+ \S+ UTC, run \S+$/;
    for (const command of ['deploy', 'rollback', 'resume']) {
      expect(told(await production.run(command, '--yes', '--json'))).toEqual({
        code: 5,
        result: 'refused',
        production: 'unchanged',
        error: {
          what: expect.stringMatching(holder),
          state: 'nothing was started, production is unchanged',
          next: 'gateway-migrate status (shows when it has ended)',
        },
      });
    }
    await gate.close();
    expect((await ended).code).toBe(0);
  });

  test('130: SIGTERM between two statements undoes what was done', async () => {
    const production = await create({
      ...THREE,
      '3_slow.sql': '-- migrate:up\nSET @waited = SLEEP(2);\nCREATE TABLE last (id INT);\n',
    });
    const child = production.start(['deploy', '--yes', '--json']);
    const ended = finish(child);
    await shows(child, 'SET @waited');
    child.kill('SIGTERM');
    const finished = await ended;
    expect(told(finished)).toEqual({
      code: 130,
      result: 'cancelled',
      production: 'unchanged',
      error: {
        what: 'Apply 3 migrations: ended by SIGTERM',
        state: 'everything this run did was undone: production is as it was before',
        next: 'gateway-migrate deploy',
      },
    });
    expect((await production.objects()).filter((name) => !name.includes('gateway_migrate'))).toEqual([]);
  });

  test('4: nobody can tell whether a statement took effect', async () => {
    const production = await create({ ...THREE, '3_opaque.sql': '-- migrate:up\nCALL count_up();\n' });
    // Its DDL commits the transaction in the middle, so nobody knows how much of the rest was done.
    await production.sql(
      `CREATE DEFINER = \`app user\`@localhost PROCEDURE count_up() BEGIN CREATE TABLE half (id INT); DO SLEEP(5); END`,
    );
    const child = production.start(['deploy', '--yes', '--json']);
    const ended = finish(child);
    while (!(await production.objects()).includes('base table half')) expect(child.exitCode).toBeNull();
    child.kill('SIGKILL');
    await ended;
    expect(told(await production.run('resume', '--yes', '--json'))).toEqual({
      code: 4,
      result: 'failed',
      production: 'unknown',
      error: {
        what: 'Apply 3 migrations: cannot tell whether statement 1 of 3 took effect: it began, committed by itself, and then failed or was cut off\n  CALL count_up()',
        state:
          'every statement before it is done, none after it has begun; either it did all or a part of what it does, or nothing',
        next: expect.stringMatching(NOTE_BY_HAND),
      },
    });
    expect(lastOf(await production.run('status', '--json'))).toMatchObject({
      applied: ['1', '2'],
      unfinished: { command: 'deploy', last: '3 · statement 1 · CALL count_up()', outcome: 'unknown' },
    });
  });
});

const NOTE_BY_HAND =
  /^see what it did; complete it by hand and note that: UPDATE gateway_migrate_journal SET state = 'done' WHERE run = '[\w-]+' AND version = '3' AND direction = 'up' AND ordinal = 1; or undo it by hand and note that with 'failed' in place of 'done'; then: gateway-migrate resume; or: gateway-migrate restore --backup latest$/;

/** Resolves when the program has printed the text. */
function shows(child: ChildProcess, text: string): Promise<void> {
  return new Promise((resolve) =>
    child.stdout?.on('data', (printed: string) => {
      if (printed.includes(text)) resolve();
    }),
  );
}
