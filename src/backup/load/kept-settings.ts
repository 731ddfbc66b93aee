import { messageOf } from '../../errors.ts';
import type { Manifest } from '../file/manifest.ts';
import { readHead } from '../file/table-section.ts';
import { ADDS_A_COLUMN, type Admission, describeKept, type KeptSetting, refusedFor } from './admission.ts';
import { parseCreateTable, withoutQuoted } from './create-table.ts';

/** Throws where tables of the backup would come in with a column more, before one is loaded. */
export async function requireAsTheyAre(
  file: string,
  manifest: Pick<Manifest, 'tables'> | undefined,
  { kept }: Pick<Admission, 'kept'>,
): Promise<void> {
  const adding = addingColumn(kept);
  if (!adding) return;
  const keyless: string[] = [];
  for (const { name, range } of manifest?.tables ?? []) {
    if (getsColumn((await readHead(file, range)).create)) keyless.push(name);
  }
  if (manifest && keyless.length === 0) return;
  const which = manifest ? keyless.join(', ') : 'tables without a primary key';
  throw new Error(`${which} would get a column: ${describeKept(adding)}`);
}

export function addingColumn(kept: readonly KeptSetting[]): KeptSetting | undefined {
  return kept.find(({ name }) => name === ADDS_A_COLUMN);
}

/** PURE: whether the server adds a primary key to what this CREATE TABLE makes. */
export function getsColumn(create: string): boolean {
  const parts = parseCreateTable(create);
  if (!parts || !/\bENGINE ?= ?InnoDB\b/i.test(withoutQuoted(parts.closing))) return false;
  return !parts.items.some((item) => /^PRIMARY KEY\b/i.test(item));
}

/** Does it; where the server refuses for a setting that the account may not change, the error says so. */
export async function tellingKept<T>({ kept }: Pick<Admission, 'kept'>, act: () => Promise<T>): Promise<T> {
  try {
    return await act();
  } catch (error) {
    const message = messageOf(error);
    const setting = refusedFor(message, (error as { errno?: number }).errno, kept);
    if (!setting) throw error;
    throw Object.assign(new Error(`${message}; ${describeKept(setting)}`, { cause: error }), {
      errno: (error as { errno?: number }).errno,
    });
  }
}
