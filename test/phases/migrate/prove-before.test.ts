import { expect, test } from 'vitest';
import type { Config } from '../../../src/config/config.ts';
import { connect } from '../../../src/mysql/connect.ts';
import { migratePhase } from '../../../src/phases/migrate/migrate.ts';
import { undoPhase } from '../../../src/phases/migrate/undo.ts';
import { createToolTables } from '../../../src/statements/journal.ts';
import { migration } from '../../rehearsal/scene.ts';
import { recordedContext } from '../../support/recorded-context.ts';
import { describeOnServers } from '../../support/servers.ts';

const CONFIG = {
  rehearsal: 'private',
  database: { database: 'shop' },
  migrations: { lockWaitSeconds: 1, lockRetries: 0, laravelTable: null },
} as unknown as Config;

describeOnServers('a way back whose journal is not in the database', (server) => {
  test.each([
    { down: 'DROP TABLE a', told: undefined },
    { down: 'SELECT 1', told: 'the way back ran, but this is not as it was before: table a' },
  ])('$down', async ({ down, told }) => {
    const database = await server().createDatabase('shop');
    const context = recordedContext(await connect(server().target(database)));
    const session = await context.server.open();
    await createToolTables(session);
    const migrations = [
      migration('1', `-- migrate:up\nCREATE TABLE a (id INT PRIMARY KEY);\n-- migrate:down\n${down};`),
    ];
    const parts = { config: CONFIG, migrations, rehearsed: [] };
    await migratePhase({ ...parts, run: 'r1' }).run({ versions: ['1'], adopt: [] }, context);
    await session.query('DELETE FROM gateway_migrate_journal');
    const undo = () => undoPhase({ ...parts, run: 'r2' }).run({ ofRun: 'r1', versions: 'all' }, context);
    // The second time every statement has run, and still the table is left.
    for (const _ of ['first', 'second']) {
      if (told === undefined) await undo();
      else await expect(undo()).rejects.toMatchObject({ message: told, exitCode: 3 });
    }
    expect(await session.query("SHOW TABLES LIKE 'a'")).toHaveLength(told === undefined ? 0 : 1);
    await session.close();
  });
});
