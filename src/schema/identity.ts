import type { Session } from '../mysql/connect.ts';
import { parseFlavor } from '../mysql/flavor.ts';

const PROCESS_DENIED = 1227;

/**
 * A text that TRUNCATE changes (so does a rebuild, which no TRUNCATE is mistaken for) and nothing that only writes rows
 * does: InnoDB's id of the table, of every partition if it has some. Undefined when there is no such table.
 *
 * Reading it needs PROCESS; without it, or for another engine or a name InnoDB is not asked by, it is the time of creation, to the second: a TRUNCATE
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
  const name = `${toFileName(database)}/${toFileName(table)}`;
  try {
    const rows = await session.query<{ id: number | string }>(
      `SELECT TABLE_ID AS id FROM information_schema.${source} ` +
        'WHERE NAME = ? OR LEFT(NAME, CHAR_LENGTH(?) + 3) IN (?, ?) ORDER BY NAME',
      [name, name, `${name}#p#`, `${name}#P#`],
    );
    return rows.map((row) => String(row.id));
  } catch (error) {
    if ((error as { errno?: number }).errno === PROCESS_DENIED) return [];
    throw error;
  }
}

/**
 * The name as InnoDB knows it (MySQL Reference Manual, 11.2.4 "Mapping of Identifiers to File Names"). Letters beyond
 * ASCII have codes of their own there; such a name is not found and the time of creation decides.
 */
function toFileName(name: string): string {
  return name.replace(/[^0-9A-Za-z_]/g, (char) => `@${char.charCodeAt(0).toString(16).padStart(4, '0')}`);
}
