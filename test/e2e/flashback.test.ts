import { afterAll, beforeAll, expect, test } from 'vitest';
import { connect } from '../../src/mysql/connect.ts';
import { copySince, endOfLog, transactionsOf } from '../binlog/support.ts';
import { contentOf } from '../flashback/support.ts';
import { describeOnServers } from '../support/servers.ts';
import { createProduction, type JsonObject, jsonLines, lastOf, type Production } from './production.ts';

const SHOP = `
  CREATE TABLE companies (id INT PRIMARY KEY AUTO_INCREMENT, name VARCHAR(50) NOT NULL);
  CREATE TABLE staff (id INT PRIMARY KEY AUTO_INCREMENT, company_id INT NOT NULL, name VARCHAR(50),
    FOREIGN KEY (company_id) REFERENCES companies (id));
  CREATE TABLE visits (id INT PRIMARY KEY AUTO_INCREMENT, note VARCHAR(50));
  CREATE TABLE counted (what VARCHAR(20) PRIMARY KEY, n INT NOT NULL);
  INSERT INTO counted VALUES ('staff', 0);
  INSERT INTO companies VALUES (1, 'One'), (2, 'Two');
  INSERT INTO staff VALUES (1, 1, 'Ann'), (2, 1, 'Bob'), (3, 2, 'Cid');`;
const TRIGGER = `CREATE TRIGGER count_staff AFTER INSERT ON staff FOR EACH ROW UPDATE counted SET n = n + 1 WHERE what = 'staff'`;
const UNTOUCHED = { exitCode: 5, production: 'unchanged' };

describeOnServers(
  'rows undone in production',
  (server) => {
    let production: Production;
    beforeAll(async () => {
      production = await createProduction(server());
      await production.sql(SHOP);
      await production.sql(TRIGGER);
      await production.grantLog();
    });
    afterAll(() => production?.remove());

    const accident = async (work: string): Promise<string> => {
      const from = await endOfLog(server());
      await production.sql(work);
      const all = await transactionsOf(await copySince(server(), from));
      // The writer's are between.
      const own = all.find(({ changes, statements }) => statements.length > 0 || changes.some(isNoVisit));
      if (!own) throw new Error(`the log does not have ${work}`);
      return `${own.file}:${own.start}`;
    };
    const flashback = async (...args: string[]) => {
      const ended = await production.run('restore', '--flashback', ...args, '--yes', '--json');
      const last: JsonObject = lastOf(ended);
      return { ...last, exitCode: ended.code, error: last.error, events: jsonLines(ended) };
    };
    const content = async () => {
      const { staff, companies, counted } = await contentOf(server(), production.database);
      return { staff, companies, counted };
    };
    const besides = () =>
      production.query(`SHOW DATABASES LIKE '${production.database.replaceAll('_', '\\_')}\\_restore\\_%'`);

    test('while a writer commits: the rows are back, none of the writer is lost, and it is taken back itself', {
      timeout: 120_000,
    }, async () => {
      const before = await content();
      const writer = startWriting(production);
      const place = await accident('DELETE FROM staff WHERE company_id = 1');
      const lost = await content();
      const dry = await flashback(place, '--dry-run');
      expect(dry).toMatchObject({ exitCode: 0, production: 'unchanged' });
      const rows = dry.events.flatMap((event) => (event.type === 'summary' ? (event.rows as [string, string][]) : []));
      expect(rows).toContainEqual(['Rows', 'staff: 2 back']);
      expect(await content()).toEqual(lost);
      expect(await besides()).toEqual([]);
      const undone = await flashback(place);
      expect(undone).toMatchObject({ exitCode: 0, production: 'changed' });
      const written = await writer.stop();
      expect(await content()).toEqual(before);
      const ids = await production.query<{ id: number }>('SELECT id FROM visits ORDER BY id');
      expect(ids.map(({ id }) => id)).toEqual(Array.from({ length: written }, (_, at) => at + 1));
      expect(await besides()).toEqual([]);
      const taken = await flashback(undone.run);
      expect(taken.exitCode).toBe(0);
      expect(await content()).toEqual(lost);
      expect((await flashback(taken.run)).exitCode).toBe(0);
      expect(await content()).toEqual(before);
      expect((await production.run('status')).stdout).not.toContain('was cut off');
    });

    test('what came since stops it, stays, or leaves its transaction out', { timeout: 120_000 }, async () => {
      const before = await content();
      const places = [
        await accident("UPDATE staff SET name = 'lost' WHERE id = 1"),
        await accident("UPDATE staff SET name = 'lost' WHERE id IN (2, 3)"),
      ];
      await production.sql("UPDATE staff SET name = 'mine' WHERE id = 2");
      const stop = await flashback(...places);
      expect(stop).toMatchObject({
        ...UNTOUCHED,
        conflicts: [{ table: 'staff', key: 'id=2', reason: "it was changed since: name 'mine' instead of 'lost'" }],
        error: {
          what: '1 rows were changed since and cannot be undone: nothing was',
          state: 'nothing was started, production is unchanged',
          next: `gateway-migrate restore --flashback ${places.join(' ')} --on-conflict theirs (undoes the others), or --on-conflict skip (leaves out the transactions that changed them)`,
        },
      });
      const names = async () => (await production.query('SELECT name FROM staff ORDER BY id')).map(({ name }) => name);
      const skip = await flashback(...places, '--on-conflict', 'skip');
      expect(skip.exitCode).toBe(0);
      expect(await names()).toEqual(['Ann', 'mine', 'lost']);
      const theirs = await flashback(places[1] ?? '', '--on-conflict', 'theirs');
      expect(theirs).toMatchObject({ exitCode: 0, conflicts: [{ table: 'staff', key: 'id=2' }] });
      expect(await names()).toEqual(['Ann', 'mine', 'Cid']);
      await production.sql("UPDATE staff SET name = 'Bob' WHERE id = 2");
      expect(await content()).toEqual(before);
    });

    test('what it cannot do it refuses by name, with the way', { timeout: 120_000 }, async () => {
      const place = await accident('TRUNCATE TABLE visits');
      const truncated = await flashback(place);
      const what = truncated.error as { what: string; next: string };
      expect(truncated).toMatchObject({ exitCode: 5, production: 'unchanged' });
      expect(what.what).toMatch(
        /^\S+, .* cannot be undone by its rows: it is no change of rows alone: TRUNCATE TABLE visits$/,
      );
      expect(what.next).toBe(
        `gateway-migrate restore --leave-out ${place} (brings back everything but this), or gateway-migrate restore --until ${place} (everything after it is lost)`,
      );
      const [file] = place.split(':');
      const nowhere = `${file}:1`;
      expect(await flashback(nowhere)).toMatchObject({
        exitCode: 5,
        error: {
          what: `the binary log has nothing of ${nowhere}`,
          next: 'gateway-migrate restore (lists what looks like an accident, with its place)',
        },
      });
      const gone = await flashback('elsewhere.000009:4');
      expect(gone).toMatchObject({
        exitCode: 5,
        error: { next: 'gateway-migrate restore --until MOMENT (from a backup)' },
      });
      expect((gone.error as { what: string }).what).toMatch(
        /^the server does not have elsewhere\.000009: its binary log begins with \S+\.000001$/,
      );
      expect(await flashback('yesterday')).toMatchObject({
        exitCode: 64,
        error: {
          what: '--flashback yesterday is no run and no place in the binary log',
          next: 'gateway-migrate restore --flashback binlog.000002:1234 (gateway-migrate restore lists places; or the id of a run)',
        },
      });
      for (const [flags, what] of [
        [['--on-conflict', 'theirs'], "option '--on-conflict theirs' cannot be used without '--flashback'"],
        [['--on-conflict', 'skip'], "option '--on-conflict' cannot be used without '--leave-out' or '--flashback'"],
      ] as const) {
        const alone = await production.run('restore', ...flags, '--json');
        expect(lastOf(alone)).toMatchObject({ exitCode: 64, error: { what } });
      }
    });

    test('it waits for a lock as long as the configuration says, names who has it, and hears Ctrl-C meanwhile', {
      timeout: 120_000,
    }, async () => {
      await production.grantLog('PROCESS');
      const place = await accident('DELETE FROM staff WHERE id = 3');
      const locker = await (await connect(server().target(production.database))).open({ purpose: 'migration' });
      try {
        await locker.query('SET autocommit = 0');
        await locker.query('LOCK TABLES staff WRITE');
        await locker.query('SELECT * FROM staff');
        production.configure({ migrations: { dir: 'migrations', lockWaitSeconds: 1, lockRetries: 0 } });
        const gaveUp = await flashback(place, '--dry-run');
        expect(gaveUp).toMatchObject({ exitCode: 2, production: 'unchanged' });
        const { what, next } = gaveUp.error as { what: string; next: string };
        expect(what).toMatch(/^no lock after 1 tries; in the way: /);
        expect(what).toContain(`thread ${locker.connectionId}, root@`);
        expect(next).toBe(
          `end the transactions named above (KILL <thread>), then: gateway-migrate restore --flashback ${place}`,
        );
        production.configure({ migrations: { dir: 'migrations', lockWaitSeconds: 3_600, lockRetries: 0 } });
        const child = production.start(['restore', '--flashback', place, '--yes', '--json']);
        const ended = new Promise((resolve) => child.once('exit', resolve));
        const waiting = () =>
          production.query(
            "SELECT 1 FROM information_schema.PROCESSLIST WHERE INFO LIKE 'CREATE TABLE%' AND STATE LIKE '%metadata lock%'",
          );
        await expect.poll(async () => (await waiting()).length, { timeout: 60_000 }).toBe(1);
        child.kill('SIGINT');
        expect(await ended).toBe(130);
        expect(await besides()).toEqual([]);
      } finally {
        await locker.close();
      }
      production.configure({ migrations: { dir: 'migrations' } });
      expect((await flashback(place)).exitCode).toBe(0);
    });
  },
  { binlog: true },
);

function isNoVisit({ table }: { readonly table: string }): boolean {
  return table !== 'visits';
}

/** Commits one row after the other until it is stopped; says how many. */
function startWriting(production: Production) {
  let isOver = false;
  const writing = (async () => {
    const session = await (await connect(production.server.target(production.database))).open();
    let written = 0;
    for (; !isOver; written++) {
      await session.query('INSERT INTO visits (note) VALUES (?)', [`visit ${written}`]);
      await new Promise((resolve) => setTimeout(resolve, 2));
    }
    await session.close();
    return written;
  })();
  return {
    stop: () => {
      isOver = true;
      return writing;
    },
  };
}
