import { type Additions, columnId } from '../migrations/inverse/additions.ts';
import type { SavedTable } from './step.ts';

/** What a rollback has saved: from the run's record, and from the file itself. */
export interface SavedFile {
  readonly file: string;
  /** When the rollback began, ISO 8601. */
  readonly savedAt: string;
  /** Those that it undid. */
  readonly versions: readonly string[];
  readonly tables: readonly { readonly name: string; readonly rows: number; readonly columns: readonly string[] }[];
}

/** What of a file a deploy brings back. */
export interface ChosenRows {
  readonly file: string;
  readonly savedAt: string;
  readonly tables: readonly (SavedTable & { readonly rows: number })[];
}

/**
 * PURE: which rows and values come back with these migrations, and from which of the files (newest first): each from the
 * newest that was saved for the version that makes its table or adds its column. `present` tells the columns that a
 * table of production has now; what is there was not dropped.
 */
export function chooseSavedRows(
  files: readonly SavedFile[],
  additions: Additions,
  present: (table: string) => readonly string[] | undefined,
): ChosenRows[] {
  const claimed = new Set<string>();
  const claim = (id: string) => !claimed.has(id) && Boolean(claimed.add(id));
  return files.flatMap(({ file, savedAt, versions, tables }) => {
    const isOurs = (version: string | undefined) => version !== undefined && versions.includes(version);
    const chosen = tables.flatMap(({ name, rows, columns }): ChosenRows['tables'] => {
      const maker = additions.tables.get(name);
      if (isOurs(maker) && claim(`${name}\n`)) return [{ table: name, columns: 'all', rows }];
      const here = new Set(maker === undefined ? present(name)?.map((one) => one.toLowerCase()) : []);
      const back = columns.filter((column) => {
        const adder = additions.columns.get(columnId(name, column));
        return isOurs(adder) && adder !== maker && !here.has(column.toLowerCase()) && claim(columnId(name, column));
      });
      return back.length > 0 ? [{ table: name, columns: back, rows }] : [];
    });
    const filled = chosen.filter(({ rows }) => rows > 0);
    return filled.length > 0 ? [{ file, savedAt, tables: filled }] : [];
  });
}
