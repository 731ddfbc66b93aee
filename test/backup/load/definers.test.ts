import { expect, test } from 'vitest';
import { definersIn, nobodiesIn } from '../../../src/backup/load/definers.ts';

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

test('knows who is nobody by how MariaDB prints the columns of a view', () => {
  const view = (definer: string, query: string, security = 'DEFINER') =>
    `/*!50001 CREATE ALGORITHM=UNDEFINED */\n/*!50013 DEFINER=${definer} SQL SECURITY ${security} */\n/*!50001 VIEW ${query} */;\n`;
  const sql = [
    view('`app user`@`localhost`', '`v` AS select `a`.`id` AS `id` from `a`'),
    view('`app user`@`localhost`', '`elsewhere` AS select `shop`.`a`.`id` AS `id` from (`shop`.`a` join `other`.`b`)'),
    view('`gone`@`%`', '`n` AS select `shop`.`a`.`id` AS `id`,`shop`.`f`(`shop`.`a`.`t`) AS `t` from `a`'),
    view('`gone`@`%`', '`one` AS select 1 AS `one`'),
    view('`caller`@`%`', '`i` AS select `a`.`id` AS `id` from `a`', 'INVOKER'),
    view('`constant`@`%`', '`c` AS select `shop`.`f`() AS `f`'),
  ].join('');
  expect(nobodiesIn(sql)).toEqual(['DEFINER=`gone`@`%`']);
});
