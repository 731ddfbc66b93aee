import { type Definitions, lossesOf } from '../../migrations/losses/losses.ts';
import { reachedTables, UNSEEN } from '../../migrations/reached-tables.ts';
import type { Statement } from '../../migrations/types.ts';
import type { Session } from '../../mysql/connect.ts';
import { quoteName, quoteQualified } from '../../mysql/quote.ts';
import { readSnapshot, splitId } from '../../schema/snapshot.ts';
import type { Column, ObjectId, Snapshot } from '../../schema/types.ts';
import type { Evidence } from '../row.ts';

/** Larger tables are not read: production waits for it. Bytes as the server estimates them, and rows. */
const MOST_BYTES = 64 * 1024 * 1024;
const MOST_ROWS = 200_000;
const BYTES_TYPE =
  /^(?:char|varchar|\w*text|\w*blob|binary|varbinary|enum|set|bit|geometry|point|\w*polygon|\w*linestring|multi\w+|geometrycollection|vector)\b/;

/**
 * Tables, of those that stand in the snapshot, whose rows this statement may change so that no schema tells it: with those
 * that follow by ON DELETE and ON UPDATE. `reaches`: those that a CALL may change.
 */
export function tablesAtRisk(
  statement: Statement,
  definitions: Definitions,
  snapshot: Snapshot,
  reaches: readonly string[] = [],
  original: (name: string) => string = (name) => name,
): string[] {
  const stood = (name: string) => snapshot.objects.has(`table:${original(name)}`);
  if (statement.kind !== 'opaque') {
    const names = lossesOf(statement, definitions).map(({ table }) => table);
    return [...new Set(statement.kind === 'dml' ? followers(names, snapshot) : names)].filter(stood);
  }
  const named = statement.writes.map((name) => name.slice(name.lastIndexOf('.') + 1));
  return [...new Set([...named, ...reaches])].filter(stood);
}

/** With the tables whose rows follow theirs, however far away. */
function followers(tables: readonly string[], { objects, database }: Snapshot): string[] {
  const reached = new Set(tables);
  for (const parent of reached) {
    for (const { name, table } of objects.values()) {
      const follows = table?.foreignKeys.some(
        (key) =>
          key.parentTable === parent &&
          key.parentSchema === database &&
          /CASCADE|SET NULL/.test(`${key.onDelete} ${key.onUpdate}`),
      );
      if (follows) reached.add(name);
    }
  }
  return [...reached];
}

/**
 * A text that any change of a row changes: how many rows, and the sum of a digest of each, which the server works out.
 * Undefined where the table is too large, or may not be read. `original`: its name in the snapshot.
 */
export async function readContents(
  session: Session,
  table: string,
  snapshot: Snapshot,
  original = table,
): Promise<string | undefined> {
  const shape = snapshot.objects.get(`table:${original}`)?.table;
  if (!shape || shape.estimatedBytes > MOST_BYTES || shape.columns.length === 0) return undefined;
  const from = quoteQualified(snapshot.database, table);
  try {
    const [size] = await session.query<{ n: number | string }>(
      `SELECT COUNT(*) AS n FROM (SELECT 1 FROM ${from} LIMIT ${MOST_ROWS + 1}) few`,
    );
    if (Number(size?.n) > MOST_ROWS) return undefined;
    const row = shape.columns.map((column) => `IFNULL(${textOf(column)}, '-')`).join(', ');
    const [sum] = await session.query<{ n: number | string; known: number | string; digest: string | null }>(
      `SELECT COUNT(*) AS n, COUNT(h) AS known, CAST(SUM(h) AS CHAR) AS digest FROM (
         SELECT CAST(CONV(LEFT(SHA2(CONCAT_WS(' ', ${row}), 256), 15), 16, 10) AS UNSIGNED) AS h FROM ${from}) digests`,
    );
    // A row longer than max_allowed_packet has no digest.
    return sum && String(sum.n) === String(sum.known) ? `${sum.n}:${sum.digest ?? ''}` : undefined;
  } catch {
    return undefined;
  }
}

/** SQL for a text that is another one for any other value, by whatever collation; NULL for NULL. `column`: another value of its type. */
export function textOf({ name, type }: Pick<Column, 'name' | 'type'>, column = quoteName(name)): string {
  if (BYTES_TYPE.test(type.toLowerCase())) return `HEX(${column})`;
  // As text a FLOAT has six digits.
  if (/^(?:float|double)/i.test(type)) return `HEX(CAST((${column} + 0e0) AS CHAR))`;
  return `HEX(CAST(${column} AS CHAR))`;
}

/** What a table held before the first statement that may change it: each is read once. */
export function contentsReader(session: Session, snapshot: Snapshot) {
  const read = new Map<string, string | undefined>();
  const names = new Map<string, string>();
  const original = (name: string) => names.get(name) ?? name;
  return async (
    statement: Statement,
    definitions: Definitions,
    reaches: readonly string[] = [],
  ): Promise<Pick<Evidence, 'contents'>> => {
    const contents: Partial<Record<ObjectId, string>> = {};
    const tables = tablesAtRisk(statement, definitions, snapshot, reaches, original);
    for (const table of tables) {
      if (!read.has(original(table))) {
        read.set(original(table), await readContents(session, table, snapshot, original(table)));
      }
      const digest = read.get(original(table));
      if (digest !== undefined) contents[`table:${table}`] = digest;
    }
    for (const { action, object, to } of statement.touches) {
      if (action === 'rename' && to !== undefined) names.set(splitId(to)[1], original(splitId(object)[1]));
    }
    return Object.keys(contents).length > 0 ? { contents } : {};
  };
}

const RUNS_PROGRAMS = /^(?:CALL|EXECUTE|BEGIN NOT ATOMIC)\b/;

/**
 * Tables whose rows a CALL or an EXECUTE may change, by what its programs are now, the triggers that these set off, and the foreign keys
 * behind them. `*` is among them where that is not all: a text that is put together, a view, another database.
 */
export async function readReaches(session: Session, database: string, statement: Statement): Promise<string[]> {
  if (!RUNS_PROGRAMS.test(statement.verb)) return [];
  const snapshot = await readSnapshot(session, database);
  const names = reachedTables(statement, snapshot).map(({ table }) => table);
  const isOurs = (name: string) => snapshot.objects.has(`table:${name}`);
  // What is neither ours, nor a view, nor of another database, is a temporary table.
  const isUnseen = (name: string) => name === UNSEEN || name.includes('.') || snapshot.objects.has(`view:${name}`);
  return [...followers(names.filter(isOurs), snapshot), ...(names.some(isUnseen) ? [UNSEEN] : [])];
}
