import { expect, test } from 'vitest';
import { labelStatement } from '../../src/terminal/statement-label.ts';

test.each([
  ['CREATE TABLE callback_requests (id INT)', 'CREATE TABLE', 'callback_requests'],
  ['create table if not exists `a``b` (id INT)', 'CREATE TABLE', 'a`b'],
  ['-- why\n/* what */ ALTER TABLE `shop`.`orders` ADD x INT', 'ALTER TABLE', 'orders'],
  ['# note\nDROP VIEW IF EXISTS v', 'DROP VIEW', 'v'],
  ['CREATE UNIQUE INDEX idx_company ON t (a)', 'CREATE INDEX', 'idx_company'],
  [
    'CREATE DEFINER=`root`@`localhost` TRIGGER audit BEFORE INSERT ON t FOR EACH ROW SET @a=1',
    'CREATE TRIGGER',
    'audit',
  ],
  ['CREATE OR REPLACE ALGORITHM=MERGE SQL SECURITY INVOKER VIEW v AS SELECT 1', 'CREATE VIEW', 'v'],
  ['TRUNCATE logs', 'TRUNCATE', 'logs'],
  ['INSERT IGNORE INTO "t" VALUES (1)', 'INSERT', 't'],
  ['UPDATE shop.orders SET a = 1', 'UPDATE', 'orders'],
  ['DELETE FROM t', 'DELETE', 't'],
  ['SET @a = 1', 'SET', undefined],
  ['/*!50001 SET @a = 1 */', 'STATEMENT', undefined],
  ['', 'STATEMENT', undefined],
])('%j', (sql, verb, object) => expect(labelStatement(sql)).toEqual({ verb, object }));
