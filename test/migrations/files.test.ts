import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { checksumOf } from '../../src/migrations/checksum.ts';
import { readMigrations } from '../../src/migrations/files.ts';

let dir: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'gm-files-'));
});
afterEach(() => rmSync(dir, { recursive: true }));

async function read(files: Record<string, string | Buffer>) {
  for (const [name, content] of Object.entries(files)) writeFileSync(join(dir, name), content);
  const { migrations, problems, notes } = await readMigrations(dir);
  const told = (list: typeof problems) =>
    list.map(({ path, line, what, remedy }) => `${path.slice(dir.length + 1)}:${line ?? '-'} ${what}; ${remedy}`);
  return { migrations, problems: told(problems), notes: told(notes) };
}

describe('readMigrations', () => {
  test('reads the names of Laravel, dbmate and golang-migrate, sorted by version', async () => {
    const { migrations, problems } = await read({
      '2025_10_01_060203_create_x_table.sql': '-- migrate:up\nCREATE TABLE x (id INT);\n-- migrate:down\nDROP TABLE x;',
      '20240101120000_create_y.sql': '-- migrate:up transaction:false\nCREATE TABLE y (id INT);\n',
      '000010_later.up.sql': 'SELECT 1;',
      '000009_init.up.sql': '\ufeffCREATE TABLE a (id INT);\r\nCREATE TABLE b (id INT);\r\n',
      '000009_init.down.sql': 'DROP TABLE b; DROP TABLE a;',
      'README.md': 'no migration',
    });
    expect(problems).toEqual([]);
    expect(migrations.map(({ version, name, baseName }) => [version, name, baseName])).toEqual([
      ['000009', 'init', '000009_init'],
      ['000010', 'later', '000010_later'],
      ['20240101120000', 'create_y', '20240101120000_create_y'],
      ['2025_10_01_060203', 'create_x_table', '2025_10_01_060203_create_x_table'],
    ]);
    const [pair] = migrations;
    expect(pair?.up.map(({ text, line }) => [text, line])).toEqual([
      ['CREATE TABLE a (id INT)', 1],
      ['CREATE TABLE b (id INT)', 2],
    ]);
    expect(pair?.down.map(({ text }) => text)).toEqual(['DROP TABLE b', 'DROP TABLE a']);
    expect(pair?.text).toBe(
      '-- migrate:up\nCREATE TABLE a (id INT);\r\nCREATE TABLE b (id INT);\n-- migrate:down\nDROP TABLE b; DROP TABLE a;\n',
    );
  });

  test('reads every section', async () => {
    const { migrations, problems } = await read({
      '1_a.sql': [
        '-- a comment may stand first',
        '-- migrate:allow drop-table it was empty',
        '-- migrate:check',
        'SELECT 1 FROM a WHERE b IS NULL;',
        '-- migrate:up',
        'BEGIN; UPDATE a SET b = 1; SAVEPOINT s; ROLLBACK TO s; COMMIT;',
        '--migrate:down',
        '-- migrate:verify',
        'WITH c AS (SELECT 1) SELECT * FROM c',
      ].join('\n'),
    });
    expect(problems).toEqual([]);
    const [only] = migrations;
    expect(only?.check.map(({ text }) => text)).toEqual(['SELECT 1 FROM a WHERE b IS NULL']);
    expect(only?.up.map(({ verb }) => verb)).toEqual(['BEGIN', 'UPDATE', 'SAVEPOINT', 'ROLLBACK TO', 'COMMIT']);
    expect(only?.down).toEqual([]);
    expect(only?.verify.map(({ line }) => line)).toEqual([9]);
    expect(only?.allows).toEqual([{ name: 'drop-table', reason: 'it was empty', line: 2 }]);
  });

  test('reports all problems at once, with line and remedy', async () => {
    const { problems, notes } = await read({
      '1_a.sql': 'SELECT 1;\n-- migrate:up\nUSE b;\n-- migrate:foo\n-- migrate:up\nSELECT 2;\n-- migrate:allow x',
      '01_b.sql': '-- migrate:up\n-- nothing\n',
      '3_c.sql': 'CREATE TABLE c (id INT);',
      '4_d.down.sql': 'DROP TABLE d;',
      '5_e.up.sql': '-- migrate:down\n',
      '6_f.sql': '-- migrate:up\nBEGIN;\nCREATE TABLE f (id INT);\nCOMMIT;\nCOMMIT;\nBEGIN;\nANALYZE TABLE f;',
      '7_g.sql': "-- migrate:up\nSELECT 'a;\n",
      '8_h.sql': Buffer.from([0xff, 0xfe, 0x2d]),
      '9_i.sql': '-- migrate:up\nDELIMITER //\nSELECT 1//\n-- migrate:check\nDROP TABLE a;',
      'no_version.sql': '',
    });
    expect(problems).toEqual([
      '8_h.sql:- the file is not UTF-8; save it as UTF-8',
      '1_a.sql:1 a statement stands before the first section; put it below the line -- migrate:up',
      '1_a.sql:3 USE cannot be part of a migration; a migration belongs to one database: write schema.table where you mean another',
      '1_a.sql:4 there is no section -- migrate:foo; use one of -- migrate:up, -- migrate:down, -- migrate:check, -- migrate:verify',
      '1_a.sql:5 a second section -- migrate:up (the first is on line 2); join the two, or make two migrations',
      '1_a.sql:7 -- migrate:allow without a name and a reason; write -- migrate:allow NAME why',
      '3_c.sql:1 a statement stands before the first section; put it below the line -- migrate:up',
      '3_c.sql:- there is no section -- migrate:up; put the line -- migrate:up above the statements to apply',
      '4_d.down.sql:- what it undoes is missing; add 4_d.up.sql beside it',
      '5_e.up.sql:1 the heading -- migrate:down stands in one file of a pair; remove it, or put all sections into one file that ends in .sql alone',
      '6_f.sql:3 CREATE TABLE commits the transaction that BEGIN opened on line 2; close the transaction before it, or move it out',
      '6_f.sql:5 COMMIT without a transaction; remove it, or write BEGIN',
      '6_f.sql:6 BEGIN is never closed; write COMMIT',
      '6_f.sql:7 ANALYZE commits the transaction that BEGIN opened on line 6; close the transaction before it, or move it out',
      "7_g.sql:2 quote ' is never closed; close it with '",
      '9_i.sql:2 DELIMITER // is never set back; write DELIMITER ; after the last statement that needs it',
      '9_i.sql:5 DROP TABLE stands in the section -- migrate:check; keep to queries there: they pass when they return no row',
      `1_a.sql:- version 1 is also that of ${dir}/01_b.sql; rename one of the two files`,
    ]);
    expect(notes).toEqual([
      'no_version.sql:- passed by: the name does not begin with a version; if it is a migration, name it <version>_<name>.sql, for example 2025_10_01_060100_create_orders_table.sql',
      '01_b.sql:- there is nothing to apply; it is noted as applied',
      '5_e.up.sql:- there is nothing to apply; it is noted as applied',
    ]);
  });

  test('reports a folder that is not there', async () => {
    const missing = join(dir, 'missing');
    const { problems } = await readMigrations(missing);
    expect(problems).toEqual([
      {
        path: missing,
        what: `ENOENT: no such file or directory, scandir '${missing}'`,
        remedy: 'check migrations.dir in the configuration',
      },
    ]);
    mkdirSync(join(dir, '1_a.sql'));
    expect(await read({})).toMatchObject({
      problems: ['1_a.sql:- EISDIR: illegal operation on a directory, read; make the file readable'],
    });
  });
});

test('a file that is what was applied is parsed when somebody asks, and its problems are those of then', async () => {
  const text = '-- migrate:up\nLOCK TABLES a READ;\nCREATE TABLE a (id INT);\n';
  writeFileSync(join(dir, '1_a.sql'), text);
  writeFileSync(join(dir, '2_b.sql'), '-- migrate:up\nLOCK TABLES b READ;\n');
  const applied = new Map([
    ['1', checksumOf(text)],
    ['2', checksumOf('-- migrate:up\nSELECT 1;\n')],
  ]);
  const { migrations, problems } = await readMigrations(dir, { applied });
  expect(problems.map(({ path }) => path)).toEqual([join(dir, '2_b.sql')]);
  expect(migrations.map(({ version, up }) => [version, up.map((one) => one.verb)])).toEqual([
    ['1', ['LOCK', 'CREATE TABLE']],
    ['2', ['LOCK']],
  ]);
});

test('a temporary table is used in one transaction; what would end it is named, and may be allowed', async () => {
  const use = (between: string, allow = '') =>
    `-- migrate:up\n${allow}CREATE TEMPORARY TABLE ids (id INT);\n${between}\nINSERT INTO a SELECT id FROM ids;\nCREATE TABLE b (id INT);`;
  const what =
    'DROP TABLE ends the transaction in which the temporary table of line 2 is used: a run that is cut off could not go on exactly; move it before or behind, use an ordinary table, or take the risk: -- migrate:allow temporary-table REASON';
  expect((await read({ '1_a.sql': use('INSERT INTO ids VALUES (1);') })).problems).toEqual([]);
  expect((await read({ '1_a.sql': use('DROP TABLE c;') })).problems).toEqual([`1_a.sql:3 ${what}`]);
  expect(
    (await read({ '1_a.sql': use('SAVEPOINT s; DELETE FROM a; ROLLBACK TO s; RELEASE SAVEPOINT s;') })).problems,
  ).toEqual([]);
  expect((await read({ '1_a.sql': use('BEGIN; DELETE FROM a; COMMIT;') })).problems).toEqual([
    `1_a.sql:3 ${what.replace('DROP TABLE', 'BEGIN')}`,
  ]);
  const allowed = use('DROP TABLE c;', '-- migrate:allow temporary-table nobody else writes\n');
  expect((await read({ '1_a.sql': allowed })).problems).toEqual([]);
});
