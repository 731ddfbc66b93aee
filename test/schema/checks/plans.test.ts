import { expect, it } from 'vitest';
import { connect } from '../../../src/mysql/connect.ts';
import { checkPlans } from '../../../src/schema/checks/plans.ts';
import { describeOnServers } from '../../support/servers.ts';
import { runAll, withSession } from '../sessions.ts';

const TABLE = `CREATE TABLE calls (id int AUTO_INCREMENT PRIMARY KEY, company_id int NOT NULL, status varchar(9) NOT NULL,
  note varchar(9), KEY ix_company_status (company_id, status), KEY ix_status (status))`;
const GROW = Array.from(
  { length: 12 },
  () => 'INSERT INTO calls (company_id, status, note) SELECT id, status, note FROM calls',
);

describeOnServers('query plans', (server) => {
  async function check(statements: readonly string[], query: string) {
    const database = await server().createDatabase();
    await runAll(server(), database, statements);
    const { flavor } = await connect(server().target(database));
    const [found] = await withSession(server(), database, (session) => checkPlans(session, flavor, [query]));
    return found;
  }
  const large = [
    TABLE,
    "INSERT INTO calls (company_id, status) VALUES (1, 'new'), (2, 'new')",
    ...GROW,
    'ANALYZE TABLE calls',
  ];

  it('that use an index hold, on large tables and on empty ones', async () => {
    const query = "SELECT * FROM calls\n  WHERE company_id = 7 AND status = 'new'";
    for (const statements of [large, [TABLE]]) {
      expect(await check(statements, query)).toEqual({
        group: 'plans',
        name: "SELECT * FROM calls WHERE company_id = 7 AND status = 'new'",
        level: 'error',
        ok: true,
        detail: 'calls: ix_company_status',
      });
    }
  });

  it('that have no index to use are found, even on an empty table', async () => {
    for (const statements of [large, [TABLE]]) {
      const found = await check(statements, "SELECT * FROM calls WHERE note = 'x'");
      expect(found?.ok).toBe(false);
      expect(found?.detail).toMatch(/^calls is read as a whole \(about \d+ rows\): no index can be used$/);
      expect(found?.remedy).toBe('add an index that begins with the columns of the WHERE clause');
    }
  });

  it('that pass over an index are found on a large table, and excused on a small one', async () => {
    const query = "SELECT * FROM calls WHERE status = 'new'";
    const range = "SELECT * FROM calls WHERE status >= 'a'";
    const found = await check(large, range);
    expect(found?.ok).toBe(false);
    expect(found?.detail).toMatch(/^calls is read as a whole \(about \d+ rows\): the optimizer passes over ix_status$/);
    const small = [
      TABLE,
      "INSERT INTO calls (company_id, status) VALUES (1, 'new'), (2, 'new')",
      ...GROW.slice(0, 5),
      'ANALYZE TABLE calls',
    ];
    expect((await check(small, range))?.detail).toBe(
      'calls is too small for an index (about 64 rows); at hand: ix_status',
    );
    expect((await check(small, query))?.ok).toBe(true);
  });

  it('of derived tables and of no table hold', async () => {
    const derived =
      'SELECT * FROM (SELECT company_id, COUNT(*) n FROM calls WHERE company_id = 1 GROUP BY company_id) d';
    expect((await check(large, derived))?.ok).toBe(true);
    expect((await check([TABLE], 'SELECT 1'))?.detail).toBe('no table is read');
  });

  it('of broken queries tell what the server says', async () => {
    const found = await check([TABLE], 'SELECT nope FROM calls');
    const clause = server().kind === 'mysql' ? 'field list' : 'SELECT';
    expect(found).toMatchObject({ ok: false, detail: `Unknown column 'nope' in '${clause}'` });
  });
});
