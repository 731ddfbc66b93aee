import { compareVersions } from '../migrations/file-name.ts';
import type { HistoryRow, HistoryState } from '../migrations/history-row.ts';
import type { Migration } from '../migrations/types.ts';
import type { Session } from '../mysql/connect.ts';
import { numberLiteral, textLiteral } from '../mysql/literal.ts';
import { quoteName } from '../mysql/quote.ts';
import { HISTORY_TABLE } from '../schema/types.ts';
import { hasToolTables } from './journal.ts';
import type { RowWrite } from './write.ts';

const HISTORY = quoteName(HISTORY_TABLE);
/** A file above this size is not copied into the history, nor is one that fills a quarter of the server's packets. */
const TEXT_KEPT_BYTES = 2 * 1024 * 1024;

/** How long the text of a file may be, as SQL and in bytes, to be kept in the history. */
export async function readTextLimit(session: Session): Promise<number> {
  const [row] = await session.query<{ packet: number | string }>('SELECT @@max_allowed_packet AS packet');
  return Math.min(TEXT_KEPT_BYTES, Number(row?.packet) / 4);
}

function keptLiteral(text: string, limit: number): string {
  const literal = textLiteral(text);
  return Buffer.byteLength(literal) <= limit ? literal : 'NULL';
}

/** The row of a migration that begins, or that is adopted as it is. */
export function noteBegun(
  migration: Migration,
  run: string,
  state: 'applying' | 'adopted',
  textLimit: number,
): RowWrite {
  const values = [
    textLiteral(migration.version),
    textLiteral(migration.name),
    textLiteral(migration.checksum),
    `'${state}'`,
    textLiteral(run),
    'UTC_TIMESTAMP(3)',
    state === 'adopted' ? 'UTC_TIMESTAMP(3)' : 'NULL',
    state === 'adopted' ? '0' : 'NULL',
    textLiteral(migration.baseName),
    keptLiteral(migration.text, textLimit),
  ];
  const start = `REPLACE INTO ${HISTORY} (version, name, checksum, state, run, started, finished, duration_ms, base_name, text)
    VALUES `;
  return { start, row: `(${values.join(', ')})`, end: '' };
}

export function noteApplied(version: string, durationMs: number): RowWrite {
  const start = `UPDATE ${HISTORY} SET state = 'applied', finished = UTC_TIMESTAMP(3), duration_ms = ${numberLiteral(Math.round(durationMs))}
    WHERE version IN (`;
  return { start, row: textLiteral(version), end: ')' };
}

export function undoingSql(version: string): string {
  return `UPDATE ${HISTORY} SET state = 'undoing' WHERE version = ${textLiteral(version)}`;
}

export function undoneSql(version: string): string {
  return `DELETE FROM ${HISTORY} WHERE version = ${textLiteral(version)}`;
}

/** SQL that puts the file's present text in place of the one noted when the migration began. */
export function editedSql(migration: Migration, textLimit: number): string {
  return `UPDATE ${HISTORY} SET checksum = ${textLiteral(migration.checksum)}, text = ${keptLiteral(migration.text, textLimit)}
    WHERE version = ${textLiteral(migration.version)}`;
}

/** `artisan migrate:status` reads this table; it has no unique key, so a row is added only when there is none. */
export function laravelAppliedSql(table: string, baseName: string): string {
  const name = textLiteral(baseName);
  const migrations = quoteName(table);
  return `INSERT INTO ${migrations} (migration, batch)
    SELECT ${name}, COALESCE(MAX(batch), 0) + 1 FROM ${migrations}
    HAVING (SELECT COUNT(*) FROM ${migrations} WHERE migration = ${name}) = 0`;
}

export function laravelUndoneSql(table: string, baseName: string): string {
  return `DELETE FROM ${quoteName(table)} WHERE migration = ${textLiteral(baseName)}`;
}

interface RawHistory {
  version: string;
  name: string;
  baseName: string;
  checksum: string;
  state: HistoryState;
  run: string;
  startedAt: string;
  finishedAt: string | null;
  durationMs: number | null;
  text: string | null;
  [column: string]: unknown;
}

/**
 * All rows, by version; empty when the table does not exist yet. `withText: false` leaves out the files' texts.
 * MySQL answers 1146 for a missing table: one query, not two, because `status` is typed often. The table is looked for
 * then, and read again when it is there: another run may have made it since.
 */
export async function readHistory(session: Session, options: { withText: boolean }): Promise<HistoryRow[]> {
  const sql = historySql(options);
  try {
    return inOrder(await session.query<RawHistory>(sql));
  } catch (error) {
    if (!isMissingTable(error)) throw error;
    return (await hasToolTables(session)).history ? inOrder(await session.query<RawHistory>(sql)) : [];
  }
}

/** The server would sort them as texts. */
function inOrder(rows: readonly RawHistory[]): RawHistory[] {
  return rows.toSorted((a, b) => compareVersions(a.version, b.version));
}

function historySql({ withText }: { withText: boolean }): string {
  return `SELECT version, name, base_name AS baseName, checksum, state, run, started AS startedAt,
      finished AS finishedAt, duration_ms AS durationMs, ${withText ? 'text' : 'NULL'} AS text
    FROM ${HISTORY}`;
}

function isMissingTable(error: unknown): boolean {
  return (error as { errno?: number }).errno === 1146;
}
