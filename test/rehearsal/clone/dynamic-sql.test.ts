import { delimiter, join } from 'node:path';
import { expect, test } from 'vitest';
import { withSession } from '../../schema/sessions.ts';
import { describeOnServers } from '../../support/servers.ts';
import { file, rehearseOn } from '../stages.ts';

describeOnServers('SQL that is put together while it runs', (server) => {
  const PRODUCTION = [
    'CREATE TABLE t (id INT PRIMARY KEY)',
    'CREATE TABLE log (id INT)',
    'CREATE PROCEDURE quiet() DO 1',
    'CREATE PROCEDURE adder(what TEXT) BEGIN SET @text = what; PREPARE p FROM @text; EXECUTE p; END',
    "CREATE PROCEDURE outer_adder() CALL adder('DO 1')",
    "CREATE EVENT nightly ON SCHEDULE EVERY 1 DAY DISABLE DO CALL adder('DO 1')",
  ];

  /** `%1` and `%2` in the text are the two halves of production's name, so that it stands nowhere as a whole. */
  async function rehearse(up: string, down = 'DO 1;', config: Record<string, unknown> = {}) {
    const database = await server().createDatabase('prod');
    for (const text of PRODUCTION) await server().sql(text, database);
    const halves = (text: string) => text.replaceAll('%1', database.slice(0, 3)).replaceAll('%2', database.slice(3));
    const { findings, applied } = await rehearseOn(server(), database, {
      files: { '0001': file(halves(up), halves(down)) },
      config,
      path: [server().binDir, join(server().binDir, '../sbin')].join(delimiter),
    });
    const written = await withSession(server(), database, (session) => session.query('SELECT id FROM log'));
    const errors = findings.filter((one) => one.level === 'error');
    const told = errors.map(({ name, object, what }) => `${name} ${object}: ${what.replaceAll(database, 'PROD')}`);
    return { errors, told, written, steps: applied[0]?.steps.length };
  }

  test('is read before it runs: production is not reached under an assembled name', async () => {
    const { errors, told, written, steps } = await rehearse(
      "SET @s = CONCAT('INSERT INTO %1', '%2.log VALUES (1)');\nPREPARE p FROM @s; -- from a variable\nEXECUTE p;",
    );
    expect(written).toEqual([]);
    expect(told).toEqual(['names-a-database line 3: the text that PREPARE is given (INSERT) names the database PROD']);
    expect(errors[0]).toMatchObject({
      version: '0001',
      why: 'on the clone it would act on that database itself, so it was not run',
      fix: 'leave the name of the database out, or rehearse with rehearsal: private',
    });
    expect(steps).toBe(1);
  });

  test('is read on the way back too', async () => {
    const down = "SET @s = CONCAT('DELETE FROM `%1', '%2` /* . */ . log');\nPREPARE p FROM @s;\nEXECUTE p;";
    const { told } = await rehearse('SET @one = 1; DO 1;', down);
    expect(told).toEqual(['names-a-database line 5: the text that PREPARE is given (DELETE) names the database PROD']);
  });

  test.each([
    ["SET @s = CONCAT('SELECT COUNT(*) FROM %1', '%2/**/.log');", 'SELECT'],
    [`SET sql_mode = 'ANSI_QUOTES'; SET @s = CONCAT('UPDATE "%1', '%2".log SET id = 2');`, 'UPDATE'],
    ["SET @s = CONVERT(CONCAT('DELETE FROM %1', '%2.log') USING latin1);", 'DELETE'],
    ["SET @s = CONCAT('DELETE FROM my', 'sql.user');", 'DELETE', 'mysql'],
    ["SET @s = CONCAT('US', 'E %1', '%2');", 'USE'],
  ])('names a database in %s', async (set, verb, database = 'PROD') => {
    const { told } = await rehearse(`${set} PREPARE p FROM @s;`);
    expect(told).toEqual([
      `names-a-database line 2: the text that PREPARE is given (${verb}) names the database ${database}`,
    ]);
  });

  test('is not run when it acts on the whole server', async () => {
    const { errors, steps } = await rehearse("SET @s = CONCAT('DROP DATA', 'BASE %1', '%2'); PREPARE p FROM @s;");
    expect(errors).toEqual([
      {
        name: 'acts-on-the-server',
        level: 'error',
        group: 'rehearsal',
        version: '0001',
        object: 'line 2',
        what: 'the text that PREPARE is given (DROP DATABASE) acts on more than the database',
        why: "the clone is on production's own server, so it was not run",
        fix: 'write it as a statement of its own, which a rehearsal leaves out, or rehearse with rehearsal: private',
      },
    ]);
    expect(steps).toBe(1);
  });

  test('cannot be read in a stored program: what runs one that does so is not run', async () => {
    const { errors, written, steps } = await rehearse(
      "SET @one = 1;\nCALL adder(CONCAT('INSERT INTO %1', '%2.log VALUES (1)'));",
    );
    expect(written).toEqual([]);
    expect(errors).toEqual([
      {
        name: 'cannot-be-watched',
        level: 'error',
        group: 'rehearsal',
        version: '0001',
        object: 'line 3',
        what: 'CALL runs SQL that is put together while it runs, by procedure adder',
        why: "nobody can read it before it runs, and the clone is on production's own server, so it was not run",
        fix: 'rehearse with rehearsal: private, where nothing of production can be reached',
      },
    ]);
    expect(steps).toBe(1);
  });

  test.each([
    ['CALL `OUTER_adder`();', 'CALL runs SQL that is put together while it runs, by procedure outer_adder'],
    [
      'CALL sys.ps_setup_show_enabled(1, 1);',
      'CALL runs SQL that is put together while it runs, by procedure sys.ps_setup_show_enabled',
    ],
    ['ALTER EVENT nightly ENABLE;', 'ALTER EVENT runs SQL that is put together while it runs, by procedure adder'],
    [
      "CREATE EVENT e ON SCHEDULE EVERY 1 DAY DO BEGIN SET @s = 'DO 1'; PREPARE p FROM @s; END;",
      'CREATE EVENT runs SQL that is put together while it runs, by PREPARE',
    ],
    ["SET @s = 'CALL quiet()'; PREPARE p FROM @s;", 'PREPARE is given a text (CALL) that runs more SQL itself'],
    [
      "CREATE PROCEDURE mine() BEGIN PREPARE p FROM 'DO 1'; END;\nCALL mine();",
      'CALL runs SQL that is put together while it runs, by procedure mine',
    ],
  ])('%s is told', async (up, what) => {
    const { told } = await rehearse(up, 'DROP PROCEDURE IF EXISTS mine; DROP EVENT IF EXISTS e;');
    expect(told.filter((one) => one.startsWith('cannot-be-watched'))).toEqual([expect.stringContaining(what)]);
  });

  test('cannot be allowed by name: what comes after it was never rehearsed', async () => {
    const { told } = await rehearse("-- migrate:allow cannot-be-watched we know it\nCALL adder('DO 1');");
    expect(told).toEqual([
      'cannot-be-watched line 3: CALL runs SQL that is put together while it runs, by procedure adder',
    ]);
  });

  test('has nothing to fear on a server of its own', async () => {
    const up =
      "SET @s = CONCAT('INSERT INTO %1', '%2.log VALUES (1)'); PREPARE p FROM @s; EXECUTE p; CALL adder('DO 1');";
    const { told, written } = await rehearse(up, 'DELETE FROM log; DO 1;', { rehearsal: 'private' });
    expect(told.filter((one) => /names-a-database|cannot-be-watched|up-fails/.test(one))).toEqual([]);
    expect(written).toEqual([]);
  });

  test('goes on working where it stays in the clone', async () => {
    const conditional = (word: string, is: string, then: string) =>
      `SET @sql = IF((SELECT COUNT(*) FROM information_schema.columns WHERE table_schema = DATABASE() AND table_name = 't'
       AND column_name = 'extra') ${is}, CONCAT('ALTER TABLE \`', DATABASE(), '\`.t ${word} COLUMN extra ${then}'), 'SELECT 1');
       PREPARE step FROM @sql; EXECUTE step; DEALLOCATE PREPARE step;`;
    const { told, steps } = await rehearse(
      `${conditional('ADD', '= 0', 'INT')} CALL quiet(); CREATE PROCEDURE mine() BEGIN PREPARE p FROM 'DO 1'; END;`,
      `DROP PROCEDURE mine; ${conditional('DROP', '= 1', '')}`,
    );
    expect(told.filter((one) => /names-a-database|cannot-be-watched|acts-on|up-fails|down-fails/.test(one))).toEqual(
      [],
    );
    expect(steps).toBe(6);
  });

  test('is read where MariaDB runs it at once', async () => {
    if (server().kind !== 'mariadb') return;
    const up = (text: string) => `SET @n = '%2'; EXECUTE IMMEDIATE ${text};`;
    const escaped = await rehearse(up("CONCAT('INSERT INTO %1', @n, '.log VALUES (?)') USING 1"));
    expect(escaped.written).toEqual([]);
    expect(escaped.told).toEqual([
      'names-a-database line 2: the text that EXECUTE is given (INSERT) names the database PROD',
    ]);
    const block = await rehearse("BEGIN NOT ATOMIC EXECUTE IMMEDIATE 'DO 1'; END;");
    expect(block.told).toEqual([
      'cannot-be-watched line 2: BEGIN NOT ATOMIC runs SQL that is put together while it runs, by EXECUTE',
    ]);
    const fine = await rehearse(
      "EXECUTE IMMEDIATE CONCAT('CREATE TABLE n', 1, ' (id INT PRIMARY KEY)');",
      'DROP TABLE n1;',
    );
    expect(fine.told.filter((one) => /names-a|cannot-be|acts-on|up-fails/.test(one))).toEqual([]);
  });
});
