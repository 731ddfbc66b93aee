import type { Session } from '../mysql/connect.ts';

/** What `TABLE_TYPE` and `ROUTINE_TYPE` may say of what is read, moved and compared here. */
const KNOWN_TYPES = [
  ...['BASE TABLE', 'SYSTEM VERSIONED', 'VIEW', 'SEQUENCE', 'TEMPORARY', 'TEMPORARY SEQUENCE'],
  ...['PROCEDURE', 'FUNCTION', 'PACKAGE', 'PACKAGE BODY', 'LIBRARY'],
];

/**
 * Tables of information_schema that have a row for each object of a kind name its database in a column `…_SCHEMA` and the
 * object in `…_NAME`. These are of kinds that are known, of their parts, or of who may use them.
 */
const KNOWN_NAMES = [
  ...['TABLE', 'VIEW', 'ROUTINE', 'SPECIFIC', 'TRIGGER', 'EVENT', 'LIBRARY', 'SEQUENCE', 'EVENT_OBJECT', 'ROOT_TABLE'],
  ...['CONSTRAINT', 'UNIQUE_CONSTRAINT', 'REFERENCED_TABLE', 'INDEX', 'F_TABLE', 'G_TABLE'],
];

/**
 * Asks the server's catalogue whether the database holds anything of a kind that is not known here. Throws an error that names
 * it: what is not known can neither be backed up nor moved, and would be forgotten.
 */
export async function requireKnownKinds(
  session: Session,
  database: string,
  known: { readonly types: readonly string[]; readonly names: readonly string[] } = {
    types: KNOWN_TYPES,
    names: KNOWN_NAMES,
  },
): Promise<void> {
  const found = [
    ...(await unknownTypes(session, database, known.types)),
    ...(await unknownTables(session, database, known.names)),
  ];
  if (found.length === 0) return;
  throw new Error(
    `${database} holds what this version knows nothing of, and would leave behind: ${found.join(', ')}; gateway-migrate has to be newer`,
  );
}

async function unknownTypes(session: Session, database: string, known: readonly string[]): Promise<string[]> {
  const rows = await session.query<{ type: string; name: string }>(
    `SELECT table_type AS type, table_name AS name FROM information_schema.tables
      WHERE table_schema = ? AND table_type NOT IN (?)
     UNION ALL SELECT routine_type, routine_name FROM information_schema.routines
      WHERE routine_schema = ? AND routine_type NOT IN (?)`,
    [database, known, database, known],
  );
  return rows.map(({ type, name }) => `${type.toLowerCase()} ${name}`);
}

async function unknownTables(session: Session, database: string, known: readonly string[]): Promise<string[]> {
  const columns = await session.query<{ table: string; column: string }>(
    `SELECT s.TABLE_NAME AS \`table\`, s.COLUMN_NAME AS \`column\` FROM information_schema.COLUMNS s
       JOIN information_schema.COLUMNS n ON n.TABLE_SCHEMA = 'information_schema' AND n.TABLE_NAME = s.TABLE_NAME
        AND n.COLUMN_NAME = REPLACE(s.COLUMN_NAME, '_SCHEMA', '_NAME')
      WHERE s.TABLE_SCHEMA = 'information_schema' AND s.COLUMN_NAME LIKE '%\\_SCHEMA' AND s.TABLE_NAME NOT LIKE 'INNODB%'
        AND s.COLUMN_NAME NOT IN (?)`,
    [known.map((name) => `${name}_SCHEMA`)],
  );
  const found: string[] = [];
  for (const { table, column } of columns) {
    const name = column.replace(/_SCHEMA$/, '_NAME');
    const rows = await session.query<{ name: string }>(
      `SELECT ${name} AS name FROM information_schema.${table} WHERE ${column} = ?`,
      [database],
    );
    const kind = column.replace(/_SCHEMA$/, '').toLowerCase();
    found.push(...rows.map((row) => `${kind} ${row.name}`));
  }
  return found;
}
