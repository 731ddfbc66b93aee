import { expect, test } from 'vitest';
import { findBadData } from '../../../src/rehearsal/bad-data/bad-data.ts';
import type { ChangedTable } from '../../../src/rehearsal/bad-data/changed-table.ts';
import { ask } from '../../../src/rehearsal/bad-data/inquiry.ts';
import type { Finding } from '../../../src/rehearsal/finding.ts';
import { describeOnServers, type TestServer } from '../../support/servers.ts';
import { migration, stage } from '../scene.ts';
import { tell } from '../telling.ts';

function raise(): never {
  throw new Error('nothing was found');
}

const SCHEMA = `
  CREATE TABLE owners (id INT PRIMARY KEY);
  CREATE TABLE pets (
    id INT AUTO_INCREMENT PRIMARY KEY, owner_id INT NULL, name VARCHAR(100) NULL, mail VARCHAR(50) COLLATE utf8mb4_bin NULL,
    weight DECIMAL(10,3) NULL, age INT NULL, kind ENUM('cat', 'dog', 'eel') NULL, born DATETIME NULL,
    KEY owner (owner_id));`;
const ROWS = `
  INSERT INTO owners VALUES (1), (2);
  INSERT INTO pets (owner_id, name, mail, weight, age, kind, born) VALUES
    (1, 'Ada', 'ada@x', 1.5, 3, 'cat', '2020-01-01'), (2, 'Ben', 'BEN@x', 2.125, 4, 'dog', '2020-01-02'),
    (7, 'Ben', 'ben@x', 3, 300, 'eel', '2050-01-03 10:00:00'), (8, NULL, NULL, 4, NULL, 'cat', NULL);`;

async function look(server: TestServer, up: string, withinMs?: number, rows = ROWS): Promise<Finding[]> {
  const migrations = [migration('5', `-- migrate:up\n${up}`)];
  const scene = await stage(server, { schema: SCHEMA, rows, migrations });
  try {
    return await findBadData({
      session: scene.production,
      flavor: scene.flavor,
      database: scene.before.database,
      snapshot: scene.before,
      after: scene.after,
      migrations,
      ...(withinMs === undefined ? {} : { withinMs }),
    });
  } finally {
    await scene.close();
  }
}

describeOnServers('data that would make a migration fail', (server) => {
  test('is told of nothing where the rows fit', async () => {
    const up = `ALTER TABLE pets ADD UNIQUE KEY whole (name, owner_id), MODIFY name VARCHAR(90) NULL, ADD nick VARCHAR(9) NULL,
      ADD UNIQUE KEY nick (nick), MODIFY age BIGINT NULL, ADD CHECK (age > 0), ADD chip CHAR(36) NOT NULL DEFAULT 'none';`;
    expect(await look(server(), up)).toEqual([]);
  });

  test('duplicate rows under a new unique key', async () => {
    expect(await look(server(), 'CREATE UNIQUE INDEX one_name ON pets (name);')).toEqual([
      {
        name: 'duplicates-under-unique',
        level: 'error',
        group: 'data',
        version: '5',
        object: 'pets.one_name',
        what: 'rows of production are equal under the unique key one_name (name): Ben',
        why: 'the server refuses the key with error 1062 as soon as it meets the second of them',
        fix: 'keep one of each first; they are: SELECT `name` AS k0 FROM `pets` WHERE `name` IS NOT NULL GROUP BY `name` HAVING COUNT(*) > 1',
      },
    ]);
  });

  test('rows that only the collation to come makes equal', async () => {
    const add = 'ALTER TABLE pets ADD UNIQUE KEY one_mail (mail)';
    expect(await look(server(), `${add};`)).toEqual([]);
    const findings = await look(
      server(),
      `${add}; ALTER TABLE pets CONVERT TO CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_ci;`,
    );
    expect(findings.map(({ name, object }) => [name, object])).toEqual([['duplicates-under-unique', 'pets.one_mail']]);
  });

  test('a unique key on a new column, whose default every row gets', async () => {
    expect(
      tell(await look(server(), 'ALTER TABLE pets ADD code INT NOT NULL, ADD UNIQUE KEY one_code (code);')),
    ).toMatchInlineSnapshot(`
      "error 5 duplicates-under-unique pets.one_code
      what: every row gets the same value under the unique key one_code (code)
      why:  the server refuses the key with error 1062 as soon as it meets the second of them
      fix:  keep one of each first; they are: SELECT COUNT(*) AS n FROM (SELECT 1 FROM \`pets\` LIMIT 2) AS found HAVING COUNT(*) > 1"
    `);
  });

  test('NULLs in a column that becomes NOT NULL, under its new name too', async () => {
    expect(
      tell(
        await look(
          server(),
          'ALTER TABLE pets RENAME COLUMN name TO title; ALTER TABLE pets MODIFY title VARCHAR(100) NOT NULL;',
        ),
      ),
    ).toMatchInlineSnapshot(`
      "error 5 null-in-not-null pets.title
      what: 1 row of production has NULL in name, which becomes NOT NULL
      why:  the server refuses the change for the first such row
      fix:  give them a value first: UPDATE \`pets\` SET \`name\` = … WHERE \`name\` IS NULL"
    `);
  });

  test('a column that CHANGE renames is no new one', async () => {
    const keyed = 'ALTER TABLE pets ADD UNIQUE KEY one_mail (mail); ALTER TABLE pets';
    expect(
      await look(server(), `${keyed} CHANGE COLUMN mail \`change\` VARCHAR(50) COLLATE utf8mb4_bin NULL;`),
    ).toEqual([]);
    const [finding, ...others] = await look(
      server(),
      `${keyed} CHANGE mail address VARCHAR(50) COLLATE utf8mb4_bin NOT NULL;`,
    );
    expect(others).toEqual([]);
    expect(finding?.what).toBe('1 row of production has NULL in mail, which becomes NOT NULL');
  });

  test('is advice where the migration writes the rows itself', async () => {
    const up = "UPDATE pets SET name = '' WHERE name IS NULL; ALTER TABLE pets MODIFY name VARCHAR(100) NOT NULL;";
    expect(tell(await look(server(), up))).toMatchInlineSnapshot(`
      "advice 5 null-in-not-null pets.name
      what: 1 row of production has NULL in name, which becomes NOT NULL (the migrations write rows of pets too, which may mend it)
      why:  the server refuses the change for the first such row
      fix:  see whether they do: gateway-migrate test --from-backup; else give them a value first: UPDATE \`pets\` SET \`name\` = … WHERE \`name\` IS NULL"
    `);
  });

  test('orphans under a new foreign key', async () => {
    const up = 'ALTER TABLE pets ADD CONSTRAINT pets_owner FOREIGN KEY (owner_id) REFERENCES owners (id);';
    expect(tell(await look(server(), up))).toMatchInlineSnapshot(`
      "error 5 orphans-under-foreign-key pets.pets_owner
      what: owner_id of production has values that owners does not have: 7, 8
      why:  the server refuses the foreign key with error 1452 for the first such row
      fix:  mend or remove these rows of pets first; they are: SELECT k.\`owner_id\` FROM (SELECT DISTINCT \`owner_id\` FROM \`production\`.\`pets\`) k LEFT JOIN \`production\`.\`owners\` p ON p.\`id\` = k.\`owner_id\` WHERE k.\`owner_id\` IS NOT NULL AND p.\`id\` IS NULL LIMIT 1000"
    `);
  });

  test('every key is an orphan when the parent is new', async () => {
    const up = `CREATE TABLE keepers (id INT PRIMARY KEY);
      ALTER TABLE pets ADD CONSTRAINT pets_keeper FOREIGN KEY (owner_id) REFERENCES keepers (id);`;
    expect((await look(server(), up)).map(({ name, object }) => [name, object])).toEqual([
      ['orphans-under-foreign-key', 'pets.pets_keeper'],
    ]);
  });

  test('values out of the range of a narrowed type', async () => {
    const up = `ALTER TABLE pets MODIFY age TINYINT NULL, MODIFY name VARCHAR(2) NULL, MODIFY kind ENUM('cat', 'dog') NULL,
      MODIFY born TIMESTAMP NULL, MODIFY weight DECIMAL(4,2) NULL;`;
    expect(tell(await look(server(), up))).toMatchInlineSnapshot(`
      "error 5 value-out-of-range pets.name
      what: name becomes varchar(2), and production has values that do not fit: Ada, Ben
      why:  the server refuses the change for the first such row; without strict mode it would cut the values
      fix:  mend them first, or keep the wider type; they are: SELECT * FROM \`pets\` WHERE CHAR_LENGTH(TRIM(TRAILING ' ' FROM \`name\`)) > 2

      advice 5 value-changed pets.weight
      what: weight becomes decimal(4,2), and production has values that lose a part: 2.125
      why:  the server rounds or cuts them without an error
      fix:  mend them first, or keep the wider type; they are: SELECT * FROM \`pets\` WHERE \`weight\` <> ROUND(\`weight\`, 2)

      error 5 value-out-of-range pets.age
      what: age becomes tinyint, and production has values that do not fit: 300
      why:  the server refuses the change for the first such row; without strict mode it would cut the values
      fix:  mend them first, or keep the wider type; they are: SELECT * FROM \`pets\` WHERE \`age\` < -128 OR \`age\` > 127

      error 5 value-out-of-range pets.kind
      what: kind becomes enum('cat','dog'), and production has values that do not fit: eel
      why:  the server refuses the change for the first such row; without strict mode it would cut the values
      fix:  mend them first, or keep the wider type; they are: SELECT * FROM \`pets\` WHERE \`kind\` NOT IN (_utf8mb4 X'636174', _utf8mb4 X'646f67')

      error 5 value-out-of-range pets.born
      what: born becomes timestamp, and production has values that do not fit: 2050-01-03 10:00:00
      why:  the server refuses the change for the first such row; without strict mode it would cut the values
      fix:  mend them first, or keep the wider type; they are: SELECT * FROM \`pets\` WHERE \`born\` < '1970-01-01 00:00:01' OR \`born\` >= '2038-01-19 03:14:08'"
    `);
  });

  /** What is found for a table `notes` of such rows, and whether the server refuses the change of it. */
  async function lookBoth(columns: string, rows: string, alter: string) {
    const up = `ALTER TABLE notes ${alter}`;
    const migrations = [migration('5', `-- migrate:up\n${up};`)];
    const schema = `CREATE TABLE notes (${columns})`;
    const scene = await stage(server(), { schema, rows: `INSERT INTO notes VALUES ${rows};`, migrations });
    const { database } = scene.before;
    const input = { session: scene.production, flavor: scene.flavor, database, snapshot: scene.before };
    const findings = await findBadData({ ...input, after: scene.after, migrations }).finally(() => scene.close());
    const isRefused = await server()
      .sql(up, database)
      .then(
        () => false,
        () => true,
      );
    return { findings, errors: findings.filter(({ level }) => level === 'error').map(({ name }) => name), isRefused };
  }

  test('rows that have no place in new partitions: each is told as the server decides', async () => {
    const cases = [
      ['RANGE (id) (PARTITION a VALUES LESS THAN (10))', true],
      ['RANGE (id) (PARTITION a VALUES LESS THAN (11))', false],
      ['RANGE (id) (PARTITION a VALUES LESS THAN (5), PARTITION b VALUES LESS THAN MAXVALUE)', false],
      ["RANGE COLUMNS (day) (PARTITION a VALUES LESS THAN ('2020-01-01') COMMENT 'old')", false],
      ["RANGE COLUMNS (day) (PARTITION a VALUES LESS THAN ('2019-12-31') COMMENT 'old')", true],
      ["RANGE COLUMNS (word, day) (PARTITION a VALUES LESS THAN ('m', '2020-01-01'))", true],
      ["RANGE COLUMNS (word, day) (PARTITION a VALUES LESS THAN ('z', '2020-01-01'))", false],
      ['LIST (id) (PARTITION a VALUES IN (1, NULL), PARTITION b VALUES IN (10))', false],
      ['LIST (id) (PARTITION a VALUES IN (1, 2), PARTITION b VALUES IN (10))', true],
      ["LIST COLUMNS (word) (PARTITION a VALUES IN ('it''s', 'a, b', 'x', NULL))", false],
      ["LIST COLUMNS (word) (PARTITION a VALUES IN ('it''s', 'a, b', NULL))", true],
    ] as const;
    for (const [division, isRefused] of cases) {
      const rows = "(10, 'x', '2019-05-05'), (1, 'a, b', NULL), (NULL, NULL, '2019-12-31')";
      const looked = await lookBoth('id INT, word VARCHAR(9), day DATE', rows, `PARTITION BY ${division}`);
      expect([division, looked.errors, looked.isRefused]).toEqual([
        division,
        isRefused ? ['rows-without-partition'] : [],
        isRefused,
      ]);
    }
    const { findings } = await lookBoth(
      'id INT',
      '(1), (9)',
      'PARTITION BY RANGE (id) (PARTITION a VALUES LESS THAN (9))',
    );
    expect(tell(findings)).toMatchInlineSnapshot(`
      "error 5 rows-without-partition notes
      what: 1 row of production has no place in the partitions: partition by RANGE (\`id\`)
      why:  the server refuses the change with error 1526 for the first such row
      fix:  add a partition for them (VALUES LESS THAN MAXVALUE); they are: SELECT * FROM \`notes\` WHERE \`id\` >= 9"
    `);
  });

  test('a partition that is dropped with its rows is meant to go', async () => {
    const divided = 'id INT) PARTITION BY LIST (id) (PARTITION a VALUES IN (1), PARTITION b VALUES IN (2)';
    expect(await lookBoth(divided, '(1), (2)', 'DROP PARTITION a')).toMatchObject({ findings: [], isRefused: false });
  });

  test('generated columns that are stored are refused where the server would refuse them', async () => {
    const isMySql = server().kind === 'mysql';
    const cases = [
      ["'abcdef'", 'ADD g VARCHAR(3) AS (UPPER(body)) STORED', true],
      ["'abc   '", 'ADD g VARCHAR(3) AS (UPPER(body)) STORED', false],
      ["'200'", 'ADD g TINYINT AS (CHAR_LENGTH(body) * 50) STORED', true],
      ["'20'", 'ADD g TINYINT AS (CHAR_LENGTH(body) * 50) STORED', false],
      ["'20'", 'ADD g DECIMAL(3,2) AS (CHAR_LENGTH(body) * 5) STORED', true],
      ['NULL', "ADD a VARCHAR(9) DEFAULT 'long', ADD g CHAR(3) AS (CONCAT(a, COALESCE(body, ''))) STORED", true],
      ["'abcdef'", 'ADD g VARCHAR(3) AS (UPPER(body)) VIRTUAL', false],
      ...(isMySql ? ([['NULL', 'ADD g VARCHAR(9) AS (UPPER(body)) STORED NOT NULL', true]] as const) : []),
    ] as const;
    for (const [value, alter, isRefused] of cases) {
      const looked = await lookBoth('body TEXT', `(${value})`, alter);
      const errors = isRefused ? ['generated-value-refused'] : [];
      expect([alter, looked.errors, looked.isRefused]).toEqual([alter, errors, isRefused]);
    }
    const long = await lookBoth('body TEXT', "('abcdef')", 'ADD g VARCHAR(3) AS (REPEAT(body,2)) STORED');
    expect(tell(long.findings)).toMatchInlineSnapshot(`
      "error 5 generated-value-refused notes.g
      what: g is varchar(3), which cannot hold repeat(\`body\`,2) of 1 row of production
      why:  the server works it out for every row, and refuses the change for the first such row
      fix:  mend them first, or give the column another type; they are: SELECT * FROM \`notes\` WHERE CHAR_LENGTH(TRIM(TRAILING ' ' FROM (repeat(\`body\`,2)))) > 3"
    `);
    if (!isMySql) return;
    const noJson = await lookBoth('body TEXT', "('no json')", "ADD g JSON AS (JSON_EXTRACT(body, '$')) STORED");
    expect(tell(noJson.findings).replace(/(?<=production: ).*/, '(as the server says)')).toMatchInlineSnapshot(`
      "error 5 generated-value-refused notes.g
      what: json_extract(\`body\`,_utf8mb4'$'), which g is made of, fails for a row of production: (as the server says)
      why:  the server works it out for every row, and refuses the change for the first such row
      fix:  mend such rows first, or write an expression that is NULL for them"
    `);
  });

  test('new columns without a value for the rows there are: each is told as the server decides', async () => {
    const isMySql = server().kind === 'mysql';
    const cases = [
      ['ADD born DATE NOT NULL', isMySql],
      ['ADD born DATETIME(3) NOT NULL', isMySql],
      ['ADD place POINT NOT NULL', isMySql],
      ["ADD born DATE NOT NULL DEFAULT '2020-01-01', ADD place POINT NULL, ADD age INT NOT NULL", false],
    ] as const;
    for (const [alter, isRefused] of cases) {
      const looked = await lookBoth('id INT', '(1)', alter);
      const errors = isRefused ? ['no-value-for-new-column'] : [];
      expect([alter, looked.errors, looked.isRefused]).toEqual([alter, errors, isRefused]);
    }
    const { findings } = await lookBoth('id INT', '(1)', 'ADD born DATE NOT NULL');
    if (isMySql) {
      expect(tell(findings)).toMatchInlineSnapshot(`
        "error 5 no-value-for-new-column notes.born
        what: born is date NOT NULL without a default, and production has rows
        why:  the server has no value to give them, and refuses the column
        fix:  add it as NULL, fill it, then make it NOT NULL in a migration of its own; or give it a DEFAULT"
      `);
    }
  });

  test('a CHECK on a new or a renamed column, by what the rows will hold in it', async () => {
    const cases = [
      ['ADD stars INT NOT NULL DEFAULT 0, ADD CONSTRAINT some CHECK (stars > 0)', true],
      ['ADD stars INT NOT NULL DEFAULT 1, ADD CONSTRAINT some CHECK (stars > 0)', false],
      ['ADD low INT DEFAULT 9, ADD high INT DEFAULT 10, ADD CONSTRAINT some CHECK (low < high)', false],
      ['ADD stars INT NULL, ADD CONSTRAINT some CHECK (stars > 0)', false],
      ["ADD word VARCHAR(9) NOT NULL DEFAULT 'it''s', ADD CONSTRAINT some CHECK (word <> 'it''s' OR id > 1)", true],
      ['CHANGE id number INT, ADD CONSTRAINT some CHECK (number > 1)', true],
      ['ADD twice INT AS (id * 2) STORED, ADD CONSTRAINT some CHECK (twice > 2)', true],
    ] as const;
    for (const [alter, isRefused] of cases) {
      const looked = await lookBoth('id INT', '(1)', alter);
      const errors = isRefused ? ['rows-break-check'] : [];
      expect([alter, looked.errors, looked.isRefused]).toEqual([alter, errors, isRefused]);
    }
    const { findings } = await lookBoth('id INT', '(1)', cases[0][0]);
    expect(findings.map(({ fix }) => fix.replaceAll(/[`()]/g, ''))).toEqual([
      expect.stringMatching(
        /^mend them first, or give new columns another default; they are: SELECT \* FROM SELECT 0 \+ '?0'? AS stars FROM production\w*\.notes AS later WHERE NOT stars > 0$/,
      ),
    ]);
  });

  test('values that another type does not know: each is told as the server decides', async () => {
    const cases = [
      ['VARCHAR(20)', 'DATE', "'2020-02-03'", "'2020-13-01'"],
      ['VARCHAR(20)', 'DATETIME', "'2020-02-03 04:05:06'", "'soon'"],
      ['VARCHAR(20)', 'TIMESTAMP', "'2020-02-03 04:05:06'", "'1950-02-03 04:05:06'"],
      ['DATETIME', 'YEAR', 'NULL', "'2020-02-03'"],
      ['INT', 'YEAR', '2020', '1850'],
      ['INT', 'BIT(8)', '255', '256'],
      ['INT', "ENUM('a', 'b')", '2', '3'],
      ['VARBINARY(20)', 'VARCHAR(20) CHARACTER SET utf8mb4', "X'c3a4'", "X'ff'"],
      ['BLOB', 'TEXT CHARACTER SET latin1', "X'ff'", undefined],
    ] as const;
    const found: unknown[] = [];
    for (const [before, after, fits, misfit] of cases) {
      for (const value of [fits, ...(misfit ? [misfit] : [])]) {
        const looked = await lookBoth(
          `id INT, note ${before}`,
          `(1, ${value}), (2, NULL)`,
          `MODIFY note ${after} NULL`,
        );
        found.push([before, after, value, looked.errors.length > 0, looked.isRefused]);
      }
    }
    const expected = cases.flatMap(([before, after, fits, misfit]) => [
      [before, after, fits, false, false],
      ...(misfit ? [[before, after, misfit, true, true]] : []),
    ]);
    expect(found).toEqual(expected);
  });

  test('characters that the new charset does not have', async () => {
    const rows = "INSERT INTO pets (name) VALUES ('Zoë'), ('美咲');";
    const up = 'ALTER TABLE pets MODIFY name VARCHAR(100) CHARACTER SET latin1 NULL;';
    expect(tell(await look(server(), up, undefined, rows))).toMatchInlineSnapshot(`
      "error 5 value-out-of-range pets.name
      what: name becomes varchar(100), and production has values that do not fit: 美咲
      why:  the server refuses the change for the first such row; without strict mode it would cut the values
      fix:  mend them first, or keep the wider type; they are: SELECT * FROM \`pets\` WHERE CONVERT(CONVERT(\`name\` USING latin1) USING utf8mb4) <> CONVERT(\`name\` USING utf8mb4) COLLATE utf8mb4_bin"
    `);
  });

  test('rows that break a new CHECK, quotes in it and all', async () => {
    const up = "ALTER TABLE pets ADD CONSTRAINT not_ben CHECK (name NOT IN ('Ben', 'O''Hara', 'back\\\\slash'));";
    const [finding, ...others] = await look(server(), up);
    expect(others).toEqual([]);
    expect(finding).toMatchObject({ name: 'rows-break-check', level: 'error', object: 'pets.not_ben' });
    const clause = /^2 rows of production break the new CHECK not_ben: (.+)$/.exec(finding?.what ?? '')?.[1];
    expect(finding?.what).toBe(`2 rows of production break the new CHECK not_ben: ${clause}`);
    expect(finding?.why).toBe('the server refuses the check for the first such row');
    expect(finding?.fix).toBe(`mend them first; they are: SELECT * FROM \`pets\` WHERE NOT (${clause})`);
  });

  test('is not known, which is advice, when it takes too long to look', async () => {
    const grow = Array.from({ length: 15 }, () => 'INSERT INTO pets (name) SELECT name FROM pets;').join('\n');
    const findings = await look(server(), 'CREATE UNIQUE INDEX one_name ON pets (name);', 1, `${ROWS}${grow}`);
    expect(tell(findings)).toMatchInlineSnapshot(`
      "advice 5 duplicates-under-unique pets.one_name
      what: not known: to look takes longer than 0.001 s
      why:  the migration fails half way if there are any
      fix:  look at a quiet time: SELECT \`name\` AS k0 FROM \`production\`.\`pets\` WHERE \`name\` IS NOT NULL GROUP BY \`name\` HAVING COUNT(*) > 1 LIMIT 4"
    `);
  });

  test('is not known, which is advice, when the server will not tell', async () => {
    const scene = await stage(server(), { schema: SCHEMA, migrations: [] });
    const table = { name: 'pets', isWritten: false, versionOf: () => '5' } as unknown as ChangedTable;
    const inquiry = { session: scene.production, flavor: scene.flavor, database: 'd', withinMs: 1_000 };
    const question = {
      name: 'null-in-not-null' as const,
      table,
      part: 'name',
      select: 'nick FROM pets',
      describe: () => raise(),
    };
    const findings = await ask(inquiry, question).finally(() => scene.close());
    expect(tell(findings)).toMatchInlineSnapshot(`
      "advice 5 null-in-not-null pets.name
      what: not known: (as the server says)
      why:  the migration fails half way if there are any
      fix:  look by hand: SELECT nick FROM pets"
    `);
  });

  test('is silenced by name, with a reason', async () => {
    const allow = '-- migrate:allow null-in-not-null they are removed by hand the day before\n';
    expect(await look(server(), `${allow}ALTER TABLE pets MODIFY name VARCHAR(100) NOT NULL;`)).toEqual([]);
  });
});
