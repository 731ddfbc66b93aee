import { appendFileSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { Receiver } from '../notify/receivers.ts';
import { answerWith } from '../support/answering.ts';
import { describeOnServers } from '../support/servers.ts';
import { createProduction, finish, type JsonObject, jsonLines, lastOf, type Production } from './production.ts';

const MIGRATION = `-- migrate:up
CREATE TABLE bookings (id INT PRIMARY KEY, staff_id BIGINT NOT NULL, note VARCHAR(20), KEY (staff_id),
  FOREIGN KEY (staff_id) REFERENCES people (id) ON DELETE CASCADE);
-- migrate:down
DROP TABLE bookings;
`;
const PEOPLE = `CREATE TABLE people (id BIGINT PRIMARY KEY, name VARCHAR(20));
INSERT INTO people VALUES (1, 'a'), (2, 'b'), (3, 'c'), (4, 'd'), (5, 'e'), (6, 'f'), (7, 'g'), (8, 'h'), (9, 'i'), (10, 'j'), (11, 'k'), (12, 'l')`;

/** Statements that the server has seen before. */
const PAST = 20_000;
/** A site of some visitors, not one that does nothing but ask. */
const PACE_MS = 10;

describeOnServers(
  'monitor',
  (server) => {
    /** A deploy of one table, watched every second; the site answers, and its log is there. */
    async function deployed(changes: Record<string, unknown> = {}, ...flags: string[]) {
      const production = await createProduction(server(), { migrations: { '1_bookings.sql': MIGRATION } });
      await production.sql(PEOPLE);
      if (server().kind === 'mysql') {
        await server().sql("GRANT SELECT ON performance_schema.* TO 'app user'@'localhost'");
      }
      const log = join(production.dir, 'laravel.log');
      writeFileSync(log, '[2026-11-23 14:00:00] production.ERROR: SQLSTATE[HY000] as every day\n');
      const site = await answerWith(200);
      production.configure({
        app: { maintenance: 'none', caches: 'none', health: { url: site.url } },
        monitor: {
          ...{ for: '30s', every: '1s', checkpoints: ['2s'] },
          logs: [{ path: log, major: ['SQLSTATE'], critical: ['lost rows'] }],
          thresholds: { leastVolume: 20, siteDown: '3s', spaceFree: '0%', slowerByMs: 1 },
          ...changes,
        },
      });
      const last = lastOf(await production.run('deploy', '--yes', '--json', ...flags));
      expect(last.exitCode).toBe(0);
      return { production, site, log, run: last.run };
    }

    /** Queries of a site until the watch has ended; `fault` is what goes wrong, again and again, told what was written so far. */
    async function whileBusy(
      production: Production,
      args: string[],
      fault: (written: string) => Promise<unknown> = async () => undefined,
    ) {
      let [isOver, written] = [false, ''];
      const child = production.start(['monitor', '--json', ...args]);
      child.stdout?.on('data', (text) => {
        written += text;
      });
      const finished = finish(child).finally(() => {
        isOver = true;
      });
      while (!isOver) {
        await production.sql('SELECT COUNT(*) FROM people; SELECT 2; SELECT 3; SELECT 4; SELECT 5; SELECT 6');
        await fault(written).catch(() => undefined);
        await setTimeout(PACE_MS);
      }
      return finished;
    }

    const verdictsIn = (lines: readonly JsonObject[]) => lines.filter(({ type }) => type === 'verdict');

    test('a healthy deploy, as JSON: samples, verdicts, 0; the past was noted', async () => {
      const { production, run } = await deployed();
      try {
        const baseline = JSON.parse(
          readFileSync(join(production.dir, '.gateway-migrate/runs', run, 'baseline.json'), 'utf8'),
        );
        expect(baseline).toMatchObject({ rows: { people: 12 }, logs: [{ known: [expect.any(String)] }] });
        expect(baseline.health).toHaveLength(5);
        const finished = await whileBusy(production, ['--for', '4s']);
        const lines = jsonLines(finished);
        expect(lastOf(finished)).toMatchObject({
          command: 'monitor',
          exitCode: 0,
          verdict: 'healthy',
          production: 'unchanged',
        });
        expect(lines.find(({ type }) => type === 'sample')).toMatchObject({
          health: { status: 200 },
          logs: { entries: 0, errors: 0 },
        });
        expect(lines.filter(({ type, counters }) => type === 'sample' && counters)).not.toEqual([]);
        expect(verdictsIn(lines).map(({ verdict, checkpoint, next }) => [verdict, checkpoint, next])).toEqual([
          ['healthy', '2.0 s', 'gateway-migrate status'],
          ['healthy', '4.0 s', 'gateway-migrate status'],
        ]);
      } finally {
        production.remove();
      }
    });

    test('a site that answers 500: major, and the command to type; --on-major rollback does it', async (context) => {
      context.skip(server().kind === 'mysql', 'no server has a part in it: one is enough');
      const { production, site, run } = await deployed();
      const team = await Receiver.open();
      production.configure({ notify: [{ type: 'webhook', url: team.url, project: 'Shops' }] });
      try {
        site.status = 500;
        const finished = await whileBusy(production, []);
        const last = lastOf(finished);
        expect(last).toMatchObject({ exitCode: 1, verdict: 'major' });
        expect(team.received.map(({ body }) => body)).toEqual([
          expect.objectContaining({
            ...{ on: 'verdict', run, next: [`gateway-migrate rollback --run ${run}`] },
            title: expect.stringMatching(`^\\[Shops\\] VERDICT: major, of run ${run} on `),
          }),
        ]);
        const page = readFileSync(last.report as string, 'utf8');
        expect(page).toContain('The verdict is major.');
        expect(page).toContain(`gateway-migrate rollback --run ${run}`);
        expect(last.error).toMatchObject({
          what: expect.stringMatching(
            /^the verdict is major: the site has answered 500 for \d+ s, not 200; before the deploy it was well/,
          ),
          state: 'production is as the deploy left it: a watch changes nothing',
          next: `gateway-migrate rollback --run ${run}`,
        });
        const evidence = jsonLines(finished).filter(({ type }) => type === 'evidence');
        expect(evidence.at(-1)).toMatchObject({ severity: 'major', source: 'health', baseline: 0 });
        const undone = await whileBusy(production, ['--on-major', 'rollback'], async (written) => {
          // The application of before is well with the tables of before.
          if (written.includes('"command":"rollback"')) site.status = 200;
        });
        expect(undone.code).toBe(1);
        expect(lastOf(undone)).toMatchObject({ command: 'rollback', exitCode: 0, reverted: ['1'] });
        expect(await production.objects()).not.toContain('base table bookings');
      } finally {
        await team.close();
        production.remove();
      }
    });

    test('rows that go, and an error that the team calls critical: restore; a healthy log of yesterday is none', async () => {
      const { production, log, run } = await deployed();
      try {
        await production.sql('INSERT INTO bookings (id, staff_id) SELECT id, id FROM people');
        let rounds = 0;
        const finished = await whileBusy(production, [], async () => {
          rounds += 1;
          if (rounds === 1)
            appendFileSync(log, '[2026-11-23 15:00:00] production.ERROR: SQLSTATE[HY000] as every day\n');
          if (rounds === 2) await production.sql('DELETE FROM people');
        });
        expect(lastOf(finished)).toMatchObject({
          ...{ exitCode: 1, verdict: 'critical' },
          error: {
            what: expect.stringContaining('12 of 12 rows of people are gone since the deploy (100 %)'),
            next: `gateway-migrate restore --until ${run}`,
          },
        });
        appendFileSync(
          log,
          '[2026-11-23 15:00:01] production.CRITICAL: lost rows of 12 guests\n[2026-11-23 15:00:02] production.INFO: tick\n',
        );
        const again = await whileBusy(production, []);
        expect((lastOf(again).error as { what: string }).what).toContain('lost rows of 12 guests');
      } finally {
        production.remove();
      }
    });

    test('errors that the server counts', async () => {
      // None in a past of some hundred statements would be no past: MariaDB tells one error a look at most.
      await server().sql('SELECT 1;'.repeat(PAST));
      const { production, log } = await deployed();
      try {
        const isMysql = server().kind === 'mysql';
        const finished = await whileBusy(production, ['--for', '25s'], async () => {
          appendFileSync(log, '[2026-11-23 15:00:00] production.INFO: tick\n');
          await production.sql('INSERT INTO bookings (id, staff_id) VALUES (1, 99)');
        });
        const database = jsonLines(finished).filter(({ type, source }) => type === 'evidence' && source === 'database');
        expect(database[0]).toMatchObject({
          what: expect.stringMatching(/^foreign key errors \(1451, 1452\): \d+ in the last /),
          ...(isMysql ? {} : { table: 'bookings' }),
        });
        expect(lastOf(finished)).toMatchObject({ exitCode: 1, verdict: 'major' });
      } finally {
        production.remove();
      }
    });

    test('Ctrl-C ends with the verdict so far; a run that is not there is refused', async (context) => {
      context.skip(server().kind === 'mysql', 'no server has a part in it: one is enough');
      const { production } = await deployed();
      try {
        const child = production.start(['monitor', '--json']);
        const ended = finish(child);
        await new Promise<void>((seen) => child.stdout?.on('data', (text) => /"sample"/.test(text) && seen()));
        child.kill('SIGINT');
        expect(lastOf(await ended)).toMatchObject({
          ...{ exitCode: 130, verdict: 'inconclusive' },
          error: { what: expect.stringMatching(/^interrupted by Ctrl-C; the verdict so far is inconclusive: /) },
        });
        expect(lastOf(await production.run('monitor', '--json', '--run', 'nobody'))).toMatchObject({
          ...{ exitCode: 5 },
          error: {
            what: `there is no run nobody in ${production.dir}/.gateway-migrate`,
            next: 'gateway-migrate history',
          },
        });
        rmSync(join(production.dir, '.gateway-migrate/runs'), { recursive: true });
        mkdirSync(join(production.dir, '.gateway-migrate/runs'));
        expect(lastOf(await production.run('monitor', '--json')).error).toEqual({
          what: `there is no deploy to watch: ${production.dir}/.gateway-migrate knows of none that was finished`,
          state: 'nothing was started, production is unchanged',
          next: 'gateway-migrate history',
        });
      } finally {
        production.remove();
      }
    });

    test('deploy --monitor watches what it has done, as a run of its own; no traffic is inconclusive', async () => {
      const production = await createProduction(server(), { migrations: { '1_bookings.sql': MIGRATION } });
      try {
        await production.sql(PEOPLE);
        production.configure({ monitor: { every: '1s' } });
        const lines = jsonLines(await production.run('deploy', '--yes', '--json', '--monitor', '2s'));
        const ends = lines.filter(({ type }) => type === 'run.finished');
        expect(ends.map(({ command, exitCode }) => [command, exitCode])).toEqual([
          ['deploy', 0],
          ['monitor', 1],
        ]);
        expect(ends[0]?.run).not.toBe(ends[1]?.run);
        expect(ends[1]?.error).toMatchObject({ next: `gateway-migrate monitor --run ${ends[0]?.run}` });
        expect(existsSync(join(production.dir, '.gateway-migrate/runs', ends[0]?.run ?? '', 'watch.ndjson'))).toBe(
          true,
        );
        expect((await production.run('deploy', '--yes', '--monitor', '2s')).code).toBe(0);
      } finally {
        production.remove();
      }
    });
  },
  { args: ['--loose-performance-schema-error-size=6000'] },
);
