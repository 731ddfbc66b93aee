/**
 * A deploy with every kind of statement. Every migration can be undone from every place: its down section mirrors the
 * up section, or it is one statement, or its statements have exact inverses. Times are fixed and ids are given, so that
 * two databases can be compared byte for byte.
 */
export const START = `
CREATE TABLE companies (id INT PRIMARY KEY, name VARCHAR(50) NOT NULL);
INSERT INTO companies VALUES (1, 'Praxis Nord'), (2, 'Salon Süd');
CREATE TABLE customers (id INT PRIMARY KEY, company_id INT NOT NULL, email VARCHAR(80),
  KEY customers_email (email), KEY customers_company (company_id),
  CONSTRAINT customers_company_fk FOREIGN KEY (company_id) REFERENCES companies (id) ON DELETE CASCADE);
INSERT INTO customers VALUES (1, 1, 'a@example.org'), (2, 1, 'b@example.org'), (3, 2, NULL);
CREATE TABLE counters (id INT PRIMARY KEY, n BIGINT NOT NULL);
INSERT INTO counters VALUES (1, 100), (2, 200);
CREATE TABLE numbers (n BIGINT NOT NULL);
INSERT INTO numbers VALUES (500);
CREATE TABLE orders (id BIGINT PRIMARY KEY, company_id INT NOT NULL);
CREATE TABLE audit (order_id BIGINT NOT NULL);
CREATE TRIGGER orders_audited AFTER INSERT ON orders FOR EACH ROW INSERT INTO audit VALUES (NEW.id);
CREATE TRIGGER orders_forgotten AFTER DELETE ON orders FOR EACH ROW DELETE FROM audit WHERE order_id = OLD.id;
CREATE TABLE notes (id INT PRIMARY KEY, text VARCHAR(50));
INSERT INTO notes VALUES (1, 'erste'), (2, 'zweite');
CREATE TABLE twin_a (v INT);
INSERT INTO twin_a VALUES (1);
CREATE TABLE twin_b (v INT);
INSERT INTO twin_b VALUES (2);
CREATE TABLE logs (line VARCHAR(50));
INSERT INTO logs VALUES ('one'), ('two');
CREATE TABLE old_a (v INT);
INSERT INTO old_a VALUES (7);
CREATE TABLE old_b (v INT);
CREATE VIEW names AS SELECT id, name FROM companies;
CREATE VIEW mails AS SELECT id, email FROM customers;
CREATE VIEW totals AS SELECT SUM(n) AS total FROM counters;
CREATE TRIGGER logs_trimmed BEFORE INSERT ON logs FOR EACH ROW SET NEW.line = TRIM(NEW.line);
`;

/** Tables, indexes and renames, with increments on hot rows between them. */
const TABLES = `-- migrate:up
CREATE TABLE plans (id INT PRIMARY KEY, title VARCHAR(40) NOT NULL, company_id INT NOT NULL,
  KEY plans_company (company_id),
  CONSTRAINT plans_company_fk FOREIGN KEY (company_id) REFERENCES companies (id) ON DELETE CASCADE);
UPDATE counters SET n = n + 1 WHERE id = 1;
ALTER TABLE customers ADD COLUMN plan_id INT NULL;
INSERT INTO plans SELECT id, CONCAT(name, ' plan'), id FROM companies;
CREATE INDEX customers_plan ON customers (plan_id);
ALTER TABLE customers ADD CONSTRAINT customers_plan_fk FOREIGN KEY (plan_id) REFERENCES plans (id);
DROP INDEX customers_email ON customers;
RENAME TABLE twin_a TO twin_x, twin_b TO twin_a, twin_x TO twin_b;
-- migrate:down
RENAME TABLE twin_a TO twin_x, twin_b TO twin_a, twin_x TO twin_b;
CREATE INDEX customers_email ON customers (email);
ALTER TABLE customers DROP FOREIGN KEY customers_plan_fk;
DROP INDEX customers_plan ON customers;
DELETE FROM plans;
ALTER TABLE customers DROP COLUMN plan_id;
UPDATE counters SET n = n - 1 WHERE id = 1;
DROP TABLE plans;
`;

/** Stored programs and views: exact inverses from their definitions. */
const PROGRAMS = `-- migrate:up
DELIMITER //
CREATE PROCEDURE bump(IN amount INT)
BEGIN
  UPDATE counters SET n = n + amount WHERE id = 1;
  UPDATE counters SET n = n + 2 * amount WHERE id = 2;
END//
DELIMITER ;
CREATE TRIGGER plans_named BEFORE INSERT ON plans FOR EACH ROW SET NEW.title = UPPER(NEW.title);
DROP TRIGGER logs_trimmed;
CREATE OR REPLACE VIEW names AS SELECT id, name, id * 2 AS twice FROM companies;
CREATE EVENT nightly ON SCHEDULE EVERY 1 DAY STARTS '2030-01-01 03:00:00' DISABLE DO DELETE FROM logs;
DROP VIEW mails, totals;
-- migrate:down
CREATE VIEW mails AS SELECT id, email FROM customers;
CREATE VIEW totals AS SELECT SUM(n) AS total FROM counters;
DROP EVENT nightly;
CREATE OR REPLACE VIEW names AS SELECT id, name FROM companies;
CREATE TRIGGER logs_trimmed BEFORE INSERT ON logs FOR EACH ROW SET NEW.line = TRIM(NEW.line);
DROP TRIGGER plans_named;
DROP PROCEDURE bump;
`;

/** What the connection remembers: user variables, LAST_INSERT_ID(), sql_mode. */
const SESSION = `-- migrate:up
SET @factor = 3;
SET @bytes = UNHEX('00FF27');
UPDATE numbers SET n = LAST_INSERT_ID(n + 1);
SET SESSION sql_mode = 'ANSI_QUOTES,STRICT_TRANS_TABLES';
INSERT INTO "orders" VALUES (LAST_INSERT_ID(), @factor);
SELECT MAX(id) INTO @top FROM orders;
UPDATE counters SET n = n * @factor + @top + (HEX(@bytes) <=> '00FF27') - 1 WHERE id = 1;
-- migrate:down
UPDATE counters SET n = (n - 501) DIV 3 WHERE id = 1;
DELETE FROM orders WHERE id = 501;
UPDATE numbers SET n = n - 1;
`;

const TRANSACTION = `-- migrate:up
BEGIN;
UPDATE counters SET n = n + 10 WHERE id = 1;
CREATE TEMPORARY TABLE counted AS SELECT n FROM counters;
SAVEPOINT tentative;
ROLLBACK TO SAVEPOINT tentative;
INSERT INTO orders VALUES (900, 1);
COMMIT;
RENAME TABLE notes TO remarks;
-- migrate:down
RENAME TABLE remarks TO notes;
START TRANSACTION;
DELETE FROM orders WHERE id = 900;
UPDATE counters SET n = n - 10 WHERE id = 1;
COMMIT;
`;

const TRUNCATION = `-- migrate:up
TRUNCATE TABLE logs;
-- migrate:down
INSERT INTO logs VALUES ('one'), ('two');
`;

const DROPS = `-- migrate:up
DROP TABLE old_a, old_b;
-- migrate:down
CREATE TABLE old_a (v INT);
CREATE TABLE old_b (v INT);
INSERT INTO old_a VALUES (7);
`;

const CALL = `-- migrate:up
CALL bump(7);
-- migrate:down
CALL bump(-7);
`;

/** In a row, over the border of two migrations: their intents commit together. */
const CREATIONS = `-- migrate:up
CREATE TABLE tags (id INT PRIMARY KEY, name VARCHAR(40) NOT NULL);
CREATE TABLE taggings (tag_id INT NOT NULL, customer_id INT NOT NULL, PRIMARY KEY (tag_id, customer_id),
  CONSTRAINT taggings_tag_fk FOREIGN KEY (tag_id) REFERENCES tags (id));
-- migrate:down
DROP TABLE taggings;
DROP TABLE tags;
`;

const MORE_CREATIONS = `-- migrate:up
CREATE TABLE labels (id INT PRIMARY KEY, tag_id INT NULL, CONSTRAINT labels_tag_fk FOREIGN KEY (tag_id) REFERENCES tags (id));
CREATE VIEW tag_names AS SELECT id, name FROM tags;
INSERT INTO tags VALUES (1, 'new');
-- migrate:down
DELETE FROM tags WHERE id = 1;
DROP VIEW tag_names;
DROP TABLE labels;
`;

/** File name → text. */
export const MIGRATIONS: Readonly<Record<string, string>> = {
  '20260101000001_tables.sql': TABLES,
  '20260101000002_programs.sql': PROGRAMS,
  '20260101000003_session.sql': SESSION,
  '20260101000004_transaction.sql': TRANSACTION,
  '20260101000005_truncation.sql': TRUNCATION,
  '20260101000006_drops.sql': DROPS,
  '20260101000007_call.sql': CALL,
  '20260101000008_creations.sql': CREATIONS,
  '20260101000009_more_creations.sql': MORE_CREATIONS,
};
