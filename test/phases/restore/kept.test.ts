import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { listBeside, nameBeside } from '../../../src/exchange/side-database.ts';
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
    await server().sql(write, database);

    const told = await swapBackPhase(parts).run({ ofRun: run, side, aside, keeps: false }, context);
    await discardPhase().run({ ofRun: run, database: side }, context);
    expect(await rowsOf(server(), database, 't')).toEqual([]);
    const left = await withRoot(server(), database, (session) => listBeside(session, database));
    expect(left.map(({ name, role }) => [name, role])).toEqual(isKept ? [[side, 'before']] : []);
    expect(told).toMatch(isKept ? new RegExp(`held meanwhile is in ${side}$`) : /tables are back$/);
  });
});
