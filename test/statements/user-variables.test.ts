import { afterAll, beforeAll, expect, test } from 'vitest';
import { toStatement } from '../../src/migrations/sql/statement.ts';
import { connect, type Session } from '../../src/mysql/connect.ts';
import type { JournalRow } from '../../src/statements/row.ts';
import { readVariables, replaySession } from '../../src/statements/session-state.ts';
import { describeOnServers } from '../support/servers.ts';

/** What is assigned; every type that a user variable can have, and character sets of every kind. */
const CASES = [
  'NULL',
  '0',
  '-9223372036854775808',
  '9007199254740993',
  'CAST(5 AS UNSIGNED)',
  '18446744073709551615',
  '5.00',
  '-0.000000000000000000000000000001',
  'CAST(5 AS DECIMAL(10, 0))',
  '12345678901234567890.25',
  '5e0',
  '0.1e0 + 0.2e0',
  '-1.7976931348623157e308',
  "''",
  "'5'",
  "'00012'",
  "'it''s \\\\ é €'",
  "X'00FF275C0A'",
  "UNHEX(REPLACE('6ccd780c-baba-1026-9564-5b8c656024db', '-', ''))",
  "_binary ''",
  "_latin1 X'E980'",
  "_utf8mb4 'é' COLLATE utf8mb4_bin",
  "_utf8mb4 'é' COLLATE utf8mb4_unicode_ci",
  "_utf8mb4 X'F09F9880'",
  "CONVERT('é' USING utf8mb3)",
  "CONVERT('é' USING utf16)",
  "CONVERT('é' USING ucs2)",
  "_cp932 X'835C'",
  "_gbk X'B35C27'",
  "_ascii 'a'",
  "b'101'",
  "TIMESTAMP '2026-03-29 02:30:00.123456'",
  "JSON_OBJECT('a', 1.50)",
  "ST_GeomFromText('POINT(1 2)')",
] as const;

describeOnServers('a user variable on the connection after a crash', (server) => {
  let lost: Session;
  let fresh: Session;
  beforeAll(async () => {
    const production = await connect(server().target(await server().createDatabase('variables')));
    lost = await production.open({ purpose: 'migration' });
    fresh = await production.open({ purpose: 'migration' });
    for (const session of [lost, fresh]) {
      await session.execute(
        'CREATE TEMPORARY TABLE names (name VARCHAR(99) CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_ci)',
      );
    }
  });
  afterAll(() => Promise.all([lost?.close(), fresh?.close()]));

  /** What the server makes of it: as a column, as bytes, computed with, and compared with a column. */
  async function meaning(session: Session): Promise<unknown> {
    const outcome = (sql: string) => session.query(sql).catch((error: { errno?: number }) => error.errno);
    await session.execute('DROP TEMPORARY TABLE IF EXISTS made');
    await session.execute('CREATE TEMPORARY TABLE made AS SELECT @v AS v');
    const [made] = await session.query<Record<string, string>>('SHOW CREATE TABLE made');
    return [
      made?.['Create Table'],
      await outcome('SELECT HEX(@v) AS hex, CHARSET(@v) AS charset, COLLATION(@v) AS collation, CONCAT(@v) AS text'),
      await outcome('SELECT @v / 3 AS third'),
      await outcome('SELECT COUNT(*) AS found FROM names WHERE name = @v'),
    ];
  }

  test.each(CASES)('%s is what it was', async (value) => {
    await lost.execute(`SET @v = ${value}`);
    const variables = await readVariables(lost, ['v']);
    const row = { ordinal: 1, evidence: { objects: {}, variables } } as JournalRow;
    await replaySession(fresh, [{ ordinal: 1, statement: toStatement(`SET @v = ${value}`, 1) }], [row]);
    expect(await meaning(fresh)).toEqual(await meaning(lost));
  });
});
