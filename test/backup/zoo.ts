import type { ServerKind } from '../support/installed.ts';

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
CREATE TABLE extremes (
  id INT NOT NULL PRIMARY KEY, whole INT, whole_unsigned INT UNSIGNED, tiny_unsigned TINYINT UNSIGNED, small_signed SMALLINT,
  medium_unsigned MEDIUMINT UNSIGNED, big_unsigned BIGINT UNSIGNED, one_bit BIT(1), all_bits BIT(64), truth BOOLEAN,
  long_exact DECIMAL(65,0), small_exact DECIMAL(30,30), tiny_double DOUBLE, large_float FLOAT, filled INT(5) UNSIGNED ZEROFILL,
  tiny_text TINYTEXT, medium_text MEDIUMTEXT, plain_text TEXT, tiny_blob TINYBLOB, medium_blob MEDIUMBLOB, plain_blob BLOB,
  old_chinese VARCHAR(20) CHARACTER SET gbk, old_western VARCHAR(255) CHARACTER SET latin1, wide VARCHAR(20) CHARACTER SET utf8mb4,
  spot POINT, way LINESTRING, area POLYGON, spots MULTIPOINT, ways MULTILINESTRING, areas MULTIPOLYGON, all_places GEOMETRYCOLLECTION,
  many ENUM('', 'ä', '€') DEFAULT '€', first_moment DATETIME, first_stamp TIMESTAMP(6) NULL, clock_six TIME(6), doc JSON
);
INSERT INTO extremes VALUES
  (2147483647, 2147483647, 4294967295, 255, 32767, 16777215, 18446744073709551615, b'1', 0xffffffffffffffff, TRUE, REPEAT('9', 65),
   0.000000000000000000000000000001, 2.2250738585072014e-308, 3.402823e38, 42, REPEAT('t', 255), REPEAT('ß', 70000), REPEAT('ü', 32767), REPEAT(x'00', 255),
   REPEAT(x'27', 70000), REPEAT(x'5c', 65535), CONVERT(x'd55c8b5c815c' USING gbk), REPEAT(CONVERT(x'e4805c27' USING latin1), 50), '👩‍👩‍👧‍👦𝒳',
   ST_GeomFromText('POINT(-1e300 1e-300)'), ST_GeomFromText('LINESTRING(0 0,1 1)'), ST_GeomFromText('POLYGON((0 0,9 0,9 9,0 0),(2 1,3 1,3 2,2 1))'),
   ST_GeomFromText('MULTIPOINT(0 0,1 1)'), ST_GeomFromText('MULTILINESTRING((0 0,1 1),(2 2,3 3))'), ST_GeomFromText('MULTIPOLYGON(((0 0,1 0,1 1,0 0)))'),
   ST_GeomFromText('GEOMETRYCOLLECTION(POINT(1 1),LINESTRING(0 0,1 1))'), 'ä', '1000-01-01 00:00:00', '1970-01-01 00:00:01.000001', '838:59:58.999999',
   '{"deep": [[[{"ключ": "\\\\u0000"}]]], "number": 123456789012345678901234567890}'),
  (-2147483648, -2147483648, 0, 0, -32768, 0, 0, b'0', 0, FALSE, CONCAT('-', REPEAT('9', 65)), -0.000000000000000000000000000001, -2.2250738585072014e-308,
   -3.402823e38, 0, '', '', '', '', '', '', '', '', '', NULL, NULL, NULL, NULL, NULL, NULL, NULL, '', '9999-12-31 23:59:59', '2038-01-19 03:14:07.999999',
   '-838:59:58.999999', 'null');
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
DELIMITER //
CREATE PROCEDURE with_comments() BEGIN
  SELECT 1 -- one; it's "two"
    + 2; # DELIMITER ;
  /* a /; block */ SELECT 3 /* in the middle */ + 4; -- Table structure for table \`fake\`
END//
DELIMITER ;
CREATE FUNCTION a_function() RETURNS INT DETERMINISTIC RETURN 3;
CREATE EVENT an_event ON SCHEDULE EVERY 1 DAY DO DELETE FROM a WHERE id = 99;
CREATE EVENT another_event ON SCHEDULE EVERY 1 HOUR DO DELETE FROM a WHERE id = 98;
SET sql_mode = 'ANSI_QUOTES,PIPES_AS_CONCAT,NO_BACKSLASH_ESCAPES';
CREATE DEFINER="n'o ""b\`ody"@"%" FUNCTION "an ansi function"() RETURNS VARCHAR(9) DETERMINISTIC RETURN 'a\\' || "version"();
CREATE TRIGGER "an ansi trigger" BEFORE UPDATE ON "a" FOR EACH ROW SET NEW."s" = NEW."s" || '\\';
CREATE EVENT "an ansi event" ON SCHEDULE EVERY 1 DAY DISABLE DO DELETE FROM "a" WHERE "s" = '\\';
SET sql_mode = DEFAULT;
`;

export const ZOO_ROWS = { 'types of all kinds': 3, extremes: 2, 'back`tickž': 3, empty_one: 0, a: 3, b: 1 };

/** Tables whose indexes can be built after the rows, next to those where they must not. */
export const KEYS = `
CREATE TABLE \`the \`\`parent\`\` ☃\` (
  id BIGINT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY, code VARCHAR(20) NOT NULL, other INT, \`a,b)\` INT,
  note VARCHAR(300) COMMENT 'KEY \`x\` (\`y\`), CONSTRAINT', text_key TEXT, up BIGINT UNSIGNED,
  UNIQUE KEY \`code, or )\` (code), KEY other (other DESC, code), KEY \`a,b)\` (\`a,b)\`), KEY prefix (text_key(20)),
  CONSTRAINT itself FOREIGN KEY (up) REFERENCES \`the \`\`parent\`\` ☃\` (id),
  CHECK (note <> 'a,
(b')
) AUTO_INCREMENT=4711 COMMENT 'PARTITION BY x';
INSERT INTO \`the \`\`parent\`\` ☃\` (id, code, other, \`a,b)\`, note, up) VALUES (1, 'a', 1, 3, 'x', NULL), (2, 'b', 2, 2, 'y', 1), (3, 'c', NULL, NULL, NULL, 3);
CREATE TABLE child (id INT NOT NULL, seq INT NOT NULL, parent BIGINT UNSIGNED, second BIGINT UNSIGNED, own INT,
  PRIMARY KEY (id, seq), UNIQUE KEY own (own), KEY aaa (second),
  CONSTRAINT z_first FOREIGN KEY (parent) REFERENCES \`the \`\`parent\`\` ☃\` (id) ON DELETE CASCADE ON UPDATE CASCADE,
  CONSTRAINT a_second FOREIGN KEY (second) REFERENCES \`the \`\`parent\`\` ☃\` (id)) COMMENT '\n/*!40000 ALTER TABLE \`x\` DISABLE KEYS */;\n';
INSERT INTO child VALUES (1, 1, 1, 2, 3), (1, 2, NULL, NULL, NULL), (2, 1, 3, 3, 4);
CREATE TABLE grandchild (a INT, b INT, c INT, UNIQUE KEY not_null (c), KEY b (b), KEY a (a, b), CONSTRAINT by_own FOREIGN KEY (a) REFERENCES child (own));
INSERT INTO grandchild VALUES (3, 1, 1), (4, 2, 2), (NULL, NULL, NULL);
CREATE TABLE no_primary (a INT NOT NULL, b INT NOT NULL, UNIQUE KEY a (a), KEY b (b), UNIQUE KEY ba (b, a));
INSERT INTO no_primary VALUES (1, 1), (2, 1);
CREATE TABLE counts_elsewhere (a INT NOT NULL, n INT NOT NULL AUTO_INCREMENT, PRIMARY KEY (a), KEY n (n));
INSERT INTO counts_elsewhere (a) VALUES (4), (5);
CREATE TABLE words (id INT PRIMARY KEY, k INT, t TEXT, g GEOMETRY NOT NULL, FULLTEXT KEY t (t), SPATIAL KEY g (g), KEY k (k));
INSERT INTO words VALUES (1, 2, 'a few words', ST_GeomFromText('POINT(1 2)'));
CREATE TABLE computed (id INT PRIMARY KEY, a INT, b INT AS (a + 1) VIRTUAL, c INT AS (a * 2) STORED, KEY b (b), KEY c (c, a));
INSERT INTO computed (id, a) VALUES (1, 2), (3, 4);
CREATE TABLE parts (id INT, d DATE, KEY d (d)) PARTITION BY RANGE (YEAR(d)) (PARTITION p0 VALUES LESS THAN (2020), PARTITION p1 VALUES LESS THAN MAXVALUE);
INSERT INTO parts VALUES (1, '2019-01-01'), (2, '2024-01-01');
CREATE TABLE old_engine (id INT PRIMARY KEY, a INT, KEY a (a)) ENGINE=MyISAM;
INSERT INTO old_engine VALUES (1, 1);
CREATE TABLE fired (id INT PRIMARY KEY AUTO_INCREMENT, what VARCHAR(40), KEY what (what));
CREATE TRIGGER z_one AFTER INSERT ON child FOR EACH ROW INSERT INTO fired (what) VALUES ('one');
CREATE TRIGGER a_two AFTER INSERT ON child FOR EACH ROW INSERT INTO fired (what) VALUES ('
/*!40000 ALTER TABLE \`x\` ENABLE KEYS */;
');
CREATE TRIGGER b_three AFTER INSERT ON child FOR EACH ROW PRECEDES a_two INSERT INTO fired (what) VALUES ('three');
`;

/** What only one of the servers has. */
export const OF_ONE: Readonly<Record<ServerKind, string>> = {
  mysql: `
CREATE TABLE functional (id INT PRIMARY KEY, s VARCHAR(20), j JSON, KEY f ((LOWER(s))), KEY m ((CAST(j->'$.a' AS UNSIGNED ARRAY))), KEY s (s));
INSERT INTO functional VALUES (1, 'A', '{"a": [1, 2]}');
CREATE TABLE invisible (id INT PRIMARY KEY, a INT, b INT INVISIBLE, KEY a (a) INVISIBLE, UNIQUE KEY b (b) COMMENT 'it''s, (');
INSERT INTO invisible (id, a, b) VALUES (1, 2, 3);
CREATE TABLE vectors (id INT PRIMARY KEY, v VECTOR(3));
INSERT INTO vectors VALUES (1, TO_VECTOR('[1,-2.5,3e38]'));`,
  mariadb: `
CREATE TABLE addresses (id UUID PRIMARY KEY, six INET6, four INET4);
INSERT INTO addresses VALUES ('123e4567-e89b-12d3-a456-426655440000', 'ffff::255.255.255.255', '255.255.255.255');
CREATE SEQUENCE numbers START WITH 100;
CREATE TABLE drawn (id INT PRIMARY KEY, n BIGINT DEFAULT (NEXT VALUE FOR numbers), KEY n (n));
INSERT INTO drawn (id) VALUES (1), (2);
CREATE TABLE versioned (id INT PRIMARY KEY, a INT, KEY a (a)) WITH SYSTEM VERSIONING;
INSERT INTO versioned VALUES (1, 2); UPDATE versioned SET a = 3; DELETE FROM versioned; INSERT INTO versioned VALUES (5, 5);
CREATE TABLE versioned_by_name (id INT PRIMARY KEY, a INT, s TIMESTAMP(6) GENERATED ALWAYS AS ROW START INVISIBLE,
  e TIMESTAMP(6) GENERATED ALWAYS AS ROW END INVISIBLE, PERIOD FOR SYSTEM_TIME (s, e)) WITH SYSTEM VERSIONING;
INSERT INTO versioned_by_name (id, a) VALUES (1, 2); UPDATE versioned_by_name SET a = 3;
CREATE TABLE long_unique (id INT PRIMARY KEY, t TEXT, k INT, UNIQUE KEY t (t), KEY k (k));
INSERT INTO long_unique VALUES (1, 'x', 2);
CREATE TABLE periods (id INT, s DATE, e DATE, PERIOD FOR p (s, e), UNIQUE KEY o (id, p WITHOUT OVERLAPS), KEY id (id));
CREATE TABLE ignored (id INT PRIMARY KEY, a INT, KEY a (a) IGNORED);
/*M!110700 CREATE TABLE vectors (id INT PRIMARY KEY, v VECTOR(3) NOT NULL, k INT, VECTOR INDEX v (v), KEY k (k)) */;
/*M!110700 INSERT INTO vectors VALUES (1, VEC_FromText('[1,-2.5,27]'), 2), (2, VEC_FromText('[0,0.1,-39]'), 1) */;
/*M!110700 CREATE TABLE far_times (id INT PRIMARY KEY, t TIMESTAMP(6) NULL) */;
/*M!110700 INSERT INTO far_times VALUES (1, '2106-02-07 06:28:15.999999'), (2, '2038-01-19 03:14:08') */;`,
};
