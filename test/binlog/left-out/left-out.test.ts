import { rmSync } from 'node:fs';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { readSubject } from '../../../src/binlog/judgement/cascades.ts';
import { findConflicts, type ToldConflict } from '../../../src/binlog/left-out/conflicts.ts';
import { findFloors, openWatch } from '../../../src/binlog/left-out/open.ts';
import { formatPosition, type LogRange } from '../../../src/binlog/range.ts';
import { replayLog } from '../../../src/binlog/replay.ts';
import { placeOf } from '../../../src/binlog/transaction.ts';
import { connect } from '../../../src/mysql/connect.ts';
import { contextFor, runScript } from '../../backup/support.ts';
import { describeOnServers, type TestServer } from '../../support/servers.ts';
import { contentOf, copySince, endOfLog, transactionsOf, withRoot } from '../support.ts';

const { signal } = new AbortController();

/** Each on tables of its own, which begin with its name. */
interface Story {
  readonly title: string;
  readonly start: string;
  readonly before?: string;
  readonly accident: string;
  readonly after: string;
}

const PARENTS = (name: string, rule: string) => `
  CREATE TABLE ${name}_p (id INT PRIMARY KEY, name VARCHAR(40));
  CREATE TABLE ${name}_c (id INT PRIMARY KEY, p INT, CONSTRAINT ${name}_fk FOREIGN KEY (p) REFERENCES ${name}_p (id) ${rule});
  INSERT INTO ${name}_p VALUES (1, 'one'), (2, 'two'), (3, 'three');
  INSERT INTO ${name}_c VALUES (1, 1), (2, 2), (3, 3)`;

/** Business that does not stand on the accident: all of it is there in the end, and what the accident took. */
const STANDING: readonly Story[] = [
  {
    title: 'DELETE without its WHERE',
    start:
      'CREATE TABLE del (id INT PRIMARY KEY AUTO_INCREMENT, note VARCHAR(40) UNIQUE); INSERT INTO del (note) VALUES (1), (2), (3)',
    before: "INSERT INTO del (note) VALUES ('before'); DELETE FROM del WHERE id = 2",
    accident: 'DELETE FROM del',
    after: "INSERT INTO del (note) VALUES ('after'); UPDATE del SET note = 'changed' WHERE note = 'after'",
  },
  {
    title: 'UPDATE without its WHERE',
    start: 'CREATE TABLE upd (id INT PRIMARY KEY, amount DECIMAL(10,2)); INSERT INTO upd VALUES (1, 1.5), (2, 2.5)',
    accident: 'UPDATE upd SET amount = 0',
    after:
      'INSERT INTO upd VALUES (3, 3.5); UPDATE upd SET amount = 4 WHERE id = 3; DELETE FROM upd WHERE id = 3; INSERT INTO upd VALUES (4, 4)',
  },
  {
    title: 'INSERT twice',
    start: 'CREATE TABLE ins (id INT PRIMARY KEY); INSERT INTO ins VALUES (1)',
    accident: 'INSERT INTO ins VALUES (2), (3)',
    after: 'INSERT INTO ins VALUES (4)',
  },
  {
    title: 'DROP TABLE',
    start:
      'CREATE TABLE dropped (id INT PRIMARY KEY); INSERT INTO dropped VALUES (1); CREATE TABLE dropped_not (id INT)',
    before: 'INSERT INTO dropped VALUES (2)',
    accident: 'DROP TABLE dropped',
    after: 'INSERT INTO dropped_not VALUES (9)',
  },
  {
    title: 'TRUNCATE TABLE',
    start: 'CREATE TABLE trunc (id INT PRIMARY KEY AUTO_INCREMENT, n INT); INSERT INTO trunc VALUES (1, 1), (2, 2)',
    accident: 'TRUNCATE TABLE trunc',
    after: 'INSERT INTO trunc VALUES (10, 10); UPDATE trunc SET n = 11 WHERE id = 10',
  },
  {
    title: 'a table without a key',
    start: 'CREATE TABLE bare (a INT, b VARCHAR(9)); INSERT INTO bare VALUES (1, 1), (2, 2), (2, 2)',
    accident: 'DELETE FROM bare',
    after: 'INSERT INTO bare VALUES (2, 2), (3, 3); UPDATE bare SET a = 4 WHERE a = 3',
  },
  {
    title: 'parents with children that went along',
    start: PARENTS('casc', 'ON DELETE CASCADE'),
    accident: 'DELETE FROM casc_p WHERE id < 3',
    after:
      "INSERT INTO casc_p VALUES (4, 'four'); INSERT INTO casc_c VALUES (4, 4), (5, 3); DELETE FROM casc_p WHERE id = 3",
  },
  {
    title: 'children that lost their parents (SET NULL)',
    start: PARENTS('nulls', 'ON DELETE SET NULL'),
    accident: 'DELETE FROM nulls_p WHERE id = 1',
    after: 'UPDATE nulls_c SET p = 3 WHERE id = 2; DELETE FROM nulls_p WHERE id = 2',
  },
  {
    title: 'ALTER TABLE of indexes and foreign keys',
    start: 'CREATE TABLE keyed (id INT PRIMARY KEY, n INT); INSERT INTO keyed VALUES (1, 1)',
    accident: 'ALTER TABLE keyed ADD UNIQUE KEY by_n (n)',
    after: 'INSERT INTO keyed VALUES (2, 2); UPDATE keyed SET n = 3 WHERE id = 1',
  },
  {
    title: 'a table that is emptied for good later',
    start: 'CREATE TABLE emptied (id INT PRIMARY KEY); INSERT INTO emptied VALUES (1)',
    accident: 'DELETE FROM emptied',
    after: 'TRUNCATE TABLE emptied; INSERT INTO emptied VALUES (1)',
  },
  {
    title: 'ADD INDEX behind it',
    start: 'CREATE TABLE indexed (id INT PRIMARY KEY, n INT); INSERT INTO indexed VALUES (1, 1), (2, 2)',
    accident: 'DELETE FROM indexed WHERE id = 1',
    after: 'ALTER TABLE indexed ADD INDEX by_n (n); INSERT INTO indexed VALUES (3, 3)',
  },
];

interface Clash extends Story {
  readonly finds: readonly (readonly [table: string, key: string, reason: RegExp])[];
}

const OTHER = /^it is another row, or none, without what is left out$/;
const TAKEN = /^its key is that of a row which is there again$/;
const ANEW = /^it makes anew what was there before, and is there again$/;
const SHAPE = /^it changes the columns of a table whose rows are others without what is left out$/;
const NEVER = /^its table is another one, or none, without what is left out$/;
const UNTOLD = /^its values cannot be told apart in the log$/;
const REFERS = /^it refers to a row that is left out$/;
const HELD = /^a row that is there again refers to it$/;
const DEFINED = /^it changes a definition that is another one without what is left out$/;

/** Business that stands on the accident: found, and nothing else is. */
const CLASHING: readonly Clash[] = [
  {
    title: 'a row that came again under its key',
    start: "CREATE TABLE again (id INT PRIMARY KEY, n VARCHAR(9)); INSERT INTO again VALUES (1, 'old'), (2, 'old')",
    accident: 'DELETE FROM again',
    after: "INSERT INTO again VALUES (1, 'new'), (3, 'new')",
    finds: [['again', 'id=1', TAKEN]],
  },
  {
    title: 'a value of a unique key, in other letters',
    start: "CREATE TABLE mail (id INT PRIMARY KEY, mail VARCHAR(40) UNIQUE); INSERT INTO mail VALUES (1, 'Ana@x.de')",
    accident: 'DELETE FROM mail',
    after: "INSERT INTO mail VALUES (2, 'aná@X.de'), (3, 'else')",
    finds: [['mail', 'id=2', TAKEN]],
  },
  {
    title: 'a change on top of a change',
    start: 'CREATE TABLE price (id BIGINT UNSIGNED PRIMARY KEY, n INT); INSERT INTO price VALUES (1, 10), (2, 20)',
    accident: 'UPDATE price SET n = 0 WHERE id = 2',
    after: 'UPDATE price SET n = n + 1',
    finds: [['price', 'id=2', OTHER]],
  },
  {
    title: 'a change of what the accident has made',
    start: 'CREATE TABLE dup (id INT PRIMARY KEY, n INT)',
    accident: 'INSERT INTO dup VALUES (7, 7)',
    after: 'DELETE FROM dup WHERE id = 7',
    finds: [['dup', 'id=7', OTHER]],
  },
  {
    title: 'a key that was changed',
    start: 'CREATE TABLE moved (id INT PRIMARY KEY, n INT); INSERT INTO moved VALUES (1, 1)',
    accident: 'UPDATE moved SET id = 5',
    after: 'UPDATE moved SET n = 2 WHERE id = 5; INSERT INTO moved VALUES (1, 9)',
    finds: [
      ['moved', 'id=5', OTHER],
      ['moved', 'id=1', TAKEN],
    ],
  },
  {
    title: 'a table made anew',
    start: 'CREATE TABLE anew (id INT PRIMARY KEY)',
    accident: 'DROP TABLE anew',
    after: 'CREATE TABLE anew (id INT PRIMARY KEY); INSERT INTO anew VALUES (1)',
    finds: [['anew', '', ANEW]],
  },
  {
    title: 'columns that change behind it',
    start: 'CREATE TABLE shape (id INT PRIMARY KEY, n INT); INSERT INTO shape VALUES (1, 1)',
    accident: 'DELETE FROM shape',
    after: 'ALTER TABLE shape ADD COLUMN m INT',
    finds: [['shape', '', SHAPE]],
  },
  {
    title: 'rows of a column that is left out',
    start: 'CREATE TABLE wide (id INT PRIMARY KEY)',
    accident: 'ALTER TABLE wide ADD COLUMN n INT',
    after: 'INSERT INTO wide VALUES (1, 1)',
    finds: [['wide', '', NEVER]],
  },
  {
    title: 'the same definition once more',
    start: 'CREATE TABLE twice (id INT PRIMARY KEY, n INT)',
    accident: 'ALTER TABLE twice ADD INDEX by_n (n)',
    after: 'ALTER TABLE twice DROP INDEX by_n',
    finds: [['twice', '', DEFINED]],
  },
  {
    title: 'a child of a parent that is left out',
    start: PARENTS('ref', 'ON DELETE CASCADE'),
    accident: "INSERT INTO ref_p VALUES (7, 'seven')",
    after: 'INSERT INTO ref_c VALUES (7, 7), (8, 3)',
    finds: [['ref_c', 'id=7', REFERS]],
  },
  {
    title: 'a parent that goes, of a child that is there again',
    start: PARENTS('held', 'ON DELETE CASCADE'),
    accident: 'DELETE FROM held_c WHERE id = 2',
    after: 'DELETE FROM held_p WHERE id = 2; DELETE FROM held_p WHERE id = 3',
    finds: [['held_p', 'id=2', HELD]],
  },
  {
    title: 'a parent that goes, of a table that was emptied',
    start: PARENTS('void', 'ON DELETE CASCADE'),
    accident: 'TRUNCATE TABLE void_c',
    after: "UPDATE void_p SET name = 'x' WHERE id = 1; DELETE FROM void_p WHERE id = 3",
    finds: [['void_p', 'id=3', HELD]],
  },
  {
    title: 'rows of a table without a key that are not as they were',
    start: 'CREATE TABLE loose (a INT, b INT); INSERT INTO loose VALUES (1, 1)',
    accident: 'UPDATE loose SET b = 2',
    after: 'UPDATE loose SET b = 3',
    finds: [['loose', 'a=1 b=2', OTHER]],
  },
  {
    title: 'a child that has lost its parent, two keys deep, and is changed since',
    start: `${PARENTS('lost', 'ON DELETE CASCADE')};
      CREATE TABLE lost_g (id INT PRIMARY KEY, c INT, n INT, FOREIGN KEY (c) REFERENCES lost_c (id) ON DELETE SET NULL);
      INSERT INTO lost_g VALUES (1, 1, 1), (2, 2, 2)`,
    accident: 'DELETE FROM lost_p WHERE id = 1',
    after: 'UPDATE lost_g SET n = n + 10',
    finds: [
      [
        'lost_g',
        'id=1',
        /^(?:its values cannot be told apart in the log|it is another row, or none, without what is left out)$/,
      ],
    ],
  },
  {
    title: 'a parent of a child that is there again by another parent',
    start: `CREATE TABLE both_q (id INT PRIMARY KEY); ${PARENTS('both', 'ON DELETE CASCADE')};
      ALTER TABLE both_c ADD COLUMN q INT, ADD FOREIGN KEY (q) REFERENCES both_q (id) ON DELETE CASCADE;
      INSERT INTO both_q VALUES (7); UPDATE both_c SET q = 7 WHERE id = 1`,
    accident: 'DELETE FROM both_p WHERE id = 1',
    after: 'DELETE FROM both_q WHERE id = 7',
    finds: [['both_q', 'id=7', HELD]],
  },
  {
    title: 'images without all columns',
    start:
      'CREATE TABLE minimal (a INT NOT NULL, b INT); INSERT INTO minimal VALUES (1, 1); CREATE TABLE minimal_pk (id INT PRIMARY KEY, b INT); INSERT INTO minimal_pk VALUES (1, 1), (2, 2)',
    accident:
      "SET SESSION binlog_row_image = 'MINIMAL'; BEGIN; UPDATE minimal_pk SET b = 5 WHERE id = 1; DELETE FROM minimal_pk WHERE id = 2; COMMIT",
    after:
      "SET SESSION binlog_row_image = 'MINIMAL'; UPDATE minimal_pk SET b = 6 WHERE id = 1; INSERT INTO minimal_pk VALUES (2, 9), (3, 9)",
    finds: [
      ['minimal_pk', 'id=1', OTHER],
      ['minimal_pk', 'id=2', TAKEN],
    ],
  },
  {
    title: 'a change on top of a change, behind a partition that was emptied',
    start:
      'CREATE TABLE part (id INT PRIMARY KEY, n INT) PARTITION BY RANGE (id) (PARTITION p0 VALUES LESS THAN (10), PARTITION p1 VALUES LESS THAN (100)); INSERT INTO part VALUES (1, 1), (20, 20)',
    accident: 'UPDATE part SET n = 0 WHERE id = 20',
    after: 'ALTER TABLE part TRUNCATE PARTITION p0; UPDATE part SET n = n + 1 WHERE id = 20',
    finds: [['part', 'id=20', OTHER]],
  },
  {
    title: 'a column whose comment says DROP PARTITION',
    start: 'CREATE TABLE says (id INT PRIMARY KEY); INSERT INTO says VALUES (1)',
    accident: 'DELETE FROM says',
    after: "ALTER TABLE says ADD COLUMN m INT COMMENT 'DROP PARTITION p0'",
    finds: [['says', '', SHAPE]],
  },
  {
    title: 'columns that changed since, so that rows cannot be read',
    start: 'CREATE TABLE since (id INT PRIMARY KEY); INSERT INTO since VALUES (1)',
    accident: 'DELETE FROM since',
    after: 'INSERT INTO since VALUES (3); ALTER TABLE since ADD COLUMN m INT',
    finds: [['since', '', UNTOLD]],
  },
];

/** The backup has it that 5 was the next number. */
const NUMBERED: Clash = {
  title: 'numbers that are given again',
  start: 'CREATE TABLE num (id INT PRIMARY KEY AUTO_INCREMENT, n INT); INSERT INTO num VALUES (4, 4)',
  before: 'INSERT INTO num (n) VALUES (5); DELETE FROM num',
  accident: 'TRUNCATE TABLE num',
  after: 'INSERT INTO num (n) VALUES (1); INSERT INTO num VALUES (5, 5), (6, 6)',
  finds: [
    ['num', 'id=1', TAKEN],
    ['num', 'id=5', TAKEN],
  ],
};

const ALL: readonly Story[] = [...STANDING, ...CLASHING, NUMBERED];

describeOnServers(
  'what is left out of the log',
  (server) => {
    let live: string;
    let side: string;
    let twin: string;
    let range: LogRange;
    const places = new Map<Story, string>();

    beforeAll(async () => {
      [live, side, twin] = [await database(server()), await database(server()), await database(server())];
      const start = ALL.map((story) => story.start).join(';\n');
      for (const one of [live, side, twin]) await runScript(server(), one, start);
      const from = await endOfLog(server());
      await runScript(server(), live, NUMBERED.before ?? '');
      await both([live, twin], STANDING.map(({ before }) => before ?? 'DO 1').join(';\n'));
      for (const story of ALL) {
        places.set(story, formatPosition(await endOfLog(server())));
        await runScript(server(), live, story.accident);
      }
      await both([live, twin], STANDING.map(({ after }) => after).join(';\n'));
      await both([live], [...CLASHING, NUMBERED].map(({ after }) => after).join(';\n'));
      range = await copySince(server(), from);
    }, 60_000);
    afterAll(() => rmSync(range.folder, { recursive: true }));

    test('all the rest is there, as if it had never been', { timeout: 60_000 }, async () => {
      const standing = STANDING.map((story) => places.get(story) ?? '');
      const production = await connect(server().target(live));
      const context = await contextFor(server().target(side));
      await withRoot(server(), side, async (session) => {
        const leftOut = await openWatch(standing, production);
        const request = { range, from: { database: live, ignoresCase: false }, into: side, isPrivate: false };
        expect(await replayLog({ ...request, stepId: 'replay', leftOut }, session, context)).toBe(true);
      });
      expect(await withTables(side, STANDING)).toEqual(await withTables(twin, STANDING));
    });

    test.each(CLASHING)('$title: found before anything is done', async (story) => {
      const told = await conflictsOf([places.get(story) ?? '']);
      expect(told.map(({ table, key, reason }) => [table, key, reason])).toEqual(
        story.finds.map(([table, key, reason]) => [table, key, expect.stringMatching(reason)]),
      );
    });

    test(`${NUMBERED.title}: found by where they stood`, async () => {
      const place = places.get(NUMBERED) ?? '';
      const production = await connect(server().target(live));
      const named = (await transactionsOf(range)).filter((one) => placeOf(one) === place);
      const session = await production.open();
      const subject = await readSubject(session, production.flavor, live);
      await session.close();
      const readCounters = () => Promise.resolve(new Map([['num', 5n]]));
      const floors = await findFloors({ range, subject, readCounters }, named, production, signal);
      expect(floors).toEqual(new Map([['num', 6n]]));
      const { told } = await findConflicts(range, [place], await openWatch([place], production, { floors }), signal);
      expect(told.map(({ table, key, reason }) => [table, key, reason])).toEqual(
        NUMBERED.finds.map(([table, key, reason]) => [table, key, expect.stringMatching(reason)]),
      );
    });

    test('nothing is found where nothing stands on it', async () => {
      for (const story of STANDING)
        expect([story.title, await conflictsOf([places.get(story) ?? ''])]).toEqual([story.title, []]);
    });

    async function conflictsOf(left: readonly string[]): Promise<readonly ToldConflict[]> {
      const watch = await openWatch(left, await connect(server().target(live)));
      return (await findConflicts(range, left, watch, signal)).told;
    }

    async function both(databases: readonly string[], script: string): Promise<void> {
      for (const one of databases) await runScript(server(), one, script);
    }

    async function withTables(of: string, stories: readonly Story[]) {
      const wanted = new Set(
        stories.flatMap(({ start }) => [...start.matchAll(/CREATE TABLE (\w+)/g)].map(([, name]) => name)),
      );
      const content = await contentOf(server(), of);
      return Object.fromEntries(Object.entries(content).filter(([name]) => wanted.has(name)));
    }
  },
  { binlog: true, onNewer: true },
);

function database(server: TestServer): Promise<string> {
  return server.createDatabase('left');
}
