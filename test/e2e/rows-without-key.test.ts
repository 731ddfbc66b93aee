import { afterAll, beforeAll, expect, test } from 'vitest';
import { describeOnServers } from '../support/servers.ts';
import { createProduction, jsonLines, lastOf, type Production } from './production.ts';

interface Case {
  readonly what: string;
  /** `T` is a table of the case's own. What the migration makes, with its rows. */
  readonly up: string;
  /** What the application writes before the rollback. */
  readonly writes: string;
  /** Rows that came back, of those that were saved: none is put back twice. */
  readonly back: number;
}

const ROLES = 'CREATE TABLE T (role_id INT, user_id INT); INSERT INTO T VALUES (1, 1), (2, 1)';
const CASES: readonly Case[] = [
  { what: 'rows that the migration makes again', up: ROLES, writes: 'INSERT INTO T VALUES (3, 7)', back: 1 },
  {
    what: 'equal rows, each as often as it was there',
    up: ROLES,
    writes: 'INSERT INTO T VALUES (1, 1), (1, 1), (3, 7)',
    back: 3,
  },
  {
    what: 'rows of NULLs',
    up: 'CREATE TABLE T (a INT, b TEXT); INSERT INTO T VALUES (NULL, NULL)',
    writes: "INSERT INTO T VALUES (NULL, NULL), (NULL, '')",
    back: 2,
  },
  {
    what: 'letters, spaces, bytes, digits that only look alike',
    up: "CREATE TABLE T (c CHAR(9), v VARCHAR(9) CHARACTER SET latin1, b BLOB, f FLOAT, d DOUBLE, p POINT, j JSON, t BIT(3)); INSERT INTO T (c, v, b, f) VALUES ('a', 'ü', X'00FF', 1)",
    writes:
      "INSERT INTO T (c, v, b, f) VALUES ('A', 'ü', X'00FF', 1), ('a', 'ü ', X'00FF', 1), ('a', 'ü', X'00', 1), ('a', 'ü', X'00FF', 1.0000001); INSERT INTO T (d, p, j, t) VALUES (0.1, POINT(1, 2), '[1]', b'101'), (0.1, POINT(1, 2), '[1]', b'101')",
    back: 6,
  },
  {
    what: 'a key that may be NULL',
    up: 'CREATE TABLE T (a INT, b INT, UNIQUE KEY (a)); INSERT INTO T VALUES (NULL, 1)',
    writes: 'INSERT INTO T VALUES (NULL, 1), (5, 5)',
    back: 2,
  },
];

describeOnServers('deploy --with-saved-rows, of tables without a primary key', (server) => {
  let production: Production;
  let told: string;
  const before: unknown[][] = [];
  const after: unknown[][] = [];

  const onTable = (index: number, sql: string) => sql.replaceAll(/\bT\b/g, `t${index}`);
  async function contents(into: unknown[][]): Promise<void> {
    for (const index of CASES.keys()) {
      const rows = await production.query(`SELECT * FROM t${index}`);
      into.push(rows.map((row) => JSON.stringify(row)).toSorted());
    }
  }

  beforeAll(async () => {
    production = await createProduction(server());
    await server().sql('SET GLOBAL log_bin_trust_function_creators = 1');
    for (const [index, { up }] of CASES.entries()) {
      const text = onTable(index, `-- migrate:up\n${up};\n-- migrate:down\nDROP TABLE T;\n`);
      production.migration(`${index + 1}_case.sql`, text);
    }
    const does = async (...command: string[]) => {
      const finished = await production.run(...command, '--yes', '--json');
      expect([command, lastOf(finished).exitCode, lastOf(finished).error]).toEqual([command, 0, undefined]);
      return finished;
    };
    await does('deploy', '--skip-backup');
    for (const [index, { writes }] of CASES.entries()) await production.sql(onTable(index, writes));
    await contents(before);
    await does('rollback');
    const deployed = await does('deploy', '--skip-backup', '--with-saved-rows');
    const step = jsonLines(deployed).find((event) => event.type === 'step.finished' && event.id === 'saved-rows');
    told = String(step?.detail);
    await contents(after);
  }, 120_000);
  afterAll(() => production?.remove());

  test.each(CASES.map((one, index) => ({ ...one, index })))('$what', ({ index, back }) => {
    expect(after[index]).toEqual(before[index]);
    expect(told.split(', ')).toContainEqual(expect.stringMatching(new RegExp(`^${back} rows? of t${index}$`)));
  });
});
