import { expect, it, test } from 'vitest';
import type { Polymorphic } from '../../../../src/config/config.ts';
import { connect, type Session } from '../../../../src/mysql/connect.ts';
import type { Check } from '../../../../src/schema/checks/check.ts';
import { type Link, linkOf, wayOf } from '../../../../src/schema/checks/orphans/link.ts';
import { checkTypes, polymorphicLinks } from '../../../../src/schema/checks/orphans/polymorphic.ts';
import { type Search, searchOrphans } from '../../../../src/schema/checks/orphans/search.ts';
import { linkSql } from '../../../../src/schema/checks/orphans/sql.ts';
import { wordOrphans } from '../../../../src/schema/checks/orphans/worded.ts';
import { configuredReferences, foreignKeyReferences } from '../../../../src/schema/checks/references.ts';
import { readSnapshot } from '../../../../src/schema/snapshot.ts';
import type { Snapshot } from '../../../../src/schema/types.ts';
import { describeOnServers } from '../../../support/servers.ts';
import { runAll, withSession } from '../../sessions.ts';

const column = (text: string) => {
  const [table = '', name = ''] = text.split('.');
  return { table, column: name };
};
const DECLARED = [
  { from: column('visits.staff_id'), to: column('staff.id') },
  { from: column('visits.code'), to: column('codes.code') },
  { from: column('visits.kind'), to: column('kinds.kind') },
];
const PAIRS: readonly Polymorphic[] = [
  {
    from: column('visits.owner_id'),
    type: 'owner_type',
    to: { 'App\\Company': column('companies.id'), 'it’s "staff"': column('staff.id') },
  },
];
const SCHEMA = [
  'CREATE TABLE companies (id bigint unsigned PRIMARY KEY)',
  'CREATE TABLE slots (room int, day int, PRIMARY KEY (room, day))',
  'CREATE TABLE staff (id char(36) PRIMARY KEY)',
  // Not unique in the parent, and text that differs in case alone.
  'CREATE TABLE codes (code varchar(20) NOT NULL, KEY (code))',
  "CREATE TABLE kinds (kind enum('a', 'b') PRIMARY KEY)",
  `CREATE TABLE visits (id bigint unsigned AUTO_INCREMENT PRIMARY KEY, company_id bigint unsigned, room int, day int,
     staff_id char(36), code varchar(20), kind enum('b', 'a') NOT NULL, owner_type varchar(50), owner_id varchar(36), KEY (code), KEY (kind),
     KEY (owner_type, owner_id),
     CONSTRAINT c FOREIGN KEY (company_id) REFERENCES companies (id) ON DELETE CASCADE,
     CONSTRAINT s FOREIGN KEY (room, day) REFERENCES slots (room, day))`,
  'INSERT INTO companies VALUES (1), (2), (18446744073709551615)',
  'INSERT INTO slots VALUES (1, 1), (2, 2)',
  "INSERT INTO staff VALUES ('anna'), ('ben')",
  "INSERT INTO codes VALUES ('X'), ('X'), ('X'), ('y')",
  "INSERT INTO kinds VALUES ('a'), ('b')",
  `INSERT INTO visits (company_id, room, day, staff_id, code, kind, owner_type, owner_id) VALUES
     (1, 1, 1, 'anna', 'x', 'a', 'App\\\\Company', '1'), (2, 2, 2, 'ben', 'X', 'b', 'it’s "staff"', 'anna'),
     (18446744073709551615, NULL, 9, NULL, 'Y', 'a', 'App\\\\Company', '18446744073709551615'), (NULL, NULL, NULL, NULL, NULL, 'a', NULL, NULL)`,
];
const GROW = Array.from(
  { length: 5 },
  () =>
    `INSERT INTO visits (company_id, room, day, staff_id, code, kind, owner_type, owner_id)
       SELECT company_id, room, day, staff_id, code, kind, owner_type, owner_id FROM visits`,
);
const ORPHANS = [
  'SET foreign_key_checks = 0',
  `INSERT INTO visits (company_id, room, day, staff_id, code, kind, owner_type, owner_id) VALUES
     (7, 1, 2, 'zoe', 'z', 'a', 'App\\\\Company', '7'), (7, 1, 2, 'zoe', 'z', 'a', 'App\\\\Company', 'x'),
     (18446744073709551614, 1, 1, 'anna', 'x', 'a', 'it’s "staff"', 'zoe')`,
];
const NAMES = [
  'visits.company_id → companies.id',
  'visits.(room, day) → slots.(room, day)',
  'visits.staff_id → staff.id',
  'visits.code → codes.code',
  'visits.kind → kinds.kind',
  'visits.owner_id (App\\Company) → companies.id',
  'visits.owner_id (it’s "staff") → staff.id',
];

function linksOf(snapshot: Snapshot): Link[] {
  return [
    ...foreignKeyReferences(snapshot).map((reference) => linkOf(reference, snapshot, true)),
    ...configuredReferences(snapshot, DECLARED).map((reference) => linkOf(reference, snapshot, false)),
    ...polymorphicLinks(PAIRS, snapshot),
  ];
}

test('of what was not read to its end no word says that there are none', () => {
  const link: Link = {
    ...{ table: 'a', columns: ['b_id'], parentSchema: 'd', parentTable: 'b', parentColumns: ['id'] },
    ...{ isIndexed: false, name: 'a.b_id → b.id', isForeignKey: false, repair: 'set null' },
  };
  const none = { by: 'rows', read: 0, orphans: 0, keys: [] } as const;
  const said = (reading: Parameters<typeof wordOrphans>[1], of = link, budgetMs: number | undefined = 30_000) => {
    const { ok, level, detail, remedy } = wordOrphans(of, reading, budgetMs);
    return [ok, level, detail, remedy];
  };
  expect(said({ ...none, end: 'not begun' })).toEqual([
    false,
    'warning',
    'not known: the 30 s are used up; nothing of it was read',
    'ALTER TABLE `a` ADD INDEX (`b_id`)',
  ]);
  expect(said({ ...none, by: 'keys', read: 50, end: 'budget' }, { ...link, isIndexed: true })).toEqual([
    false,
    'warning',
    'not known: the 30 s are used up; only the first 50 keys were read, none of them an orphan',
    'gateway-migrate verify --only orphans',
  ]);
  expect(wordOrphans(link, { ...none, end: 'not begun' }, undefined).detail).toBe(
    'not known: one of its statements takes too long; nothing of it was read',
  );
  expect(said({ ...none, read: 9, orphans: 3, keys: [[1], [2]], end: 'budget' }).slice(0, 3)).toEqual([
    false,
    'error',
    '3 rows without a parent: 1, 2 (in the newest 9 rows)',
  ]);
  const many = Array.from({ length: 20 }, (_, at) => [at]);
  expect(wordOrphans(link, { by: 'keys', read: 99, orphans: 30, keys: many, end: 'whole' }, undefined).detail).toBe(
    `30 keys without a parent: ${many.join(', ')}, …`,
  );
});

describeOnServers('the search for orphans', (server) => {
  async function prepare(statements: readonly string[]) {
    const database = await server().createDatabase();
    await runAll(server(), database, statements);
    const connected = await connect(server().target(database));
    const snapshot = await withSession(server(), database, (session) => readSnapshot(session, database));
    return { database, server: connected, snapshot, links: linksOf(snapshot) };
  }
  type Prepared = Awaited<ReturnType<typeof prepare>>;

  function search({ server, snapshot, links }: Prepared, more: Partial<Search> = {}): Promise<Check[]> {
    const usual = { jobs: 2, signal: new AbortController().signal, ticksMs: () => performance.now() };
    return searchOrphans(links, { server, snapshot, ...usual, ...more });
  }

  it.each([1, 3, 50_000])('finds none where there are none, %i a page', async (pageSize) => {
    const checks = await search(await prepare([...SCHEMA, ...GROW]), { pageSize });
    expect(checks.map(({ name, ok, detail }) => [name, ok, detail])).toEqual(
      NAMES.map((name) => [name, true, 'no orphans']),
    );
  });

  it.each([1, 3, 50_000])('finds every one, %i a page', async (pageSize) => {
    const checks = await search(await prepare([...SCHEMA, ...GROW, ...ORPHANS]), { pageSize });
    expect(checks.map(({ detail }) => detail)).toEqual([
      '2 keys without a parent: 7, 18446744073709551614',
      '2 rows without a parent: (1, 2)',
      '2 rows without a parent: zoe',
      '1 key without a parent: z',
      'no orphans',
      '2 keys without a parent: 7, x',
      '1 key without a parent: zoe',
    ]);
    expect(checks.filter(({ ok }) => !ok).every(({ level }) => level === 'error')).toBe(true);
  });

  it.each([1, 2])(
    'finds every one entry after entry, where almost every row has a key of its own, %i a page',
    async (pageSize) => {
      const healthy = await search(await prepare(SCHEMA), { pageSize });
      expect(healthy.map(({ detail }) => detail)).toEqual(NAMES.map(() => 'no orphans'));
      const [company, , , code, , , pair] = await search(await prepare([...SCHEMA, ...ORPHANS]), { pageSize });
      expect([company?.detail, code?.detail, pair?.detail]).toEqual([
        '3 rows without a parent: 7, 18446744073709551614',
        '2 rows without a parent: z',
        '1 key without a parent: zoe',
      ]);
    },
  );

  it('reads many small tables in one statement, and finds what is in them one by one', async () => {
    const tables = Array.from(
      { length: 90 },
      (_, at) => `CREATE TABLE t${at} (id int PRIMARY KEY, p int, FOREIGN KEY (p) REFERENCES parents (id))`,
    );
    const prepared = await prepare([
      'CREATE TABLE parents (id int PRIMARY KEY)',
      ...tables,
      'INSERT INTO parents VALUES (1)',
      'INSERT INTO t1 VALUES (1, 1)',
      'SET foreign_key_checks = 0',
      'INSERT INTO t77 VALUES (1, 9)',
    ]);
    const links = foreignKeyReferences(prepared.snapshot).map((one) => linkOf(one, prepared.snapshot, true));
    const missing = configuredReferences(prepared.snapshot, [{ from: column('t3.p'), to: column('nowhere.id') }]);
    let statements = 0;
    const between = async () => {
      statements += 1;
    };
    const checks = await search({ ...prepared, links }, { between });
    expect(checks.filter(({ ok }) => !ok).map(({ name, detail }) => `${name}: ${detail}`)).toEqual([
      't77.p → parents.id: 1 key without a parent: 9',
    ]);
    expect([checks.filter(({ ok }) => ok).length, statements]).toEqual([89, 4]);
    // One that the server refuses takes none of the others with it.
    const mixed = [...links, ...missing.map((one) => linkOf(one, prepared.snapshot, false))];
    const told = await search({ ...prepared, links: mixed });
    expect([told.filter(({ ok }) => ok).length, told.at(-1)?.detail]).toEqual([
      89,
      `Table '${prepared.database}.nowhere' doesn't exist`,
    ]);
  });

  it('says how to see all of them, and how to mend them', async () => {
    const prepared = await prepare([...SCHEMA, ...ORPHANS]);
    const checks = await search(prepared);
    const [company, , staff, , , pair] = checks.map(({ remedy = '' }) => remedy.split('\n'));
    expect(company).toEqual([
      'to see them: SELECT k.* FROM `visits` k LEFT JOIN `companies` p ON p.`id` = k.`company_id` WHERE k.`company_id` IS NOT NULL AND p.`id` IS NULL;',
      'to mend them: DELETE k FROM `visits` k LEFT JOIN `companies` p ON p.`id` = k.`company_id` WHERE k.`company_id` IS NOT NULL AND p.`id` IS NULL;',
    ]);
    expect(staff?.[1]).toBe(
      'to mend them: UPDATE `visits` k LEFT JOIN `staff` p ON p.`id` = k.`staff_id` SET k.`staff_id` = NULL WHERE k.`staff_id` IS NOT NULL AND p.`id` IS NULL;',
    );
    expect(pair?.[0]).toContain(
      "WHERE k.`owner_type` = 'App\\\\Company' AND k.`owner_id` IS NOT NULL AND p.`id` IS NULL;",
    );
    // They do what they say, and nothing to the rest.
    for (const { remedy = '', ok } of checks) {
      if (!ok)
        await runAll(
          server(),
          prepared.database,
          remedy.split('\n').map((line) => line.replace(/^to \w+ them: /, '')),
        );
    }
    expect((await search(prepared)).filter(({ ok }) => !ok)).toEqual([]);
    const [row] = await withSession(server(), prepared.database, (session) =>
      session.query('SELECT COUNT(*) AS n FROM visits'),
    );
    expect(Number(row?.n)).toBe(4);
  });

  it('reads the distinct keys of an index, and not its rows', async () => {
    const { snapshot, links, database } = await prepare([...SCHEMA, ...GROW, ...GROW, 'ANALYZE TABLE visits']);
    const [company] = links as [Link];
    const way = wayOf(company, snapshot);
    await withSession(server(), database, async (session) => {
      const explain = server().kind === 'mysql' ? 'EXPLAIN FORMAT=TRADITIONAL' : 'EXPLAIN';
      for (const after of [undefined, 1]) {
        const plan = await session.query(
          `${explain} SELECT ${linkSql(company, way, snapshot).count({ after, size: 100 })}`,
        );
        expect(plan.find((row) => row.table === 'visits')?.Extra).toContain('Using index for group-by');
      }
    });
  });

  it('goes by what an index can be read in the order of', async () => {
    const { snapshot, links } = await prepare(SCHEMA);
    expect(links.map((link) => wayOf(link, snapshot).by)).toEqual([
      'keys',
      'rows',
      'rows',
      'keys',
      'rows',
      'keys',
      'keys',
    ]);
    const loose = await prepare([
      'CREATE TABLE staff (id int PRIMARY KEY)',
      'CREATE TABLE visits (staff_id int)',
      'INSERT INTO visits VALUES (1)',
    ]);
    const [link] = configuredReferences(loose.snapshot, DECLARED).map((one) => linkOf(one, loose.snapshot, false));
    expect(wayOf(link as Link, loose.snapshot).by).toBe('whole');
    expect((await search({ ...loose, links: [link as Link] })).map(({ detail }) => detail)).toEqual([
      '1 key without a parent: 1',
    ]);
  });

  it('tells a type that the configuration does not name', async () => {
    const { database, server: connected } = await prepare([
      ...SCHEMA,
      "UPDATE visits SET owner_type = 'App\\\\Car' WHERE id = 1",
    ]);
    const types = (pairs: readonly Polymorphic[]) =>
      withSession(server(), database, (session) => checkTypes(session, connected.flavor, database, pairs));
    expect(await types(PAIRS)).toEqual([
      {
        group: 'orphans',
        name: 'visits.owner_type is a known type',
        ok: false,
        level: 'warning',
        detail: 'no table is named for App\\Car: orphans of them are not looked for',
        remedy: 'add them to verify.references in the configuration',
      },
    ]);
    const [pair] = PAIRS as [Polymorphic];
    const all = [{ ...pair, to: { ...pair.to, 'App\\Car': column('staff.id') } }];
    expect(await types(all)).toMatchObject([{ ok: true }]);
    expect(await types([{ ...pair, type: 'nope' }])).toMatchObject([{ ok: false, level: 'error' }]);
  });

  it('says what the server says of a reference to what is not there', async () => {
    const prepared = await prepare(['CREATE TABLE visits (id int PRIMARY KEY, staff_id int)']);
    const [link] = configuredReferences(prepared.snapshot, DECLARED).map((one) =>
      linkOf(one, prepared.snapshot, false),
    );
    expect(await search({ ...prepared, links: [link as Link] })).toMatchObject([
      { ok: false, level: 'error', detail: `Table '${prepared.database}.staff' doesn't exist` },
    ]);
  });

  it('keeps to its budget: the cheap and unguarded come first, and what was not read is said', async () => {
    const prepared = await prepare([...SCHEMA, ...GROW]);
    const spend = (pages: number, pageSize: number) => {
      let ticks = 0;
      const between = async () => {
        ticks += 100_000;
      };
      return search(prepared, { jobs: 1, pageSize, budgetMs: pages * 100_000, ticksMs: () => ticks, between });
    };
    const detailOf = (checks: readonly Check[]) => NAMES.map((name) => checks.find((one) => one.name === name)?.detail);
    const unread = 'not known: the 500 s are used up; nothing of it was read';
    expect(detailOf(await spend(5, 1_000))).toEqual([unread, unread, ...Array(5).fill('no orphans')]);
    const [, , staff, code] = detailOf(await spend(1, 2));
    expect([staff, code]).toEqual([
      'not known: the 100 s are used up; only the newest 2 rows were read, none of them an orphan',
      'not known: the 100 s are used up; nothing of it was read',
    ]);
  });

  it('blocks no writer: none of its locks outlives a statement, and rows that others hold are no matter', async () => {
    const prepared = await prepare([...SCHEMA, ...GROW]);
    const writer = await prepared.server.open();
    await writer.query('SET SESSION lock_wait_timeout = 1, innodb_lock_wait_timeout = 1');
    await writer.query('START TRANSACTION');
    await writer.query('UPDATE visits SET day = day');
    await writer.query("UPDATE staff SET id = 'carl' WHERE id = 'ben'");
    let commits = 0;
    const between = async (_: Session) => {
      await writer.query('COMMIT');
      // A metadata lock that the search still held would refuse this within a second.
      await writer.query(`ALTER TABLE visits COMMENT = '${++commits}'`);
      await writer.query('START TRANSACTION');
      await writer.query('UPDATE visits SET day = day');
      await writer.query('UPDATE companies SET id = id');
    };
    const checks = await search(prepared, { jobs: 1, pageSize: 20, between });
    await writer.query('COMMIT');
    await writer.close();
    expect(commits).toBeGreaterThan(10);
    expect(checks.map(({ name, detail }) => [name, detail])).toContainEqual([NAMES[0], 'no orphans']);
  });

  it('ends at once on Ctrl-C, and leaves nothing running on the server', async () => {
    const prepared = await prepare([...SCHEMA, ...GROW]);
    const controller = new AbortController();
    const stopped = new Error('stopped');
    const ids: number[] = [];
    const between = async ({ connectionId, query }: Session) => {
      ids.push(connectionId);
      if (ids.length !== 3) return;
      controller.abort(stopped);
      await query('SELECT SLEEP(600)');
    };
    await expect(search(prepared, { jobs: 2, pageSize: 5, between, signal: controller.signal })).rejects.toBe(stopped);
    const left = await withSession(server(), prepared.database, (session) =>
      session.query(
        `SELECT ID FROM information_schema.PROCESSLIST WHERE ID IN (${ids.join(', ')}) AND COMMAND <> 'Sleep'`,
      ),
    );
    expect(left).toEqual([]);
  });

  it('ends with its connection, not as a finding', async () => {
    const prepared = await prepare(SCHEMA);
    const between = async (session: Session) => session.destroy();
    await expect(search(prepared, { between, pageSize: 1 })).rejects.toThrow();
  });
});
