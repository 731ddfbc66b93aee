import type { Config } from '../config/config.ts';
import { type MigrationFolder, readMigrations } from '../migrations/files.ts';
import { checksums, type HistoryRow } from '../migrations/history-row.ts';
import { readPhpFiles } from '../migrations/laravel/php-files.ts';
import { readLaravelMigrations } from '../migrations/laravel/read.ts';
import type { LexicalModes } from '../migrations/sql/lexer.ts';
import type { Session } from '../mysql/connect.ts';
import { quoteName } from '../mysql/quote.ts';
import { readHistory } from '../statements/history.ts';

type Sources = Pick<Config, 'migrations' | 'stateDir' | 'database'>;

/** The migrations of the configuration, whichever language they are written in; those of PHP with their kept translation. */
export async function readSources(
  { migrations: { dir, engine }, stateDir, database }: Sources,
  { history, modes }: { readonly history: readonly HistoryRow[]; readonly modes?: LexicalModes | undefined },
): Promise<MigrationFolder> {
  if (engine === 'sql') return readMigrations(dir, { modes, applied: checksums(history) });
  return readLaravelMigrations(dir, { stateDir, database: database.database }, { history, modes });
}

/**
 * What is applied or begun by all that is known. PHP migrations that Laravel's own table lists, and our history does not, were
 * applied by artisan: they count as adopted, and are neither translated nor applied again.
 */
export async function readKnownHistory(
  session: Session,
  { migrations: { dir, engine, laravelTable } }: Pick<Config, 'migrations'>,
  options: { readonly withText: boolean },
): Promise<HistoryRow[]> {
  const own = await readHistory(session, options);
  if (engine === 'sql' || laravelTable === null) return own;
  const names = await readLaravelNames(session, laravelTable);
  const known = new Set(own.map(({ version }) => version));
  const files = names.size === 0 ? [] : readPhpFiles(dir, []);
  const byArtisan = files
    .filter(({ baseName }) => names.has(baseName) && !known.has(baseName))
    .map(
      ({ baseName, name, checksum }): HistoryRow => ({
        ...{ version: baseName, name, baseName, checksum, state: 'adopted', run: '' },
        ...{ startedAt: '', finishedAt: null, durationMs: null, text: null },
      }),
    );
  return [...own, ...byArtisan];
}

const ER_NO_SUCH_TABLE = 1146;

async function readLaravelNames(session: Session, table: string): Promise<Set<string>> {
  try {
    const rows = await session.query<{ migration: string }>(`SELECT migration FROM ${quoteName(table)}`);
    return new Set(rows.map(({ migration }) => migration));
  } catch (error) {
    if ((error as { errno?: number }).errno === ER_NO_SUCH_TABLE) return new Set();
    throw error;
  }
}
