import { describe, expect, test } from 'vitest';
import { inverseOf } from '../../../src/migrations/inverse/inverse.ts';
import { toStatement } from '../../../src/migrations/sql/statement.ts';
import type { ObjectId } from '../../../src/schema/types.ts';

const TABLE = [
  'CREATE TABLE `a` (',
  '  `id` int NOT NULL,',
  '  `p_id` int DEFAULT NULL,',
  "  `y` varchar(9) DEFAULT 'KEY `no` (`y`),',",
  '  PRIMARY KEY (`id`),',
  '  KEY `a_fk` (`p_id`),',
  '  CONSTRAINT `a_fk` FOREIGN KEY (`p_id`) REFERENCES `p` (`id`)',
  ') ENGINE=InnoDB',
].join('\n');

function inverse(sql: string, before: Partial<Record<ObjectId, string | undefined>> = { 'table:a': TABLE }) {
  const known = Object.entries(before).map(([id, definition]) => [id as ObjectId, { definition }] as const);
  const result = inverseOf(toStatement(sql, 1), new Map(known));
  return 'reason' in result ? result.reason : result.statements.map(({ text }) => text);
}

describe('inverseOf', () => {
  test.each([
    ['CREATE TABLE n (id INT)', { 'table:n': undefined }, ['DROP TABLE `n`']],
    ['CREATE SEQUENCE n', { 'sequence:n': undefined }, ['DROP SEQUENCE `n`']],
    [
      'CREATE OR REPLACE VIEW v AS SELECT 2',
      { 'view:v': 'CREATE VIEW `v` AS select 1' },
      ['DROP VIEW IF EXISTS `v`', 'CREATE VIEW `v` AS select 1'],
    ],
    ['DROP TABLE IF EXISTS n', { 'table:n': undefined }, []],
    ['SET @a = 1', {}, []],
    ['GRANT SELECT ON a TO b', {}, []],
    ['ALTER TABLE a ADD n INT, RENAME b', { 'table:a': TABLE }, ['ALTER TABLE `b` DROP COLUMN `n`, RENAME TO `a`']],
    [
      'ALTER TABLE a ADD CONSTRAINT n FOREIGN KEY (y) REFERENCES p (id)',
      { 'table:a': TABLE },
      ['ALTER TABLE `a` DROP FOREIGN KEY `n`, DROP INDEX `n`'],
    ],
    [
      'ALTER TABLE a ADD CONSTRAINT n FOREIGN KEY (id) REFERENCES p (id)',
      { 'table:a': TABLE },
      ['ALTER TABLE `a` DROP FOREIGN KEY `n`'],
    ],
  ] as const)('%s', (sql, before, expected) => {
    expect(inverse(sql, before)).toEqual(expected);
  });

  test.each([
    ['INSERT INTO a VALUES (1)', 'INSERT changes rows, which no statement brings back'],
    ['TRUNCATE a', 'TRUNCATE TABLE changes rows, which no statement brings back'],
    ['CALL p()', 'CALL changes rows, which no statement brings back'],
    ['DROP TABLE a', 'what table a held is gone: restore it from a backup'],
    ['CREATE OR REPLACE TABLE a (id INT)', 'what table a held is gone: restore it from a backup'],
    ['ALTER TABLE s.a ADD b INT', 'it touches another database'],
    ['ALTER TABLE b ADD c INT', 'what stood at table:b before is not known'],
    ['ALTER TABLE a DROP COLUMN y', 'what stood before DROP COLUMN cannot be told from the statement'],
    ['ALTER TABLE a DROP y', 'what stood before DROP Y cannot be told from the statement'],
    ['ALTER TABLE a ADD n INT, MODIFY y INT', 'what stood before MODIFY cannot be told from the statement'],
    [
      'ALTER TABLE a ADD FOREIGN KEY (y) REFERENCES p (id)',
      'the server chose the name of the FOREIGN KEY: name it in the statement',
    ],
    ['ALTER TABLE a ADD INDEX (y)', 'the server chose the name of the INDEX: name it in the statement'],
    ['ALTER TABLE a ADD CHECK (y > 1)', 'the server chose the name of the CHECK: name it in the statement'],
    ['ALTER TABLE a ADD PRIMARY KEY (y)', 'a primary key changes its columns to NOT NULL'],
    ['ALTER TABLE a ADD n INT REFERENCES p (id)', 'the server chose the name of the foreign key of column n'],
    ['ALTER TABLE a ADD INDEX n (p_id, y)', 'the index may have taken the place of the one of foreign key a_fk'],
    ['CREATE INDEX n ON a (p_id)', 'the index may have taken the place of the one of foreign key a_fk'],
    [
      'ALTER TABLE a ADD CONSTRAINT n FOREIGN KEY (y) REFERENCES p (id), ADD CONSTRAINT m FOREIGN KEY (y) REFERENCES q (id)',
      'two of its foreign keys share an index that the server named',
    ],
    ['DROP INDEX no ON a', 'no is not in the definition noted before'],
    ['DROP INDEX `PRIMARY` ON a', 'PRIMARY is not in the definition noted before'],
    ['ALTER TABLE a ADD PARTITION (PARTITION p VALUES LESS THAN (1))', 'ADD PARTITION has no exact inverse'],
    ['ALTER TABLE a ADD INDEX a_fk (y)', 'index a_fk existed before under this name'],
    ['CREATE OR REPLACE INDEX n ON a (y)', 'an index of this name may have been replaced'],
    ['ALTER TABLE a ADD FOREIGN KEY IF NOT EXISTS n (y) REFERENCES p (id)', 'the foreign key may have existed before'],
    ['ALTER TABLE a RENAME COLUMN IF EXISTS y TO z', 'what was renamed may not have existed'],
    ['ALTER TABLE a ADD COLUMN', 'the added column could not be read'],
    ['ALTER TABLE a RENAME TO', 'the new name could not be read'],
    ['ALTER TABLE a ADD CONSTRAINT n FOREIGN KEY', 'the columns of the foreign key could not be read'],
  ])('has none: %s', (sql, reason) => {
    expect(inverse(sql)).toBe(reason);
  });

  test('has none of what was not there when the definitions were noted', () => {
    const gone = { 'table:a': undefined, 'view:v': undefined };
    expect(inverse('ALTER TABLE a ADD b INT', gone)).toBe('the definition of table:a before is not known');
    expect(inverse('DROP VIEW v', gone)).toBe('the definition of view:v before is not known');
  });
});
