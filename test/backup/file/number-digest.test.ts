import { expect, test } from 'vitest';
import { NumberDigest } from '../../../src/backup/file/number-digest.ts';
import { SectionDigest } from '../../../src/backup/file/section-digest.ts';

const COLUMNS = ['id', 'd', 'doc', 'v'];

function digest(...parts: string[]): string {
  const numbers = new NumberDigest(COLUMNS, new Set(['doc']));
  for (const part of parts) numbers.update(Buffer.from(part, 'latin1'));
  return numbers.hex();
}

/** As the dump program escapes it. */
function quoted(value: string): string {
  return `'${value.replace(/['"\\]/g, '\\$&')}'`;
}

const withDoc = (json: string) => `INSERT INTO \`t\` VALUES (1,1.0,${quoted(json)},NULL);\n`;

test.each([
  ['{"price": 10.50}', '{"price": 10.5}', true],
  ['[7.000, -0.10]', '[7.0, -0.1]', true],
  ['[100000000000000000000.0]', '[1e20]', true],
  ['[0.1]', '[0.10000000000000001]', true],
  ['[10.50]', '[10.51]', false],
  ['[1.5]', '["1.5"]', false],
  ['[10]', '[100]', false],
  ['["1.50"]', '["1.5"]', false],
  ['{"1.50": 1}', '{"1.5": 1}', false],
  ['["\\"1.50"]', '["\\"1.5"]', false],
  ['["\\\\", 1.50]', '["\\\\", 1.5]', true],
  ['["it\'s \\u0000 \\n", 1.50]', '["it\'s \\u0000 \\n", 1.5]', true],
])('in JSON: %s and %s', (one, other, isSame) => {
  expect(digest(withDoc(one)) === digest(withDoc(other))).toBe(isSame);
});

/** Rows of `id, d, doc, v`, the JSON in the third column. */
test.each([
  ['a DECIMAL', "(1,1.50,'1',NULL)", "(1,1.5,'1',NULL)"],
  ['a DECIMAL, alike as a double', "(1,12345678901234567890.10,'1',NULL)", "(1,12345678901234567891.10,'1',NULL)"],
  ['a text', "(1,1,'1','1.10')", "(1,1,'1','1.1')"],
  ['bytes', "(1,1,'1',_binary '1.10')", "(1,1,'1',_binary '1.1')"],
  ['a text behind one with parentheses and quotes', "(1,1,'1','),(\\'1.10')", "(1,1,'1','),(\\'1.1')"],
  ['the second row', "(1,1,'1',NULL),\n(2,1.10,'1',NULL)", "(1,1,'1',NULL),\n(2,1.1,'1',NULL)"],
])('outside of JSON counts each digit: %s', (_, one, other) => {
  const rows = (values: string) => digest(`INSERT INTO \`t\` VALUES\n${values};\n`);
  expect(rows(one)).not.toBe(rows(other));
});

test('columns are those that the INSERT names, where it does', () => {
  const rows = (doc: string, v: string) => digest(`INSERT INTO \`t\` (\`v\`, \`doc\`) VALUES (${v},${doc});\n`);
  expect(rows("'1.50'", "'x'")).toBe(rows("'1.5'", "'x'"));
  expect(rows("'1'", "'1.50'")).not.toBe(rows("'1'", "'1.5'"));
});

test('wherever the text is cut', () => {
  const text = `${withDoc('{"a": -12.250e-3, "b": [1.0, 2.50, "it\\"s 1.0"]}')}(1.50)\n${withDoc('3.140')}UPDATE t SET d = 1.50;\n`;
  for (let at = 0; at <= text.length; at++)
    expect([at, digest(text.slice(0, at), text.slice(at))]).toEqual([at, digest(text)]);
  expect(digest(...text)).toBe(digest(text));
});

test('a section knows from its definition which columns are JSON', () => {
  const numbersOf = (row: string, type = 'json') => {
    const section = new SectionDigest();
    const head = `CREATE TABLE \`t\` (\n  \`d\` decimal(30,2) DEFAULT NULL,\n  \`a\`\`b\` ${type},\n  KEY \`json\` (\`d\`)\n);\n/*!40000 ALTER TABLE \`t\` DISABLE KEYS */;\n`;
    section.update(Buffer.from(`${head}INSERT INTO \`t\` VALUES ${row};\n`));
    return section.numbersHex();
  };
  expect(numbersOf("(1.50,'1.50')")).toBe(numbersOf("(1.50,'1.5')"));
  expect(numbersOf("(1.50,'1.50')")).not.toBe(numbersOf("(1.5,'1.50')"));
  expect(numbersOf("(1.50,'1.50')", 'longtext')).toBeUndefined();
});
