import { beforeAll, expect, test } from 'vitest';
import { quoteName } from '../../src/mysql/quote.ts';
import { runScript } from '../backup/support.ts';
import { KEYS, OF_ONE, ZOO } from '../backup/zoo.ts';
import { withRoot } from '../binlog/support.ts';
import { describeOnServers } from '../support/servers.ts';
import { contentOf, happen, undo } from './support.ts';

interface Column {
  readonly t: string;
  readonly c: string;
  readonly extra: string;
  readonly nullable: string;
  readonly keyed: string;
}

describeOnServers(
  'rows of all kinds undone',
  (server) => {
    let database: string;
    let columns: Column[];
    beforeAll(async () => {
      database = await server().createDatabase('zoo');
      await runScript(server(), database, ZOO + KEYS + OF_ONE[server().kind]);
      columns = await withRoot(server(), database, (session) =>
        session.query<Column & Record<string, string>>(
          `SELECT c.TABLE_NAME AS t, c.COLUMN_NAME AS c, c.EXTRA AS extra, c.IS_NULLABLE AS nullable, c.COLUMN_KEY AS keyed
           FROM information_schema.COLUMNS c JOIN information_schema.TABLES t USING (TABLE_SCHEMA, TABLE_NAME)
           WHERE TABLE_SCHEMA = ? AND t.ENGINE = 'InnoDB' AND t.TABLE_TYPE = 'BASE TABLE' AND t.TABLE_NAME NOT IN ('numbers', 'long_unique') ORDER BY 1, c.ORDINAL_POSITION`,
          [database],
        ),
      );
    });
    const tables = () => [...new Set(columns.map(({ t }) => t))];

    const isUndone = async (works: readonly string[]) => {
      const before = await contentOf(server(), database);
      const work = ['SET foreign_key_checks = 0', 'BEGIN', ...works, 'COMMIT'].join(';\n');
      const happened = await happen(server(), database, work);
      expect(await contentOf(server(), database)).not.toEqual(before);
      expect(await undo(server(), database, happened)).toEqual([]);
      expect(await contentOf(server(), database)).toEqual(before);
    };

    test('deleted, of all tables at once', { timeout: 60_000 }, async () => {
      expect(tables().length).toBeGreaterThan(15);
      await isUndone(tables().map((table) => `DELETE FROM ${quoteName(table)}`));
    });

    test('changed to NULL', { timeout: 60_000 }, async () => {
      const works = tables().flatMap((table) => {
        const sets = columns
          .filter(({ t, extra, nullable, keyed }) => t === table && nullable === 'YES' && keyed === '' && extra === '')
          .map(({ c }) => `${quoteName(c)} = NULL`);
        return sets.length > 0 ? [`UPDATE ${quoteName(table)} SET ${sets.join(', ')}`] : [];
      });
      expect(works.length).toBeGreaterThan(5);
      await isUndone(works);
    });
  },
  { binlog: true, onNewer: true },
);
