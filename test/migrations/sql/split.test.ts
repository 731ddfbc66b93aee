import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { DEFAULT_MODES } from '../../../src/migrations/sql/lexer.ts';
import { splitScript } from '../../../src/migrations/sql/split.ts';

function statementsOf(text: string): string[] {
  return splitScript(text).pieces.flatMap((piece) => (piece.type === 'statement' ? [piece.text] : []));
}

function problemsOf(text: string): string[] {
  return splitScript(text).problems.map(({ line, what, remedy }) => `${line}: ${what}; ${remedy}`);
}

describe('splitScript', () => {
  test.each([
    ['two statements', 'SELECT 1; SELECT 2', ['SELECT 1', 'SELECT 2']],
    ['empty statements', ';;\n; SELECT 1 ;;', ['SELECT 1']],
    ['nothing but comments', '-- a;\n# b;\n/* c; */', []],
    ['two dashes without white space', 'SELECT 1--1; SELECT 2', ['SELECT 1--1', 'SELECT 2']],
    ['two dashes before a tab', "SELECT 1 --\tit's\n; SELECT 2", ['SELECT 1', 'SELECT 2']],
    ['two dashes at the end', 'SELECT 1 --', ['SELECT 1']],
    ['a hash comment', "SELECT 1 # it's;\n; SELECT 2", ['SELECT 1', 'SELECT 2']],
    ['comments do not nest', 'SELECT /* a /* b */ 1; SELECT 2', ['SELECT /* a /* b */ 1', 'SELECT 2']],
    ['a comment that looks closed', 'SELECT /*/ ; */ 1; SELECT 2', ['SELECT /*/ ; */ 1', 'SELECT 2']],
    ['an optimizer hint', 'SELECT /*+ MAX_EXECUTION_TIME(1) */ 1;', ['SELECT /*+ MAX_EXECUTION_TIME(1) */ 1']],
    ['a version comment', "/*!50000 SELECT '*/;' */; SELECT 2", ["/*!50000 SELECT '*/;' */", 'SELECT 2']],
    [
      'a comment in one of MariaDB',
      '/*M!100100 SELECT 1 /* ; */ */; SELECT 2',
      ['/*M!100100 SELECT 1 /* ; */ */', 'SELECT 2'],
    ],
    ['the sandbox line of dumps', '/*M!999999\\- enable the sandbox mode */ \nSELECT 1;', ['SELECT 1']],
    [
      'doubled quotes',
      'SELECT \'a\'\';\', "b"";", `c``;`; SELECT 2',
      ['SELECT \'a\'\';\', "b"";", `c``;`', 'SELECT 2'],
    ],
    ['escaped quotes', 'SELECT \'a\\\';\', "b\\";"; SELECT 2', ['SELECT \'a\\\';\', "b\\";"', 'SELECT 2']],
    ['a backslash in a name', 'SELECT `a\\`; SELECT 2', ['SELECT `a\\`', 'SELECT 2']],
    ['comments in literals', "SELECT '-- a', '# b', '/* c'; SELECT 2", ["SELECT '-- a', '# b', '/* c'", 'SELECT 2']],
    ['CRLF', 'SELECT 1; -- a\r\nSELECT 2;\r\n', ['SELECT 1', 'SELECT 2']],
    ['a byte order mark', '\ufeffSELECT 1;', ['SELECT 1']],
  ])('%s', (_, text, expected) => {
    expect(statementsOf(text)).toEqual(expected);
    expect(problemsOf(text)).toEqual([]);
  });

  test.each([
    [
      'set and back',
      'DELIMITER //\nSELECT 1; SELECT 2//\nDELIMITER ;\nSELECT 3;',
      ['SELECT 1', 'SELECT 2', 'SELECT 3'],
    ],
    ['any case, indented, CRLF', ' delimiter $$\r\nSELECT 1$$\r\ndelimiter ;\r\nSELECT 2', ['SELECT 1', 'SELECT 2']],
    ['a word as delimiter', 'DELIMITER go\nSELECT 1 go\nDELIMITER ;\n', ['SELECT 1']],
    ['within a word', 'DELIMITER $$\nSELECT a$$\nDELIMITER ;', ['SELECT a']],
    ['a comment behind it', 'DELIMITER // -- x\nSELECT 1//\nDELIMITER ;', ['SELECT 1']],
    ['in a literal', "SELECT 'a\nDELIMITER //\n'; SELECT 2", ["SELECT 'a\nDELIMITER //\n'", 'SELECT 2']],
    ['not first on its line', 'SELECT 1 AS delimiter ; SELECT 2', ['SELECT 1 AS delimiter', 'SELECT 2']],
    ['a comment as delimiter', 'DELIMITER #\nSELECT 1#\nDELIMITER ;', ['SELECT 1']],
    [
      'a body and a delimiter',
      'DELIMITER //\nCREATE PROCEDURE p()\nBEGIN\n  SELECT 1;\nEND//\nDELIMITER ;',
      ['CREATE PROCEDURE p()\nBEGIN\n  SELECT 1;\nEND'],
    ],
  ])('DELIMITER: %s', (_, text, expected) => {
    expect(statementsOf(text)).toEqual(expected);
    expect(problemsOf(text)).toEqual([]);
  });

  test.each([
    'CREATE PROCEDURE p() BEGIN SELECT 1; SELECT 2; END',
    'CREATE DEFINER=`begin`@`%` PROCEDURE p() BEGIN IF a THEN BEGIN END; ELSEIF b THEN SELECT 2; END IF; SELECT 3; END',
    'CREATE TRIGGER t BEFORE INSERT ON a FOR EACH ROW IF NEW.begin > IF(1, 2, 3) THEN SET NEW.end = 1; END IF',
    'CREATE TRIGGER t BEFORE INSERT ON a FOR EACH ROW SET NEW.x = CASE WHEN NEW.y THEN 1 ELSE 2 END',
    'CREATE FUNCTION f() RETURNS INT BEGIN CASE x WHEN 1 THEN SET a = 1; ELSE BEGIN END; END CASE; RETURN 1; END',
    "CREATE FUNCTION f() RETURNS TEXT RETURN REPEAT('a', 3)",
    'CREATE PROCEDURE p() BEGIN l: LOOP SET a = REPEAT(1, 2); LEAVE l; END LOOP l; SELECT 1; END',
    'CREATE PROCEDURE p() REPEAT SET a = 1; UNTIL a END REPEAT',
    'CREATE PROCEDURE p() WHILE a DO SET a = 0; END WHILE',
    'CREATE PROCEDURE p() FOR i IN 1..3 DO SELECT i; END FOR',
    'CREATE PROCEDURE p() BEGIN DECLARE c CURSOR FOR SELECT a FROM t FOR UPDATE; OPEN c; END',
    'CREATE PROCEDURE p() BEGIN DECLARE EXIT HANDLER FOR NOT FOUND BEGIN SELECT 1; END; SELECT 2; END',
    'CREATE PROCEDURE p() BEGIN SELECT begin, end FROM t; SELECT 2; END',
    'CREATE EVENT e ON SCHEDULE EVERY 1 DAY DO BEGIN DELETE FROM a; DELETE FROM b; END',
    '/*!50003 CREATE*/ /*!50017 DEFINER=`a`@`b`*/ /*!50003 TRIGGER t BEFORE INSERT ON a FOR EACH ROW BEGIN SET @a = 1; END */',
    'BEGIN NOT ATOMIC SELECT 1; SELECT 2; END',
    "CREATE FUNCTION f() RETURNS INT LANGUAGE JAVASCRIPT AS $js$ let a = 'it'; return 1; // it's $js$",
  ])('keeps a body together without DELIMITER: %s', (text) => {
    expect(statementsOf(`SELECT 0; ${text}; SELECT 9`)).toEqual(['SELECT 0', text, 'SELECT 9']);
  });

  test('a transaction is no body', () => {
    expect(statementsOf('BEGIN; SELECT 1; COMMIT;')).toEqual(['BEGIN', 'SELECT 1', 'COMMIT']);
  });

  test.each([
    ["SELECT 1;\nSELECT 'a", ["2: quote ' is never closed; close it with '"]],
    ['SELECT `a', ['1: quote ` is never closed; close it with `']],
    ['SELECT 1 /* a', ['1: comment /* is never closed; close it with */']],
    ['/*!50000 SELECT 1', ['1: version comment /*! is never closed; close it with */']],
    ['\nCREATE PROCEDURE p() BEGIN SELECT 1;', ['2: BEGIN without its END; end the body with END;']],
    [
      'DELIMITER //\nSELECT 1//',
      ['1: DELIMITER // is never set back; write DELIMITER ; after the last statement that needs it'],
    ],
    ['DELIMITER\nSELECT 1;', ['1: DELIMITER without a delimiter; write for example: DELIMITER //']],
    ['DELIMITER \\\nSELECT 1;', ['1: DELIMITER with a backslash; write for example: DELIMITER //']],
  ])('says what is left open: %j', (text, expected) => {
    expect(problemsOf(text)).toEqual(expected);
  });

  test('follows sql_mode', () => {
    expect(
      statementsOf("SET sql_mode = 'NO_BACKSLASH_ESCAPES'; SELECT '\\'; SET sql_mode = ''; SELECT '\\';'"),
    ).toEqual(["SET sql_mode = 'NO_BACKSLASH_ESCAPES'", "SELECT '\\'", "SET sql_mode = ''", "SELECT '\\';'"]);
    expect(statementsOf('SET sql_mode = \'ANSI_QUOTES\'; SELECT "\\"; SELECT 2')).toHaveLength(3);
  });

  test('tells how each statement is to be read', () => {
    const { pieces } = splitScript(
      "SELECT 1; SET sql_mode = 'ANSI_QUOTES'; DROP TABLE \"a\"; SET sql_mode = ''; SELECT 2",
    );
    const ansi = pieces.map((piece) => piece.type === 'statement' && piece.modes.ansiQuotes);
    expect(ansi).toEqual([false, false, true, true, false]);
  });

  test('knows on which line a statement begins', () => {
    const { pieces } = splitScript('-- migrate:up\n-- a\n\nSELECT 1;\r\n\tSELECT\n2;\n-- migrate:down x\n');
    expect(pieces).toEqual([
      { type: 'section', name: 'up', argument: '', line: 1 },
      { type: 'statement', text: 'SELECT 1', line: 4, modes: DEFAULT_MODES },
      { type: 'statement', text: 'SELECT\n2', line: 5, modes: DEFAULT_MODES },
      { type: 'section', name: 'down', argument: 'x', line: 7 },
    ]);
  });

  test('takes a heading only where it is a comment of its own', () => {
    const text = "SELECT '\n-- migrate:down\n', `\n-- migrate:down\n` /*\n-- migrate:down\n*/;\n  -- migrate:down";
    expect(splitScript(text).pieces.map(({ type }) => type)).toEqual(['statement']);
  });
});

const literal = fc.oneof(
  fc
    .string({
      unit: fc.constantFrom('a', ';', '-- ', '#', '/*', '*/', '\n', '"', '`', "''", '\\\\', "\\'", 'DELIMITER //\n'),
    })
    .map((text) => `'${text}'`),
  fc.string({ unit: fc.constantFrom('b', ';', "'", '""', '\\"', '-- ', '\r\n', '//') }).map((text) => `"${text}"`),
  fc.string({ unit: fc.constantFrom('c', ';', "'", '``', '\\', '/*!', '\n') }).map((text) => `\`${text}\``),
);
const comment = fc.oneof(
  fc.string({ unit: fc.constantFrom('x', ';', "'", '`', '/*', '--') }).map((text) => `-- ${text}\n`),
  fc.string({ unit: fc.constantFrom('x', ';', "'", '"', '/*') }).map((text) => `#${text}\r\n`),
  fc.string({ unit: fc.constantFrom('x', ';', "'", '\n', '-- ', '# ') }).map((text) => `/* ${text} */`),
);
const word = fc.constantFrom('a', '1', '1--1', '(', ')', ',', '@b', '=', '/*!50000 c */', '/*!99999 ; */', 'é');
const routine = fc
  .array(
    fc.tuple(literal, comment).map(([text, note]) => `${note} SET a = ${text};`),
    { maxLength: 3 },
  )
  .map((statements) => `CREATE PROCEDURE p() BEGIN ${statements.join(' ')} END`);
const plainStatement = fc
  .array(fc.oneof(word, literal, comment), { maxLength: 8 })
  .map((parts) => `SELECT ${parts.join(' ')} z`);
const statement = fc.oneof({ weight: 3, arbitrary: plainStatement }, { weight: 1, arbitrary: routine });

describe('splitScript, properties', () => {
  test('what was joined is split again', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(statement, comment)), (parts) => {
        const text = parts.map(([sql, note]) => `${note}${sql} ;${note}`).join('\n');
        expect(statementsOf(text)).toEqual(parts.map(([sql]) => sql));
        expect(problemsOf(text)).toEqual([]);
      }),
    );
  });

  test('under any delimiter too', () => {
    const delimiter = fc.constantFrom('//', '$$', '|', ';;', '~~~', 'STOP');
    fc.assert(
      fc.property(fc.array(routine, { minLength: 1 }), delimiter, (routines, end) => {
        const text = `DELIMITER ${end}\n${routines.map((sql) => `${sql}${end}`).join('\n')}\nDELIMITER ;\n`;
        expect(statementsOf(text)).toEqual(routines);
      }),
    );
  });

  test('never throws, and keeps statements in the order and text of the file', () => {
    const fragment = fc.constantFrom(
      "'",
      '"',
      '`',
      ';',
      '\\',
      '/*',
      '*/',
      '/*!',
      '--',
      '-- ',
      '#',
      '\n',
      'DELIMITER ',
      '//',
      'BEGIN ',
      'END',
      'CREATE TRIGGER ',
      '$$',
      'AS ',
      '-- migrate:up\n',
      ' ',
    );
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.string({ unit: fragment, maxLength: 40 })), (text) => {
        let from = 0;
        for (const sql of statementsOf(text)) {
          const at = text.indexOf(sql, from);
          expect(at).toBeGreaterThanOrEqual(from);
          from = at + sql.length;
        }
      }),
      { numRuns: 1000 },
    );
  });

  test('reads 10 MB in one statement', () => {
    const rows = "(1, 'it''s; -- \\' a', NOW()),\n".repeat(350_000);
    const sql = `INSERT INTO t VALUES ${rows}(2, '', NULL)`;
    expect(sql.length).toBeGreaterThan(10_000_000);
    expect(statementsOf(`${sql}; SELECT 1;`)).toEqual([sql, 'SELECT 1']);
  });
});
