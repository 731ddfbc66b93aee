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
const UP = 'CREATE TABLE a (id INT PRIMARY KEY, x INT);\nCREATE TABLE b (id INT PRIMARY KEY);';
const file = (down: string) => migration('1', `-- migrate:up\n${UP}\n-- migrate:down\n${down}\n`);
/** The server refuses the second statement. */
const BROKEN = 'DROP TABLE b;\nDROP INDEX idx_x ON a;\nDROP TABLE a;';

describeOnServers('a down section that the server refuses', (server) => {
  test.each([
    { name: 'its rest is mended', down: 'DROP TABLE b;\nDROP TABLE a;', left: 0 },
    {
      name: 'what has run of it was edited: the noted text counts',
      down: 'DROP TABLE IF EXISTS b;\nDROP TABLE a;',
      refused: true,
      left: 1,
    },
    { name: 'passed over', down: BROKEN, skipsRefused: true, left: 0 },
    { name: 'neither', down: BROKEN, refused: true, left: 1 },
  ])('$name', async ({ down, skipsRefused = false, refused = false, left }) => {
    const database = await server().createDatabase('shop');
    const context = recordedContext(await connect(server().target(database)));
    const session = await context.server.open();
    await createToolTables(session);
    const parts = { config: CONFIG, rehearsed: [] };
    await migratePhase({ ...parts, run: 'r1', migrations: [file(BROKEN)] }).run(
      { versions: ['1'], adopt: [] },
      context,
    );
    const undo = (text: string, skips = false) =>
      undoPhase({ ...parts, run: 'r2', migrations: [file(text)], skipsRefused: skips }).run(
        { ofRun: 'r1', versions: 'all' },
        context,
      );
    await expect(undo(BROKEN)).rejects.toThrow(/^statement 2 of 3 of the way back in 1 \(DROP INDEX\)/);
    const again = undo(down, skipsRefused);
    if (refused) await expect(again).rejects.toThrow(/^statement 2 of 3 of the way back in 1/);
    else expect(await again).toMatch(/^1 undone, schema as before: /);
    expect(await session.query("SHOW TABLES LIKE 'a'")).toHaveLength(left);
    const told = context.events.flatMap((event) => (event.type === 'note' ? [event.text] : []));
    if (skipsRefused)
      expect(told.join()).toContain('passed over statement 2 of the way back of 1: DROP INDEX idx_x ON a (');
    else if (!refused)
      expect(told).toContain(
        'the down section of 1 was mended since it was applied:\n  DROP TABLE b;\n- DROP INDEX idx_x ON a;\n  DROP TABLE a;',
      );
    await session.close();
  });
});
