import type { Manifest } from '../file/manifest.ts';
import { readHead } from '../file/table-section.ts';
import { parseCreateTable } from './create-table.ts';

/** The next AUTO_INCREMENT of these tables as the backup has it; not of one that counts nothing. Reads their definitions alone. */
export async function readCounters(
  file: string,
  { tables }: Pick<Manifest, 'tables'>,
  isWanted: (table: string) => boolean,
): Promise<Map<string, bigint>> {
  const found = new Map<string, bigint>();
  for (const { name, range } of tables) {
    if (!isWanted(name)) continue;
    const { create } = await readHead(file, range);
    const parsed = parseCreateTable(create);
    if (!parsed?.items.some((item) => /^`(?:[^`]|``)+` .*\bAUTO_INCREMENT\b/.test(withoutText(item)))) continue;
    const [, next] = /\bAUTO_INCREMENT=(\d+)/.exec(withoutText(parsed.closing)) ?? [];
    found.set(name, BigInt(next ?? 1));
  }
  return found;
}

/** A comment may say the same words. */
function withoutText(sql: string): string {
  return sql.replace(/'(?:[^'\\]|\\.|'')*'/g, "''");
}
