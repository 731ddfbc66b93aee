import { expect, test } from 'vitest';
import type { Finding } from '../../src/rehearsal/finding.ts';
import { withSession } from '../schema/sessions.ts';
import { describeOnServers } from '../support/servers.ts';
import { databasesOf, file, rehearseFiles, rehearseOn } from './stages.ts';
import { tell } from './telling.ts';

const COMPANIES = 'CREATE TABLE companies (id BIGINT UNSIGNED PRIMARY KEY, name VARCHAR(50))';

const onlyErrors = (findings: readonly Finding[]) => findings.filter((one) => one.level === 'error');

/** Name, migration and object of each error. */
function errors(findings: readonly Finding[]): string[] {
  return findings
    .filter((one) => one.level === 'error')
    .map(({ name, version, object }) => `${name} ${version}: ${object}`);
}

describeOnServers('planted faults', (server) => {
  test('a down section that forgets a table is named, with the table', async () => {
    const { findings } = await rehearseFiles(server(), {
      files: {
        '0001': file('CREATE TABLE a (id INT PRIMARY KEY); CREATE TABLE b (id INT PRIMARY KEY);', 'DROP TABLE b;'),
        '0002': file('CREATE TABLE c (id INT PRIMARY KEY);', 'DROP TABLE c;'),
      },
    });
    expect(tell(onlyErrors(findings))).toMatchInlineSnapshot(`
      "error 0001 down-leaves-something table a (stays behind)
      what: the schema after the way back is not what it was before
      why:  - before, + after going forward and back:
      table a added
        + engine InnoDB
        + collation utf8mb4_unicode_ci
        + row format Dynamic
        + column \`id\` int not null
        + unique index \`PRIMARY\` (\`id\`)
      fix:  let the section -- migrate:down undo this too"
    `);
  });

  test('a column that the way back leaves different is shown', async () => {
    const { findings } = await rehearseFiles(server(), {
      production: COMPANIES,
      files: {
        '0001': file(
          'ALTER TABLE companies MODIFY name VARCHAR(80);',
          'ALTER TABLE companies MODIFY name VARCHAR(60);',
        ),
      },
    });
    expect(errors(findings)).toEqual(['down-leaves-something 0001: table companies (is different)']);
    const why = findings.find((one) => one.name === 'down-leaves-something')?.why ?? '';
    expect(why).toContain('varchar(50)');
    expect(why).toContain('varchar(60)');
  });

  test('a function that the way back would read otherwise under its own sql_mode is told what to set', async () => {
    const production =
      "SET sql_mode = 'STRICT_TRANS_TABLES,PIPES_AS_CONCAT'; CREATE FUNCTION f() RETURNS INT DETERMINISTIC RETURN 1 || 0";
    const [up, down] = ['DROP FUNCTION f;', 'CREATE FUNCTION f() RETURNS INT DETERMINISTIC RETURN 1 || 0;'];
    const plain = await rehearseFiles(server(), { production, files: { '0001': file(up, down) } });
    expect(onlyErrors(plain.findings).map(({ object, fix }) => [object, fix])).toEqual([
      [
        'function f (is different)',
        expect.stringMatching(
          /^it is made again under other settings than it remembers: write SET sql_mode = 'PIPES_AS_CONCAT,STRICT_TRANS_TABLES'; before it in the section -- migrate:down$/,
        ),
      ],
    ]);
    const mended = file(up, `SET sql_mode = 'STRICT_TRANS_TABLES,PIPES_AS_CONCAT';\n${down}`);
    const again = await rehearseFiles(server(), { production, files: { '0001': mended } });
    expect(onlyErrors(again.findings)).toEqual([]);
  });

  test('a down section that works only from the end is told, and that exact inverses lead back', async () => {
    const { findings, routes } = await rehearseFiles(server(), {
      files: {
        '0001': file(
          'CREATE TABLE a (id INT PRIMARY KEY);\nALTER TABLE a ADD COLUMN b INT;',
          'ALTER TABLE a DROP COLUMN b;\nDROP TABLE a;',
        ),
      },
    });
    expect(errors(findings)).toEqual([]);
    expect(tell(findings.filter((one) => one.name === 'down-only-from-the-end'))).toMatchInlineSnapshot(`
      "advice 0001 down-only-from-the-end after 1 of 2 statements
      what: its down section leads back only when all 2 statements are done: (as the server says)
      why:  a run that is cut off goes back by exact inverses of what is done; by hand the down section would not do
      fix:  write one statement a migration, or IF EXISTS in the down section"
    `);
    expect(routes.get('0001')).toEqual([{ after: 1, by: 'exact inverse' }]);
  });

  test('where nothing leads back from the middle, and no proven backup does, the migration is not ready', async () => {
    const { findings, routes } = await rehearseFiles(server(), {
      config: { backup: { verify: 'checksum' } },
      production: `${COMPANIES}; CREATE TABLE old (id INT PRIMARY KEY); CREATE TABLE older (id INT PRIMARY KEY)`,
      files: {
        '0001': file(
          'DROP TABLE old;\nALTER TABLE companies ADD COLUMN b INT;',
          'ALTER TABLE companies DROP COLUMN b;\nCREATE TABLE `old` (id INT PRIMARY KEY);',
        ),
        '0002': file(
          'DROP TABLE older;\nALTER TABLE companies ADD COLUMN c INT;\nCREATE TABLE c (id INT PRIMARY KEY);',
          'DROP TABLE c;\nALTER TABLE companies DROP COLUMN c;\nCREATE TABLE elsewhere (id INT PRIMARY KEY);\nRENAME TABLE elsewhere TO older;',
        ),
      },
    });
    expect(tell(onlyErrors(findings))).toMatchInlineSnapshot(`
      "error 0002 no-way-back-from-the-middle after 1 and 2 of 3 statements
      what: cut off after statement 1 (DROP TABLE) or at 1 other place, nobody could undo it with certainty
      why:  statement 1 (DROP TABLE): what table older held is gone: restore it from a backup
      fix:  split the migration after statement 1 (its down section leads back from there, from its statement 3 on); or say why not: -- migrate:allow no-way-back-from-the-middle REASON"
    `);
    expect(routes.get('0001')).toEqual([{ after: 1, by: 'exact inverse' }]);
    expect(routes.get('0002')?.map(({ by, from }) => [by, from])).toEqual([
      ['end of the down section', 3],
      ['end of the down section', 2],
    ]);
  });

  test('an up section that cannot be applied again after its way back is named', async () => {
    const { findings } = await rehearseFiles(server(), {
      production: COMPANIES,
      files: {
        '0001': file(
          "INSERT INTO companies (id, name) VALUES (7, 'ours');\nCREATE TABLE a (id INT PRIMARY KEY);",
          'DROP TABLE a;\nUPDATE companies SET name = NULL WHERE id = 7;',
        ),
      },
    });
    expect(tell(findings.filter((one) => one.name === 'up-not-repeatable'))).toMatchInlineSnapshot(`
      "error 0001 up-not-repeatable statement 1 of 2, line 2
      what: INSERT is refused: (as the server says)
      why:  it was applied once, undone, and cannot be applied again: the way back leaves something behind, rows perhaps
      fix:  let the section -- migrate:down remove the rows too, or write the statement so that it can be repeated"
    `);
  });

  test('a way back that the server refuses, and a migration without one', async () => {
    const { findings } = await rehearseFiles(server(), {
      production: `${COMPANIES}; CREATE TABLE old (id INT PRIMARY KEY)`,
      files: {
        '0001': file('DROP TABLE old;', ''),
        '0002': file('CREATE TABLE a (id INT PRIMARY KEY);', 'DROP TABLE b;'),
        '0003': file('ALTER TABLE nowhere ADD COLUMN a INT;', 'DROP TABLE c;'),
      },
    });
    expect(tell(onlyErrors(findings))).toMatchInlineSnapshot(`
      "error 0003 up-fails statement 1 of 1, line 2
      what: ALTER TABLE is refused: (as the server says)
      why:  nothing of the migration would be in place
      fix:  mend line 2 of 0003_step

      error 0002 down-fails statement 1 of 1 of the way back
      what: DROP TABLE is refused: (as the server says)
      why:  a rollback would stop there (the way back by down section)
      fix:  mend the section -- migrate:down

      error 0001 no-way-back 0001_step
      what: no certain way leads back
      why:  statement 1 (DROP TABLE): what table old held is gone: restore it from a backup
      fix:  write a section -- migrate:down that undoes every statement"
    `);
  });

  test('DDL that fails half way says what would stay in place', async () => {
    const { findings, applied } = await rehearseFiles(server(), {
      production: COMPANIES,
      files: {
        '0001': file(
          'CREATE TABLE a (id INT PRIMARY KEY);\nALTER TABLE companies ADD COLUMN name INT;',
          'ALTER TABLE companies DROP COLUMN name;\nDROP TABLE a;',
        ),
      },
    });
    expect(findings.find((one) => one.name === 'up-fails')).toEqual({
      name: 'up-fails',
      level: 'error',
      group: 'forward',
      version: '0001',
      object: 'statement 2 of 2, line 3',
      what: "ALTER TABLE is refused: Duplicate column name 'name' (error 1060)",
      why: 'it would stop half way: every DDL statement commits by itself, so statement 1 would stay in place',
      fix: 'mend line 3 of 0001_step',
    });
    expect(errors(findings)).toHaveLength(1);
    expect(applied[0]?.steps).toHaveLength(1);
  });

  test('a forgotten DELIMITER is taken for what it is', async () => {
    const { findings } = await rehearseFiles(server(), {
      production: COMPANIES,
      files: {
        '0001': file(
          'DELIMITER //\nCREATE PROCEDURE p() BEGIN SELECT 1; END;\nCREATE TABLE a (id INT);\n//\nDELIMITER ;',
          'DROP TABLE a;\nDROP PROCEDURE p;',
        ),
      },
    });
    expect(tell(onlyErrors(findings))).toMatchInlineSnapshot(`
      "error 0001 delimiter statement 1 of 1, line 3
      what: CREATE PROCEDURE is refused: (as the server says)
      why:  the server was given this as one statement: CREATE PROCEDURE p() BEGIN SELECT 1; END; CREATE TABLE a (id INT);
      fix:  put DELIMITER // before the stored program, // after its END, and DELIMITER ; after that"
    `);
  });

  const TENANT = { verify: { tenant: { table: 'companies', column: 'company_id' } } };
  const visits = (...lines: string[]) =>
    file(`CREATE TABLE visits (id INT PRIMARY KEY, ${lines.join(', ')});`, 'DROP TABLE visits;');
  const COMPANY_ID = 'company_id BIGINT UNSIGNED NOT NULL';
  const KEY = 'CONSTRAINT visits_company FOREIGN KEY (company_id) REFERENCES companies (id) ON DELETE RESTRICT';

  test('a foreign key to the tenant without CASCADE is named, by the rule and by what happens', async () => {
    const { findings } = await rehearseFiles(server(), {
      production: COMPANIES,
      files: { '0001': visits(COMPANY_ID, KEY) },
      config: TENANT,
    });
    expect(tell(onlyErrors(findings))).toMatchInlineSnapshot(`
      "error 0001 tenant-cascade visits.company_id
      what: visits_company: ON DELETE RESTRICT
      why:  when a tenant is deleted its rows stay behind as orphans, or the deletion is refused
      fix:  ALTER TABLE \`visits\` DROP FOREIGN KEY \`visits_company\`, ADD FOREIGN KEY (\`company_id\`) REFERENCES \`companies\` (…) ON DELETE CASCADE

      error 0001 tenant-deletion-refused visits
      what: the foreign key visits_company refuses to delete a row of companies that visits refers to
      why:  so no row of companies that has such rows can be deleted
      fix:  make it ON DELETE CASCADE, or SET NULL: ALTER TABLE \`visits\` DROP FOREIGN KEY \`visits_company\`, ADD CONSTRAINT …"
    `);
  });

  test('a tenant column without an index is named', async () => {
    const { findings } = await rehearseFiles(server(), {
      production: COMPANIES,
      files: { '0001': visits('day DATE NOT NULL', COMPANY_ID, 'KEY by_day (day, company_id)') },
      config: TENANT,
    });
    expect(tell(onlyErrors(findings).filter(({ name }) => name === 'tenant-index'))).toMatchInlineSnapshot(`
      "error 0001 tenant-index visits.company_id
      what: no index begins with it: every query of one tenant reads all rows
      why:  every query of one tenant reads the rows of all of them
      fix:  ALTER TABLE \`visits\` ADD INDEX (\`company_id\`)"
    `);
  });

  test("production's rows: duplicates under a new unique key, NULLs, orphans", async () => {
    const { findings } = await rehearseFiles(server(), {
      production: `${COMPANIES};
        CREATE TABLE calls (id INT PRIMARY KEY, company_id BIGINT UNSIGNED, code INT NOT NULL, note VARCHAR(9) NULL);
        INSERT INTO companies VALUES (1, 'One');
        INSERT INTO calls VALUES (1, 1, 7, NULL), (2, 1, 7, 'x'), (3, 9, 8, NULL)`,
      files: {
        '0001': file('ALTER TABLE calls ADD UNIQUE KEY one_code (code);', 'ALTER TABLE calls DROP KEY one_code;'),
        '0002': file(
          'ALTER TABLE calls MODIFY note VARCHAR(9) NOT NULL;',
          'ALTER TABLE calls MODIFY note VARCHAR(9) NULL;',
        ),
        '0003': file(
          'ALTER TABLE calls ADD CONSTRAINT calls_company FOREIGN KEY (company_id) REFERENCES companies (id);',
          'ALTER TABLE calls DROP FOREIGN KEY calls_company, DROP KEY calls_company;',
        ),
      },
    });
    expect(tell(onlyErrors(findings)).replace(/prod_\d+/g, 'prod')).toMatchInlineSnapshot(`
      "error 0002 null-in-not-null calls.note
      what: 2 rows of production have NULL in note, which becomes NOT NULL
      why:  the server refuses the change for the first such row
      fix:  give them a value first: UPDATE \`calls\` SET \`note\` = … WHERE \`note\` IS NULL

      error 0001 duplicates-under-unique calls.one_code
      what: rows of production are equal under the unique key one_code (code): 7
      why:  the server refuses the key with error 1062 as soon as it meets the second of them
      fix:  keep one of each first; they are: SELECT \`code\` AS k0 FROM \`calls\` WHERE \`code\` IS NOT NULL GROUP BY \`code\` HAVING COUNT(*) > 1

      error 0003 orphans-under-foreign-key calls.calls_company
      what: company_id of production has values that companies does not have: 9
      why:  the server refuses the foreign key with error 1452 for the first such row
      fix:  mend or remove these rows of calls first; they are: SELECT k.\`company_id\` FROM \`prod\`.\`calls\` k LEFT JOIN \`prod\`.\`companies\` p ON p.\`id\` = k.\`company_id\` WHERE k.\`company_id\` IS NOT NULL AND p.\`id\` IS NULL LIMIT 1000"
    `);
  });

  test('a change that makes the writers of a big table wait is named, with how long at least and what to write', async () => {
    const production = `${COMPANIES}; CREATE TABLE calls (id INT PRIMARY KEY AUTO_INCREMENT, size INT NOT NULL, filler VARCHAR(4000) NOT NULL);
      INSERT INTO calls (size, filler) VALUES (1, REPEAT('x', 4000));
      ${'INSERT INTO calls (size, filler) SELECT size, filler FROM calls;'.repeat(15)} ANALYZE TABLE calls`;
    const change = file(
      'ALTER TABLE calls MODIFY size BIGINT NOT NULL;',
      'ALTER TABLE calls MODIFY size INT NOT NULL;',
    );
    const { findings } = await rehearseFiles(server(), { production, files: { '0001': change } });
    const [found, ...others] = onlyErrors(findings);
    expect(others).toEqual([]);
    expect(found).toMatchObject({ name: 'blocking-change', version: '0001', object: 'calls', group: 'locks' });
    const [, rows = '', megabytes = '', seconds = ''] =
      /^ALTER TABLE at line 2 copies the whole table, and writes wait meanwhile: about (\d+) rows, (\d+) MB in production, at least (\d+\.\d) s$/.exec(
        found?.what ?? '',
      ) ?? [];
    expect(Number(rows)).toBeGreaterThan(10_000);
    expect(Number(megabytes)).toBeGreaterThan(100);
    expect(Number(seconds)).toBeGreaterThanOrEqual(0.3);
    expect(found?.fix).toContain('ALTER TABLE `calls` ADD COLUMN …, ALGORITHM=INSTANT');
  });

  test('a slip of the pen is found, though it looks like a statement that nobody knows', async () => {
    const { findings } = await rehearseFiles(server(), {
      files: {
        '0001': file('CREATE TABLE a (id INT PRIMARY KEY);', 'DROP TABLE a;'),
        '0002': file('CREATE TABEL b (id INT PRIMARY KEY);', 'DROP TABLE IF EXISTS b;'),
      },
    });
    expect(tell(onlyErrors(findings))).toMatchInlineSnapshot(`
      "error 0002 up-fails statement 1 of 1, line 2
      what: CREATE is refused: (as the server says)
      why:  nothing of the migration would be in place
      fix:  mend line 2 of 0002_step"
    `);
    const down = await rehearseFiles(server(), {
      files: { '0001': file('CREATE TABLE a (id INT PRIMARY KEY);', "DORP TABLE 'a';\nDROP TABLE a;") },
    });
    expect(errors(down.findings)).toEqual(['down-fails 0001: statement 1 of 2 of the way back']);
  });

  test('a migration that needs a table of a later one is told which', async () => {
    const { findings } = await rehearseFiles(server(), {
      files: {
        '0001': file(
          'CREATE TABLE child (id INT PRIMARY KEY, p INT, FOREIGN KEY (p) REFERENCES parent (id));',
          'DROP TABLE child;',
        ),
        '0002': file('CREATE TABLE parent (id INT PRIMARY KEY);', 'DROP TABLE parent;'),
      },
    });
    expect(onlyErrors(findings)).toMatchObject([
      {
        name: 'needs-a-later-migration',
        why: 'table parent is made only by 0002, which is applied after this one',
        fix: 'give the migration a version above 0002',
      },
    ]);
  });

  test('a verify query that cannot be run is found before production runs it', async () => {
    const { findings } = await rehearseFiles(server(), {
      files: {
        '0001': `${file('CREATE TABLE a (id INT PRIMARY KEY);', 'DROP TABLE a;')}-- migrate:verify\nSELECT 1 FROM b;\n`,
      },
    });
    expect(onlyErrors(findings)).toMatchObject([
      {
        name: 'verify-cannot-run',
        version: '0001',
        object: 'verify, line 6',
        what: expect.stringMatching(/^the query is refused: Table '.*\.b' doesn't exist$/),
        why: 'deploy runs it after the migrations, and would undo them all because of it',
      },
    ]);
  });

  test('a check that cannot be run on what the migrations before it leave is found', async () => {
    const { findings } = await rehearseFiles(server(), {
      files: {
        '0001': file('CREATE TABLE a (id INT PRIMARY KEY);', 'DROP TABLE a;'),
        '0002': `-- migrate:check\nSELECT id FROM a;\nSELECT nope FROM a;\n${file('CREATE TABLE b (id INT PRIMARY KEY);', 'DROP TABLE b;')}`,
      },
    });
    expect(tell(onlyErrors(findings))).toMatchInlineSnapshot(`
      "error 0002 check-cannot-run check, line 3
      what: the query is refused: (as the server says)
      why:  deploy asks it again before this migration, with the site down, and would undo those before it because of it
      fix:  mend line 3"
    `);
  });

  test('a verify query that finds something is judged before production: by the catalogue, or only told', async () => {
    const up = file('CREATE TABLE a (id INT PRIMARY KEY);', 'DROP TABLE a;');
    const ofSchema = `SELECT 'a has no index by name' AS problem FROM DUAL WHERE NOT EXISTS (
      SELECT 1 FROM information_schema.statistics WHERE table_schema = DATABASE() AND table_name = 'a' AND index_name = 'by_name')`;
    const ofRows = 'SELECT 1 AS missing FROM DUAL WHERE NOT EXISTS (SELECT 1 FROM a)';
    const { findings } = await rehearseFiles(server(), {
      files: { '0001': `${up}-- migrate:verify\n${ofSchema};\n${ofRows};\n` },
    });
    expect(tell(findings.filter((one) => one.name === 'verify-finds-something'))).toMatchInlineSnapshot(`
      "error 0001 verify-finds-something verify, line 6
      what: the query returns {"problem":"a has no index by name"}, and must return no row
      why:  deploy runs it after the migrations, and would undo them all because of it
      fix:  mend line 6, or what it found

      advice 0001 verify-finds-something verify, line 8
      what: the query returns {"missing":1}, and must return no row
      why:  the tables of the clone have no rows: with those of production it may return none
      fix:  gateway-migrate test --from-backup asks it of real rows"
    `);
  });

  test('a finding is silenced by its name in the file', async () => {
    const { findings } = await rehearseFiles(server(), {
      files: {
        '0001': `-- migrate:allow down-leaves-something b is kept on purpose\n${file(
          'CREATE TABLE a (id INT PRIMARY KEY); CREATE TABLE b (id INT PRIMARY KEY);',
          'DROP TABLE a;',
        )}`,
      },
    });
    expect(errors(findings)).toEqual([]);
  });

  test('an allowance for what is no finding is told, with the name that it may mean', async () => {
    const text = file('CREATE TABLE a (id INT PRIMARY KEY);', 'DROP TABLE a;');
    const { findings } = await rehearseFiles(server(), {
      files: {
        '0001': `-- migrate:allow data-lost-in-down it was empty\n-- migrate:allow data-loss-in-down it was empty\n${text}`,
        '0002': `-- migrate:allow all of it\n${text.replaceAll(' a', ' b')}`,
      },
    });
    const [near, far, ...rest] = findings.filter(({ name }) => name === 'unknown-allowance');
    expect(near).toEqual({
      name: 'unknown-allowance',
      level: 'advice',
      group: 'rehearsal',
      version: '0001',
      object: 'line 1',
      what: '-- migrate:allow data-lost-in-down allows nothing: no finding that can be allowed has this name',
      why: 'what it was written for is told all the same',
      fix: 'did you mean "data-loss-in-down"?',
    });
    expect(far?.fix).toMatch(/^expected one of blocking-change, .*, verify-finds-something$/);
    expect(rest).toEqual([]);
  });

  test('what acts on the whole server is left out, and said to be', async () => {
    const { findings, checks } = await rehearseFiles(server(), {
      files: { '0001': file("CREATE USER 'nobody_at_all';\nCREATE TABLE a (id INT PRIMARY KEY);", 'DROP TABLE a;') },
    });
    expect(findings.filter((one) => one.name === 'up-fails')).toEqual([]);
    expect(checks.filter((check) => !check.ok).map(({ name, detail }) => `${name}: ${detail}`)).toEqual([
      '0001 statement 1: CREATE USER acts on the whole server, so it was not run',
    ]);
    const users = await withSession(server(), 'mysql', (session) =>
      session.query("SELECT 1 FROM mysql.user WHERE User = 'nobody_at_all'"),
    );
    expect(users).toEqual([]);
  });

  test('a statement that names production is not run: it would act on production', async () => {
    const database = await server().createDatabase('prod');
    await server().sql('CREATE TABLE t (id INT)', database);
    const { findings, applied } = await rehearseOn(server(), database, {
      files: { '0001': file(`DROP TABLE ${database}.t;`, 'CREATE TABLE t (id INT);') },
    });
    expect(onlyErrors(findings)).toEqual([
      {
        name: 'names-a-database',
        level: 'error',
        group: 'rehearsal',
        version: '0001',
        object: 'line 2',
        what: `the statement (DROP TABLE) names the database ${database}`,
        why: 'on the clone it would act on that database itself, so nothing was rehearsed',
        fix: 'leave the name of the database out, or rehearse with rehearsal: private',
      },
    ]);
    expect(applied).toEqual([]);
  });

  test('a database that somebody else made is left alone', async () => {
    const database = await server().createDatabase('prod');
    await server().sql(`CREATE DATABASE ${database}_rehearsal; CREATE TABLE ${database}_rehearsal.precious (id INT)`);
    await expect(
      rehearseOn(server(), database, { files: { '0001': file('CREATE TABLE a (id INT);', 'DROP TABLE a;') } }),
    ).rejects.toMatchObject({
      message: `the database ${database}_rehearsal is not empty, and this tool did not make it: it is left alone`,
      next: 'name another one in rehearsal.database of the configuration',
    });
    expect(await databasesOf(server())).toContain(`${database}_rehearsal`);
  });

  test('what a killed rehearsal left is made anew', async () => {
    const database = await server().createDatabase('prod');
    const clone = `${database}_rehearsal`;
    await server().sql(
      `CREATE DATABASE ${clone}; CREATE TABLE ${clone}.gateway_migrate_scratch (id INT); CREATE TABLE ${clone}.a (id INT)`,
    );
    const { findings } = await rehearseOn(server(), database, {
      files: { '0001': file('CREATE TABLE a (id INT PRIMARY KEY);', 'DROP TABLE a;') },
    });
    expect(errors(findings)).toEqual([]);
    expect(await databasesOf(server())).not.toContain(clone);
  });
});
