import { expect, test } from 'vitest';
import { withRoot } from '../binlog/support.ts';
import { describeOnServers } from '../support/servers.ts';
import { contentOf, happen, undo } from './support.ts';

const TABLES = `
  CREATE TABLE parents (id INT PRIMARY KEY, code VARCHAR(20) UNIQUE, note VARCHAR(20));
  CREATE TABLE kids (id INT PRIMARY KEY, parent_id INT, FOREIGN KEY (parent_id) REFERENCES parents (id));
  CREATE TABLE bare (word VARCHAR(20), n INT);
  INSERT INTO parents VALUES (1, 'a', 'one'), (2, 'b', 'two'), (3, 'c', 'three');
  INSERT INTO kids VALUES (1, 1), (2, 1), (3, 3);
  INSERT INTO bare VALUES ('x', 1), ('x', 1), ('y', NULL)`;

interface Case {
  readonly title: string;
  readonly accident: string;
  readonly since: string;
  /** `table key: reason`. */
  readonly conflicts: readonly string[];
  /** What a query finds after `theirs`. */
  readonly theirs: readonly [query: string, found: string];
}

const CASES: readonly Case[] = [
  {
    title: 'a row that was changed since',
    accident: "UPDATE parents SET note = 'lost'",
    since: "UPDATE parents SET note = 'mine' WHERE id = 2",
    conflicts: ["parents id=2: it was changed since: note 'mine' instead of 'lost'"],
    theirs: ['SELECT GROUP_CONCAT(note ORDER BY id) AS found FROM parents', 'one,mine,three'],
  },
  {
    title: 'another column of it, and the case of a letter, which the collation does not see',
    accident: "UPDATE parents SET note = 'lost' WHERE id < 3",
    since: "UPDATE parents SET code = 'A' WHERE id = 1",
    conflicts: ["parents id=1: it was changed since: code 'A' instead of 'a'"],
    theirs: ['SELECT GROUP_CONCAT(code, note ORDER BY id) AS found FROM parents', 'Alost,btwo,cthree'],
  },
  {
    title: 'a row that was deleted since',
    accident: "UPDATE parents SET note = 'lost' WHERE id = 2",
    since: 'DELETE FROM parents WHERE id = 2',
    conflicts: ['parents id=2: it was deleted since'],
    theirs: ['SELECT GROUP_CONCAT(id ORDER BY id) AS found FROM parents', '1,3'],
  },
  {
    title: 'a primary key that is taken',
    accident: 'DELETE FROM parents WHERE id = 2',
    since: "INSERT INTO parents VALUES (2, 'n', 'new')",
    conflicts: ["parents id=2: a row that came since has its id: code 'n' instead of 'b', note 'new' instead of 'two'"],
    theirs: ['SELECT GROUP_CONCAT(note ORDER BY id) AS found FROM parents', 'one,new,three'],
  },
  {
    title: 'a unique key that is taken',
    accident: 'DELETE FROM parents WHERE id = 2',
    since: "INSERT INTO parents VALUES (9, 'b', 'new')",
    conflicts: ["parents id=2: a row that came since has its code: id 9 instead of 2, note 'new' instead of 'two'"],
    theirs: ['SELECT GROUP_CONCAT(note ORDER BY id) AS found FROM parents', 'one,three,new'],
  },
  {
    title: 'a parent that is gone, and the child with it',
    accident: 'BEGIN; DELETE FROM kids WHERE id IN (1, 3); DELETE FROM kids WHERE id = 2; COMMIT',
    since: 'DELETE FROM parents WHERE id = 3',
    conflicts: ['kids id=3: the row of parents that it belongs to is gone'],
    theirs: ['SELECT GROUP_CONCAT(id ORDER BY id) AS found FROM kids', '1,2'],
  },
  {
    title: 'a parent that stays away because its key is taken, and so its children',
    accident: 'BEGIN; DELETE FROM kids; DELETE FROM parents WHERE id = 1; COMMIT',
    since: "INSERT INTO parents VALUES (8, 'a', 'new')",
    conflicts: [
      "parents id=1: a row that came since has its code: id 8 instead of 1, note 'new' instead of 'one'",
      'kids id=1: the row of parents that it belongs to is gone',
      'kids id=2: the row of parents that it belongs to is gone',
    ],
    theirs: ['SELECT GROUP_CONCAT(id ORDER BY id) AS found FROM kids', '3'],
  },
  {
    title: 'children of a row that is to go',
    accident: "INSERT INTO parents VALUES (7, 'g', 'seven'), (6, 'f', 'six')",
    since: 'INSERT INTO kids VALUES (77, 7)',
    conflicts: ['parents id=7: rows of kids that came since belong to it'],
    theirs: ['SELECT GROUP_CONCAT(id ORDER BY id) AS found FROM parents', '1,2,3,7'],
  },
  {
    title: 'rows without a key that are gone',
    accident: "UPDATE bare SET n = 5 WHERE word = 'x'",
    since: 'DELETE FROM bare WHERE n = 5 LIMIT 1',
    conflicts: ["bare word='x', n=5: it was changed or deleted since"],
    theirs: ['SELECT GROUP_CONCAT(word, COALESCE(n, 0) ORDER BY word, n) AS found FROM bare', 'x1,y0'],
  },
];

describeOnServers(
  'what came since',
  (server) => {
    test.each(CASES)('$title', async ({ accident, since, conflicts, theirs: [query, found] }) => {
      const database = await server().createDatabase('since');
      await server().sql(TABLES, database);
      const happened = await happen(server(), database, accident);
      await server().sql(since, database);
      const now = await contentOf(server(), database);
      const met = await undo(server(), database, happened);
      // With `stop` only the first look counts: what would follow from it is found when it is left out.
      expect(conflicts).toEqual(expect.arrayContaining(met.map(describe)));
      expect(met.length).toBeGreaterThan(0);
      expect(await contentOf(server(), database)).toEqual(now);
      const left = await undo(server(), database, happened, 'theirs');
      expect(left.map(describe).sort()).toEqual([...conflicts].sort());
      expect(left.every(({ by }) => by.length === 1 && by[0] === happened.places[0])).toBe(true);
      const rows = await withRoot(server(), database, (session) => session.query(query));
      expect(rows).toEqual([{ found }]);
    });

    test('a row that somebody else changed between the transactions stays', async () => {
      const database = await server().createDatabase('since');
      await server().sql(TABLES, database);
      const { from, places } = await happen(
        server(),
        database,
        "UPDATE parents SET note = 'first' WHERE id < 3",
        "UPDATE parents SET note = 'theirs' WHERE id = 1",
        "UPDATE parents SET note = 'first' WHERE id = 1",
      );
      const [first = '', , third = ''] = places;
      const met = await undo(server(), database, { from, places: [first, third] }, 'theirs');
      expect(met.map(describe)).toEqual([
        'parents id=1: something else changed it between the transactions',
        'parents id=1: something else changed it between the transactions',
      ]);
      const rows = await withRoot(server(), database, (session) =>
        session.query('SELECT note FROM parents ORDER BY id'),
      );
      expect(rows.map(({ note }) => note)).toEqual(['first', 'two', 'three']);
    });

    test('transactions that go on with each other are undone as one', async () => {
      const database = await server().createDatabase('since');
      await server().sql(TABLES, database);
      const before = await contentOf(server(), database);
      const { from, places } = await happen(
        server(),
        database,
        "UPDATE parents SET note = 'first'",
        "INSERT INTO bare VALUES ('theirs', 0)",
        "BEGIN; UPDATE parents SET note = 'third', code = NULL; DELETE FROM kids; COMMIT",
      );
      const [first = '', , third = ''] = places;
      expect(await undo(server(), database, { from, places: [first, third] })).toEqual([]);
      const { bare, ...others } = await contentOf(server(), database);
      expect(others).toEqual({ parents: before.parents, kids: before.kids });
      expect(bare?.length).toBe(4);
    });
  },
  { binlog: true },
);

function describe({ table, key, reason }: { table: string; key: string; reason: string }): string {
  return `${table} ${key}: ${reason}`;
}
