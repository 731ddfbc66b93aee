import { describe, expect, it } from 'vitest';
import { deferIndexes } from '../../../src/backup/load/deferral.ts';
import { loadBackup } from '../../../src/backup/load/load.ts';
import { loadInParallel } from '../../../src/backup/load/load-parallel.ts';
import { loadAsStream } from '../../../src/backup/load/load-stream.ts';
import { compareTables } from '../../../src/exchange/loaded-contents.ts';
import { connect } from '../../../src/mysql/connect.ts';
import { diffSnapshots } from '../../../src/schema/diff.ts';
import { readSnapshot } from '../../../src/schema/snapshot.ts';
import { Secret } from '../../../src/system/secret.ts';
import { describeOnServers } from '../../support/servers.ts';
import { clientsOf, comparableSql, contextFor, runScript, takeBackup } from '../support.ts';
import { KEYS, OF_ONE, ZOO } from '../zoo.ts';

/** Some 12 MB in one table that refers to itself, with rows that look like the end of a statement, and one longer than all else. */
const DOMINANT = `
CREATE TABLE digits (d INT PRIMARY KEY); INSERT INTO digits VALUES (0), (1), (2), (3), (4), (5), (6), (7), (8), (9);
CREATE TABLE log (id INT);
CREATE TABLE large (id INT AUTO_INCREMENT PRIMARY KEY, up INT, note LONGTEXT, u VARCHAR(64), UNIQUE KEY u (u), KEY up (up),
  CONSTRAINT itself FOREIGN KEY (up) REFERENCES large (id));
INSERT INTO large SELECT 1 + a.d + 10 * b.d + 100 * c.d + 1000 * d.d, NULL, CONCAT(REPEAT(');\nINSERT INTO \`large\` VALUES\n(', 40), RAND()), SHA2(CONCAT(a.d, b.d, c.d, d.d), 256)
  FROM digits a, digits b, digits c, digits d;
UPDATE large SET up = 10001 - id;
UPDATE large SET note = REPEAT('\n(', 1500000) WHERE id = 5000;
CREATE TRIGGER after_large AFTER INSERT ON large FOR EACH ROW INSERT INTO log VALUES (NEW.id);
`;

describeOnServers(
  'a backup loaded over several clients',
  (server) => {
    it('ends in exactly what the stream of the whole file makes', async () => {
      const database = await server().createDatabase();
      await runScript(server(), database, ZOO + KEYS + OF_ONE[server().kind]);
      const { file, manifest } = await takeBackup(server(), server().target(database));
      const clients = await clientsOf(server());
      const names = {
        stream: await server().createDatabase('stream'),
        parallel: await server().createDatabase('parallel'),
      };
      const place = (name: string) => ({ target: server().target(name), clients });
      const context = await contextFor(server().target(database));
      await loadAsStream(file, place(names.stream), context, () => undefined);
      const read: number[] = [];
      const options = { deferFromBytes: 0, onBytes: (bytes: number) => void read.push(bytes) };
      await loadInParallel({ file, manifest }, place(names.parallel), context, options);
      expect(read.reduce((sum, bytes) => sum + bytes, 0)).toBe(manifest.bytes - manifest.preamble.length);

      const session = await (await connect(server().target(database))).open();
      const [byStream, byParallel] = await Promise.all(
        [names.stream, names.parallel].map((name) => readSnapshot(session, name)),
      );
      await session.close();
      if (!byStream || !byParallel) throw new Error('a snapshot is missing');
      expect(diffSnapshots(byStream, byParallel)).toEqual([]);
      expect(byParallel.objects.size).toBeGreaterThan(25);
      const again = await Promise.all(
        [names.stream, names.parallel].map(async (name) => {
          const taken = await takeBackup(server(), server().target(name));
          return {
            sql: comparableSql(taken.file, name),
            tables: taken.manifest.tables.map(({ range: _, ...rest }) => rest),
          };
        }),
      );
      expect(again[1]).toEqual(again[0]);
    });

    it('brings the past rows of system-versioned tables, too', async () => {
      if (server().kind !== 'mariadb') return;
      const database = await server().createDatabase();
      await runScript(server(), database, OF_ONE.mariadb);
      const { file, manifest } = await takeBackup(server(), server().target(database));
      expect(manifest.withHistory).toBe(true);
      const [one, several] = [await server().createDatabase('one'), await server().createDatabase('several')];
      const clients = await clientsOf(server());
      const context = await contextFor(server().target(database));
      await loadBackup(file, server().target(one), clients, 'load', context);
      await loadInParallel({ file, manifest }, { target: server().target(several), clients }, context);
      const session = await (await connect(server().target(database))).open();
      const history = (name: string) =>
        session.query(
          `SELECT 'by default' AS t, id, a, row_start AS s, row_end AS e FROM \`${name}\`.versioned FOR SYSTEM_TIME ALL
         UNION ALL SELECT 'by name', id, a, s, e FROM \`${name}\`.versioned_by_name FOR SYSTEM_TIME ALL ORDER BY t, id, a, s`,
        );
      const expected = await history(database);
      expect(expected).toHaveLength(5);
      expect(await history(one)).toEqual(expected);
      expect(await history(several)).toEqual(expected);
      await session.close();
      const beside = await contextFor(server().target(several));
      const there = await beside.server.open();
      expect(await compareTables(manifest, beside.server, there, beside)).toEqual([]);
      await there.close();
    });

    it('shares the rows of a table that is larger than all others, before its indexes and triggers', async () => {
      const database = await server().createDatabase();
      await runScript(server(), database, DOMINANT);
      const { file, manifest } = await takeBackup(server(), server().target(database));
      const side = await server().createDatabase('side');
      const clients = await clientsOf(server());
      const context = await contextFor(server().target(side));
      const users = new Set<unknown>();
      const session = await context.server.open();
      const writers = `SELECT id FROM information_schema.processlist WHERE info LIKE 'INSERT INTO %large%' AND db = '${side}'`;
      let isLoaded = false;
      const load = loadInParallel({ file, manifest }, { target: server().target(side), clients }, context).finally(
        () => (isLoaded = true),
      );
      while (!isLoaded) for (const { id } of await session.query<{ id: number }>(writers)) users.add(id);
      await load;
      await session.close();
      expect(users.size).toBeGreaterThan(1);
      const again = await takeBackup(server(), server().target(side));
      const what = (tables: typeof manifest.tables) => tables.map(({ name, rows, digest }) => ({ name, rows, digest }));
      expect(what(again.manifest.tables)).toEqual(what(manifest.tables));
    });

    it('fails with the table and the words of the server, and nothing goes on there', async () => {
      const database = await server().createDatabase();
      await runScript(server(), database, KEYS);
      const { file, manifest } = await takeBackup(server(), server().target(database));
      const side = await server().createDatabase('side');
      const rights = 'SELECT, INSERT, CREATE, DROP, ALTER, INDEX, REFERENCES';
      await server().sql(`CREATE USER few@localhost IDENTIFIED BY 'x'; GRANT ${rights} ON ${side}.* TO few@localhost`);
      const target = { ...server().target(side), user: 'few', password: new Secret('x') };
      const context = await contextFor(server().target(side));
      const load = loadInParallel({ file, manifest }, { target, clients: await clientsOf(server()) }, context);
      const words = {
        mysql: 'ERROR 1419 \\(HY000\\) at line \\d+: You do not have the SUPER privilege and binary logging is enabled',
        mariadb:
          "ERROR 1142 \\(42000\\) at line \\d+: TRIGGER command denied to user 'few'@'localhost' for table .*child",
      };
      await expect(load).rejects.toThrow(new RegExp(`^table child: \`.*\` exited with 1: .*${words[server().kind]}`));
      const session = await context.server.open();
      // A thread that is killed is in the list until it has noticed.
      const threads = () => session.query("SELECT id, command FROM information_schema.processlist WHERE user = 'few'");
      await expect.poll(threads, { timeout: 20_000 }).toEqual([]);
      await session.close();
    });

    it('ends every client when it is interrupted', async () => {
      const database = await server().createDatabase();
      await runScript(
        server(),
        database,
        `${KEYS}CREATE TABLE slow (id INT PRIMARY KEY, k INT, KEY k (k)); INSERT INTO slow VALUES (1, 1);
      CREATE VIEW waits AS SELECT * FROM slow;`,
      );
      const { file, manifest } = await takeBackup(server(), server().target(database));
      const controller = new AbortController();
      const side = await server().createDatabase('side');
      const context = await contextFor(server().target(side), { signal: controller.signal });
      const session = await context.server.open();
      // Whoever comes to this table waits for its lock.
      await session.execute('CREATE TABLE slow (id INT)');
      await session.execute('LOCK TABLES slow WRITE');
      const load = loadInParallel(
        { file, manifest },
        { target: server().target(side), clients: await clientsOf(server()) },
        context,
      );
      const waiting =
        "SELECT id FROM information_schema.processlist WHERE info LIKE 'DROP TABLE IF EXISTS %slow%' AND db = DATABASE()";
      while ((await session.query(waiting)).length === 0) await new Promise((resolve) => setTimeout(resolve, 10));
      controller.abort(new Error('Ctrl-C'));
      await expect(load).rejects.toThrow('Ctrl-C');
      while ((await session.query(waiting)).length > 0) await new Promise((resolve) => setTimeout(resolve, 10));
      await session.close();
    });
  },
  { onNewer: true },
);

describe('indexes built after the rows', () => {
  const build = (create: string, others: Record<string, string> = {}) => {
    const texts = Object.entries({ t: create, ...others }).map(
      ([name, text]) => [name, { create: text, isLarge: true }] as const,
    );
    return deferIndexes(new Map(texts)).get('t');
  };
  const PLAIN =
    'CREATE TABLE `t` (\n  `id` int NOT NULL,\n  `a` int,\n  PRIMARY KEY (`id`),\n  UNIQUE KEY `u` (`a`),\n  KEY `k` (`a`,`id`)\n) ENGINE=InnoDB';

  it('leave the definition and come back in their order', () => {
    expect(build(PLAIN)).toEqual({
      create: 'CREATE TABLE `t` (\n  `id` int NOT NULL,\n  `a` int,\n  PRIMARY KEY (`id`)\n) ENGINE=InnoDB',
      indexes: 'ALTER TABLE `t` ADD UNIQUE KEY `u` (`a`), ADD KEY `k` (`a`,`id`);\n',
      foreignKeys: undefined,
      isOrdered: true,
    });
    expect(
      build(PLAIN.replace('PRIMARY KEY (`id`)', 'CHECK (`a` > 0)').replace('CHECK', 'CONSTRAINT `c` CHECK'))?.indexes,
    ).toBe('ALTER TABLE `t` ADD KEY `k` (`a`,`id`);\n');
    expect(
      build(
        PLAIN.replace(
          'KEY `k`',
          'CONSTRAINT `f` FOREIGN KEY (`a`) REFERENCES `p` (`id`) ON DELETE CASCADE,\n  KEY `k`',
        ),
      )?.foreignKeys,
    ).toBe('ALTER TABLE `t` ADD CONSTRAINT `f` FOREIGN KEY (`a`) REFERENCES `p` (`id`) ON DELETE CASCADE;\n');
  });

  it.each([
    ['an expression', PLAIN.replace('KEY `k` (`a`,`id`)', 'KEY `k` ((lower(`a`)))'), {}],
    ['a generated column', PLAIN.replace('`a` int', '`a` int GENERATED ALWAYS AS (`id` + 1) VIRTUAL'), {}],
    ['full text', PLAIN.replace('KEY `k`', 'FULLTEXT KEY `k`'), {}],
    ['another engine', PLAIN.replace('InnoDB', 'MyISAM'), {}],
    ['partitions', `${PLAIN}\n/*!50100 PARTITION BY HASH (\`id\`) */`, {}],
    ['versions', `${PLAIN} WITH SYSTEM VERSIONING`, {}],
    ['a counter in a secondary index', PLAIN.replace('`a` int', '`a` int AUTO_INCREMENT'), {}],
    ['an item nobody knows', PLAIN.replace('KEY `k`', 'MAGIC KEY `k`'), {}],
    ['a neighbour that is not understood', PLAIN, { other: 'CREATE TABLE `other` (\n  MAGIC\n) ENGINE=InnoDB' }],
    [
      'a child that refers to one of them',
      PLAIN,
      {
        other:
          'CREATE TABLE `other` (\n  `a` int,\n  CONSTRAINT `f` FOREIGN KEY (`a`) REFERENCES `t` (`a`)\n) ENGINE=InnoDB',
      },
    ],
  ])('stay where they are with %s', (_, create, others) => {
    expect(build(create, others)).toEqual({ create, indexes: undefined, foreignKeys: undefined, isOrdered: false });
  });
});
