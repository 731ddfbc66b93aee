import { expect, test } from 'vitest';
import type { Config } from '../../src/config/config.ts';
import { Interrupted } from '../../src/errors.ts';
import type { Migration } from '../../src/migrations/types.ts';
import { connect, type Session } from '../../src/mysql/connect.ts';
import { migratePhase } from '../../src/phases/migrate/migrate.ts';
import { undoPhase } from '../../src/phases/migrate/undo.ts';
import { createToolTables, readJournal } from '../../src/statements/journal.ts';
import { migration } from '../rehearsal/scene.ts';
import { runAll } from '../schema/sessions.ts';
import { recordedContext } from '../support/recorded-context.ts';
import { describeOnServers } from '../support/servers.ts';

const CONFIG = {
  rehearsal: 'private',
  database: { database: 'shop' },
  migrations: { lockWaitSeconds: 1, lockRetries: 0, laravelTable: null },
} as unknown as Config;

/** `t1`, `t2` …: each in a migration of its own. */
function creations(count: number, change: Record<number, string> = {}): Migration[] {
  return Array.from({ length: count }, (_, index) => {
    const up = change[index + 1] ?? `CREATE TABLE t${index + 1} (id INT PRIMARY KEY)`;
    return migration(`${index + 1}`, `-- migrate:up\n${up};`);
  });
}

const versions = (first: number, last: number) =>
  Array.from({ length: last - first + 1 }, (_, index) => `${first + index}`);

describeOnServers('migrations of one CREATE TABLE each', (server) => {
  async function scene(...before: string[]) {
    const database = await server().createDatabase('abreast');
    if (before.length > 0) await runAll(server(), database, before);
    const stop = new AbortController();
    const context = recordedContext(await connect(server().target(database)), { signal: stop.signal });
    const session = await context.server.open();
    await createToolTables(session);
    /** What was sent, each with its connection. */
    const sent: { table: string; by: number }[] = [];
    const heard = {
      onSent: async (_table: string) => undefined as undefined,
      mostConnections: Number.POSITIVE_INFINITY,
    };
    let connections = 0;
    const open: typeof context.server.open = async (options) => {
      if (++connections > heard.mostConnections) throw new Error('Too many connections');
      const one: Session = await context.server.open(options);
      return {
        ...one,
        async execute(sql) {
          const table = /^CREATE TABLE (\w+)/.exec(sql)?.[1];
          if (table) {
            sent.push({ table, by: one.connectionId });
            await heard.onSent(table);
          }
          return one.execute(sql);
        },
      };
    };
    const parts = (migrations: readonly Migration[]) => ({ run: 'r1', config: CONFIG, migrations, rehearsed: [] });
    return {
      ...{ context, session, sent, heard, stop },
      apply: (migrations: readonly Migration[]) =>
        migratePhase(parts(migrations)).run(
          { versions: migrations.map(({ version }) => version), adopt: [] },
          { ...context, server: { ...context.server, open } },
        ),
      undo: (migrations: readonly Migration[]) =>
        undoPhase(parts(migrations)).run({ ofRun: 'r1', versions: 'all' }, context),
      journal: async () => (await readJournal(session, 'r1')).filter(({ kind }) => kind !== 'start'),
      applied: async () =>
        (
          await session.query<{ version: string }>(
            "SELECT version FROM gateway_migrate_history WHERE state = 'applied' ORDER BY CAST(version AS UNSIGNED)",
          )
        ).map(({ version }) => version),
      tables: async () =>
        (
          await session.query<{ name: string }>(
            `SELECT TABLE_NAME AS name FROM information_schema.TABLES
             WHERE TABLE_SCHEMA = DATABASE() AND TABLE_NAME LIKE 't%' ORDER BY name`,
          )
        ).map(({ name }) => name),
    };
  }

  test('run on several connections, each once, and end in their order', async () => {
    const { apply, sent, journal, applied, tables, context, session, undo } = await scene();
    const all = creations(140);
    await apply(all);
    expect([sent.length, new Set(sent.map(({ table }) => table)).size]).toEqual([140, 140]);
    expect(new Set(sent.map(({ by }) => by)).size).toBe(4);
    const rows = await journal();
    expect(rows.map(({ state }) => state)).toEqual(Array(140).fill('done'));
    for (const { version, evidence, connectionId } of rows) {
      expect(evidence.lane).toBe((Number(version) - 1) % 4);
      expect(sent.find(({ table }) => table === `t${version}`)?.by).toBe(connectionId);
    }
    expect(await applied()).toEqual(versions(1, 140));
    const finished = context.events.flatMap((event) => (event.type === 'migration.finished' ? [event.version] : []));
    expect(finished).toEqual(versions(1, 140));
    expect((await tables()).length).toBe(140);
    await undo(all);
    expect(await tables()).toEqual([]);
    await session.close();
  });

  test('run one after another when they are few, or look at one another', async () => {
    const { apply, sent, journal, session } = await scene();
    const parent = 'CREATE TABLE t8 (id INT PRIMARY KEY, FOREIGN KEY (id) REFERENCES t7 (id))';
    await apply(creations(15, { 8: parent }));
    expect(new Set(sent.map(({ by }) => by)).size).toBe(1);
    expect(sent.map(({ table }) => table)).toEqual(versions(1, 15).map((version) => `t${version}`));
    expect((await journal()).map(({ evidence }) => evidence.lane)).toEqual(Array(15).fill(undefined));
    await session.close();
  });

  test('do with the connections that the server has free', async () => {
    const { apply, heard, sent, applied, session } = await scene();
    heard.mostConnections = 3;
    await apply(creations(20));
    expect(new Set(sent.map(({ by }) => by)).size).toBe(2);
    expect(await applied()).toEqual(versions(1, 20));
    await session.close();
  });

  test('stop where one is refused: what had not begun is taken back, and the rest goes on once it is mended', async () => {
    const { apply, journal, applied, tables, session } = await scene();
    await expect(apply(creations(40, { 5: 'CREATE TABLE t5 (id INT, id INT)' }))).rejects.toThrow(
      /^statement 1 of 1 in 5 \(CREATE TABLE\): Duplicate column name 'id' \(error 1060\)$/,
    );
    const rows = await journal();
    const made = rows.filter(({ state }) => state === 'done').map(({ version }) => version);
    expect(rows.filter(({ state }) => state !== 'done')).toMatchObject([{ version: '5', state: 'failed' }]);
    expect((await applied()).sort()).toEqual(made.sort());
    expect((await tables()).sort()).toEqual(made.map((version) => `t${version}`).sort());
    expect(made.every((version) => Number(version) <= 64)).toBe(true);
    expect(made.filter((version) => Number(version) % 4 === 1)).toEqual(['1']);
    await apply(creations(40));
    expect(await applied()).toEqual(versions(1, 40));
    await session.close();
  });

  test('stop in front of one whose table is there already', async () => {
    const { apply, journal, applied, session } = await scene('CREATE TABLE t10 (id INT)');
    const change = { 10: 'CREATE TABLE IF NOT EXISTS t10 (id INT PRIMARY KEY)' };
    await apply(creations(20, change));
    const lanes = (await journal())
      .toSorted((a, b) => Number(a.version) - Number(b.version))
      .map(({ evidence }) => evidence.lane);
    expect(lanes.slice(0, 9)).not.toContain(undefined);
    expect(lanes[9]).toBeUndefined();
    expect(lanes.slice(10)).not.toContain(undefined);
    expect(await applied()).toEqual(versions(1, 20));
    await session.close();
  });

  test('stop when the run is interrupted, and no intent stays of what was never sent', async () => {
    const { apply, heard, stop, journal, applied, sent, session } = await scene();
    heard.onSent = async (table) => {
      if (table === 't6') stop.abort(new Interrupted('SIGINT'));
    };
    await expect(apply(creations(40))).rejects.toThrow(Interrupted);
    const rows = await journal();
    const known = new Set(sent.map(({ table }) => table));
    expect(rows.every(({ version }) => known.has(`t${version}`))).toBe(true);
    expect(rows.length).toBeLessThan(12);
    expect((await applied()).length).toBeLessThan(12);
    await session.close();
  });

  test('are decided lane by lane after a crash', async () => {
    const { apply, journal, applied, session } = await scene();
    const all = creations(8);
    await apply(all);
    const cutOff = async (...gone: number[]) => {
      await session.query("UPDATE gateway_migrate_journal SET state = 'intent' WHERE ordinal > 0");
      await session.query("UPDATE gateway_migrate_history SET state = 'applying'");
      for (const one of gone) await session.query(`DROP TABLE t${one}`);
    };
    // The lane of 1, 3, 5, 7 was cut off behind 3; the other one had come to its end.
    await cutOff(5, 7);
    await apply(all);
    expect((await journal()).every(({ state }) => state === 'done')).toBe(true);
    expect(await applied()).toEqual(versions(1, 8));
    expect((await journal()).map(({ version, evidence }) => [version, evidence.lane]).sort()).toEqual([
      ...[
        ['1', 0],
        ['2', 1],
        ['3', 0],
        ['4', 1],
        ['5', undefined],
        ['6', 1],
        ['7', undefined],
        ['8', 1],
      ],
    ]);
    await session.close();
  });

  test('do not claim what stands there although the one in front in the same lane did nothing', async () => {
    const { apply, session } = await scene();
    const all = creations(8);
    await apply(all);
    await session.query("UPDATE gateway_migrate_journal SET state = 'intent' WHERE ordinal > 0");
    await session.query("UPDATE gateway_migrate_history SET state = 'applying'");
    await session.query('DROP TABLE t3');
    await expect(apply(all)).rejects.toMatchObject({
      message:
        'cannot tell whether statement 1 of 5 took effect: table t5 is as a trial of the statement left it, statement 1 of 3, which comes before it, did not take effect\n  CREATE TABLE t5 (id INT PRIMARY KEY)',
      exitCode: 4,
      state:
        'of the statements around it, which ran side by side, each is done or has not begun; either it took effect and somebody changed table t5 since, or it never ran and somebody else did that',
    });
    await session.close();
  });
});
