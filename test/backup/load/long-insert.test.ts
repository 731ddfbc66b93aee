import { expect, test } from 'vitest';
import { splitInsert } from '../../../src/backup/load/long-insert.ts';
import { fitPackets } from '../../../src/backup/load/packets.ts';

const MARGIN = 1024;

async function fitted(sql: string, size: number, most = 200): Promise<string> {
  const bytes = Buffer.from(sql);
  async function* chunks() {
    for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
  }
  const parts: Buffer[] = [];
  for await (const part of fitPackets(chunks(), most + MARGIN)) parts.push(part);
  return Buffer.concat(parts).toString();
}

const SHORT = "INSERT INTO `t` VALUES (1,'INSERT INTO `t` VALUES (1);'),\n(2,NULL);\n";
const BODY = 'DELIMITER ;;\nBEGIN\nINSERT INTO `log` VALUES (1);\nEND;;\nDELIMITER ;\n';

test.each([1, 7, 1000])('what fits passes as it is, read by %i bytes', async (size) => {
  const sql = `-- INSERT INTO \`x\`\n${SHORT}${BODY}${SHORT}INS`;
  expect(await fitted(sql, size)).toBe(sql);
});

test.each([
  ['rows of MySQL', 'VALUES ', ','],
  ['rows of MariaDB', 'VALUES\n', ',\n'],
])('%s that are too many for one packet come in several', async (_, values, comma) => {
  const rows = Array.from({ length: 9 }, (_, n) => `(${n},'a),(\\' ${'x'.repeat(30)}''')`);
  const sql = `INSERT INTO \`VALUES\` (\`a\`) ${values}${rows.join(comma)};\n/*!40000 ALTER */;\n`;
  const statements = (await fitted(sql, 64)).split(';\n');
  expect(statements.slice(-2)).toEqual(['/*!40000 ALTER */', '']);
  const inserts = statements.slice(0, -2);
  expect(inserts.every((one) => one.startsWith('INSERT INTO `VALUES` (`a`) VALUES\n(') && one.length <= 200)).toBe(
    true,
  );
  expect(inserts.map((one) => one.slice(one.indexOf('\n') + 1)).join(',')).toBe(rows.join(','));
});

test('a row that is too long is put together, cut in no character and in no escape', () => {
  const value = "ü☃\\'\\\\\\0''".repeat(10);
  const sql = `INSERT INTO \`t\` VALUES (7,_binary '${value}',NULL);\n`;
  const statements = [...splitInsert(Buffer.from(sql), 160)].map(String);
  const pieces = statements.slice(0, -2).map((one) => /'(.*)'\)?;\n$/s.exec(one)?.[1] ?? '');
  expect(pieces.join('')).toBe(value);
  expect(pieces.every((piece) => !piece.includes('\ufffd') && /^(?:[^\\']|\\.|'')*$/s.test(piece))).toBe(true);
  expect(statements[0]).toMatch(/^SET @gateway_migrate_1 = _binary '/);
  expect(statements[1]).toMatch(/^SET @gateway_migrate_1 = CONCAT\(@gateway_migrate_1, _binary '/);
  expect(statements.slice(-2)).toEqual([
    'INSERT INTO `t` VALUES\n(7,@gateway_migrate_1,NULL);\n',
    'SET @gateway_migrate_1 = NULL;\n',
  ]);
  expect(statements.every((one) => Buffer.byteLength(one) <= 160)).toBe(true);
});

test('a value that no statement can put together is an error, and so is a row without an end', () => {
  const long = `INSERT INTO \`t\` VALUES ('${'x'.repeat(300)}');\n`;
  expect(() => [...splitInsert(Buffer.from(long), 200)]).toThrow(
    /^a value is longer than the 200 bytes that max_allowed_packet leaves for it$/,
  );
  expect(() => [...splitInsert(Buffer.from("INSERT INTO `t` VALUES ('x"), 20)]).toThrow(
    /^a row of the dump has no end$/,
  );
});
