import { execFileSync } from 'node:child_process';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { readSubject } from '../../src/binlog/judgement/cascades.ts';
import type { LogPosition } from '../../src/binlog/range.ts';
import { surveyLog } from '../../src/binlog/survey.ts';
import { runScript } from '../backup/support.ts';
import { describeOnServers, type TestServer } from '../support/servers.ts';
import { copySince, endOfLog, transactionsOf, withRoot } from './support.ts';

/** Tags of a GTID are of 1 to 32 characters. */
const TAGGED = ['abc', 'a', 'a_tag_of_exactly_two_and_thirty_']
  .map(
    (tag, index) =>
      `SET gtid_next = 'AUTOMATIC:${tag}'; INSERT INTO t VALUES (${index}); CREATE TABLE t${index} (a INT)`,
  )
  .join(';');

/**
 * What the clocks of sessions showed, in seconds before and after now; `d`: of a definition, which tells the truth. The moment. And
 * which is the first that is left out, by its place in the row, or between which two it is to be said (-1: behind the last).
 */
const CASES: [string, (number | `d${number}`)[], number, number | number[] | 'all'][] = [
  ['honest clocks', [-1000, -950, -850, -800], -900, 2],
  ['a statement that began a little earlier', [-1000, -950, -898, -905, -800], -900, 2],
  ['a clock in the future is passed by', [-1000, 86_400, -950, -850], -900, 3],
  ['it is the last before the moment, or the first behind it', [-1000, 86_400, -850], -900, [1, 2]],
  ['it is all there is', [86_400], 5, [0, -1]],
  ['a definition whose session has a clock in the future', [`d86400`], 5, 'all'],
  ['ahead of those behind it', [-1000, -500, -990, -980, -850], -900, [1, 4]],
  ['ahead of those behind it, at the end of the log', [-1000, -500, -990], -900, [1, -1]],
  ['a clock of long ago is passed by', [-1000, -90_000, -950, -850], -900, 3],
  ['it is the last before the moment, or the first behind it (long ago)', [-1000, -90_000, -850], -900, [1, 2]],
  ['a clock of long ago behind the moment', [-1000, -950, -850, -90_000, -800], -900, 2],
];

const DOUBT =
  'its session’s clock was set (SET timestamp), or it ran for long: it may be before the moment or after it';

function toSeconds(at: number | string, now: number): number {
  return now + Number(String(at).replace('d', ''));
}

function statementOf(at: number | string, index: number): string {
  return String(at).startsWith('d') ? `CREATE TABLE t${index} (a INT)` : `INSERT INTO t VALUES (${index})`;
}

describeOnServers(
  'when a transaction committed',
  (server) => {
    test('is read as the server’s own program tells it', async ({ skip }) => {
      skip(server().kind === 'mariadb', 'MariaDB has no tags, and tells the second alone');
      const live = await freshTable(server());
      const from = await endOfLog(server());
      await runScript(server(), live, `${TAGGED}; SET gtid_next = 'AUTOMATIC'; INSERT INTO t VALUES (9)`);
      const range = await copySince(server(), from);
      const files = range.files.map(({ name }) => join(range.folder, name));
      const told = execFileSync(join(server().binDir, 'mysqlbinlog'), [`--start-position=${from.position}`, ...files], {
        encoding: 'utf8',
      });
      const times = [...told.matchAll(/^# immediate_commit_timestamp=(\d+)/gm)].map(([, micros]) => Number(micros));
      expect(times).toHaveLength(7);
      expect((await transactionsOf(range)).map(({ committed }) => committed)).toEqual(
        times.map((micros) => ({ micros, precision: 1 })),
      );
      rmSync(range.folder, { recursive: true });
    });

    test.for(CASES)('%s', async ([title, clock, moment, expected], { skip }) => {
      skip(server().kind === 'mysql' && moment < 0, 'MySQL’s own clock is in each transaction');
      const live = await freshTable(server());
      const from = await endOfLog(server());
      const now = Math.floor(Date.now() / 1000);
      const work = clock.map((at, index) => `SET timestamp = ${toSeconds(at, now)}; ${statementOf(at, index)}`);
      await runScript(server(), live, work.join(';'));
      const range = await copySince(server(), from);
      const all = await transactionsOf(range);
      const indexOf = (place: LogPosition) =>
        all.findIndex(({ file, start }) => file === place.file && start === place.position);
      const survey = await withRoot(server(), live, async (session, flavor) =>
        surveyLog(
          range,
          await readSubject(session, flavor, live),
          { is: 'time', micros: toSeconds(moment, now) * 1_000_000 },
          new AbortController().signal,
        ),
      );
      if (Array.isArray(expected) && server().kind === 'mariadb') {
        const contrary = all.at(Number(expected[1]) < 0 ? -1 : Number(expected[1]) - 1);
        const ahead = `it tells a later time than ${contrary?.file}:${contrary?.start}, which was committed after it: a session’s clock was set (SET timestamp), or a statement ran for long`;
        expect(survey.refused?.reason).toBe(title.startsWith('ahead') ? ahead : DOUBT);
      }
      const found = survey.refused?.places?.map(indexOf) ?? (survey.next ? indexOf(survey.end) : 'all');
      expect(found).toEqual(server().kind === 'mysql' ? 'all' : expected);
      rmSync(range.folder, { recursive: true });
    });
  },
  { binlog: true },
);

async function freshTable(server: TestServer): Promise<string> {
  const live = await server.createDatabase('live');
  await server.sql('CREATE TABLE t (id INT PRIMARY KEY)', live);
  return live;
}
