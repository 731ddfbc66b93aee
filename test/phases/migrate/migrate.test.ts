import { expect, test } from 'vitest';
import type { Config } from '../../../src/config/config.ts';
import type { Migration } from '../../../src/migrations/types.ts';
import { connect, type Session } from '../../../src/mysql/connect.ts';
import { migratePhase } from '../../../src/phases/migrate/migrate.ts';
import { undoPhase } from '../../../src/phases/migrate/undo.ts';
import { noteBegun } from '../../../src/statements/history.ts';
import { createToolTables } from '../../../src/statements/journal.ts';
import { connectionLocks } from '../../../src/statements/recovery/dead-client.ts';
import { withWorkbench } from '../../../src/statements/workbench.ts';
import { sqlOf } from '../../../src/statements/write.ts';
import { migration } from '../../rehearsal/scene.ts';
import { runAll } from '../../schema/sessions.ts';
import { recordedContext } from '../../support/recorded-context.ts';
import { describeOnServers } from '../../support/servers.ts';

const PATIENCE = { lockWaitSeconds: 1, lockRetries: 0 };
const CONFIG = {
  rehearsal: 'private',
  database: { database: 'shop' },
  migrations: { ...PATIENCE, laravelTable: null },
} as unknown as Config;

describeOnServers('what a migration cannot do', (server) => {
  /** Applies migrations to a database of its own, as the run `r1`. */
  async function scene(...before: string[]) {
    const database = await server().createDatabase('shop');
    if (before.length > 0) await runAll(server(), database, before);
    const context = recordedContext(await connect(server().target(database)));
    const session = await context.server.open();
    await createToolTables(session).finally(() => session.close());
    const apply = (migrations: readonly Migration[], versions = migrations.map(({ version }) => version)) =>
      migratePhase({ run: 'r1', config: CONFIG, migrations, rehearsed: [] }).run({ versions, adopt: [] }, context);
    return { database, context, apply };
  }

  test('its file is gone, or the rows do not fit it by now', async () => {
    const { apply } = await scene('CREATE TABLE items (id INT)', 'INSERT INTO items VALUES (7)');
    await expect(apply([], ['1'])).rejects.toMatchObject({
      message: 'the file of migration 1 is missing',
      exitCode: 5,
      next: 'put it back, then: gateway-migrate resume',
    });
    const checking = migration('2', '-- migrate:check\nSELECT id FROM items;\n-- migrate:up\nSELECT 1;');
    await expect(apply([checking])).rejects.toMatchObject({
      message: '2, check at line 2: must return no row, returned id = 7',
      exitCode: 2,
      state: 'production is as it was before',
      next: 'mend the rows, then: gateway-migrate deploy',
    });
  });

  test('the SQL that a PHP migration was translated to is gone', async () => {
    const { apply } = await scene();
    const untranslated = { ...migration('1', '-- migrate:up\n'), isUntranslated: true };
    await expect(apply([untranslated])).rejects.toMatchObject({
      message: 'the SQL of 1 is not known: its translation is gone',
      exitCode: 5,
      next: 'gateway-migrate rollback',
    });
  });

  test('a program that would commit the transaction which its author opened around it', async () => {
    const { apply } = await scene('CREATE PROCEDURE makes() CREATE TABLE made (id INT)');
    const up = 'BEGIN;\nCALL makes();\nCOMMIT;';
    await expect(apply([migration('1', `-- migrate:up\n${up}`)])).rejects.toThrow(
      /: procedure makes holds CREATE, which would not be one with the transaction around it$/,
    );
  });

  test.each([
    ['committed', 'CREATE TABLE made (id INT)'],
    ['rolled back', 'ROLLBACK'],
  ])('a text that nobody sees, which has %s the transaction around it', async (ended, text) => {
    const { apply } = await scene();
    const up = `BEGIN;\nSET @t = '${text}';\nPREPARE s FROM @t;\nSET @t = NULL;\nEXECUTE s;\nCOMMIT;`;
    await expect(apply([migration('1', `-- migrate:up\n${up}`)])).rejects.toThrow(
      `: it ${ended} the transaction around it, which can neither be completed nor undone as one`,
    );
  });

  test('a way back of which neither the file nor the text is left', async () => {
    const { database, context } = await scene('CREATE TABLE items (id INT)');
    const begun = noteBegun(
      { ...migration('1', '-- migrate:up\nSELECT 1;'), text: 'x'.repeat(3_000_000) },
      'r1',
      'applying',
      2_000_000,
    );
    await runAll(server(), database, [sqlOf(begun)]);
    const undo = undoPhase({ run: 'r2', config: CONFIG, migrations: [], rehearsed: [] });
    await expect(undo.run({ ofRun: 'r1', versions: 'all' }, context)).rejects.toMatchObject({
      message: 'no certain way back from 1: its file is missing and its text was too large to be kept',
      exitCode: 3,
    });
  });

  test('an older connection of the same run that is still at work', async () => {
    const { context } = await scene();
    const older = await context.server.open();
    await older.query(`SELECT GET_LOCK('${connectionLocks(`r1`).journal}', 0)`);
    const impatient = (session: Session): Session => ({
      ...session,
      query: (sql, values) => session.query(sql.replace(/(GET_LOCK\(.*), \d+\)/, '$1, 0)'), values),
    });
    const open = async () => impatient(await context.server.open());
    const on = { run: 'r1', after: [], patience: PATIENCE };
    const working = withWorkbench(on, { ...context, server: { ...context.server, open } }, async () => 0);
    await expect(working.finally(() => older.close())).rejects.toThrow(
      'an older connection of this run still holds gateway_migrate.note.r1',
    );
  });
});
