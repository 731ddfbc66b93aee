import { expect, test } from 'vitest';
import { withExactNames } from '../../src/mysql/exact-names.ts';

const EXACT = (constant: string) => `CONVERT(${constant} USING utf8mb3) COLLATE utf8mb3_bin`;

test.each([
  [
    'SELECT 1 FROM information_schema.tables AS t WHERE t.table_schema = ? AND TABLE_NAME=?',
    `SELECT 1 FROM information_schema.tables AS t WHERE t.table_schema = ${EXACT('?')} AND TABLE_NAME=${EXACT('?')}`,
  ],
  [
    'SELECT 1 FROM INFORMATION_SCHEMA.triggers WHERE trigger_schema = DATABASE()',
    `SELECT 1 FROM INFORMATION_SCHEMA.triggers WHERE trigger_schema = ${EXACT('DATABASE()')}`,
  ],
  // Not a name of those, not a constant, not the catalogue, not a question.
  ...[
    'SELECT 1 FROM information_schema.routines WHERE routine_name = ?',
    'SELECT 1 FROM information_schema.tables t JOIN information_schema.views v ON t.table_schema = v.table_schema',
    'SELECT 1 FROM t WHERE table_schema = ?',
    "CREATE PROCEDURE p() PREPARE s FROM 'SELECT 1 FROM information_schema.tables WHERE table_schema = ?'",
  ].map((sql) => [sql, sql]),
])('%s', (sql, exact) => {
  expect(withExactNames(sql as string)).toBe(exact);
});
