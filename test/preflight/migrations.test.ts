import { expect, test } from 'vitest';
import type { Config } from '../../src/config/config.ts';
import { compareWithHistory } from '../../src/migrations/pending.ts';
import { missingPrivileges } from '../../src/mysql/grants.ts';
import { checkMigrations } from '../../src/preflight/migrations.ts';
import type { Snapshot, TableShape } from '../../src/schema/types.ts';
import { migration } from '../rehearsal/scene.ts';

const CONFIG = { migrations: { dir: 'migrations', allowNonTransactional: false } } as unknown as Config;
const NOTES = {
  kind: 'table',
  name: 'notes',
  definition: '',
  digest: '',
  table: { engine: 'MyISAM' } as TableShape,
} as const;
const SNAPSHOT = { objects: new Map([['table:notes', NOTES]]) } as unknown as Snapshot;

function applied(version: string, text: string | null) {
  const startedAt = '2026-11-23 10:00:00';
  return { version, name: 'change', checksum: 'v1:1', state: 'applied', startedAt, text } as never;
}

test('what the files and the history say of each other, each with its remedy', () => {
  const files = [
    migration('1', '-- migrate:up\nSELECT 1;'),
    migration('2', '-- migrate:up\nINSERT INTO notes VALUES (1);\nCREATE TEMPORARY TABLE t (id INT);'),
  ];
  const status = compareWithHistory(files, [applied('1', null), applied('3', 'SELECT 3;')]);
  const problems = [{ path: 'migrations/4_d.sql', line: 7, what: 'BEGIN is never closed', remedy: 'write COMMIT' }];
  const checks = checkMigrations(status, problems, SNAPSHOT, CONFIG);
  expect(checks.map(({ name, level, ok, detail, remedy }) => [ok ? 'holds' : level, name, detail, remedy])).toEqual([
    ['error', 'migrations/4_d.sql:7', 'BEGIN is never closed', 'write COMMIT'],
    [
      'error',
      '1',
      'edited after it was applied:\n(its text was too large to keep)',
      'put the file back as it was applied, and write the change as a new migration: gateway-migrate new <name>',
    ],
    [
      'warning',
      '3',
      'applied 2026-11-23 10:00:00 UTC, but its file is missing',
      'bring the file back from version control',
    ],
    ['warning', '2', 'is older than the newest applied one; it is applied all the same', undefined],
    [
      'error',
      '2, statement 1, line 2',
      'writes to notes, which is MyISAM: it has no transactions, so after a crash nobody knows which rows were written',
      'ALTER TABLE notes ENGINE=InnoDB first, or set migrations.allowNonTransactional: true',
    ],
    ['holds', 'history', '2 applied, 1 pending in migrations', undefined],
  ]);
});

test.each([
  ['GRANT ALL PRIVILEGES ON *.* TO `a`@`%`', 'shop', []],
  ['GRANT SELECT, DROP ON `shop`.* TO `a`@`%`', 'shop', ['CREATE']],
  ['GRANT SELECT, CREATE, DROP ON `sh_p%`.* TO `a`@`%`', 'shop_2', []],
  ['GRANT SELECT, CREATE, DROP ON `sh\\_p`.* TO `a`@`%`', 'shop', ['SELECT', 'CREATE', 'DROP']],
  ['GRANT SELECT, CREATE, DROP ON `shop`.`orders` TO `a`@`%`', 'shop', ['SELECT', 'CREATE', 'DROP']],
  ['GRANT SELECT, CREATE, DROP ON `a``b`.* TO `a`@`%`', 'a`b', []],
])('%s on %s lacks %j', (grant, database, missing) => {
  expect(missingPrivileges([grant], database, ['SELECT', 'CREATE', 'DROP'])).toEqual(missing);
});
