import { describe, expect, it } from 'vitest';
import { deferIndexes } from '../../src/backup/deferral.ts';
import { loadInParallel } from '../../src/backup/load-parallel.ts';
import { loadAsStream } from '../../src/backup/load-stream.ts';
import { connect } from '../../src/mysql/connect.ts';
import { diffSnapshots } from '../../src/schema/diff.ts';
import { readSnapshot } from '../../src/schema/snapshot.ts';
import { Secret } from '../../src/system/secret.ts';
import { describeOnServers, type TestServer } from '../support/servers.ts';
import { clientsOf, comparableSql, contextFor, runScript, takeBackup } from './support.ts';
import { ZOO } from './zoo.ts';

/** Tables whose indexes can be built after the rows, next to those where they must not. */
const KEYS = `
CREATE TABLE \`the \`\`parent\`\` ☃\` (
  id BIGINT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY, code VARCHAR(20) NOT NULL, other INT, \`a,b)\` INT,
  note VARCHAR(300) COMMENT 'KEY \`x\` (\`y\`), CONSTRAINT', text_key TEXT, up BIGINT UNSIGNED,
  UNIQUE KEY \`code, or )\` (code), KEY other (other DESC, code), KEY \`a,b)\` (\`a,b)\`), KEY prefix (text_key(20)),
  CONSTRAINT itself FOREIGN KEY (up) REFERENCES \`the \`\`parent\`\` ☃\` (id),
  CHECK (note <> 'a,
(b')
) AUTO_INCREMENT=4711 COMMENT 'PARTITION BY x';
INSERT INTO \`the \`\`parent\`\` ☃\` (id, code, other, \`a,b)\`, note, up) VALUES (1, 'a', 1, 3, 'x', NULL), (2, 'b', 2, 2, 'y', 1), (3, 'c', NULL, NULL, NULL, 3);
CREATE TABLE child (id INT NOT NULL, seq INT NOT NULL, parent BIGINT UNSIGNED, second BIGINT UNSIGNED, own INT,
  PRIMARY KEY (id, seq), UNIQUE KEY own (own), KEY aaa (second),
  CONSTRAINT z_first FOREIGN KEY (parent) REFERENCES \`the \`\`parent\`\` ☃\` (id) ON DELETE CASCADE ON UPDATE CASCADE,
  CONSTRAINT a_second FOREIGN KEY (second) REFERENCES \`the \`\`parent\`\` ☃\` (id)) COMMENT '\n/*!40000 ALTER TABLE \`x\` DISABLE KEYS */;\n';
INSERT INTO child VALUES (1, 1, 1, 2, 3), (1, 2, NULL, NULL, NULL), (2, 1, 3, 3, 4);
CREATE TABLE grandchild (a INT, b INT, c INT, UNIQUE KEY not_null (c), KEY b (b), KEY a (a, b), CONSTRAINT by_own FOREIGN KEY (a) REFERENCES child (own));
INSERT INTO grandchild VALUES (3, 1, 1), (4, 2, 2), (NULL, NULL, NULL);
CREATE TABLE no_primary (a INT NOT NULL, b INT NOT NULL, UNIQUE KEY a (a), KEY b (b), UNIQUE KEY ba (b, a));
INSERT INTO no_primary VALUES (1, 1), (2, 1);
CREATE TABLE counts_elsewhere (a INT NOT NULL, n INT NOT NULL AUTO_INCREMENT, PRIMARY KEY (a), KEY n (n));
INSERT INTO counts_elsewhere (a) VALUES (4), (5);
CREATE TABLE words (id INT PRIMARY KEY, k INT, t TEXT, g GEOMETRY NOT NULL, FULLTEXT KEY t (t), SPATIAL KEY g (g), KEY k (k));
INSERT INTO words VALUES (1, 2, 'a few words', ST_GeomFromText('POINT(1 2)'));
CREATE TABLE computed (id INT PRIMARY KEY, a INT, b INT AS (a + 1) VIRTUAL, c INT AS (a * 2) STORED, KEY b (b), KEY c (c, a));
INSERT INTO computed (id, a) VALUES (1, 2), (3, 4);
CREATE TABLE parts (id INT, d DATE, KEY d (d)) PARTITION BY RANGE (YEAR(d)) (PARTITION p0 VALUES LESS THAN (2020), PARTITION p1 VALUES LESS THAN MAXVALUE);
INSERT INTO parts VALUES (1, '2019-01-01'), (2, '2024-01-01');
CREATE TABLE old_engine (id INT PRIMARY KEY, a INT, KEY a (a)) ENGINE=MyISAM;
INSERT INTO old_engine VALUES (1, 1);
CREATE TABLE fired (id INT PRIMARY KEY AUTO_INCREMENT, what VARCHAR(40), KEY what (what));
CREATE TRIGGER z_one AFTER INSERT ON child FOR EACH ROW INSERT INTO fired (what) VALUES ('one');
CREATE TRIGGER a_two AFTER INSERT ON child FOR EACH ROW INSERT INTO fired (what) VALUES ('
/*!40000 ALTER TABLE \`x\` ENABLE KEYS */;
');
CREATE TRIGGER b_three AFTER INSERT ON child FOR EACH ROW PRECEDES a_two INSERT INTO fired (what) VALUES ('three');
`;

const OF_ONE: Readonly<Record<TestServer['kind'], string>> = {
  mysql: `
CREATE TABLE functional (id INT PRIMARY KEY, s VARCHAR(20), j JSON, KEY f ((LOWER(s))), KEY m ((CAST(j->'$.a' AS UNSIGNED ARRAY))), KEY s (s));
INSERT INTO functional VALUES (1, 'A', '{"a": [1, 2]}');
CREATE TABLE invisible (id INT PRIMARY KEY, a INT, b INT INVISIBLE, KEY a (a) INVISIBLE, UNIQUE KEY b (b) COMMENT 'it''s, (');
INSERT INTO invisible (id, a, b) VALUES (1, 2, 3);`,
  mariadb: `
CREATE SEQUENCE numbers START WITH 100;
CREATE TABLE drawn (id INT PRIMARY KEY, n BIGINT DEFAULT (NEXT VALUE FOR numbers), KEY n (n));
INSERT INTO drawn (id) VALUES (1), (2);
CREATE TABLE versioned (id INT PRIMARY KEY, a INT, KEY a (a)) WITH SYSTEM VERSIONING;
INSERT INTO versioned VALUES (1, 2);
CREATE TABLE long_unique (id INT PRIMARY KEY, t TEXT, k INT, UNIQUE KEY t (t), KEY k (k));
INSERT INTO long_unique VALUES (1, 'x', 2);
CREATE TABLE periods (id INT, s DATE, e DATE, PERIOD FOR p (s, e), UNIQUE KEY o (id, p WITHOUT OVERLAPS), KEY id (id));
CREATE TABLE ignored (id INT PRIMARY KEY, a INT, KEY a (a) IGNORED);`,
};

describeOnServers('a backup loaded over several clients', (server) => {
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
    expect(await session.query("SELECT id FROM information_schema.processlist WHERE user = 'few'")).toEqual([]);
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
});

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
    expect(build(create, others)).toEqual({ create, indexes: undefined, foreignKeys: undefined });
  });
});
