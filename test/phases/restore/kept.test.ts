import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { listBeside, nameBeside } from '../../../src/exchange/side-database.ts';
import { connect } from '../../../src/mysql/connect.ts';
import { discardPhase } from '../../../src/phases/restore/discard.ts';
import type { ExchangeParts } from '../../../src/phases/restore/exchange.ts';
import { loadBesidePhase } from '../../../src/phases/restore/load-side-database.ts';
import { swapPhase } from '../../../src/phases/restore/swap.ts';
import { swapBackPhase } from '../../../src/phases/restore/swap-back.ts';
import { createToolTables } from '../../../src/statements/journal.ts';
import { contextFor, takeBackup } from '../../backup/support.ts';
import { rowsOf, withRoot } from '../../binlog/support.ts';
import { describeOnServers } from '../../support/servers.ts';

const stateDir = mkdtempSync(join(tmpdir(), 'gm-kept-'));
afterAll(() => rmSync(stateDir, { recursive: true }));
const START = `CREATE TABLE t (id INT PRIMARY KEY, n INT); INSERT INTO t VALUES (1, 1);
  CREATE TABLE bare (id INT PRIMARY KEY);
  CREATE TABLE parts (id INT PRIMARY KEY) PARTITION BY HASH (id) PARTITIONS 3; INSERT INTO parts VALUES (1), (2)`;

describeOnServers('what a restore has brought, when it goes again', (server) => {
  test.each([
    ['by nobody, goes', 'DO 0', false],
    ['by an UPDATE, is kept', 'UPDATE t SET n = 2', true],
    ['by an INSERT into an empty table, is kept', 'INSERT INTO bare VALUES (1)', true],
    ['by an INSERT into a partition, is kept', 'INSERT INTO parts VALUES (3)', true],
    ['by a statement that was taken back, goes', 'BEGIN; INSERT INTO t VALUES (9, 9); ROLLBACK', false],
    ['by a table that was made, is kept', 'CREATE TABLE made (id INT)', true],
  ])('written to %s', { timeout: 60_000 }, async (_, write, isKept) => {
    const { database, side, back } = await scene();
    await server().sql(write, database);
    await expectEnd(await back(), { database, side, isKept });
  });

  test('written to by a transaction that the way back waits for, is kept', { timeout: 60_000 }, async () => {
    const { database, side, back } = await scene();
    const writer = await (await connect(server().target(database))).open({ purpose: 'migration' });
    await writer.query('BEGIN');
    await writer.query('INSERT INTO t VALUES (7, 7)');
    const going = back();
    await withRoot(server(), database, async (observer) => {
      const waiting = "SELECT 1 FROM information_schema.PROCESSLIST WHERE INFO LIKE 'RENAME TABLE%' AND DB = ?";
      while ((await observer.query(waiting, [database])).length === 0) await observer.query('DO SLEEP(0.02)');
    });
    await writer.query('COMMIT');
    await writer.close();
    await expectEnd(await going, { database, side, isKept: true });
    expect(await rowsOf(server(), side, 't')).toEqual([
      { id: 1, n: 1 },
      { id: 7, n: 7 },
    ]);
  });

  /** A restore that has put everything in its place. */
  async function scene() {
    const database = await server().createDatabase('kept');
    await withRoot(server(), database, createToolTables);
    await server().sql(START, database);
    const { file } = await takeBackup(server(), server().target(database));
    await server().sql('DELETE FROM t', database);
    const run = `run-${database}`;
    const migrations = { lockWaitSeconds: 5, lockRetries: 0 } as ExchangeParts['config']['migrations'];
    const parts = { run, config: { stateDir, migrations }, env: { PATH: server().binDir } };
    const [side, aside] = [nameBeside(database, 'restore', new Date()), nameBeside(database, 'before', new Date())];
    const context = await contextFor(server().target(database));
    await loadBesidePhase(parts).run({ file, database: side }, context);
    // The server tells seconds apart.
    await withRoot(server(), database, (session) => session.query('DO SLEEP(1.1)'));
    await swapPhase(parts).run({ from: side, aside, file }, context);
    const back = async () => {
      const told = await swapBackPhase(parts).run({ ofRun: run, side, aside, keeps: false }, context);
      await discardPhase().run({ ofRun: run, database: side }, context);
      return told;
    };
    return { database, side, back };
  }

  async function expectEnd(
    told: string | undefined,
    { database, side, isKept }: { readonly database: string; readonly side: string; readonly isKept: boolean },
  ): Promise<void> {
    expect(await rowsOf(server(), database, 't')).toEqual([]);
    const left = await withRoot(server(), database, (session) => listBeside(session, database));
    expect(left.map(({ name, role }) => [name, role])).toEqual(isKept ? [[side, 'before']] : []);
    expect(told).toMatch(isKept ? new RegExp(`held meanwhile is in ${side}$`) : /tables are back$/);
  }
});
