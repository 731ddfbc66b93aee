import { expect, test } from 'vitest';
import { BOUNDS } from '../../src/flashback/prepare.ts';
import { takeBackup } from '../backup/support.ts';
import { describeOnServers } from '../support/servers.ts';
import { contentOf, happen, prepare, undo } from './support.ts';

const FAMILY = `
  CREATE TABLE parents (id INT PRIMARY KEY);
  CREATE TABLE kids (id INT PRIMARY KEY, parent_id INT, n INT, KEY (n),
    CONSTRAINT belongs FOREIGN KEY (parent_id) REFERENCES parents (id) ON DELETE CASCADE);
  CREATE TABLE others (id INT PRIMARY KEY, parent_id INT, CONSTRAINT meets FOREIGN KEY (parent_id) REFERENCES parents (id));
  INSERT INTO parents VALUES (1), (2), (3);
  INSERT INTO kids VALUES (1, 1, NULL), (2, 2, NULL), (3, 3, NULL);
  INSERT INTO others VALUES (1, NULL)`;
const ACCIDENT = 'DELETE FROM parents WHERE id = 1';

describeOnServers(
  'the copy of the moment before',
  (server) => {
    const setUp = async (more?: string) => {
      const database = await server().createDatabase('copied');
      await server().sql(FAMILY, database);
      if (more !== undefined) await server().sql(more, database);
      return { database, backup: await takeBackup(server(), server().target(database)) };
    };

    test.each([
      ['before the accident', true],
      ['since', false],
    ])(
      'is what counts when a key was dropped %s, also for whoever looks again',
      {
        timeout: 120_000,
      },
      async (_, isBefore) => {
        const { database, backup } = await setUp();
        const migration = () => server().sql('ALTER TABLE others DROP FOREIGN KEY meets', database);
        const before = await contentOf(server(), database);
        if (isBefore) await migration();
        const happened = { ...(await happen(server(), database, ACCIDENT)), backup };
        if (!isBefore) await migration();
        const look = () => prepare(server(), database, happened, BOUNDS, async ({ undo: { tables } }) => tables.length);
        // What the first look has repeated in its copy is in the log.
        expect([await look(), await look()]).toEqual([2, 2]);
        expect(await undo(server(), database, happened)).toEqual([]);
        expect(await contentOf(server(), database)).toEqual(before);
      },
    );
  },
  // As MySQL was before it logged what its keys do; MariaDB does not know the setting.
  { binlog: true, args: ['--loose-innodb-native-foreign-keys=ON'] },
);
