import { describe, expect, it } from 'vitest';
import { bodyLines, quoteText, withoutDatabase } from '../../src/schema/text.ts';

describe('the name of the database', () => {
  it.each([
    ['select `a-b`.`x`.`id` from `a-b`.`x`', 'select `x`.`id` from `x`'],
    ["'`a-b`.`x`' = `a-b`.`x`.`n`", "'`a-b`.`x`' = `x`.`n`"],
    ["'it''s `a-b`.' , `a-b`.`f`()", "'it''s `a-b`.' , `f`()"],
    ["'\\' `a-b`.`x`' , `a-b`.`x`", "'\\' `a-b`.`x`' , `x`"],
    ['`a``a-b`.`x`', '`a``a-b`.`x`'],
    ['`other`.`a-b`.`c`', '`other`.`a-b`.`c`'],
    ['nextval(`a-b`.`s`)', 'nextval(`s`)'],
  ])('is taken out of %s', (sql, expected) => {
    expect(withoutDatabase(sql, 'a-b')).toBe(expected);
  });

  it('may hold a backtick', () => {
    expect(withoutDatabase('select `a``b`.`x`.`id`', 'a`b')).toBe('select `x`.`id`');
  });
});

describe('text in a fact', () => {
  it('stays on its line', () => {
    expect(quoteText("it's\n\\n\r\0")).toBe("'it''s\\n\\\\n\\r\\0'");
  });

  it('of a body loses the semicolon that some clients leave', () => {
    expect(bodyLines('BEGIN\n  SELECT 1;\r\nEND;\n')).toEqual(['  BEGIN', '    SELECT 1;', '  END']);
    expect(bodyLines(null)).toEqual(['  (the body is hidden from this account)']);
  });
});
