import type { Server, Session } from '../../mysql/connect.ts';

/** Their values are text of ASCII in a dump, whatever else they are. Text itself depends on its character set. */
const ASCII_TYPES = [
  ...['tinyint', 'smallint', 'mediumint', 'int', 'bigint', 'decimal', 'float', 'double'],
  ...['date', 'time', 'datetime', 'timestamp', 'year', 'uuid', 'inet4', 'inet6'],
];
const TEXT_TYPES = ['char', 'varchar', 'tinytext', 'text', 'mediumtext', 'longtext', 'enum', 'set'];
/** What UTF-8 is, and what is UTF-8 as well. */
const UTF8 = ['utf8mb4', 'utf8mb3', 'utf8', 'ascii'];

/**
 * Whether the rows of a database, dumped as the bytes that they are stored as, are the same dump as in utf8mb4: then
 * the dump program need not look for the characters in them, a third of its work. It is so while each column holds UTF-8
 * or nothing but ASCII. A type that is not known here, and bytes that are no text, are dumped as ever.
 *
 * Not on MySQL: there the dump program would call each text `_binary`.
 */
export async function areRowsUtf8(server: Server, session: Session): Promise<boolean> {
  if (server.flavor.kind === 'mysql') return false;
  const { database } = server.target;
  // Named for both: the server would open the tables of every database.
  const others = await session.query(
    `SELECT 1 FROM information_schema.columns AS c JOIN information_schema.tables AS t USING (table_schema, table_name)
      WHERE c.table_schema = ? AND t.table_schema = ? AND table_type IN ('BASE TABLE', 'SYSTEM VERSIONED') AND data_type NOT IN (?)
        AND (data_type NOT IN (?) OR COALESCE(character_set_name, '') NOT IN (?))
      LIMIT 1`,
    [database, database, ASCII_TYPES, TEXT_TYPES, UTF8],
  );
  return others.length === 0;
}
