import { expect, test } from 'vitest';
import { inverseOf } from '../../../src/migrations/inverse/inverse.ts';
import { splitScript } from '../../../src/migrations/sql/split.ts';
import { toStatement } from '../../../src/migrations/sql/statement.ts';
import { connect, type Session } from '../../../src/mysql/connect.ts';
import { circumstanceSettings, readCreation } from '../../../src/schema/definitions.ts';
import { readSnapshot } from '../../../src/schema/snapshot.ts';
import type { ObjectId } from '../../../src/schema/types.ts';
import { describeOnServers } from '../../support/servers.ts';

// Quoted where MariaDB writes the name anew when the table is renamed.
const SCHEMA = `
CREATE TABLE p (id INT PRIMARY KEY, code VARCHAR(20));
CREATE TABLE a (id INT PRIMARY KEY, p_id INT, x INT, y VARCHAR(50) DEFAULT 'it''s, (odd)', KEY x_idx (x), UNIQUE KEY y_last (y));
CREATE TABLE b (id INT PRIMARY KEY, p_id INT, CONSTRAINT b_fk FOREIGN KEY (p_id) REFERENCES p (id) ON DELETE CASCADE,
  CONSTRAINT b_check CHECK (id > 0));
CREATE TABLE \`odd\`\`name\` (id INT);
CREATE VIEW v AS SELECT id, x FROM a;
CREATE PROCEDURE pr(IN n INT) BEGIN IF n > 1 THEN SELECT 1; END IF; SELECT ';'; END;
CREATE FUNCTION f(n INT) RETURNS INT DETERMINISTIC RETURN n + 1;
CREATE TRIGGER t BEFORE INSERT ON \`a\` FOR EACH ROW SET NEW.x = 1;
CREATE EVENT e ON SCHEDULE EVERY 1 DAY DO DELETE FROM a WHERE id < 0;
`;

const ODD = [
  'CREATE PROCEDURE odd() SELECT "id" FROM a',
  'CREATE TRIGGER odd AFTER DELETE ON "b" FOR EACH ROW SET @odd = "OLD".id',
  'CREATE VIEW odd AS SELECT "id" FROM "a"',
];

const STATEMENTS = [
  'CREATE TABLE n (id INT)',
  'CREATE TABLE IF NOT EXISTS a (id INT)',
  'CREATE TABLE n LIKE a',
  'CREATE TABLE n AS SELECT * FROM a',
  'CREATE VIEW n AS SELECT 1 AS one',
  'CREATE OR REPLACE VIEW v AS SELECT 2 AS two',
  'ALTER VIEW v AS SELECT 3 AS three',
  'DROP VIEW v',
  'DROP VIEW IF EXISTS nothing, v',
  'CREATE PROCEDURE n() SELECT 1',
  'DROP PROCEDURE pr',
  'DROP PROCEDURE odd',
  'DROP TRIGGER odd',
  'DROP VIEW odd',
  "ALTER PROCEDURE pr COMMENT 'changed'",
  'CREATE FUNCTION n() RETURNS INT DETERMINISTIC RETURN 1',
  'DROP FUNCTION IF EXISTS f',
  'CREATE TRIGGER n BEFORE UPDATE ON a FOR EACH ROW SET NEW.x = 2',
  'DROP TRIGGER t',
  'CREATE EVENT n ON SCHEDULE EVERY 1 DAY DO SELECT 1',
  'DROP EVENT e',
  'ALTER EVENT e RENAME TO e2',
  'RENAME TABLE a TO tmp, b TO a, tmp TO b',
  'RENAME TABLE `odd``name` TO plain',
  'ALTER TABLE `odd``name` RENAME TO plain',
  'ALTER TABLE `odd``name` ADD `a``b` INT, RENAME AS plain',
  'ALTER TABLE a ADD COLUMN n INT NOT NULL DEFAULT 5 AFTER id, ADD (m INT, o VARCHAR(9) COMMENT "a,b)")',
  "ALTER TABLE a ADD n ENUM('a', 'b') NULL FIRST, ADD INDEX n_idx (n, x), ADD UNIQUE KEY n_u (n), ALGORITHM=INPLACE",
  'ALTER TABLE a ADD CONSTRAINT a_fk FOREIGN KEY (p_id) REFERENCES p (id)',
  'ALTER TABLE a ADD KEY p_idx (p_id, x), ADD CONSTRAINT a_fk FOREIGN KEY (p_id) REFERENCES p (id)',
  'ALTER TABLE a ADD n INT, ADD CONSTRAINT a_fk FOREIGN KEY (n) REFERENCES p (id), ADD CONSTRAINT a_check CHECK (n > 1)',
  'ALTER TABLE a ADD CONSTRAINT a_fk FOREIGN KEY (x) REFERENCES p (id)',
  'ALTER TABLE a ADD CONSTRAINT y_u UNIQUE (x, y)',
  'ALTER TABLE a ADD FULLTEXT KEY y_text (y)',
  'ALTER TABLE a RENAME COLUMN y TO z',
  'ALTER TABLE a RENAME INDEX x_idx TO z_idx',
  'ALTER TABLE a DROP INDEX x_idx',
  'ALTER TABLE a DROP KEY x_idx, ADD KEY x_idx (x, y)',
  'ALTER TABLE b DROP FOREIGN KEY b_fk',
  'ALTER TABLE b DROP CONSTRAINT b_check',
  'CREATE INDEX n_idx ON a (y(10), x DESC)',
  'CREATE UNIQUE INDEX n_idx ON a (x)',
  'DROP INDEX x_idx ON a',
  'DROP INDEX `y_last` ON a',
];

const ONLY_MARIADB = [
  'CREATE SEQUENCE s START WITH 5',
  'ALTER TABLE a ADD COLUMN IF NOT EXISTS x INT, ADD COLUMN IF NOT EXISTS n INT',
  'CREATE INDEX IF NOT EXISTS x_idx ON a (y)',
  'CREATE OR REPLACE PROCEDURE pr() SELECT 1',
  'CREATE OR REPLACE TRIGGER t BEFORE INSERT ON a FOR EACH ROW SET NEW.x = 3',
  'DROP INDEX IF EXISTS nothing ON a',
  'RENAME TABLE IF EXISTS nothing TO something, p TO q',
];

async function definitionsIn(session: Session, database: string) {
  const definitions = new Map<ObjectId, { definition?: string; settings?: string[] }>();
  for (const id of [...(await readSnapshot(session, database)).objects.keys()].sort()) {
    const creation = await readCreation(session, database, id);
    definitions.set(id, creation ? { definition: creation.text, settings: circumstanceSettings(creation) } : {});
  }
  return definitions;
}

describeOnServers('inverseOf', (server) => {
  test('leads back to the same definitions', async () => {
    const database = await server().createDatabase('inverse');
    const session = await (await connect(server().target(database))).open();
    for (const piece of splitScript(SCHEMA).pieces) if (piece.type === 'statement') await session.execute(piece.text);
    // What these were made under is not what the session that brings them back has.
    await session.execute("SET sql_mode = 'ANSI_QUOTES', collation_connection = 'utf8mb4_bin'");
    for (const sql of ODD) await session.execute(sql);
    await session.execute("SET sql_mode = 'STRICT_TRANS_TABLES', collation_connection = 'utf8mb4_unicode_ci'");
    const before = await definitionsIn(session, database);
    expect(before.get('procedure:odd')?.settings).toContain("sql_mode = 'ANSI_QUOTES'");
    expect(before.size).toBe(12);
    const statements = server().kind === 'mariadb' ? [...STATEMENTS, ...ONLY_MARIADB] : STATEMENTS;
    for (const sql of statements) {
      const statement = toStatement(sql, 1);
      const known = new Map<ObjectId, object>(before);
      for (const { object } of statement.touches) if (!known.has(object)) known.set(object, {});
      const inverse = inverseOf(statement, known);
      expect(inverse, sql).toHaveProperty('statements');
      await session.execute(sql);
      for (const { text } of 'statements' in inverse ? inverse.statements : []) await session.execute(text);
      expect(await definitionsIn(session, database), sql).toEqual(before);
      const [now] = await session.query('SELECT @@sql_mode AS mode, @@collation_connection AS collation');
      expect(now, sql).toEqual({ mode: 'STRICT_TRANS_TABLES', collation: 'utf8mb4_unicode_ci' });
    }
    await session.close();
  });
});
