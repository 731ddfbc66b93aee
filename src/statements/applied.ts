import type { HistoryRow } from '../migrations/history-row.ts';
import { parseMigrationText } from '../migrations/parse.ts';
import type { Migration } from '../migrations/types.ts';

/**
 * Migrations as they were applied, read from the texts in the history: what was done is decided and undone by them,
 * whatever has happened to the files since.
 */
export function readNotedMigrations(history: readonly HistoryRow[]): Map<string, Migration> {
  const noted = history.flatMap((row) => {
    if (row.text === null) return [];
    return [[row.version, parseMigrationText(row.text, row)] as const];
  });
  return new Map(noted);
}
