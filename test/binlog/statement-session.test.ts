import { afterAll, beforeAll, expect, test } from 'vitest';
import { replayLog } from '../../src/binlog/replay.ts';
import { connect } from '../../src/mysql/connect.ts';
import { contextFor } from '../backup/support.ts';
import { describeOnServers } from '../support/servers.ts';
import { copySince, endOfLog, withRoot } from './support.ts';

/**
 * What a statement in the log depends on, variable by variable: `first` is given under `sets`, `next` in a session of its own that
 * has all defaults. What is repeated has to be the same for both: nothing is missing, nothing is left of the statement before.
 */
interface Case {
  readonly what: string;
  readonly only?: 'mysql' | 'mariadb';
  readonly before?: string;
  readonly sets: string;
  readonly first: string;
  readonly next: string;
}

const CASES: readonly Case[] = [
  {
    what: 'sql_mode',
    sets: "sql_mode = 'ANSI_QUOTES'",
    first: 'CREATE TABLE T (d DATE NOT NULL DEFAULT \'0000-00-00\', "x" INT)',
    next: 'CREATE TABLE U (d INT COMMENT "x")',
  },
  {
    what: 'foreign_key_checks',
    sets: 'foreign_key_checks = 0',
    first: 'CREATE TABLE T (id INT PRIMARY KEY, p INT, CONSTRAINT T_p FOREIGN KEY (p) REFERENCES T_missing (id))',
    next: 'CREATE TABLE U (id INT PRIMARY KEY)',
  },
  {
    what: 'explicit_defaults_for_timestamp',
    sets: 'explicit_defaults_for_timestamp = 0',
    first: 'CREATE TABLE T (t TIMESTAMP)',
    next: 'CREATE TABLE U (t TIMESTAMP)',
  },
  {
    what: 'time_zone',
    sets: "time_zone = '+05:45'",
    first: "CREATE TABLE T (t TIMESTAMP NOT NULL DEFAULT '2026-01-01 00:00:00')",
    next: "CREATE TABLE U (t TIMESTAMP NOT NULL DEFAULT '2026-01-01 00:00:00')",
  },
  {
    what: 'default_collation_for_utf8mb4',
    only: 'mysql',
    sets: "default_collation_for_utf8mb4 = 'utf8mb4_general_ci'",
    first: 'CREATE TABLE T (c VARCHAR(9) CHARACTER SET utf8mb4)',
    next: 'CREATE TABLE U (c VARCHAR(9) CHARACTER SET utf8mb4)',
  },
  {
    what: 'sql_require_primary_key, which the server asks for',
    only: 'mysql',
    sets: 'sql_require_primary_key = 0',
    first: 'CREATE TABLE T (a INT)',
    next: 'CREATE TABLE U (a INT PRIMARY KEY)',
  },
  {
    what: 'check_constraint_checks',
    only: 'mariadb',
    before: 'CREATE TABLE T (a INT); INSERT INTO T VALUES (-1); CREATE TABLE U (a INT)',
    sets: 'check_constraint_checks = 0',
    first: 'ALTER TABLE T ADD CONSTRAINT positive CHECK (a > 0)',
    next: 'ALTER TABLE U ADD CONSTRAINT positive CHECK (a > 0)',
  },
  {
    what: 'sql_if_exists',
    only: 'mariadb',
    before: 'CREATE TABLE T (a INT); CREATE TABLE U (a INT)',
    sets: 'sql_if_exists = 1',
    first: 'DROP TABLE T, T_missing',
    next: 'ALTER TABLE U ADD COLUMN b INT',
  },
];

describeOnServers(
  'a session in which logged statements are repeated',
  (server) => {
    let [live, side] = ['', ''];
    const tablesOf = (index: number) => [`t${index}`, `u${index}`] as const;
    const onTables = (index: number, sql: string) =>
      sql.replace(/\bT(?=\b|_)/g, `t${index}`).replace(/\bU\b/g, `u${index}`);
    const mine = ({ only }: Case) => only === undefined || only === server().kind;

    beforeAll(async () => {
      [live, side] = [await server().createDatabase('live'), await server().createDatabase('side')];
      const inSession = (database: string, statements: readonly string[]) =>
        withRoot(server(), database, async (session) => {
          for (const sql of statements) await session.execute(sql);
        });
      for (const [index, one] of CASES.entries()) {
        if (!mine(one) || !one.before) continue;
        const made = onTables(index, one.before).split('; ');
        for (const database of [live, side]) await inSession(database, made);
      }
      const from = await endOfLog(server());
      const lenient = server().kind === 'mysql' ? ['SET SESSION sql_require_primary_key = 0'] : [];
      if (server().kind === 'mysql') await server().sql('SET GLOBAL sql_require_primary_key = ON');
      for (const [index, one] of CASES.entries()) {
        if (!mine(one)) continue;
        await inSession(live, [...lenient, `SET SESSION ${one.sets}`, onTables(index, one.first)]);
        await inSession(live, [...lenient, onTables(index, one.next)]);
      }
      const range = await copySince(server(), from);
      const context = await contextFor(server().target(side));
      const session = await (await connect(server().target(side))).open({ purpose: 'migration' });
      const request = {
        range,
        from: { database: live, ignoresCase: false },
        into: side,
        isPrivate: false,
        stepId: 'replay',
      };
      await replayLog(request as never, session, context);
      await session.close();
    }, 120_000);
    afterAll(async () => {
      if (server().kind === 'mysql') await server().sql('SET GLOBAL sql_require_primary_key = OFF');
    });

    test.each(CASES.map((one, index) => ({ ...one, index })))(
      'knows $what, and forgets it',
      async ({ index, ...one }) => {
        if (!mine(one)) return;
        for (const table of tablesOf(index)) {
          const [there, here] = [await state(live, table), await state(side, table)];
          expect(here).toEqual(there);
        }
      },
    );

    async function state(database: string, table: string) {
      return withRoot(server(), database, async (session) => [
        await session.query(`SHOW CREATE TABLE ${table}`).catch(({ errno }) => errno),
        await session.query(`SELECT * FROM ${table}`).catch(({ errno }) => errno),
      ]);
    }
  },
  { binlog: true },
);
