import { groupBy } from '../../schema/group.ts';
import type { Manifest } from '../file/manifest.ts';
import { readHead } from '../file/table-section.ts';
import { parseCreateTable } from './create-table.ts';

/**
 * Tables with rows that came into the backup other than they were, and that only all of their values find again: an event of the
 * binary log that changes such a row looks for one that is not there. Only the definitions of such tables are read.
 */
export async function tablesNotFoundAgain(
  file: string,
  { losses = [], tables }: Pick<Manifest, 'losses' | 'tables'>,
): Promise<string[]> {
  const found: string[] = [];
  for (const [name, ofTable] of groupBy(losses, ({ table }) => table)) {
    const table = tables.find((one) => one.name === name);
    if (!table) continue;
    const { create } = await readHead(file, table.range);
    const lost = ofTable.map(({ column }) => column);
    if (!hasKeyBeside(Buffer.from(create, 'latin1').toString('utf8'), lost)) found.push(name);
  }
  return found;
}

/** PURE: has the table a primary key, or a unique one without NULL, that none of these columns is a part of? */
export function hasKeyBeside(create: string, lost: readonly string[]): boolean {
  const items = parseCreateTable(create)?.items ?? [];
  const columns = new Map(items.filter((item) => item.startsWith('`')).map((item) => [namesIn(item)[0] ?? '', item]));
  return items
    .filter((item) => /^(?:PRIMARY|UNIQUE) KEY /.test(item))
    .some((item) => {
      // Not those with an expression: what it is computed of is not looked at.
      if (item.includes('((')) return false;
      const names = namesIn(item.slice(item.indexOf(' (')));
      return names.every((name) => !lost.includes(name) && / NOT NULL\b/.test(columns.get(name) ?? ''));
    });
}

function namesIn(text: string): string[] {
  return (text.match(/`(?:[^`]|``)+`/g) ?? []).map((name) => name.slice(1, -1).replaceAll('``', '`'));
}
