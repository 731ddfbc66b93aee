import { beforeAll, expect, test } from 'vitest';
import { describeOnServers } from '../support/servers.ts';
import { contentOf, happen, undo } from './support.ts';

/** All kinds of keys, and a trigger that would count twice. */
const SHOP = `
  CREATE TABLE companies (id INT PRIMARY KEY AUTO_INCREMENT, name VARCHAR(50) NOT NULL UNIQUE, boss INT NULL,
    FOREIGN KEY (boss) REFERENCES companies (id));
  CREATE TABLE staff (company_id INT NOT NULL, number INT NOT NULL, email VARCHAR(100) UNIQUE, note TEXT,
    label VARCHAR(150) AS (CONCAT(number, '-', company_id)) STORED, shout VARCHAR(200) AS (UPPER(note)) VIRTUAL,
    PRIMARY KEY (company_id, number), FOREIGN KEY (company_id) REFERENCES companies (id));
  CREATE TABLE notes (word VARCHAR(20), n INT NULL);
  CREATE TABLE counted (what VARCHAR(20) PRIMARY KEY, n INT NOT NULL);
  INSERT INTO counted VALUES ('staff', 0);
  INSERT INTO companies VALUES (1, 'One', NULL), (2, 'Two', 1), (3, 'Three', 2);
  INSERT INTO staff (company_id, number, email, note) VALUES (1, 1, 'a@x', 'first'), (1, 2, 'b@x', NULL), (2, 1, NULL, 'zwölf');
  INSERT INTO notes VALUES ('same', NULL), ('same', NULL), ('same', NULL), ('other', 1);`;
const TRIGGER = `CREATE TRIGGER count_staff AFTER INSERT ON staff FOR EACH ROW UPDATE counted SET n = n + 1 WHERE what = 'staff'`;

describeOnServers(
  'rows undone',
  (server) => {
    let database: string;
    beforeAll(async () => {
      database = await server().createDatabase('undone');
      await server().sql(SHOP, database);
      await server().sql(TRIGGER, database);
    });

    test.each([
      ['rows deleted', 'DELETE FROM staff WHERE company_id = 1'],
      ['rows updated', "UPDATE staff SET note = CONCAT(COALESCE(note, ''), '!'), email = NULL"],
      ['rows inserted', "INSERT INTO staff (company_id, number, note) VALUES (3, 1, 'new'), (3, 2, NULL)"],
      ['keys moved over each other', 'UPDATE staff SET number = number + 1 WHERE company_id = 1 ORDER BY number DESC'],
      ['rows without a key, some of several equal ones', "DELETE FROM notes WHERE word = 'same' LIMIT 2"],
      ['rows without a key changed', "UPDATE notes SET n = 7 WHERE word = 'same' LIMIT 1"],
      [
        'all of it in one transaction',
        "BEGIN; DELETE FROM staff; UPDATE companies SET name = 'Zwei' WHERE id = 2; DELETE FROM companies WHERE id = 3; INSERT INTO companies VALUES (9, 'Nine', 9); DELETE FROM notes; COMMIT",
      ],
      [
        'a row changed, deleted and made anew',
        "BEGIN; UPDATE staff SET note = 'x' WHERE number = 2; DELETE FROM staff WHERE number = 2; INSERT INTO staff (company_id, number, note) VALUES (1, 2, 'y'); COMMIT",
      ],
    ])('%s', async (_, accident) => {
      const before = await contentOf(server(), database);
      const happened = await happen(server(), database, accident);
      expect(await contentOf(server(), database)).not.toEqual(before);
      expect(await undo(server(), database, happened)).toEqual([]);
      expect(await contentOf(server(), database)).toEqual(before);
    });
  },
  { binlog: true },
);
