import { existsSync, readFileSync, truncateSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { connect } from '../../../src/mysql/connect.ts';
import type { ExchangeParts } from '../../../src/phases/restore/exchange.ts';
import { loadPhase } from '../../../src/phases/restore/load-in-place.ts';
import { HISTORY_TABLE, JOURNAL_TABLE } from '../../../src/schema/types.ts';
import { Secret } from '../../../src/system/secret.ts';
import { comparableSql, contextFor, failureOf, runScript, takeBackup, temporaryFolder } from '../../backup/support.ts';
import { ZOO } from '../../backup/zoo.ts';
import { describeOnServers, type TestServer } from '../../support/servers.ts';

const TOOL_TABLES = `CREATE TABLE ${HISTORY_TABLE} (version VARCHAR(20) PRIMARY KEY);
  CREATE TABLE ${JOURNAL_TABLE} (id INT PRIMARY KEY, state VARCHAR(16), error TEXT);
  INSERT INTO ${JOURNAL_TABLE} (id) VALUES (1); INSERT INTO ${HISTORY_TABLE} VALUES ('1');`;
const ACCIDENT = `DROP TABLE \`types of all kinds\`; DROP VIEW first_view; DELETE FROM b; UPDATE a SET b_id = NULL;
  CREATE TABLE new_one (id INT PRIMARY KEY); INSERT INTO new_one VALUES (5);
  CREATE TRIGGER new_trigger BEFORE INSERT ON new_one FOR EACH ROW SET NEW.id = 1;
  CREATE VIEW new_view AS SELECT 1 AS one; CREATE PROCEDURE new_procedure() SELECT 2;
  INSERT INTO ${HISTORY_TABLE} VALUES ('2'); INSERT INTO ${JOURNAL_TABLE} (id) VALUES (2);`;

function partsFor(server: TestServer, run = 'the-run'): ExchangeParts {
  const migrations = { lockWaitSeconds: 5, lockRetries: 0 } as ExchangeParts['config']['migrations'];
  return { run, config: { stateDir: temporaryFolder(), migrations }, env: { PATH: server.binDir } };
}

async function rowsOf(server: TestServer, sql: string): Promise<unknown[][]> {
  const session = await (await connect(server.target('mysql'))).open();
  try {
    return (await session.query(sql)).map((row) => Object.values(row));
  } finally {
    await session.close();
  }
}

describeOnServers('restoring in place', (server) => {
  async function brokenDatabase() {
    const database = await server().createDatabase('zoo-in-place');
    const aside = `${database}_before_20260101_000000`;
    await runScript(server(), database, ZOO + TOOL_TABLES);
    const taken = await takeBackup(server(), server().target(database));
    await server().sql(ACCIDENT, database);
    return { database, aside, ...taken };
  }

  it('leaves what the backup knows and nothing else, and keeps the rest aside', async () => {
    const { database, aside, file, context } = await brokenDatabase();
    await loadPhase(partsFor(server())).run({ file, aside }, context);
    const again = await takeBackup(server(), server().target(database));
    expect(comparableSql(again.file, database)).toBe(comparableSql(file, database));
    expect(await rowsOf(server(), `SELECT * FROM \`${aside}\`.new_one`)).toEqual([[5]]);
    expect(await rowsOf(server(), `SELECT version FROM \`${database}\`.${HISTORY_TABLE}`)).toEqual([['1']]);
    expect(await rowsOf(server(), `SELECT id FROM \`${database}\`.${JOURNAL_TABLE} ORDER BY id`)).toEqual([[1], [2]]);
  });

  it('keeps the definitions of what cannot be moved', async () => {
    const { aside, file, context } = await brokenDatabase();
    const parts = partsFor(server());
    await loadPhase(parts).run({ file, aside }, context);
    const kept = readFileSync(join(parts.config.stateDir, 'runs/the-run/before.sql'), 'utf8');
    expect(['new_trigger', 'new_view', 'new_procedure'].filter((name) => !kept.includes(name))).toEqual([]);
  });

  it('ends in the same state when it is repeated after a load that was cut off', async () => {
    const { database, aside, file } = await brokenDatabase();
    const parts = partsFor(server());
    const cut = new AbortController();
    const stopped = await contextFor(server().target(database), {
      signal: cut.signal,
      report: (event: { type: string; id?: string }) => event.type === 'progress' && cut.abort(new Error('cut off')),
      clock: { now: () => new Date(), ticksMs: tickingFast(), sleep: async () => undefined },
    });
    await expect(loadPhase(parts).run({ file, aside }, stopped)).rejects.toThrow('cut off');
    const context = await contextFor(server().target(database));
    expect(await loadPhase(parts).probe({ file, aside }, context)).toBe('not-done');
    await loadPhase(parts).run({ file, aside }, context);
    const again = await takeBackup(server(), server().target(database));
    expect(comparableSql(again.file, database)).toBe(comparableSql(file, database));
    expect(await rowsOf(server(), `SELECT * FROM \`${aside}\`.new_one`)).toEqual([[5]]);
  });

  it('touches nothing when the file is damaged', async () => {
    const database = await server().createDatabase();
    await runScript(server(), database, ZOO);
    const before = await takeBackup(server(), server().target(database));
    const { file, context, manifest } = await takeBackup(server(), server().target(database));
    truncateSync(file, manifest.bytes - 1);
    const parts = partsFor(server());
    const failure = await failureOf(loadPhase(parts).run({ file, aside: 'never' }, context));
    expect(failure.message.split(': it is')[0]).toBe(
      `${file} is damaged: the file has ${manifest.bytes - 1} bytes instead of ${manifest.bytes}`,
    );
    expect({ code: failure.exitCode, production: failure.production }).toEqual({ code: 5, production: 'unchanged' });
    const after = await takeBackup(server(), server().target(database));
    expect(comparableSql(after.file, database)).toBe(comparableSql(before.file, database));
    expect(existsSync(join(parts.config.stateDir, 'runs'))).toBe(false);
  });

  it('refuses without the right to keep what was there, and names the right', async () => {
    const { database, aside, file } = await brokenDatabase();
    await server().sql(
      `CREATE USER narrow@localhost IDENTIFIED BY 'x'; GRANT ALL ON \`${database}\`.* TO narrow@localhost`,
    );
    const target = { ...server().target(database), user: 'narrow', password: new Secret('x') };
    const failure = await failureOf(loadPhase(partsFor(server())).run({ file, aside }, await contextFor(target)));
    expect(failure.next).toBe(
      `as an administrator: GRANT ALL ON \`${database.replaceAll('_', '\\_')}\\_before\\_%\`.* TO the account narrow; then gateway-migrate resume`,
    );
    expect(failure.exitCode).toBe(2);
  });
});

/** Makes every progress due at once. */
function tickingFast(): () => number {
  let ticks = 0;
  return () => {
    ticks += 1000;
    return ticks;
  };
}
