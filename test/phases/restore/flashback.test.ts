import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { logsFrom, readInventory } from '../../../src/binlog/copy.ts';
import { fetchLog } from '../../../src/binlog/source.ts';
import type { Config } from '../../../src/config/config.ts';
import { connect } from '../../../src/mysql/connect.ts';
import { flashbackPhase } from '../../../src/phases/restore/flashback.ts';
import { readSnapshot } from '../../../src/schema/snapshot.ts';
import { createToolTables } from '../../../src/statements/journal.ts';
import { clientsOf, contextFor, failureOf } from '../../backup/support.ts';
import { withRoot } from '../../binlog/support.ts';
import { happen } from '../../flashback/support.ts';
import { startProxy } from '../../support/proxy.ts';
import { describeOnServers, type TestServer } from '../../support/servers.ts';

const stateDir = mkdtempSync(join(tmpdir(), 'gm-flashback-'));
afterAll(() => rmSync(stateDir, { recursive: true }));
const AGAIN = 'gateway-migrate restore --flashback, with the same places, again';
let made = 0;

/** A shop whose rows were deleted, and all that the step is told about it. */
async function setUp(server: TestServer) {
  const database = await server.createDatabase('shop');
  await server.sql(
    "CREATE TABLE t (id INT PRIMARY KEY, note VARCHAR(20)); INSERT INTO t VALUES (1, 'one'), (2, 'two')",
    database,
  );
  const run = `20261123T010203004Z-${String(++made).padStart(4, '0')}`;
  const digest = await withRoot(server, database, async (session) => {
    await createToolTables(session);
    return (await readSnapshot(session, database)).objects.get('table:t')?.digest ?? '';
  });
  const { from, places } = await happen(server, database, 'DELETE FROM t');
  const config = { stateDir, migrations: { lockWaitSeconds: 1, lockRetries: 0 } } as Config;
  const parts = { run, config, env: { GATEWAY_MIGRATE_CLIENTS: server.binDir } };
  const folder = join(stateDir, 'runs', run, 'binlogs');
  const input = {
    places,
    rule: 'stop' as const,
    database: `${database}_restore_20260101_000000`,
    digests: { t: digest },
  };
  const copy = async () => {
    const logs = logsFrom(await withRoot(server, 'mysql', readInventory), from) ?? [];
    const source = { from: { file: from.file, position: 4 }, logs };
    const request = {
      source,
      folder,
      clients: await clientsOf(server),
      stepId: 's',
      finishedAt: '2100-01-01T00:00:00Z',
    };
    await fetchLog(request, await contextFor(server.target(database)));
  };
  const rows = () => withRoot(server, database, (session) => session.query('SELECT id FROM t ORDER BY id'));
  return { database, parts, input, copy, rows };
}

describeOnServers(
  'the step that undoes rows',
  (server) => {
    test('undoes them once, however often it runs', async () => {
      const { database, parts, input, copy, rows } = await setUp(server());
      await copy();
      const context = await contextFor(server().target(database));
      expect(await flashbackPhase(parts).run(input, context)).toBe('t: 2 back');
      expect(await rows()).toEqual([{ id: 1 }, { id: 2 }]);
      await server().sql('DELETE FROM t WHERE id = 2', database);
      expect(await flashbackPhase(parts).run(input, context)).toBe('t: 2 back');
      expect(await rows()).toEqual([{ id: 1 }]);
    });

    test('fails with production untouched, and what to type next', async () => {
      const { database, parts, input, copy, rows } = await setUp(server());
      const context = await contextFor(server().target(database));
      const fails = (changes: Partial<typeof input> = {}) =>
        failureOf(flashbackPhase(parts).run({ ...input, ...changes }, context));
      const unchanged = { exitCode: 2, state: 'production is as it was before', next: AGAIN };
      expect(await fails()).toMatchObject({
        ...unchanged,
        message: 'the rows could not be undone: the copy of the binary log is gone from the folder of the run',
      });
      await copy();
      expect(await fails({ places: ['binlog.000099:4'] })).toMatchObject({
        ...unchanged,
        message: 'the rows could not be undone: the copy of the binary log lacks what is to be undone',
      });
      expect(await fails({ digests: { t: 'another' } })).toMatchObject({
        ...unchanged,
        message: 'the rows could not be undone: t was altered meanwhile',
      });
      await server().sql("INSERT INTO t VALUES (2, 'new')", database);
      expect(await fails()).toMatchObject({
        ...unchanged,
        message:
          "1 rows cannot be undone, t id=2 for one: a row that came since has its id: note 'new' instead of 'two'",
        next: 'gateway-migrate restore --flashback, with the same places, again, to see them all',
      });
      expect(await rows()).toEqual([{ id: 2 }]);
      const beside = await withRoot(server(), database, (session) =>
        session.query(`SHOW DATABASES LIKE '${database}\\_restore%'`),
      );
      expect(beside).toEqual([]);
    });

    test('a commit whose answer is lost is asked for; where nobody can be asked, nothing is claimed', async () => {
      for (const isThereAgain of [true, false]) {
        const { database, parts, input, copy, rows } = await setUp(server());
        await copy();
        const proxy: Awaited<ReturnType<typeof startProxy>> = await startProxy(server().socket, {
          at: /COMMIT/,
          fate: 'cut',
          onReached: () => isThereAgain && proxy.heal(),
        });
        try {
          const target = { ...server().target(database), socket: undefined, host: '127.0.0.1', port: proxy.port };
          const running = flashbackPhase(parts).run(input, {
            ...(await contextFor(server().target(database))),
            server: await connect(target),
          });
          if (isThereAgain) {
            const outcome = await running.catch((error: Error) => error.message);
            const ids = (await rows()).map(({ id }) => id);
            // Whether the server heard of the COMMIT is the network's to decide: what is told is what is there.
            expect([ids.length > 0, outcome === 't: 2 back']).toEqual(ids.length > 0 ? [true, true] : [false, false]);
          } else {
            const failure = await failureOf(running);
            expect(failure.message).toMatch(/^whether the undo was committed could not be asked: /);
            expect(failure).toMatchObject({
              exitCode: 4,
              production: 'unknown',
              state: 'the rows are undone all together, or none of them is',
              next: 'gateway-migrate resume',
            });
          }
        } finally {
          await proxy.close();
        }
      }
    });
  },
  { binlog: true },
);
