import { checksumOf } from '../checksum.ts';
import { compareVersions } from '../file-name.ts';
import type { MigrationFolder } from '../files.ts';
import type { HistoryRow } from '../history-row.ts';
import type { Problem } from '../source-files.ts';
import type { LexicalModes } from '../sql/lexer.ts';
import { unparsed } from '../sql/unparsed.ts';
import type { Migration } from '../types.ts';
import { type KeptPlace, readKept } from './kept.ts';
import { type PhpFile, readPhpFiles } from './php-files.ts';
import { toComments } from './source-lines.ts';

interface Circumstances {
  /** What is applied, or begun: with its texts, where somebody will ask for the statements. */
  readonly history: readonly HistoryRow[];
  readonly modes?: LexicalModes | undefined;
}

/**
 * Laravel's PHP migrations, each with the SQL that it was translated to. What was begun or applied is what the history has
 * kept of it, so that a run is finished and undone by the very statements that it began with, without PHP; what is pending
 * is the kept translation of just this file; else `isUntranslated`. Never throws.
 */
export function readLaravelMigrations(
  dir: string,
  place: KeptPlace,
  { history, modes }: Circumstances,
): MigrationFolder {
  const problems: Problem[] = [];
  const files = readPhpFiles(dir, problems);
  const rows = new Map(history.map((row) => [row.version, row]));
  const kept = new Map((readKept(place)?.migrations ?? []).map((one) => [one.version, one]));
  const ofFiles = files.map((file): Migration => {
    const row = rows.get(file.baseName);
    if (row && isBegun(row)) return ofRow(row, file.path, modes);
    const isNoted = row?.text && row.checksum === file.checksum;
    const translated = kept.get(file.baseName);
    const isKept = translated?.checksum === file.checksum;
    return toMigration(file, isNoted ? row.text : isKept ? translated?.text : undefined, modes);
  });
  const withoutFile = history
    .filter((row) => isBegun(row) && !files.some((file) => file.baseName === row.version))
    .map((row) => ofRow(row, `${row.baseName}.php`, modes));
  const migrations = [...ofFiles, ...withoutFile].sort((a, b) => compareVersions(a.version, b.version));
  return { migrations, problems, notes: [] };
}

/** An edited file is not followed then: what was begun is finished, or undone, as it was translated. */
function isBegun({ state, text }: HistoryRow): boolean {
  return (state === 'applying' || state === 'undoing') && text !== null;
}

function ofRow({ version, name, baseName, checksum, text }: HistoryRow, path: string, modes?: LexicalModes): Migration {
  const parsed = unparsed({ version, name, baseName, path, checksum, text: text ?? '' }, modes);
  return Object.defineProperty(parsed, 'translation', { value: checksumOf(parsed.text), enumerable: true });
}

function toMigration(file: PhpFile, sql: string | undefined, modes?: LexicalModes): Migration {
  const { baseName, name, path, checksum } = file;
  const text = sql ?? toComments(file.text);
  const parsed = unparsed({ version: baseName, name, baseName, path, checksum, text }, modes);
  const more = sql === undefined ? { isUntranslated: true } : { translation: checksumOf(text) };
  // Its parts stay unread until they are asked for.
  return Object.defineProperties(parsed, Object.getOwnPropertyDescriptors(more));
}
