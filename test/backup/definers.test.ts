import { expect, test } from 'vitest';
import { definersIn } from '../../src/backup/definers.ts';

test('definers are found as both servers and both ways of quoting write them', () => {
  const sql = [
    'CREATE DEFINER=`app`@`%` PROCEDURE `p`()',
    '/*!50003 CREATE*/ /*!50017 DEFINER="an ""o`dd"@"local""host"*/ /*!50003 TRIGGER "t" BEFORE INSERT ON "a" FOR EACH ROW BEGIN',
    'CREATE DEFINER="an ""o`dd"@"local""host" FUNCTION "f"() RETURNS int',
    '/*!50013 DEFINER=`a``b`@`%` SQL SECURITY DEFINER */',
    'CREATE DEFINER="a role" PROCEDURE "q"()',
    "  SELECT 'CREATE DEFINER=`no`@`no`'",
  ].join('\n');
  expect(definersIn(sql)).toEqual([
    'DEFINER=`app`@`%`',
    'DEFINER=`an "o``dd`@`local"host`',
    'DEFINER=`a``b`@`%`',
    'DEFINER=`a role`',
  ]);
});
