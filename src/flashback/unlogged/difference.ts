import type { Session } from '../../mysql/connect.ts';
import { quoteName, quoteQualified } from '../../mysql/quote.ts';
import { equal, same } from '../conflict-sql.ts';
import type { Role } from '../scratch.ts';
import { ROLES } from '../scratch.ts';
import { digestOf, type UndoneTable } from '../shape.ts';

/*
 * A transaction is repeated in a copy of the database of the moment before it, where foreign keys act as they did then. What it
 * did to a table is the difference; laid out as rows that are put into empty tables of the same definition, the server itself
 * writes their images into its log.
 */

/** Tables of the copy that may have been changed by foreign keys. */
export interface Copy {
  readonly database: string;
  readonly tables: readonly UndoneTable[];
}

/** Of one table, how many rows of each kind. */
export type Counts = Readonly<Record<Role, number>>;

/** The user's own tables beside it have none of these names. */
const PREFIX = 'gateway_migrate_copy_';

export function nameOfRole(index: number, role: Role): string {
  return `${PREFIX}${index}_${role}`;
}

function nameBefore(index: number): string {
  return `${PREFIX}${index}_before`;
}

/** How many bytes of rows `keepRows` would put aside, and have logged. */
export async function bytesToKeep({ database, tables }: Copy, session: Session): Promise<number> {
  if (tables.length === 0) return 0;
  const names = tables.map(({ table }) => table);
  // What was just loaded is not counted yet.
  const all = names.map((table) => quoteQualified(database, table)).join(', ');
  await session.query(`ANALYZE NO_WRITE_TO_BINLOG TABLE ${all}`);
  const [row] = await session.query<{ bytes: number | string | null }>(
    `SELECT SUM(DATA_LENGTH) AS bytes FROM information_schema.TABLES WHERE TABLE_SCHEMA = ? AND TABLE_NAME IN (?)`,
    [database, names],
  );
  return Number(row?.bytes ?? 0);
}

/** Keeps the rows of the tables as they are. Throws the server's error. */
export async function keepRows({ database, tables }: Copy, session: Session): Promise<void> {
  for (const [index, table] of tables.entries()) {
    const kept = quoteQualified(database, nameBefore(index));
    const present = quoteQualified(database, table.table);
    await session.execute(`CREATE TABLE ${kept} LIKE ${present}`);
    const columns = written(table).join(', ');
    await session.execute(`INSERT INTO ${kept} (${columns}) SELECT ${columns} FROM ${present}`);
  }
}

/** Lays out what became of the kept rows. What it puts in is logged, table by table, in the order of `ROLES`. */
export async function layOut({ database, tables }: Copy, session: Session): Promise<Counts[]> {
  const counts: Counts[] = [];
  for (const [index, table] of tables.entries()) {
    const before = quoteQualified(database, nameBefore(index));
    const after = quoteQualified(database, table.table);
    const count = { back: 0, off: 0, now: 0, was: 0 };
    for (const role of ROLES) {
      const rows = rowsSql(table, before, after)[role];
      if (rows === undefined || (await session.query(`SELECT 1 FROM (${rows} LIMIT 1) d`)).length === 0) continue;
      const into = quoteQualified(database, nameOfRole(index, role));
      await session.execute(`CREATE TABLE ${into} LIKE ${after}`);
      const sql = `INSERT INTO ${into} (${written(table).join(', ')}) ${rows}`;
      count[role] = (await session.execute(sql)).rows;
    }
    counts.push(count);
  }
  return counts;
}

export async function dropLaidOut({ database, tables }: Copy, session: Session): Promise<void> {
  const names = tables.flatMap((_, index) => [nameBefore(index), ...ROLES.map((role) => nameOfRole(index, role))]);
  if (names.length === 0) return;
  await session.execute(`DROP TABLE IF EXISTS ${names.map((name) => quoteQualified(database, name)).join(', ')}`);
}

function written({ columns }: UndoneTable): string[] {
  return columns.filter(({ isComputed }) => !isComputed).map(({ name }) => quoteName(name));
}

/** With a key a row is the same row before and after, and both come in its order. Without one equal rows are counted. */
function rowsSql(table: UndoneTable, before: string, after: string): Partial<Record<Role, string>> {
  const list = (alias: string) =>
    written(table)
      .map((name) => `${alias}.${name}`)
      .join(', ');
  if (table.key.length === 0) {
    return { back: surplusSql(table, before, after), off: surplusSql(table, after, before) };
  }
  const on = equal(table.key, 'w', 'n');
  const isNone = (alias: string) => `${alias}.${quoteName(table.key[0] ?? '')} IS NULL`;
  const order = table.key.map((name) => `w.${quoteName(name)}`).join(', ');
  const changed = `FROM ${before} w JOIN ${after} n ON ${on} WHERE NOT (${same(table, 'w', 'n')}) ORDER BY ${order}`;
  return {
    back: `SELECT ${list('w')} FROM ${before} w LEFT JOIN ${after} n ON ${on} WHERE ${isNone('n')}`,
    off: `SELECT ${list('n')} FROM ${after} n LEFT JOIN ${before} w ON ${on} WHERE ${isNone('w')}`,
    now: `SELECT ${list('n')} ${changed}`,
    was: `SELECT ${list('w')} ${changed}`,
  };
}

function surplusSql(table: UndoneTable, one: string, other: string): string {
  const [digest, turn] = ['gateway_migrate_digest', 'gateway_migrate_turn'];
  const numbered = (from: string, more: string) =>
    `(SELECT ${more}d.${digest}, ROW_NUMBER() OVER (PARTITION BY d.${digest}) AS ${turn}
      FROM (SELECT r.*, ${digestOf(table, 'r')} AS ${digest} FROM ${from} r) d)`;
  const names = written(table);
  const more = names.map((name) => `d.${name}, `).join('');
  return `SELECT ${names.map((name) => `a.${name}`).join(', ')} FROM ${numbered(one, more)} a
    LEFT JOIN ${numbered(other, '')} b ON b.${digest} = a.${digest} AND b.${turn} = a.${turn} WHERE b.${turn} IS NULL`;
}
