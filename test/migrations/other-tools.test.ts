import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { expect, test } from 'vitest';
import { checksumOf } from '../../src/migrations/checksum.ts';
import { compareVersions, parseFileName } from '../../src/migrations/file-name.ts';
import { readMigrations } from '../../src/migrations/files.ts';
import { nextVersion } from '../../src/migrations/next-version.ts';
import { migrationText } from '../../src/migrations/template.ts';
import { temporaryFolder } from '../support/folder.ts';

const UP = 'CREATE TABLE a (id INT);';
const DOWN = 'DROP TABLE a;';

/** Files as each tool's documentation has them: version, name, statements up, statements down. */
const TAKEN: Readonly<Record<string, [files: Record<string, string>, taken: [string, string, number, number][]]>> = {
  'dbmate: ^(\\d+).*\\.sql$': [
    {
      '20240101000000-create-a.sql': `-- migrate:up\n${UP}\n-- migrate:down\n${DOWN}`,
      '20240102000000.sql': `--migrate:up\n${UP}\n--migrate:down\n${DOWN}`,
      '20240103000000create.sql': `--  migrate:up transaction:false\n${UP}\n-- migrate:down transaction:false\n`,
    },
    [
      ['20240101000000', 'create-a', 1, 1],
      ['20240102000000', '20240102000000', 1, 1],
      ['20240103000000', 'create', 1, 0],
    ],
  ],
  'golang-migrate: N_title.up.sql, N_title.down.sql': [
    { '000001_a.up.sql': UP, '000001_a.down.sql': DOWN, '000002_empty.up.sql': '', '000002_empty.down.sql': '' },
    [
      ['000001', 'a', 1, 1],
      ['000002', 'empty', 0, 0],
    ],
  ],
  'Flyway: V, U, and versions with dots': [
    {
      'V1__Create a.sql': UP,
      'U1__Drop_a.sql': DOWN,
      'V1_10__c.sql': UP,
      'V1.9__b.sql': UP,
      'V20240101.1030__d.sql': UP,
    },
    [
      ['1', 'Create a', 1, 1],
      ['1.9', 'b', 1, 0],
      ['1.10', 'c', 1, 0],
      ['20240101.1030', 'd', 1, 0],
    ],
  ],
  'goose: its own headings': [
    {
      '00001_a.sql': `-- +goose Up\n${UP}\n-- +goose StatementBegin\nCREATE PROCEDURE p() BEGIN SELECT 1; SELECT 2; END;\n-- +goose StatementEnd\n-- +goose Down\n${DOWN}`,
      '2_b.sql': `-- +migrate Up\n${UP}\n-- +migrate Down\n${DOWN}\nDROP TABLE b;`,
    },
    [
      ['00001', 'a', 2, 1],
      ['2', 'b', 1, 2],
    ],
  ],
  'Prisma: a folder a migration': [
    { '20240101120000_init/migration.sql': UP, '20240101120000_init/down.sql': DOWN, 'migration_lock.toml': 'x' },
    [['20240101120000', 'init', 1, 1]],
  ],
};

async function read(files: Readonly<Record<string, string>>, applied?: ReadonlyMap<string, string>) {
  const dir = temporaryFolder();
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(dir, name)), { recursive: true });
    writeFileSync(join(dir, name), text);
  }
  const { migrations, problems, notes } = await readMigrations(dir, applied ? { applied } : {});
  const told = (list: typeof problems) =>
    list.map(({ path, line, what, remedy }) => `${path.slice(dir.length + 1)}:${line ?? '-'} ${what}; ${remedy}`);
  return { migrations, problems: told(problems), notes: told(notes) };
}

test.each(Object.entries(TAKEN))('%s', async (_rule, [files, taken]) => {
  const { migrations, problems } = await read(files);
  expect(problems).toEqual([]);
  expect(migrations.map(({ version, name, up, down }) => [version, name, up.length, down.length])).toEqual(taken);
});

test('what is not understood is named with its file', async () => {
  const { problems, notes, migrations } = await read({
    'V2__a.sql': `INSERT INTO a VALUES (1);\nINSERT INTO a VALUES ('\${env}');`,
    'U3__b.sql': DOWN,
    'R__views.sql': 'CREATE OR REPLACE VIEW v AS SELECT 1;',
    'B1__all.sql': UP,
    'seed.sql': UP,
    '4_new.sql': migrationText('new'),
  });
  expect(migrations.map(({ version }) => version)).toEqual(['2', '4']);
  expect(problems).toEqual([
    '4_new.sql:- there is nothing to apply; write at least one statement, or remove the file',
    'U3__b.sql:- what it undoes is missing; add V3__b.sql beside it',
    "V2__a.sql:2 Flyway's placeholder ${env} is not filled in; write its value there",
  ]);
  expect(notes).toEqual([
    "B1__all.sql:- passed by: Flyway's baseline of a new database; the versioned migrations are applied",
    'R__views.sql:- passed by: a repeatable migration of Flyway; write what it makes as a migration of its own, and a new one when it changes',
    'seed.sql:- passed by: the name does not begin with a version; if it is a migration, name it <version>_<name>.sql, for example 2025_10_01_060100_create_orders_table.sql',
  ]);
});

test('what another tool has applied need not be understood: a pair that is noted is not parsed', async () => {
  const files = { '1_a.up.sql': 'USE other;', '1_a.down.sql': 'XA BEGIN 1;' };
  expect((await read(files)).problems).toHaveLength(2);
  const text = '-- migrate:up\nUSE other;\n-- migrate:down\nXA BEGIN 1;\n';
  expect(await read(files, new Map([['1', checksumOf(text)]]))).toMatchObject({ problems: [], migrations: [{ text }] });
});

test.each([
  ['1.9', '1.10', -1],
  ['1.0', '1', 0],
  ['1.0.1', '1', 1],
  ['2', '1.10', 1],
  ['0001', '1', 0],
])('version %s beside %s', (a, b, order) => expect(Math.sign(compareVersions(a, b))).toBe(order));

test('`new` goes on after versions with dots; a name may be anything behind the digits', () => {
  expect(nextVersion(['V1__a.sql', 'V2.5__b.sql'], new Date())).toBe('3');
  expect(parseFileName('12.up.sql')).toEqual({ version: '12', name: '12', baseName: '12', half: 'up' });
  expect(parseFileName('V1_a.sql')).toBeUndefined();
});
