/** One of everything that a dump program has got wrong somewhere. Runs on both servers. */
export const ZOO = `
CREATE TABLE \`types of all kinds\` (
  id BIGINT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY,
  tiny TINYINT, small SMALLINT UNSIGNED, medium MEDIUMINT, big BIGINT,
  exact DECIMAL(65,30), single_precision FLOAT, double_precision DOUBLE, bits BIT(9),
  letters VARCHAR(200), fixed CHAR(5), western LONGTEXT CHARACTER SET latin1, chinese VARCHAR(50) CHARACTER SET gbk,
  old_utf8 VARCHAR(50) CHARACTER SET utf8mb3, bin BINARY(4), varbin VARBINARY(300), content LONGBLOB,
  day DATE, moment DATETIME(6), stamp TIMESTAMP NULL, clock TIME(3), y YEAR,
  choice ENUM('a','b''c','d,e'), choices SET('x','y'), doc JSON, place GEOMETRY,
  letters_length INT GENERATED ALWAYS AS (CHAR_LENGTH(letters)) STORED,
  upper_letters VARCHAR(200) GENERATED ALWAYS AS (UPPER(letters)) VIRTUAL
);
INSERT INTO \`types of all kinds\` (tiny, small, medium, big, exact, single_precision, double_precision, bits, letters, fixed,
  western, chinese, old_utf8, bin, varbin, content, day, moment, stamp, clock, y, choice, choices, doc, place) VALUES
  (-128, 65535, -8388608, -9223372036854775808, 12345678901234567890123456789012345.123456789012345678901234567890,
   1.5, -1.7976931348623157e308, b'101010101', 'it''s (1,''2''),(\\\\ "quoted"); -- not a comment\\n\\r\\t\\0 😀', 'x',
   'äöü€', '中文', 'ž', x'00ff0a0d', x'5c27220a0d1a00ff', REPEAT(x'00ff27220a0d1a5c80', 3000),
   '9999-12-31', '2024-02-29 23:59:59.999999', '2038-01-19 03:14:07', '-838:59:59', 2155, 'b''c', 'x,y',
   '{"key": "va\\\\\\\\nl(ue", "n": [1, null, true]}', ST_GeomFromText('POLYGON((0 0,1 0,1 1,0 0))')),
  (NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL,
   NULL, NULL, NULL, NULL, NULL),
  (127, 0, 0, 0, 0, 0, 0, 0, '', '', '', '', '', '', '', '', '1000-01-01', '1000-01-01', NULL, '00:00:00', 1901, 'a', '',
   '[]', ST_GeomFromText('POINT(1 2)'));
CREATE TABLE \`back\`\`tickž\` (\`(a VALUES\` INT, KEY (\`(a VALUES\`)) PARTITION BY HASH(\`(a VALUES\`) PARTITIONS 2;
INSERT INTO \`back\`\`tickž\` VALUES (1),(1),(NULL);
CREATE TABLE empty_one (id INT PRIMARY KEY) COMMENT 'a\\n-- Table structure for table \`fake\`\\n(';
CREATE TABLE a (id INT PRIMARY KEY, b_id INT, s TEXT);
CREATE TABLE b (id INT PRIMARY KEY, a_id INT, FOREIGN KEY (a_id) REFERENCES a (id));
ALTER TABLE a ADD CONSTRAINT a_to_b FOREIGN KEY (b_id) REFERENCES b (id) ON DELETE SET NULL;
INSERT INTO a VALUES (1, NULL, '('), (2, NULL, ');'), (3, NULL, '''');
INSERT INTO b VALUES (7, 1); UPDATE a SET b_id = 7;
CREATE VIEW first_view AS SELECT id, s FROM a;
CREATE VIEW a_view_of_a_view AS SELECT id FROM first_view;
CREATE TRIGGER first_trigger BEFORE INSERT ON a FOR EACH ROW SET NEW.s = CONCAT(NEW.s, '
-- Table structure for table \`fake\`
INSERT INTO \`fake\` VALUES (1);
');
CREATE TRIGGER second_trigger AFTER DELETE ON a FOR EACH ROW DELETE FROM b WHERE id = OLD.id;
CREATE DEFINER=\`nobody TRIGGER\`@\`%\` PROCEDURE a_procedure() SELECT 1;
CREATE FUNCTION a_function() RETURNS INT DETERMINISTIC RETURN 3;
CREATE EVENT an_event ON SCHEDULE EVERY 1 DAY DO DELETE FROM a WHERE id = 99;
CREATE EVENT another_event ON SCHEDULE EVERY 1 HOUR DO DELETE FROM a WHERE id = 98;
`;

export const ZOO_ROWS = { 'types of all kinds': 3, 'back`tickž': 3, empty_one: 0, a: 3, b: 1 };
