import { expect, test } from 'vitest';
import type { Config } from '../../src/config/config.ts';
import type { Migration } from '../../src/migrations/types.ts';
import { connect, type Session } from '../../src/mysql/connect.ts';
import { migratePhase } from '../../src/phases/migrate/migrate.ts';
import { undoPhase } from '../../src/phases/migrate/undo.ts';
import { findUnfinished } from '../../src/run/unfinished.ts';
import { readHistory } from '../../src/statements/history.ts';
import { createToolTables, noteIntent, readJournal } from '../../src/statements/journal.ts';
import { sqlOf } from '../../src/statements/write.ts';
import { temporaryFolder } from '../backup/support.ts';
import { migration } from '../rehearsal/scene.ts';
import { runAll } from '../schema/sessions.ts';
import { recordedContext } from '../support/recorded-context.ts';
import { describeOnServers } from '../support/servers.ts';

const CONFIG = {
  rehearsal: 'private',
  database: { database: 'shop' },
  migrations: { lockWaitSeconds: 1, lockRetries: 0, laravelTable: null },
} as unknown as Config;

function creating(version: string, ...tables: string[]): Migration {
  const up = tables.map((table) => `CREATE TABLE ${table} (id INT PRIMARY KEY);`).join('\n');
  return migration(version, `-- migrate:up\n${up}`);
}

describeOnServers('intents', (server) => {
  async function scene(...before: string[]) {
    const database = await server().createDatabase('intents');
    if (before.length > 0) await runAll(server(), database, before);
    const context = recordedContext(await connect(server().target(database)));
    const session = await context.server.open();
    await createToolTables(session);
    /** What is sent, in order: `-` for a commit, the statement's own text else. */
    const sent: string[] = [];
    const recorded = (one: Session): Session => ({
      ...one,
      query(sql, values) {
        const intents = sql.match(/'intent', UTC_TIMESTAMP/g)?.length ?? 0;
        if (intents > 0) sent.push(`${intents} intents`);
        return one.query(sql, values);
      },
      execute(sql) {
        if (/^(CREATE|ALTER|INSERT)/.test(sql)) sent.push(sql.replace(/ \(.*/s, ''));
        return one.execute(sql);
      },
    });
    const open: typeof context.server.open = async (options) => recorded(await context.server.open(options));
    const parts = (migrations: readonly Migration[]) => ({ run: 'r1', config: CONFIG, migrations, rehearsed: [] });
    return {
      ...{ context, session, sent },
      apply: (...migrations: Migration[]) =>
        migratePhase(parts(migrations)).run(
          { versions: migrations.map(({ version }) => version), adopt: [] },
          { ...context, server: { ...context.server, open } },
        ),
      undo: (...migrations: Migration[]) => undoPhase(parts(migrations)).run({ ofRun: 'r1', versions: 'all' }, context),
      journal: async () =>
        (await readJournal(session, 'r1'))
          .filter(({ kind }) => kind !== 'start')
          .map(({ version, ordinal, state }) => `${version}.${ordinal} ${state}`),
      history: () => session.query('SELECT version, state FROM gateway_migrate_history ORDER BY version'),
    };
  }

  test('of statements that only make something new are durable together, before the first of them', async () => {
    const { apply, sent, journal, session } = await scene('CREATE TABLE there (id INT)');
    const alter = migration('3', '-- migrate:up\nALTER TABLE there ADD COLUMN n INT;\nCREATE TABLE e (id INT);');
    const checking = migration('4', '-- migrate:check\nSELECT id FROM a;\n-- migrate:up\nCREATE TABLE f (id INT);');
    await apply(creating('1', 'a'), creating('2', 'b', 'c'), alter, checking, creating('5', 'g'));
    expect(sent).toEqual([
      // The schema before the run is noted with the first of them.
      ...['4 intents', 'CREATE TABLE a', 'CREATE TABLE b', 'CREATE TABLE c'],
      ...['1 intents', 'ALTER TABLE there ADD COLUMN n INT'],
      ...['1 intents', 'CREATE TABLE e'],
      ...['2 intents', 'CREATE TABLE f', 'CREATE TABLE g'],
    ]);
    expect(await journal()).toEqual(['1.1', '2.1', '2.2', '3.1', '3.2', '4.1', '5.1'].map((one) => `${one} done`));
    await session.close();
  });

  test('stand alone for what is there already, or is made by the one in front', async () => {
    const { apply, sent, session } = await scene('CREATE TABLE there (id INT)');
    const again = 'CREATE TABLE IF NOT EXISTS';
    await apply(migration('1', `-- migrate:up\n${again} a (id INT);\n${again} a (id INT);\n${again} there (id INT);`));
    expect(sent).toEqual([...['2 intents', `${again} a`, '1 intents', `${again} a`, '1 intents', `${again} there`]]);
    await session.close();
  });

  test('are taken back when their turn never comes', async () => {
    const { apply, journal, history, session } = await scene();
    const failing = migration('2', '-- migrate:up\nCREATE TABLE b (id INT, id INT);\nCREATE TABLE c (id INT);');
    await expect(apply(creating('1', 'a'), failing, creating('3', 'd'))).rejects.toThrow(/Duplicate column name 'id'/);
    expect(await journal()).toEqual(['1.1 done', '2.1 failed']);
    expect(await history()).toEqual([
      { version: '1', state: 'applied' },
      { version: '2', state: 'applying' },
    ]);
    await session.close();
  });

  test('tell after a crash what is done; newest first goes the way back', async () => {
    const { apply, undo, journal, session, context } = await scene();
    const all = [creating('9', 'a', 'b'), creating('10', 'c')];
    await apply(...all);
    // As it was when the connection was lost behind b: no outcome was heard, c was not sent.
    await session.query("UPDATE gateway_migrate_journal SET state = 'intent' WHERE ordinal > 0");
    await session.query("UPDATE gateway_migrate_history SET state = 'applying'");
    await session.query('DROP TABLE c');
    const cutOff = await findUnfinished(temporaryFolder(), session, await readHistory(session, { withText: false }));
    expect([cutOff?.lastStatement, cutOff?.outcome]).toEqual([
      '9 · statement 1 · CREATE TABLE a (id INT PRIMARY KEY) (or one of the 2 after it)',
      'unknown',
    ]);
    const back = { run: 'r1', version: '9', direction: 'down', ordinal: 1, digest: 'x', kind: 'ddl' } as const;
    await session.query(
      sqlOf(noteIntent({ ...back, connectionId: 0, evidence: { objects: {} }, statement: 'DROP TABLE b' })),
    );
    const turned = await findUnfinished(temporaryFolder(), session, await readHistory(session, { withText: false }));
    expect(turned?.lastStatement).toBe('9 · statement 1 of the way back · DROP TABLE b');
    await session.query("DELETE FROM gateway_migrate_journal WHERE direction = 'down'");
    await apply(...all);
    expect(await journal()).toEqual(['9.1 done', '9.2 done', '10.1 done']);
    await undo(...all);
    const undone = context.events.flatMap((event) =>
      event.type === 'migration.finished' && event.direction === 'down' ? [event.version] : [],
    );
    expect(undone).toEqual(['10', '9']);
    await session.close();
  });

  test('of what never had its turn are not told as undone', async () => {
    const { apply, undo, history, session, context } = await scene();
    const all = [creating('1', 'a'), creating('2', 'b')];
    await apply(...all);
    await session.query("UPDATE gateway_migrate_journal SET state = 'intent' WHERE ordinal > 0");
    await session.query("UPDATE gateway_migrate_history SET state = 'applying'");
    await session.query('DROP TABLE b');
    await undo(...all);
    const undone = context.events.flatMap((event) =>
      event.type === 'migration.finished' && event.direction === 'down' ? [event.version] : [],
    );
    expect(undone).toEqual(['1']);
    expect(await history()).toEqual([]);
    await session.close();
  });

  test('do not claim what stands there although the one in front did nothing', async () => {
    const { apply, session } = await scene();
    const both = creating('1', 'a', 'b');
    await apply(both);
    await session.query("UPDATE gateway_migrate_journal SET state = 'intent' WHERE ordinal > 0");
    await session.query("UPDATE gateway_migrate_history SET state = 'applying'");
    await session.query('DROP TABLE a');
    await expect(apply(both)).rejects.toMatchObject({
      message:
        'cannot tell whether statement 2 of 1 took effect: table b is as a trial of the statement left it, statement 1 of 1, which comes before it, did not take effect\n  CREATE TABLE b (id INT PRIMARY KEY)',
      exitCode: 4,
    });
    await session.close();
  });

  test('of a file that was mended are those of the new text', async () => {
    const { apply, journal, session } = await scene();
    const row = { run: 'r1', version: '1', direction: 'up', kind: 'ddl', connectionId: 0, statement: '' } as const;
    await apply(creating('1', 'a'));
    await session.query(
      sqlOf(noteIntent({ ...row, ordinal: 2, digest: 'x', evidence: { objects: { 'table:b': null } } })),
    );
    await session.query("UPDATE gateway_migrate_history SET state = 'applying', text = CONCAT(text, '\nSELECT 1;')");
    await apply(creating('1', 'a'));
    expect(await journal()).toEqual(['1.1 done']);
    await session.close();
  });
});
