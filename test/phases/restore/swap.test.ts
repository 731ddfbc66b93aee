import { join } from 'node:path';
import { expect, it } from 'vitest';
import { nameBeside } from '../../../src/exchange/side-database.ts';
import { connect } from '../../../src/mysql/connect.ts';
import { discardPhase } from '../../../src/phases/restore/discard.ts';
import type { ExchangeParts } from '../../../src/phases/restore/exchange.ts';
import { loadBesidePhase } from '../../../src/phases/restore/load-side-database.ts';
import { swapPhase } from '../../../src/phases/restore/swap.ts';
import { swapBackPhase } from '../../../src/phases/restore/swap-back.ts';
import { readSnapshot } from '../../../src/schema/snapshot.ts';
import { BESIDE_TABLE, HISTORY_TABLE, JOURNAL_TABLE } from '../../../src/schema/types.ts';
import { createToolTables } from '../../../src/statements/journal.ts';
import { comparableSql, contextFor, runScript, takeBackup, temporaryFolder } from '../../backup/support.ts';
import { ZOO } from '../../backup/zoo.ts';
import { describeOnServers, type TestServer } from '../../support/servers.ts';

/** Objects whose text names their database, an event that fires each second, a program under another default collation. */
const TRAPS = (database: string) => `
CREATE TABLE ticks (at DATETIME(6));
CREATE TABLE heard (what VARCHAR(50));
CREATE EVENT ticking ON SCHEDULE EVERY 1 SECOND DO INSERT INTO ticks VALUES (NOW(6));
CREATE TRIGGER \`${database}\`.named BEFORE INSERT ON \`${database}\`.heard FOR EACH ROW SET NEW.what = UPPER(NEW.what);
CREATE TRIGGER heard_second BEFORE INSERT ON heard FOR EACH ROW FOLLOWS named SET NEW.what = CONCAT(NEW.what, '2');
CREATE TRIGGER heard_a_third BEFORE INSERT ON heard FOR EACH ROW FOLLOWS heard_second SET NEW.what = CONCAT(NEW.what, '3');
CREATE VIEW by_name AS SELECT \`${database}\`.a_function() AS three, a.id FROM \`${database}\`.a;
ALTER DATABASE \`${database}\` COLLATE utf8mb4_bin;
CREATE PROCEDURE under_bin() SELECT 'x';
ALTER DATABASE \`${database}\` COLLATE utf8mb4_unicode_ci;
CREATE TABLE lonely (id INT PRIMARY KEY, gone_id INT);
SET foreign_key_checks = 0;
ALTER TABLE lonely ADD FOREIGN KEY (gone_id) REFERENCES nobody (id);
INSERT INTO heard VALUES ('first');
-- Large enough for several clients.
CREATE TABLE large (id INT PRIMARY KEY, content LONGTEXT);
INSERT INTO large VALUES (1, REPEAT('ä', 3000000));
CREATE TRIGGER large_stays BEFORE DELETE ON large FOR EACH ROW SIGNAL SQLSTATE '45000';
`;
const ACCIDENT = `SET foreign_key_checks = 0; DROP EVENT ticking; DROP TABLE a, \`types of all kinds\`; DROP TRIGGER named;
  CREATE TABLE new_one (id INT PRIMARY KEY, b_id INT, FOREIGN KEY (b_id) REFERENCES b (id)); INSERT INTO new_one VALUES (5, 7);
  CREATE TRIGGER new_trigger BEFORE INSERT ON new_one FOR EACH ROW SET NEW.id = 1;
  DROP VIEW by_name, a_view_of_a_view, first_view; CREATE VIEW new_view AS SELECT * FROM new_one; CREATE PROCEDURE new_procedure() SELECT 2;`;

describeOnServers(
  'restoring beside, then swapping',
  (server) => {
    async function rows(sql: string): Promise<unknown[][]> {
      const session = await (await connect(server().target('mysql'))).open();
      try {
        return (await session.query(sql)).map((row) => Object.values(row));
      } finally {
        await session.close();
      }
    }

    async function schemaOf(database: string): Promise<Record<string, string>> {
      const session = await (await connect(server().target(database))).open();
      try {
        const { charset, collation, objects } = await readSnapshot(session, database);
        const definitions = [...objects].map(([id, { definition }]) => [id, definition] as const);
        return { defaults: `${charset} ${collation}`, ...Object.fromEntries(definitions) };
      } finally {
        await session.close();
      }
    }

    async function scene() {
      const database = await server().createDatabase('zoo-beside');
      const session = await (await connect(server().target(database))).open();
      await createToolTables(session);
      await session.close();
      await server().sql('SET GLOBAL event_scheduler = OFF', database);
      await runScript(server(), database, ZOO + TRAPS(database));
      await server().sql(
        `INSERT INTO ${JOURNAL_TABLE} (run, version, direction, ordinal, digest, kind, connection_id, state,
        started) VALUES ('older', '1', 'up', 1, '', 'ddl', 1, 'intent', NOW())`,
        database,
      );
      const backup = await takeBackup(server(), server().target(database));
      const intact = await schemaOf(database);
      await runScript(server(), database, ACCIDENT);
      const before = await takeBackup(server(), server().target(database));
      await server().sql('SET GLOBAL event_scheduler = ON', database);
      const at = new Date();
      const names = { from: nameBeside(database, 'restore', at), aside: nameBeside(database, 'before', at) };
      return {
        database,
        ...names,
        backup,
        intact,
        before,
        broken: await schemaOf(database),
        parts: partsFor(server()),
      };
    }

    async function restore({ backup, from, aside, parts }: Awaited<ReturnType<typeof scene>>) {
      const { file, context } = backup;
      await loadBesidePhase(parts).run({ file, database: from }, context);
      const ticks = await rows(`SELECT COUNT(*) FROM \`${from}\`.ticks`);
      await new Promise((resolve) => setTimeout(resolve, 1500));
      expect(await rows(`SELECT COUNT(*) FROM \`${from}\`.ticks`), 'an event fires beside').toEqual(ticks);
      await swapPhase(parts).run({ from, aside, file }, context);
    }

    it('ends as the backup was, keeps what was there, and goes back to exactly that', {
      timeout: 240_000,
    }, async () => {
      const made = await scene();
      const { database, from, aside, backup, before, parts } = made;
      const whileLoading = await takeBackup(server(), server().target(database));
      expect(comparableSql(whileLoading.file, database)).toBe(comparableSql(before.file, database));

      await restore(made);
      await server().sql('SET GLOBAL event_scheduler = OFF', database);
      expect(await schemaOf(database)).toEqual(made.intact);
      await server().sql('DELETE FROM ticks', database);
      const restored = await takeBackup(server(), server().target(database));
      expect(comparableSql(restored.file, database)).toBe(comparableSql(backup.file, database));
      expect(await rows(`SELECT * FROM \`${aside}\`.new_one`)).toEqual([[5, 7]]);
      expect(await rows(`SELECT run, role, of_database FROM \`${aside}\`.${BESIDE_TABLE}`)).toEqual([
        ['the-run', 'before', database],
      ]);
      expect(await rows(`SELECT state, error FROM \`${database}\`.${JOURNAL_TABLE}`)).toEqual([
        ['intent', 'superseded by the restore the-run'],
      ]);
      expect(await rows(`SELECT COUNT(*) FROM \`${database}\`.${HISTORY_TABLE}`)).toEqual([[0]]);
      expect(await rows(`SHOW DATABASES LIKE '${from.replaceAll('_', '\\_')}'`)).toEqual([]);

      const context = await contextFor(server().target(database));
      await server().sql("CREATE TABLE since (id INT); INSERT INTO heard VALUES ('since')", database);
      await swapBackPhase({ ...parts, run: 'back' }).run({ ofRun: 'the-run', side: from, aside, keeps: true }, context);
      expect(await schemaOf(database)).toEqual(made.broken);
      expect(context.notes()).toEqual([]);
      const after = await takeBackup(server(), server().target(database));
      expect(comparableSql(after.file, database)).toBe(comparableSql(before.file, database));
      expect(await rows(`SELECT what FROM \`${from}\`.heard ORDER BY what`)).toEqual([['FIRST23'], ['SINCE23']]);
      await discardPhase().run({ ofRun: 'the-run', database: from }, context);
      expect(await rows(`SHOW DATABASES LIKE '${from.replaceAll('_', '\\_')}'`)).toEqual([[from]]);
      expect(await rows(`SHOW DATABASES LIKE '${aside.replaceAll('_', '\\_')}'`)).toEqual([]);
    });
  },
  { args: ['--event-scheduler=ON'] },
);

function partsFor(server: TestServer): ExchangeParts {
  const migrations = { lockWaitSeconds: 5, lockRetries: 0 } as ExchangeParts['config']['migrations'];
  return {
    run: 'the-run',
    config: { stateDir: join(temporaryFolder(), 'state'), migrations },
    env: { PATH: server.binDir },
  };
}
