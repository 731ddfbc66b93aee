/** A small schema with one of everything. Tables may be made in any order while foreign keys are not checked. */
export const TABLES = [
  'CREATE TABLE companies (id bigint unsigned NOT NULL AUTO_INCREMENT PRIMARY KEY, name varchar(100) NOT NULL)',
  `CREATE TABLE orders (
    id bigint unsigned NOT NULL AUTO_INCREMENT PRIMARY KEY,
    company_id bigint unsigned NOT NULL,
    code varchar(40) NOT NULL DEFAULT 'it''s',
    note varchar(200) DEFAULT NULL COMMENT 'a note',
    status enum('new','paid') NOT NULL DEFAULT 'new',
    amount decimal(10,2) NOT NULL DEFAULT 0,
    doubled decimal(11,2) GENERATED ALWAYS AS (amount * 2) VIRTUAL,
    extra json DEFAULT NULL,
    made_at timestamp NULL DEFAULT CURRENT_TIMESTAMP,
    KEY ix_company_status (company_id, status),
    KEY ix_code (code(10)),
    FULLTEXT KEY ft_note (note),
    CONSTRAINT orders_company FOREIGN KEY (company_id) REFERENCES companies (id) ON DELETE CASCADE,
    CONSTRAINT amount_positive CHECK (amount >= 0)
  ) COMMENT 'all orders'`,
  'CREATE TABLE places (id int PRIMARY KEY, at point NOT NULL, SPATIAL KEY sp (at))',
  `CREATE TABLE visits (id int NOT NULL, day int NOT NULL, PRIMARY KEY (id, day))
    PARTITION BY RANGE (day) (PARTITION p0 VALUES LESS THAN (10), PARTITION p1 VALUES LESS THAN (20))`,
] as const;

export const ROUTINES = [
  'CREATE FUNCTION twice(n int) RETURNS int DETERMINISTIC RETURN n * 2',
  "CREATE PROCEDURE greet(IN who varchar(20), OUT said varchar(40)) COMMENT 'polite' SET said = CONCAT('hi ', who)",
] as const;

/** Independent of one another. */
export const DEPENDENTS = [
  "CREATE VIEW paid AS SELECT id, company_id, twice(id) AS twin FROM orders WHERE status = 'paid'",
  'CREATE TRIGGER first_in BEFORE INSERT ON orders FOR EACH ROW SET NEW.code = UPPER(NEW.code)',
  'CREATE EVENT nightly ON SCHEDULE EVERY 1 DAY DISABLE DO DELETE FROM orders WHERE id = 0',
] as const;

/** Indexes that may be added in any order. */
export const INDEXES = ['ALTER TABLE visits ADD INDEX a (day)', 'ALTER TABLE visits ADD INDEX b (id)'] as const;

/** Must come after `first_in`. */
export const SECOND_TRIGGER =
  'CREATE TRIGGER second_in BEFORE INSERT ON orders FOR EACH ROW SET NEW.note = TRIM(NEW.note)';

export const SHOP = [...TABLES, ...INDEXES, ...ROUTINES, ...DEPENDENTS, SECOND_TRIGGER];
