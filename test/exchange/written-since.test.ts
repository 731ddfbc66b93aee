import { expect, test } from 'vitest';
import { isWrittenSince, readUpdateTimes } from '../../src/exchange/written-since.ts';
import { withRoot } from '../binlog/support.ts';
import { describeOnServers } from '../support/servers.ts';

const AT = '2026-03-01 02:00:00';
const LATER = '2026-03-01 02:00:09';

test.each([
  ['the same', { t: AT, u: null }, { t: AT, u: null }, false],
  ['a later change', { t: AT, u: null }, { t: LATER, u: null }, true],
  ['the first change', { t: AT, u: null }, { t: AT, u: LATER }, true],
  ['a server that has forgotten', { t: AT }, { t: null }, true],
  ['a table that was not there', { t: AT }, { t: AT, made: null }, true],
  ['a table that has gone', { t: AT, u: AT }, { t: AT }, false],
  ['the history of the tool', { t: AT }, { t: AT, gateway_migrate_history: LATER }, false],
  ['nothing known', undefined, { t: AT }, true],
  ['nothing there', undefined, {}, false],
])('%s', (_, before, now, expected) => {
  expect(isWrittenSince(before, now as Record<string, string | null>)).toBe(expected);
});

describeOnServers('the time of the last change of rows', (server) => {
  test('follows a table through a RENAME, and is another after a write', async () => {
    const [database, beside] = [await server().createDatabase(), await server().createDatabase()];
    await withRoot(server(), database, async (session, flavor) => {
      await session.query('CREATE TABLE t (id INT PRIMARY KEY)');
      await session.query('INSERT INTO t VALUES (1)');
      const before = await readUpdateTimes(session, flavor, database);
      await session.query(`RENAME TABLE t TO ${beside}.t`);
      await session.query(`SELECT * FROM ${beside}.t`);
      const moved = await readUpdateTimes(session, flavor, beside);
      expect([moved, isWrittenSince(before, moved)]).toEqual([before, false]);
      await session.query('DO SLEEP(1.1)');
      await session.query(`UPDATE ${beside}.t SET id = 2`);
      expect(isWrittenSince(before, await readUpdateTimes(session, flavor, beside))).toBe(true);
    });
  });
});
