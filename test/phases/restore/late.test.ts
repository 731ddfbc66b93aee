import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { logsCascades } from '../../../src/binlog/judgement/cascades.ts';
import type { Failure } from '../../../src/errors.ts';
import { listBeside, nameBeside, tablesBeside } from '../../../src/exchange/side-database.ts';
import { connect } from '../../../src/mysql/connect.ts';
import type { ExchangeParts } from '../../../src/phases/restore/exchange.ts';
import { loadBesidePhase } from '../../../src/phases/restore/load-side-database.ts';
import { logFolder, replayPhase } from '../../../src/phases/restore/replay.ts';
import { replayTailPhase } from '../../../src/phases/restore/replay-tail.ts';
import { swapPhase } from '../../../src/phases/restore/swap.ts';
import { swapBackPhase } from '../../../src/phases/restore/swap-back.ts';
import { createToolTables } from '../../../src/statements/journal.ts';
import { contextFor, failureOf, takeBackup } from '../../backup/support.ts';
import { endOfLog, rowsOf, withRoot } from '../../binlog/support.ts';
import { describeOnServers } from '../../support/servers.ts';

const stateDir = mkdtempSync(join(tmpdir(), 'gm-late-'));
afterAll(() => rmSync(stateDir, { recursive: true }));
const START = `
  CREATE TABLE t (id INT PRIMARY KEY, n INT);
  CREATE TABLE big (x MEDIUMTEXT);
  CREATE VIEW seen AS SELECT id FROM t;
  CREATE TRIGGER noted BEFORE INSERT ON big FOR EACH ROW SET NEW.x = NEW.x;
  INSERT INTO t VALUES (1, 1)`;
const ALL = [1, 2, 3].map((id) => ({ id, n: id }));

describeOnServers(
  'what is committed until the swap',
  (server) => {
    let scenes = 0;

    /** Everything is repeated up to the last round; only the swap is left. */
    async function scene(lockWaitSeconds = 10, more = '') {
      const database = await server().createDatabase('late');
      const sql = (text: string) => server().sql(text, database);
      await withRoot(server(), database, createToolTables);
      await sql(`${START}${more}`);
      const { file } = await takeBackup(server(), server().target(database));
      const place = await endOfLog(server());
      await sql('DELETE FROM t');
      await sql('INSERT INTO t VALUES (2, 2)');
      const until = await endOfLog(server());
      const migrations = { lockWaitSeconds, lockRetries: 0 } as ExchangeParts['config']['migrations'];
      const parts = {
        ...{ run: `run-${server().version}-${scenes++}`, config: { stateDir, migrations } },
        env: { PATH: process.env.PATH, GATEWAY_MIGRATE_CLIENTS: server().binDir },
      };
      const [from, aside] = [nameBeside(database, 'restore', new Date()), nameBeside(database, 'before', new Date())];
      const leftOut = [`${place.file}:${place.position}`];
      const rest = { way: 'beside', file, until, database: from, into: '', leftOut } as const;
      const context = await contextFor(server().target(database));
      await loadBesidePhase(parts).run({ file, database: from }, context);
      await replayPhase(parts).run(rest, context);
      await replayTailPhase(parts).run({ replay: rest, isLast: true }, context);
      const swap = () => swapPhase(parts).run({ from, aside, file, isReplayed: true, rest }, context);
      const back = () => swapBackPhase(parts).run({ ofRun: parts.run, side: from, aside, keeps: false }, context);
      return { database, sql, swap, back, from, aside, logs: logFolder(join(stateDir, 'runs', parts.run)) };
    }

    async function openTransaction(database: string, statement: string) {
      const session = await (await connect(server().target(database))).open({ purpose: 'migration' });
      await session.query('BEGIN');
      await session.query(statement);
      const whenAwaited = () =>
        withRoot(server(), database, async (observer) => {
          const waiting = "SELECT 1 FROM information_schema.PROCESSLIST WHERE INFO LIKE 'RENAME TABLE%' AND DB = ?";
          while ((await observer.query(waiting, [database])).length === 0) await observer.query('DO SLEEP(0.02)');
        });
      return {
        whenAwaited,
        async commitWhenAwaited() {
          await whenAwaited();
          await session.query('COMMIT');
          await session.close();
        },
        async commit() {
          await session.query('COMMIT');
          await session.close();
        },
      };
    }

    test('by a transaction that the RENAME waits for is there', { timeout: 60_000 }, async () => {
      const { database, swap, logs } = await scene();
      const open = await openTransaction(database, 'INSERT INTO t VALUES (3, 3)');
      await Promise.all([swap(), open.commitWhenAwaited()]);
      expect(await rowsOf(server(), database, 't')).toEqual(ALL);
      expect(await rowsOf(server(), database, 'seen')).toEqual(ALL.map(({ id }) => ({ id })));
      // As if the log had been begun anew.
      for (const name of ['late-begun', 'late-done', 'own-threads.json']) rmSync(join(logs, name));
      expect((await failureOf(swap())).message).toBe(
        'repeating what was committed until the swap failed: the RENAME TABLE of the swap is not in the binary log',
      );
    });

    test('by one who heeds no maintenance is there, or was refused', { timeout: 60_000 }, async () => {
      const { database, sql, swap } = await scene();
      await sql('CREATE TABLE made (id INT AUTO_INCREMENT PRIMARY KEY, word VARCHAR(20))');
      const open = await openTransaction(database, "INSERT INTO made (word) VALUES ('open')");
      const acknowledged = ['open'];
      let isOver = false;
      const write = async () => {
        for (let at = 0; !isOver; at++) {
          const word = `word ${at}`;
          await sql(`INSERT INTO made (word) VALUES ('${word}')`).then(
            () => acknowledged.push(word),
            () => undefined,
          );
        }
      };
      const writing = write();
      await Promise.all([swap(), open.commitWhenAwaited()]).finally(() => {
        isOver = true;
      });
      await writing;
      const made = (await rowsOf(server(), database, 'made')) as { word: string }[];
      expect(made.map(({ word }) => word).sort()).toEqual(acknowledged.toSorted());
    });

    test('into a table that is made while the RENAME waits is there', { timeout: 60_000 }, async () => {
      const { database, sql, swap } = await scene();
      const open = await openTransaction(database, 'INSERT INTO t VALUES (3, 3)');
      const ended = swap();
      await open.whenAwaited();
      await sql('CREATE TABLE fresh (id INT PRIMARY KEY); INSERT INTO fresh VALUES (7)');
      await Promise.all([ended, open.commit()]);
      expect(await rowsOf(server(), database, 'fresh')).toEqual([{ id: 7 }]);
      expect(await rowsOf(server(), database, 't')).toEqual(ALL);
    });

    test.each([
      ['that is missing', 't'],
      ['that nobody knows', 'fresh'],
    ])('into a table %s, made while production has none, is kept', { timeout: 60_000 }, async (_, table) => {
      const { database, swap, back, from } = await scene();
      let isOver = false;
      // A client that makes its tables where it finds none.
      const make = () =>
        withRoot(server(), database, async (session) => {
          while (!isOver) {
            const present = await tablesBeside(session, database);
            if (present.some((name) => /^(?:t|big|fresh)$/.test(name))) continue;
            await session.query(`CREATE TABLE ${table} (id INT PRIMARY KEY, n INT)`);
            await session.query(`INSERT INTO ${table} VALUES (9, 9)`);
            return;
          }
        });
      const making = make();
      const [ended] = await Promise.allSettled([swap()]);
      isOver = true;
      await making;
      if (ended.status === 'fulfilled') {
        // Early enough to come along.
        expect(table).toBe('fresh');
        expect(await rowsOf(server(), database, table)).toEqual([{ id: 9, n: 9 }]);
        return;
      }
      // Between the look and the RENAME the server itself refuses.
      const { message, next } = ended.reason as Failure;
      if (!message.includes(`'${table}' already exists`)) {
        expect(message).toBe(`${table} was made while production had no tables`);
        expect(next).toBe(
          'gateway-migrate restore, with what makes tables where it finds none stopped (it lists what there is to choose from)',
        );
      }
      expect(await back()).toBe(`3 tables are back; what production held meanwhile is in ${from}`);
      expect(await rowsOf(server(), database, 't')).toEqual([{ id: 2, n: 2 }]);
      expect(await rowsOf(server(), from, table)).toEqual([{ id: 9, n: 9 }]);
      await withRoot(server(), database, async (session) => {
        expect(await listBeside(session, database)).toMatchObject([{ name: from, role: 'before' }]);
      });
    });

    test('is not held up by who reads what is to come: nothing has left by then', { timeout: 60_000 }, async () => {
      const { database, swap, from, aside } = await scene(1);
      const open = await openTransaction(from, 'SELECT * FROM t');
      await failureOf(swap());
      await withRoot(server(), database, async (session) => {
        expect(await tablesBeside(session, aside)).toEqual([]);
      });
      await open.commit();
      await swap();
      expect(await rowsOf(server(), database, 't')).toEqual(ALL.slice(0, 2));
    });

    test('to what has come is kept when it goes again', { timeout: 60_000 }, async () => {
      const { database, sql, swap, back, from } = await scene();
      await swap();
      await sql('INSERT INTO t VALUES (8, 8)');
      expect(await back()).toBe(`3 tables are back; what production held meanwhile is in ${from}`);
      expect(await rowsOf(server(), database, 't')).toEqual([{ id: 2, n: 2 }]);
      expect(await rowsOf(server(), from, 't')).toEqual([...ALL.slice(0, 2), { id: 8, n: 8 }]);
    });

    test.each(['late-done', 'late-begun', 'tail-begun'])(
      'is there where a process before has left %s, and nothing had left',
      {
        timeout: 60_000,
      },
      async (left) => {
        const { database, sql, swap, from, logs } = await scene();
        // What is half repeated, or repeated and not noted.
        await server().sql('INSERT INTO t VALUES (4, 4)', from);
        writeFileSync(join(logs, left), '');
        if (left === 'late-done') await server().sql('DELETE FROM t WHERE id = 4', from);
        await sql('INSERT INTO t VALUES (3, 3)');
        await swap();
        expect(await rowsOf(server(), database, 't')).toEqual(ALL);
      },
    );

    test('by a row of another database that took rows along is told', { timeout: 60_000 }, async () => {
      const other = await server().createDatabase('other');
      await server().sql('CREATE TABLE parents (id INT PRIMARY KEY); INSERT INTO parents VALUES (1)', other);
      const children = `; CREATE TABLE children (id INT PRIMARY KEY, parent INT,
        FOREIGN KEY (parent) REFERENCES ${other}.parents (id) ON DELETE CASCADE); INSERT INTO children VALUES (5, 1)`;
      const { database, swap, back } = await scene(10, children);
      const open = await openTransaction(database, `DELETE FROM ${other}.parents`);
      const [failure] = await Promise.allSettled([swap(), open.commitWhenAwaited()]);
      // Where the server logs it, the key of the copy has taken the row there along already.
      const isLogged = await withRoot(server(), database, logsCascades);
      const why = isLogged ? /Can't find record in 'children'$/ : /that the server does not log$/;
      expect(failure).toMatchObject({ reason: { message: expect.stringMatching(why), exitCode: 2 } });
      await back();
      expect(await rowsOf(server(), database, 'children')).toEqual([]);
    });

    test('is there as well when the swap is tried again long after', { timeout: 60_000 }, async () => {
      const { database, sql, swap } = await scene(1);
      const open = await openTransaction(database, 'SELECT * FROM t');
      // It has dropped views and triggers by then.
      await failureOf(swap());
      await open.commit();
      await sql("INSERT INTO t VALUES (3, 3); INSERT INTO big VALUES (REPEAT('x', 100000))");
      await swap();
      expect(await rowsOf(server(), database, 't')).toEqual(ALL);
      expect((await rowsOf(server(), database, 'big')).length).toBe(1);
    });

    test('and cannot be repeated fails, and comes back with production', { timeout: 60_000 }, async () => {
      const { database, swap, back } = await scene();
      const open = await openTransaction(database, 'INSERT INTO t VALUES (1, 7)');
      const [failure] = await Promise.all([failureOf(swap()), open.commitWhenAwaited()]);
      expect(failure).toMatchObject({
        message: expect.stringMatching(
          /^repeating what was committed until the swap failed: repeating the binary log up to binlog\.\d+:\d+ failed: binlog\.\d+:\d+ t id=1: its key is that of a row which is there again \(no row → id=1 n=7\)$/,
        ),
        ...{ exitCode: 2, state: 'production is as it was before' },
        next: 'the same gateway-migrate restore once more: it tells now what stands in the way',
      });
      expect((await failureOf(swap())).message).toBe(
        'repeating what was committed until the swap failed: a process before this one was cut off in the middle of it',
      );
      await back();
      expect(await rowsOf(server(), database, 't')).toEqual([
        { id: 1, n: 7 },
        { id: 2, n: 2 },
      ]);
    });
  },
  { binlog: true, onNewer: true },
);
