import type { Manifest, TableEntry } from '../file/manifest.ts';
import { readRange } from '../file/range.ts';
import { SectionDigest } from '../file/section-digest.ts';
import { readHead } from '../file/table-section.ts';

/** Quoted text first: a comment may say the same words. In partitions the equals sign stands between blanks. */
const QUOTED_OR_FOLDER = /(?:DATA|INDEX) DIRECTORY ?= ?'(?:[^'\\]|\\.|'')*' ?|'(?:[^'\\]|\\.|'')*'|`(?:[^`]|``)*`/g;
const NAMES_FOLDER = /(?:DATA|INDEX) DIRECTORY ?=/;

/**
 * The manifest's tables as they are after a load that ignored the folders that some are to lie in: a proof puts nothing in a
 * folder of production. Only the text of such tables is read.
 */
export async function withoutFolders(file: string, { tables }: Pick<Manifest, 'tables'>): Promise<TableEntry[]> {
  const found: TableEntry[] = [];
  for (const table of tables) {
    const { create } = await readHead(file, table.range);
    const text = leaveOutFolders(create);
    found.push(text === create ? table : { ...table, digest: await digestWith(file, table, create, text) });
  }
  return found;
}

/** The manifest's tables that lie in a folder of their own, or a part of them. */
export async function tablesInFolders(file: string, { tables }: Pick<Manifest, 'tables'>): Promise<string[]> {
  const found: string[] = [];
  for (const { name, range } of tables) {
    const { create } = await readHead(file, range);
    if (leaveOutFolders(create) !== create) found.push(name);
  }
  return found;
}

/** PURE: a CREATE TABLE without DATA DIRECTORY and INDEX DIRECTORY, as the server prints one that has none. */
export function leaveOutFolders(create: string): string {
  if (!NAMES_FOLDER.test(create)) return create;
  const text = create.replace(QUOTED_OR_FOLDER, (match) => (NAMES_FOLDER.test(match.slice(0, 17)) ? '' : match));
  return text === create ? create : text.replace(/ +$/gm, '');
}

async function digestWith(file: string, { range }: TableEntry, create: string, instead: string): Promise<string> {
  const digest = new SectionDigest();
  const from = Buffer.from(create, 'latin1');
  let head: Buffer | undefined = Buffer.alloc(0);
  for await (const chunk of readRange(file, range)) {
    if (!head) {
      digest.update(chunk);
      continue;
    }
    head = Buffer.concat([head, chunk]);
    const at = head.indexOf(from);
    if (at === -1) continue;
    digest.update(
      Buffer.concat([head.subarray(0, at), Buffer.from(instead, 'latin1'), head.subarray(at + from.length)]),
    );
    head = undefined;
  }
  return digest.hex();
}
