import { type Connection, createConnection, type RowDataPacket } from 'mysql2/promise';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { describeOnServers, type TestServer } from '../support/servers.ts';
import { Stage } from './stage.ts';
import { DEPLOY } from './sweep.ts';

interface Case {
  readonly up: string;
  /** What `resume` says when the deploy was killed behind it. Before it, it is always 0. */
  readonly after: 0 | 4;
  readonly only?: TestServer['kind'];
  /** A query, and its one value in the end. */
  readonly end: readonly [string, unknown];
}

const SECOND = "SELECT User_attributes->>'$.additional_password' IS NOT NULL FROM mysql.user WHERE User = 'gm_a'";
const NAMES = "SELECT GROUP_CONCAT(User ORDER BY User) FROM mysql.user WHERE User LIKE 'gm\\_%'";

const CASES: readonly Case[] = [
  { up: 'REVOKE SELECT ON gm_x.* FROM gm_a', after: 0, end: ["SELECT COUNT(*) FROM mysql.db WHERE User = 'gm_a'", 0] },
  { up: "ALTER USER gm_a IDENTIFIED BY 'new' RETAIN CURRENT PASSWORD", after: 4, only: 'mysql', end: [SECOND, 1] },
  { up: "ALTER USER gm_b IDENTIFIED BY 'other'", after: 0, only: 'mysql', end: [NAMES, 'gm_a,gm_b'] },
  { up: 'CREATE USER gm_c', after: 4, end: [NAMES, 'gm_a,gm_b,gm_c'] },
  { up: 'DROP USER gm_a, gm_b', after: 0, end: [NAMES, null] },
  { up: 'RENAME USER gm_a TO gm_c', after: 0, end: [NAMES, 'gm_b,gm_c'] },
  {
    up: 'SET GLOBAL long_query_time = 5, max_error_count = @@GLOBAL.max_error_count + 1',
    after: 4,
    end: ['SELECT @@GLOBAL.max_error_count', 51],
  },
];

const start = (kind: TestServer['kind']) => `DROP USER IF EXISTS gm_a, gm_b, gm_c;
SET GLOBAL max_error_count = 50;
CREATE USER gm_a IDENTIFIED BY 'old';
CREATE USER gm_b IDENTIFIED BY 'old' ${kind === 'mysql' ? 'PASSWORD HISTORY 5' : ''};
GRANT SELECT ON gm_x.* TO gm_a;
CREATE VIEW seen AS SELECT 1 AS one;
CREATE TABLE kept (id INT)`;

const at = (up: string) => new RegExp(`^.{0,20}${up.slice(0, 16).replace('*', '.')}`);

describeOnServers('a statement about accounts is not run again where that fails or harms', (server) => {
  let connection: Connection;
  const askOne = async (sql: string) => Object.values((await connection.query<RowDataPacket[]>(sql))[0][0] ?? {})[0];
  beforeAll(async () => {
    connection = await createConnection({ socketPath: server().socket, user: 'root' });
  });
  afterAll(() => connection?.end());

  describe.each(CASES)('$up', ({ up, after, only, end }) => {
    test('killed before it and behind it', { timeout: 60_000 }, async ({ skip }) => {
      skip(only !== undefined && only !== server().kind, 'the other server alone has it');
      const options = { start: start(server().kind), migrations: { '1_a.sql': `-- migrate:up\n${up};\n` } };
      for (const fate of ['before', 'after'] as const) {
        const stage = await Stage.build(server(), options);
        expect((await stage.strike({ at: at(up), fate }, ...DEPLOY)).code).toBeNull();
        const resumed = await stage.run('resume', '--yes');
        expect([fate, resumed.code, resumed.output]).toEqual([fate, fate === 'after' ? after : 0, expect.anything()]);
        expect(await askOne(end[0])).toEqual(end[1]);
        await stage.clear();
      }
    });
  });

  test.each([
    'REVOKE SELECT ON gm_x.* FROM gm_a',
    "ALTER USER gm_a IDENTIFIED BY 'new'",
    'GRANT INSERT ON gm_x.* TO gm_b',
  ])('a way back says that it stands, when it does: %s', async (up) => {
    const options = { start: start(server().kind), migrations: { '1_a.sql': `-- migrate:up\n${up};\n` } };
    for (const fate of ['before', 'after'] as const) {
      const stage = await Stage.build(server(), options);
      await stage.strike({ at: at(up), fate }, ...DEPLOY);
      const { code, output } = await stage.run('rollback', '--yes');
      expect([fate, code, output]).toEqual([fate, fate === 'after' ? 3 : 0, expect.anything()]);
      if (fate === 'after') expect(output).toContain(`what ${/^(?:ALTER USER|\w+)/.exec(up)?.[0]} in 1 did`);
      await stage.clear();
    }
  });

  test('killed twice behind a REVOKE, it comes to its end', async () => {
    const up = 'REVOKE SELECT ON gm_x.* FROM gm_a';
    const options = { start: start(server().kind), migrations: { '1_a.sql': `-- migrate:up\n${up};\n` } };
    const stage = await Stage.build(server(), options);
    expect((await stage.strike({ at: at(up), fate: 'after' }, ...DEPLOY)).code).toBeNull();
    expect((await stage.strike({ at: at(up), fate: 'after' }, 'resume', '--yes')).code).toBeNull();
    expect(await stage.run('resume', '--yes')).toMatchObject({ code: 0 });
    await stage.clear();
  });

  test('of an account that may not read the others, one refused GRANT did nothing, and a REVOKE is sent again', async () => {
    const account = { user: 'gm_d', password: 'old' };
    for (const [up, fate] of [
      ['GRANT SELECT ON gm_x.* TO gm_b', undefined],
      ['CREATE USER gm_b', undefined],
      ['REVOKE SELECT ON kept FROM gm_b', 'after'],
    ] as const) {
      const migrations = { '1_a.sql': `-- migrate:up\n${up};\n` };
      const stage = await Stage.build(server(), { start: start(server().kind), migrations, account });
      await stage.sql(`DROP USER IF EXISTS gm_d;
CREATE USER gm_d IDENTIFIED BY 'old';
GRANT ALL ON ${stage.database}.* TO gm_d WITH GRANT OPTION;
GRANT PROCESS, CREATE USER ON *.* TO gm_d;
GRANT SELECT ON kept TO gm_b`);
      // MySQL keeps what proves the password: without TLS nobody else is let in.
      if (fate) await stage.run('status');
      const ended = fate ? await stage.strike({ at: at(up), fate }, ...DEPLOY) : await stage.run(...DEPLOY);
      expect([ended.code, ended.output]).toEqual([fate ? null : 2, expect.anything()]);
      if (fate) expect(await stage.run('resume', '--yes')).toMatchObject({ code: 0 });
      await stage.clear();
    }
  });

  test.each([
    ['DROP VIEW seen, missing', 2, 3, 'no certain way back'],
    ['DROP TABLE kept, missing', 2, 3, 'no certain way back'],
    ['GRANT SELECT ON gm_x.* TO gm_b, nobody_at_all', 2, 4, 'account gm_b@% differs from before'],
    ['DROP USER gm_a, nobody_at_all', 2, 3, 'no certain way back'],
  ] as const)('the server refuses the second of a list: %s', async (up, onMysql, onMariadb, says) => {
    const options = { start: start(server().kind), migrations: { '1_a.sql': `-- migrate:up\n${up};\n` } };
    const stage = await Stage.build(server(), options);
    const before = await stage.dump();
    const { code, output } = await stage.run(...DEPLOY);
    const expected = server().kind === 'mysql' ? onMysql : onMariadb;
    expect([code, output]).toEqual([expected, expect.anything()]);
    if (expected === 2) expect(await stage.dump()).toBe(before);
    else expect(output).toContain(says);
    await stage.clear();
  });
});
