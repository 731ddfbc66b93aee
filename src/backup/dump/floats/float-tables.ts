import type { Server, Session } from '../../../mysql/connect.ts';
import { isAtLeast } from '../../../mysql/flavor.ts';
import { quoteName } from '../../../mysql/quote.ts';

/** A column by which a row is found again, and SQL that writes its value as a literal. */
export interface KeyColumn {
  readonly name: string;
  readonly literal: string;
}

/** A table whose FLOAT values can be told with all digits: its rows can be found again. */
export interface FloatTable {
  readonly name: string;
  readonly key: readonly KeyColumn[];
  readonly floats: readonly string[];
  /** ON UPDATE CURRENT_TIMESTAMP: an UPDATE has to name them to leave them. */
  readonly selfUpdating: readonly string[];
}

interface Column {
  readonly [column: string]: unknown;
  readonly table: string;
  readonly column: string;
  readonly type: string;
  readonly charset: string | null;
  readonly extra: string;
}

interface KeyPart {
  readonly [column: string]: unknown;
  readonly table: string;
  readonly index: string;
  readonly column: string | null;
}

const NUMBERS = ['tinyint', 'smallint', 'mediumint', 'int', 'bigint', 'decimal', 'year'];
const QUOTED = ['date', 'datetime', 'timestamp', 'time', 'uuid', 'inet4', 'inet6'];
const BYTES = ['char', 'varchar', 'binary', 'varbinary'];

/** One query where no table has such a column. MySQL before 8.0.17 cannot be asked what a FLOAT loses. */
export async function findFloatTables(server: Server, session: Session): Promise<FloatTable[]> {
  const { flavor, target } = server;
  if (flavor.kind === 'mysql' && !isAtLeast(flavor, 8, 0, 17)) return [];
  const found = await session.query<{ table: string; column: string }>(
    `SELECT table_name AS \`table\`, column_name AS \`column\` FROM information_schema.columns
      WHERE table_schema = ? AND data_type = 'float' AND extra NOT REGEXP '(VIRTUAL|STORED|PERSISTENT) GENERATED' ORDER BY table_name, ordinal_position`,
    [target.database],
  );
  if (found.length === 0) return [];
  const names = [...new Set(found.map(({ table }) => table))];
  const columns = await readColumns(session, target.database, names);
  const parts = await readKeyParts(session, target.database, names);
  return names.flatMap((name) => {
    const key = usableKey(
      columns.filter(({ table }) => table === name),
      parts.filter(({ table }) => table === name),
    );
    if (!key) return [];
    const floats = found.filter(({ table }) => table === name).map(({ column }) => column);
    return [{ name, key, floats, selfUpdating: selfUpdating(columns, name) }];
  });
}

/** No views; no system-versioned tables, in which an UPDATE leaves a past row; and none without snapshots. */
function readColumns(session: Session, database: string, tables: readonly string[]): Promise<Column[]> {
  return session.query<Column>(
    `SELECT c.table_name AS \`table\`, column_name AS \`column\`, LOWER(data_type) AS type, character_set_name AS charset, LOWER(extra) AS extra
       FROM information_schema.columns AS c JOIN information_schema.tables AS t USING (table_schema, table_name)
      WHERE c.table_schema = ? AND t.table_schema = ? AND c.table_name IN (?) AND table_type = 'BASE TABLE' AND engine = 'InnoDB'`,
    [database, database, tables],
  );
}

/** Of keys that find one row at most: unique, without NULL, whole columns. */
async function readKeyParts(session: Session, database: string, tables: readonly string[]): Promise<KeyPart[]> {
  const parts = await session.query<KeyPart & { readonly isPart: number }>(
    `SELECT table_name AS \`table\`, index_name AS \`index\`, column_name AS \`column\`,
            (column_name IS NULL OR sub_part IS NOT NULL OR nullable <> '') AS isPart
       FROM information_schema.statistics
      WHERE table_schema = ? AND table_name IN (?) AND non_unique = 0
      ORDER BY table_name, index_name <> 'PRIMARY', index_name, seq_in_index`,
    [database, tables],
  );
  const unfit = parts.filter(({ isPart }) => Number(isPart) !== 0);
  return parts.filter((part) => !unfit.some(({ table, index }) => table === part.table && index === part.index));
}

function usableKey(columns: readonly Column[], parts: readonly KeyPart[]): KeyColumn[] | undefined {
  for (const index of new Set(parts.map((part) => part.index))) {
    const key = parts.filter((part) => part.index === index).map(({ column }) => keyColumn(columns, column));
    if (key.every((column) => column !== undefined)) return key;
  }
  return undefined;
}

function keyColumn(columns: readonly Column[], name: string | null): KeyColumn | undefined {
  // One that is computed may be computed of the FLOAT.
  const column = columns.find(
    (one) => one.column === name && !/(?:virtual|stored|persistent) generated/.test(one.extra),
  );
  const literal = column && literalOf(column);
  return column && literal ? { name: column.column, literal } : undefined;
}

function literalOf({ column, type, charset }: Column): string | undefined {
  const name = quoteName(column);
  if (NUMBERS.includes(type)) return `CAST(${name} AS CHAR)`;
  if (QUOTED.includes(type)) return `CONCAT('''', ${name}, '''')`;
  // The bytes themselves: no client's character set has a part in them.
  if (BYTES.includes(type)) return `CONCAT('_${charset ?? 'binary'} x''', HEX(${name}), '''')`;
  return undefined;
}

function selfUpdating(columns: readonly Column[], name: string): string[] {
  return columns.filter(({ table, extra }) => table === name && extra.includes('on update')).map((one) => one.column);
}
