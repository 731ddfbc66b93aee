import { expect, test } from 'vitest';
import { renameDatabase } from '../../../src/backup/load/database-name.ts';

const DUMP = [
  "INSERT INTO `t` VALUES ('`shop`.`t`.`id`');",
  'ALTER DATABASE `shop` CHARACTER SET latin1 COLLATE latin1_swedish_ci ;',
  '/*!50013 DEFINER=`no`@`body` SQL SECURITY DEFINER */',
  '/*!50001 VIEW `v` AS select `shop`.`t`.`id` AS `id`,`shop`.`é``x`.`y` AS `y`,`shop`.`id` AS `z` from `shop` where `shop`.`shop`.`id` > `other`.`shop`.`id` */;',
  '/*!50001 VIEW `w` AS select `shop`.`t`.`id` AS `id` from (`shop`.`shop` join `next`.`t` on(`shop`.`id` = `next`.`t`.`id`)) */',
  '/*!50002 WITH CASCADED CHECK OPTION */;',
  '',
].join('\n');
const RENAMED = [
  "INSERT INTO `t` VALUES ('`shop`.`t`.`id`');",
  'ALTER DATABASE `shop_proof` CHARACTER SET latin1 COLLATE latin1_swedish_ci ;',
  '/*!50013 DEFINER=`no`@`body` SQL SECURITY DEFINER */',
  '/*!50001 VIEW `v` AS select `shop_proof`.`t`.`id` AS `id`,`shop_proof`.`é``x`.`y` AS `y`,`shop`.`id` AS `z` from `shop` where `shop_proof`.`shop`.`id` > `other`.`shop`.`id` */;',
  '/*!50001 VIEW `w` AS select `shop_proof`.`t`.`id` AS `id` from (`shop_proof`.`shop` join `next`.`t` on(`shop`.`id` = `next`.`t`.`id`)) */',
  '/*!50002 WITH CASCADED CHECK OPTION */;',
  '',
].join('\n');

test.each([1, 7, 50, 10_000])('a database is renamed where its dump names it, read by %i bytes', async (size) => {
  const bytes = Buffer.from(DUMP);
  async function* chunks() {
    for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
  }
  const parts: Buffer[] = [];
  for await (const part of renameDatabase(chunks(), 'shop', 'shop_proof')) parts.push(part);
  expect(Buffer.concat(parts).toString()).toBe(RENAMED);
});
