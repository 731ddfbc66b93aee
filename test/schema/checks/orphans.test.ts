import { expect, it } from 'vitest';
import { connect } from '../../../src/mysql/connect.ts';
import { checkOrphans, orphanQuery } from '../../../src/schema/checks/orphans.ts';
import { configuredReferences, foreignKeyReferences, type Reference } from '../../../src/schema/checks/references.ts';
import { readSnapshot } from '../../../src/schema/snapshot.ts';
import { describeOnServers } from '../../support/servers.ts';
import { runAll, withSession } from '../sessions.ts';

const SCHEMA = [
  'CREATE TABLE companies (id int PRIMARY KEY)',
  'CREATE TABLE slots (room int, day int, PRIMARY KEY (room, day))',
  'CREATE TABLE staff (id char(36) PRIMARY KEY)',
  `CREATE TABLE visits (id int AUTO_INCREMENT PRIMARY KEY, company_id int, room int, day int, staff_id char(36),
     CONSTRAINT c FOREIGN KEY (company_id) REFERENCES companies (id),
     CONSTRAINT s FOREIGN KEY (room, day) REFERENCES slots (room, day))`,
  'INSERT INTO companies VALUES (1), (2)',
  'INSERT INTO slots VALUES (1, 1), (2, 2)',
  "INSERT INTO staff VALUES ('anna'), ('ben')",
  "INSERT INTO visits (company_id, room, day, staff_id) VALUES (1, 1, 1, 'anna'), (2, 2, 2, 'ben'), (NULL, NULL, 9, NULL)",
];
const ORPHANS = [
  'SET foreign_key_checks = 0',
  "INSERT INTO visits (company_id, room, day, staff_id) VALUES (7, 1, 2, 'zoe'), (7, 1, 2, 'zoe'), (8, 1, 1, 'anna'), (9, 1, 1, 'anna'), (10, 3, NULL, 'anna')",
];
const STAFF = [{ from: { table: 'visits', column: 'staff_id' }, to: { table: 'staff', column: 'id' } }];

describeOnServers('orphans', (server) => {
  async function findings(statements: readonly string[], withinMs?: number) {
    const database = await server().createDatabase();
    await runAll(server(), database, statements);
    const { flavor } = await connect(server().target(database));
    return withSession(server(), database, async (session) => {
      const snapshot = await readSnapshot(session, database);
      const references = [...foreignKeyReferences(snapshot), ...configuredReferences(snapshot, STAFF)];
      const checks = await checkOrphans(session, flavor, database, references, withinMs);
      return checks.map(({ name, ok, level, detail, remedy }) => ({ name, ok, level, detail, remedy }));
    });
  }
  const [company, slot, staff] = [
    'visits.company_id → companies.id',
    'visits.(room, day) → slots.(room, day)',
    'visits.staff_id → staff.id',
  ];

  it('are found none where there are none', async () => {
    expect((await findings(SCHEMA)).map(({ name, ok, detail }) => [name, ok, detail])).toEqual([
      [company, true, 'no orphans'],
      [slot, true, 'no orphans'],
      [staff, true, 'no orphans'],
    ]);
  });

  it('are counted by key, with samples, for single, composite and application-only references', async () => {
    expect((await findings([...SCHEMA, ...ORPHANS])).map(({ name, ok, detail }) => [name, ok, detail])).toEqual([
      [company, false, '4 keys without a parent: 7, 8, 9, …'],
      [slot, false, '1 key without a parent: (1, 2)'],
      [staff, false, '1 key without a parent: zoe'],
    ]);
  });

  it('are not known, which is a warning, when the rows take too long to read', async () => {
    const grow = Array.from({ length: 14 }, () => 'INSERT INTO visits (staff_id) SELECT staff_id FROM visits');
    const [, , unindexed] = await findings([...SCHEMA, ...grow], 1);
    expect(unindexed).toEqual({
      name: staff,
      ok: false,
      level: 'warning',
      detail: 'not known: reading the keys takes longer than 0.001 s',
      remedy: 'ALTER TABLE `visits` ADD INDEX (`staff_id`)',
    });
  });

  it('say what the server says when a reference names what is not there', async () => {
    const database = await server().createDatabase();
    const { flavor } = await connect(server().target(database));
    const reference: Reference = {
      table: 'a',
      columns: ['b_id'],
      parentSchema: database,
      parentTable: 'b',
      parentColumns: ['id'],
      isIndexed: false,
    };
    const checks = await withSession(server(), database, (session) =>
      checkOrphans(session, flavor, database, [reference]),
    );
    expect(checks).toEqual([
      {
        group: 'orphans',
        name: 'a.b_id → b.id',
        ok: false,
        level: 'error',
        detail: `Table '${database}.a' doesn't exist`,
      },
    ]);
  });

  it('are looked for by distinct keys, without reading the rows', async () => {
    const database = await server().createDatabase();
    const grow = Array.from(
      { length: 10 },
      () => 'INSERT INTO visits (company_id, room, day) SELECT company_id, room, day FROM visits',
    );
    await runAll(server(), database, [...SCHEMA, ...grow, 'ANALYZE TABLE visits']);
    await withSession(server(), database, async (session) => {
      for (const reference of foreignKeyReferences(await readSnapshot(session, database))) {
        const explain = server().kind === 'mysql' ? 'EXPLAIN FORMAT=TRADITIONAL' : 'EXPLAIN';
        const plan = await session.query(`${explain} SELECT ${orphanQuery(database, reference)}`);
        expect(plan.find((row) => row.table === 'visits')?.Extra).toContain('Using index for group-by');
      }
    });
  });

  it('end with the session, not as findings', async () => {
    const database = await server().createDatabase();
    await runAll(server(), database, SCHEMA);
    const { flavor, open } = await connect(server().target(database));
    const session = await open();
    const references = foreignKeyReferences(await readSnapshot(session, database));
    session.destroy();
    await expect(checkOrphans(session, flavor, database, references)).rejects.toThrow();
  });
});
