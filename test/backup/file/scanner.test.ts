import { expect, it } from 'vitest';
import { DumpScanner } from '../../../src/backup/file/scanner.ts';

/** Rows as the two dump programs write them: all in a line, or each on its own. */
const HEAD = '-- Table structure for table `calls`\n\nCREATE TABLE `calls` (\n  `VALUES` int\n);\n';
const IN_A_LINE = `${HEAD}INSERT INTO \`calls\` VALUES (1,'a;'),(2,'(\\n;'),(3,'it''s \\\\');\nINSERT INTO \`calls\` VALUES (4,NULL);\n`;
const A_LINE_EACH = `${HEAD}INSERT INTO \`calls\` (\`VALUES\`, b) VALUES\n(1,'a;'),\n(2,'(\\n;'),\n(3,'it''s \\\\');\nINSERT INTO \`calls\` VALUES\n(4,NULL);\n`;
const END = '-- Dump completed on 2026-01-01  0:00:00\n';

it.each([IN_A_LINE, A_LINE_EACH])('counts rows, wherever the bytes are cut: %s', (table) => {
  const text = Buffer.from(`/*!40101 SET NAMES utf8mb4 */;\n${table}${HEAD.replace('calls', 'others')}${END}`);
  for (const size of [1, 2, 3, 7, 64, text.length]) {
    const scanner = new DumpScanner();
    const rows = new Map<string | undefined, number>();
    let section: string | undefined;
    let read = '';
    for (let at = 0; at < text.length; at += size) {
      for (const piece of scanner.read(Buffer.from(text.subarray(at, at + size)))) {
        section = piece.begins?.name ?? section;
        rows.set(section, (rows.get(section) ?? 0) + piece.rows);
        read += piece.bytes.toString();
      }
    }
    expect(Object.fromEntries(rows)).toEqual({ undefined: 0, calls: 4, others: 0 });
    expect(read).toBe(text.toString());
    expect(scanner.isComplete).toBe(true);
  }
});
