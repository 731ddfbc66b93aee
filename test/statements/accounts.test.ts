import { expect, test } from 'vitest';
import { toStatement } from '../../src/migrations/sql/statement.ts';
import { accountDeed, listsAccounts } from '../../src/statements/accounts/accounts.ts';
import { decideAccounts } from '../../src/statements/accounts/decide-accounts.ts';

test.each([
  ['REVOKE SELECT ON a.* FROM u', 'revoke'],
  ['/* a */ REVOKE /* b */ r FROM u', 'revoke'],
  ['REVOKE IF EXISTS SELECT ON a.* FROM u', undefined],
  ['GRANT SELECT ON a.* TO u', undefined],
  ["ALTER USER u IDENTIFIED BY 'x' RETAIN CURRENT PASSWORD", 'second'],
  ["ALTER USER u IDENTIFIED BY 'x' REPLACE 'y'", 'second'],
  ["ALTER USER u ADD 2 FACTOR IDENTIFIED WITH p BY 'x'", 'second'],
  ["SET PASSWORD FOR u = 'x' RETAIN CURRENT PASSWORD", 'second'],
  ["SET PASSWORD FOR u = 'RETAIN'", 'password'],
  ["ALTER USER u IDENTIFIED BY 'x'", 'password'],
  ['ALTER USER u ACCOUNT LOCK', undefined],
  ['CREATE USER u', 'make'],
  ['CREATE ROLE IF NOT EXISTS r', undefined],
  ['CREATE OR REPLACE USER u', undefined],
  ['DROP USER u, v', 'drop'],
  ['DROP USER IF EXISTS u', undefined],
  ['RENAME USER u TO v', 'rename'],
  ['DROP TABLE u', undefined],
])('%s, repeated: %s', (sql, deed) => {
  expect(accountDeed(toStatement(sql, 1))).toBe(deed);
});

const [A, B] = [{ 'a@%': '1' }, { 'b@%': '2' }];

test.each([
  ['revoke', A, A, false, 'not-done', 'the accounts are as they were before'],
  ['revoke', A, { 'a@%': '9' }, false, 'not-done', 'account a@% differs from before'],
  ['revoke', A, { 'a@%': '9' }, true, 'unknown', 'account a@% differs from before'],
  ['password', A, { 'a@%': '9' }, false, 'not-done', 'account a@% differs from before'],
  ['second', A, { 'a@%': '9' }, false, 'unknown', 'account a@% differs from before'],
  ['make', {}, {}, false, 'not-done', 'the accounts are as they were before'],
  ['make', {}, A, false, 'unknown', 'account a@% exists now'],
  ['drop', { ...A, ...B }, {}, false, 'done', 'account a@% is gone, account b@% is gone'],
  ['drop', { ...A, ...B }, B, false, 'unknown', 'account a@% is gone'],
  ['drop', { ...A, ...B }, B, true, 'unknown', 'account a@% is gone'],
  ['rename', A, { 'c@%': '1' }, false, 'done', 'account a@% is gone, account c@% exists now'],
  ['rename', A, { 'c@%': '9' }, false, 'unknown', 'account a@% is gone, account c@% exists now'],
  ['rename', A, { ...A, ...B }, false, 'unknown', 'account b@% exists now'],
  [undefined, A, { 'a@%': '9' }, true, 'unknown', 'account a@% differs from before'],
  ['revoke', undefined, A, false, 'not-done', 'our account may not see the accounts'],
  ['password', undefined, undefined, false, 'not-done', 'our account may not see the accounts'],
  ['second', undefined, undefined, false, 'unknown', 'our account may not see the accounts'],
  ['revoke', undefined, A, true, 'unknown', 'our account may not see the accounts'],
  ['drop', A, undefined, false, 'unknown', 'our account may not see the accounts'],
] as const)('%s: %o, now %o, refused: %s: %s', (deed, before, now, hasFailed, is, because) => {
  const verdict = decideAccounts(deed, before, now, hasFailed);
  expect([verdict.is, verdict.because.join(', ')]).toEqual([is, because]);
});

test.each([
  ["GRANT SELECT, INSERT ON shop.t TO 'reader'@'%'", false],
  ['GRANT SELECT (a, b) ON shop.t TO a, b', true],
  ["REVOKE SELECT, INSERT ON shop.t FROM 'a,b'@'%'", false],
  ['REVOKE r FROM a, b', true],
  ["CREATE USER a IDENTIFIED BY 'x, y'", false],
  ['DROP USER a, b', true],
  ['RENAME USER a TO b', false],
  ['RENAME USER a TO b, c TO d', true],
  ['DROP TABLE a, b', false],
])('%s lists several accounts: %s', (sql, expected) => {
  expect(listsAccounts(toStatement(sql, 1))).toBe(expected);
});
