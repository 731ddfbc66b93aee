import type { MigrationStatus } from '../../migrations/pending.ts';
import type { Session } from '../../mysql/connect.ts';
import type { ForeignHistory } from './history.ts';
import { FOREIGN_TABLES, readEntries } from './tables.ts';

const NAMES = FOREIGN_TABLES.flatMap(({ tables }) => tables);

/** Histories of other tools, which can matter only where something is pending, or where there is none of our own. */
export async function readForeign(session: Session, status: MigrationStatus): Promise<ForeignHistory[]> {
  const isOurs = status.pending.length === 0 && status.applied.length > 0;
  return isOurs ? [] : readForeignHistories(session);
}

/**
 * The histories of other tools in this database, those with nothing noted left out. Only reads. The server need not open
 * any table to say which names there are: where there is none of them, that is all this costs.
 */
async function readForeignHistories(session: Session): Promise<ForeignHistory[]> {
  const there = await session.query<{ name: string }>(
    `SELECT TABLE_NAME AS name FROM information_schema.TABLES
     WHERE TABLE_SCHEMA = DATABASE() AND TABLE_NAME IN (${[...new Set(NAMES)].map((name) => `'${name}'`).join(', ')})`,
  );
  const found: ForeignHistory[] = [];
  for (const { name: table } of there) {
    const columns = await readColumns(session, table);
    const foreign = FOREIGN_TABLES.find(
      (one) =>
        one.tables.includes(table) &&
        one.columns.every((column) => columns.has(column)) &&
        !(one.without && columns.has(one.without)),
    );
    const entries = foreign ? await readEntries(session, foreign, table) : [];
    if (foreign && entries.length > 0) found.push({ tool: foreign.tool, table, entries });
  }
  const rank = ({ tool }: ForeignHistory) => FOREIGN_TABLES.findIndex((one) => one.tool === tool);
  return found.sort((a, b) => rank(a) - rank(b));
}

async function readColumns(session: Session, table: string): Promise<Set<string>> {
  const rows = await session.query<{ name: string }>(
    `SELECT LOWER(COLUMN_NAME) AS name FROM information_schema.COLUMNS
     WHERE TABLE_SCHEMA = DATABASE() AND TABLE_NAME = ?`,
    [table],
  );
  return new Set(rows.map((row) => row.name));
}
