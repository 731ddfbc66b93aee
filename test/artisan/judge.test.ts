import { expect, test } from 'vitest';
import type { Answer } from '../../src/artisan/answers.ts';
import { judge } from '../../src/artisan/judge.ts';

const VERSION = '2025_01_01_000001_do_it';
const FILE = {
  path: `/app/${VERSION}.php`,
  ...{ baseName: VERSION, name: 'do_it', text: '<?php\n', checksum: 'v1:0' },
};
const SETTINGS = { sqlMode: 'STRICT_TRANS_TABLES', collation: 'utf8mb4_general_ci', timeZone: 'SYSTEM' };

/** What PHP has told of an `up` that sends these; `?` in front: a query. */
function judged(...sent: (string | Buffer)[]) {
  const place = { version: VERSION, direction: 'up' } as const;
  const answers = sent.map((one): Answer => {
    const isRead = typeof one === 'string' && one.startsWith('?');
    const sql = Buffer.from(isRead ? one.slice(1) : one).toString('base64');
    return { type: isRead ? 'read' : 'statement', sql, ...place };
  });
  const heard = {
    answers: [{ type: 'session', ...SETTINGS } as const, ...answers, { type: 'ran', ...place } as const, END],
    shown: '',
  };
  const modes = { ansiQuotes: false, noBackslashEscapes: false, isMariaDb: false };
  const isInProduction = (table: string) => ['companies', 'users'].includes(table);
  return judge([FILE], heard, { ours: SETTINGS, modes, isInProduction, clone: 'shop_rehearsal', said: '' });
}
const END = { type: 'end' } as const;

test.for([
  ['RENAME TABLE companies TO firms'],
  ['rename table `companies` to `firms`'],
  ['ALTER TABLE companies RENAME TO firms'],
  ['CREATE TABLE firms AS SELECT * FROM companies'],
  ['CREATE VIEW firms AS SELECT * FROM companies'],
  ['CREATE TABLE firms (id INT)', 'INSERT INTO firms SELECT id FROM companies'],
  ['CREATE TABLE firms (id INT)', 'SELECT 1; REPLACE INTO `firms` SELECT id FROM `companies`'],
  ['CREATE TABLE firms (id INT)', 'UPDATE firms f JOIN companies c ON c.id = f.id SET f.id = 1'],
  ['CREATE TABLE first AS SELECT id FROM companies', 'RENAME TABLE first TO firms'],
])('rows of production are known under another name: %s', (sent) => {
  const { refusals, texts } = judged(...sent, '?select * from `firms`');
  expect(refusals.map(({ name, what }) => `${name}: ${what}`)).toEqual([
    'reads-rows: its up() reads rows of firms, so that its statements depend on what is there: select * from `firms`',
  ]);
  expect(texts.size).toBe(0);
});

test('tables of its own that only refer to production are read', () => {
  const { refusals, texts } = judged(
    'CREATE TABLE firms (id INT, company_id INT, FOREIGN KEY (company_id) REFERENCES companies (id))',
    'ALTER TABLE `firms` ADD CONSTRAINT `c` FOREIGN KEY (`id`) REFERENCES `users` (`id`)',
    'CREATE TABLE more LIKE companies',
    "INSERT INTO firms VALUES (1, 1), (2, 'of companies')",
    "UPDATE companies SET name = 'x'",
    '?select * from `firms`',
    '?select * from `more`',
  );
  expect(refusals).toEqual([]);
  expect(texts.get(VERSION)).toContain('CREATE TABLE firms');
});

test('bytes that would come back as others, and the name of the clone as a text', () => {
  expect(judged(Buffer.from("INSERT INTO companies VALUES ('\xff')", 'latin1')).refusals).toMatchObject([
    {
      name: 'cannot-be-applied',
      what: "its up() sends bytes that are no UTF-8: INSERT INTO companies VALUES ('\ufffd')",
    },
  ]);
  expect(judged("SET @n = (SELECT 1 WHERE 'shop_rehearsal' = 1)").refusals).toMatchObject([
    { name: 'names-a-database' },
  ]);
});
