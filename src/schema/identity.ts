import type { Session } from '../mysql/connect.ts';
import { parseFlavor } from '../mysql/flavor.ts';

const PROCESS_DENIED = 1227;

/**
 * A text that TRUNCATE changes (so does a rebuild, which no TRUNCATE is mistaken for) and nothing that only writes rows
 * does: InnoDB's id of the table, of every partition if it has some. Undefined when there is no such table.
 *
 * Reading it needs PROCESS; without it, or for another engine, it is the time of creation, to the second: a TRUNCATE
 * in the same second as the CREATE before it is not seen then.
 */
export async function tableIdentity(session: Session, database: string, table: string): Promise<string | undefined> {
  const [row] = await session.query<{ created: string | null; engine: string | null; version: string }>(
    'SELECT CREATE_TIME AS created, ENGINE AS engine, VERSION() AS version FROM information_schema.TABLES ' +
      'WHERE TABLE_SCHEMA = ? AND TABLE_NAME = ?',
    [database, table],
  );
  if (!row) return undefined;
  const ids = row.engine === 'InnoDB' ? await readInnoDbIds(session, database, table, row.version) : [];
  return ids.length > 0 ? `innodb ${ids.join(' ')}` : `created ${row.created}`;
}

async function readInnoDbIds(session: Session, database: string, table: string, version: string): Promise<string[]> {
  const source = parseFlavor(version).kind === 'mysql' ? 'INNODB_TABLES' : 'INNODB_SYS_TABLES';
  try {
    // InnoDB knows tables by their file names (`a@002db/t`), partitions as `t#p#p0` (MariaDB: `t#P#p0`).
    const rows = await session.query<{ id: number | string }>(
      `SELECT i.TABLE_ID AS id FROM information_schema.${source} i JOIN ` +
        "(SELECT CONVERT(CONCAT(CONVERT(? USING filename), '/', CONVERT(? USING filename)) USING utf8mb4) AS name) own " +
        "ON i.NAME = own.name OR LOWER(LEFT(i.NAME, CHAR_LENGTH(own.name) + 3)) = LOWER(CONCAT(own.name, '#p#')) " +
        'ORDER BY i.NAME',
      [database, table],
    );
    return rows.map((row) => String(row.id));
  } catch (error) {
    if ((error as { errno?: number }).errno === PROCESS_DENIED) return [];
    throw error;
  }
}
