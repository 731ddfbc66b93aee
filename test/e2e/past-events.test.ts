import mysql from 'mysql2/promise';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { eventStatements, eventTimeOf } from '../../src/mysql/event-text.ts';
import { describeOnServers } from '../support/servers.ts';
import { createProduction, type Finished, jsonLines, lastOf, PASSWORD, type Production } from './production.ts';

const AT = "AT '2020-02-03 04:05:06'";
const ENDS = "EVERY 1 DAY STARTS '2020-01-01 00:00:00' ENDS '2020-02-03 04:05:06'";

/** With the scheduler off events stand though their time has come; so do disabled ones anywhere. */
const standing = (name: string, schedule: string, completion: string, status: string) => `
  CREATE EVENT ${name} ON SCHEDULE ${schedule} ON COMPLETION PRESERVE DISABLE DO SET @done = 1;
  ALTER EVENT ${name} ON COMPLETION ${completion};
  ALTER EVENT ${name} ${status};`;

const EVENTS = `SET time_zone = '+05:45';
  ${standing('once_gone', AT, 'NOT PRESERVE', 'ENABLE')}
  ${standing('once_disabled', AT, 'NOT PRESERVE', 'DISABLE')}
  ${standing('once_kept', AT, 'PRESERVE', 'ENABLE')}
  ${standing('series_gone', ENDS, 'NOT PRESERVE', 'ENABLE')}
  ${standing('series_kept', ENDS, 'PRESERVE', 'ENABLE')}
  CREATE EVENT daily ON SCHEDULE EVERY 1 DAY DO SET @done = 2;
  SET time_zone = '-11:00';
  CREATE EVENT \`not \`\`yet\` ON SCHEDULE AT NOW() + INTERVAL 2 HOUR DO SET @done = 3;`;

const MIGRATIONS = {
  '1_events.sql': `-- migrate:up
DROP EVENT once_disabled;
DROP EVENT once_kept;
DROP EVENT once_gone;
ALTER TABLE nowhere ADD x INT;
-- migrate:down
ALTER TABLE nowhere DROP x;
`,
};

const OVER = 'its time has come (2020-02-03 04:05:06 +05:45)';
const NOT_OUTLIVED = `${OVER}, and it was not to outlive it (ON COMPLETION NOT PRESERVE)`;
const TOLD = [
  `event once_disabled is left out: ${NOT_OUTLIVED}`,
  `event once_gone is left out: ${NOT_OUTLIVED}`,
  `event once_kept is disabled: ${OVER}`,
  `event series_gone is left out: ${NOT_OUTLIVED}`,
  `event series_kept is disabled: ${OVER}`,
];

test.each([
  ["CREATE EVENT `e` ON SCHEDULE AT '2020-01-01 00:00:00' ON COMPLETION NOT PRESERVE ENABLE DO SELECT 1", 1],
  ['CREATE EVENT `e` ON SCHEDULE EVERY 1 DAY ON COMPLETION NOT PRESERVE DISABLE DO SELECT 1', 1],
  ["CREATE EVENT `e` ON SCHEDULE AT '2020-01-01 00:00:00' ON COMPLETION PRESERVE DISABLE DO SELECT 1", 1],
  ["CREATE TABLE `e` (a INT COMMENT ' ON SCHEDULE AT ')", 1],
])('%s is made as it stands', (text, count) => {
  expect(eventStatements(text)).toEqual([text].slice(0, count));
});

test('a disabled event whose time has come is made in two steps', () => {
  const head =
    "CREATE DEFINER=`a b`@`%` EVENT `e``f` ON SCHEDULE EVERY '1:2' DAY_HOUR STARTS '2020-01-01 00:00:00' ENDS '2021-01-01 00:00:00'";
  const text = `${head} ON COMPLETION NOT PRESERVE DISABLE ON SLAVE DO SELECT ' ON COMPLETION NOT PRESERVE DISABLE'`;
  expect(eventTimeOf(text)).toEqual({ last: '2021-01-01 00:00:00', isDropped: true, status: 'DISABLE ON SLAVE' });
  expect(eventStatements(text)).toEqual([
    `${head} ON COMPLETION PRESERVE DISABLE ON SLAVE DO SELECT ' ON COMPLETION NOT PRESERVE DISABLE'`,
    'ALTER DEFINER=`a b`@`%` EVENT `e``f` ON COMPLETION NOT PRESERVE',
  ]);
});

describeOnServers(
  'events whose time has come',
  (server) => {
    let production: Production;
    beforeAll(async () => {
      production = await createProduction(server(), { migrations: MIGRATIONS });
      production.configure({ backup: { dir: 'backups', minFree: '1MB', verify: 'restore' } });
    });
    afterAll(() => production?.remove());

    const reset = async () => {
      const names = await production.query<{ name: string }>(
        'SELECT EVENT_NAME AS name FROM information_schema.EVENTS WHERE EVENT_SCHEMA = DATABASE()',
      );
      for (const { name } of names) await production.sql(`DROP EVENT \`${name.replaceAll('`', '``')}\``);
      const { socket } = server();
      const own = { socketPath: socket, user: 'app user', password: PASSWORD, database: production.database };
      const owner = await mysql.createConnection(own);
      for (const sql of EVENTS.split(';')) if (sql.trim() !== '') await owner.query(sql);
      await owner.end();
    };
    const events = async () => {
      const rows = await production.query<{ name: string; now: string }>(
        `SELECT EVENT_NAME AS name, CONCAT_WS(' ', STATUS, ON_COMPLETION, IFNULL(EXECUTE_AT, ENDS), TIME_ZONE, DEFINER, SQL_MODE) AS now
           FROM information_schema.EVENTS WHERE EVENT_SCHEMA = DATABASE() ORDER BY 1`,
      );
      return new Map(rows.map(({ name, now }) => [name, now]));
    };
    const told = (run: Finished) =>
      jsonLines(run).flatMap(({ type, text }) =>
        type === 'note' && /\bevent\b/.test(String(text)) ? [String(text)] : [],
      );
    const end = (run: Finished) => {
      const { exitCode, error } = lastOf(run);
      return { exitCode, error };
    };
    const fine = { exitCode: 0, error: undefined };

    test('a backup is proven, restored beside and in place, and taken back', { timeout: 120_000 }, async () => {
      await reset();
      const before = await events();
      const proven = await production.run('backup', 'create', '--yes', '--json');
      expect(end(proven)).toEqual(fine);
      expect(told(proven)).toEqual(TOLD);

      const restored = await production.run('restore', '--yes', '--json');
      expect(end(restored)).toEqual(fine);
      expect(told(restored)).toEqual(TOLD);
      const after = await events();
      expect([...after.keys()]).toEqual(['daily', 'not `yet', 'once_kept', 'series_kept']);
      expect(after.get('once_kept')).toBe(before.get('once_kept')?.replace('ENABLED', 'DISABLED'));

      const back = await production.run('rollback', '--yes', '--json');
      expect(end(back)).toEqual(fine);
      expect(told(back)).toEqual([
        'could not be made again: event once_gone (its time has come: 2020-02-03 04:05:06)',
        'could not be made again: event series_gone (its time has come: 2020-02-03 04:05:06)',
      ]);
      expect((await events()).get('once_disabled')).toBe(before.get('once_disabled'));

      const inPlace = await production.run('restore', '--in-place', '--yes', '--json');
      expect(end(inPlace)).toEqual(fine);
      expect(told(inPlace)).toEqual(TOLD);
    });

    test('a way back tells what time has made of them since', { timeout: 120_000 }, async () => {
      production.configure({ backup: { dir: 'backups', minFree: '1MB', verify: 'checksum' } });
      await reset();
      const before = await events();
      const undone = await production.run('deploy', '--yes', '--json');
      expect(lastOf(undone)).toMatchObject({
        exitCode: 2,
        error: { state: 'everything this run did was undone: production is as it was before' },
      });
      const since = 'its time has come since (2020-02-03 04:05:06)';
      expect(told(undone)).toEqual([`event once_gone is not back: ${since}`, `event once_kept is disabled: ${since}`]);
      before.delete('once_gone');
      before.set('once_kept', before.get('once_kept')?.replace('ENABLED', 'DISABLED') ?? '');
      expect(await events()).toEqual(before);
    });
  },
  { args: ['--event-scheduler=OFF'] },
);
