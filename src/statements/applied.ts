import type { HistoryRow } from '../migrations/history-row.ts';
import { parseMigrationText } from '../migrations/parse.ts';
import type { LexicalModes } from '../migrations/sql/lexer.ts';
import type { Migration } from '../migrations/types.ts';
import type { Session } from '../mysql/connect.ts';

/**
 * Migrations as they were applied, read from the texts in the history: what was done is decided and undone by them,
 * whatever has happened to the files since.
 */
export function readNotedMigrations(history: readonly HistoryRow[], modes?: LexicalModes): Map<string, Migration> {
  const noted = history.flatMap((row) => {
    if (row.text === null) return [];
    return [[row.version, parseMigrationText(row.text, row, modes)] as const];
  });
  return new Map(noted);
}

/** A server whose settings change what quotes and backslashes mean, or names, reads the files so, and we must too. */
export async function readModes(session: Session): Promise<LexicalModes> {
  const [row] = await session.query<{ mode: string; folding: number }>(
    'SELECT @@GLOBAL.sql_mode AS mode, @@lower_case_table_names AS folding',
  );
  const mode = row?.mode ?? '';
  return {
    noBackslashEscapes: mode.includes('NO_BACKSLASH_ESCAPES'),
    ansiQuotes: mode.includes('ANSI_QUOTES'),
    foldsNames: Number(row?.folding) !== 0,
  };
}
