import { means, type NamedDatabase } from '../binlog/subject.ts';
import { type Failure, refusal } from '../errors.ts';
import type { Session } from '../mysql/connect.ts';
import { isSameName } from '../mysql/name.ts';
import { quoteQualified } from '../mysql/quote.ts';
import type { Snapshot } from '../schema/types.ts';
import type { Effects, TableEffect } from './collect.ts';
import { type Undo, type Undoing, undoingOf } from './scratch.ts';
import { type Reference, referencesOf, shapeOf, type UndoneTable } from './shape.ts';

/** Lays what the log has beside the tables as they are now. Throws a refusal where they do not fit. */
export async function readUndo(
  { tables }: Effects,
  snapshot: Snapshot,
  { side, named, isMariaDb }: { readonly side: string; readonly named: NamedDatabase; readonly isMariaDb: boolean },
  session: Session,
): Promise<Undo> {
  await requirePlain(
    tables.map(({ table }) => table),
    snapshot.database,
    session,
  );
  const undoings = tables.map((effect, index) => readUndoing(effect, snapshot, { side, named, index }));
  if (isMariaDb) for (const one of undoings) await requireFewSearched(one, snapshot.database, session);
  const all = [...referencesOf(snapshot), ...(await readReferencesFromElsewhere(snapshot.database, session))];
  const isTouched = ({ database, table }: Reference['child']) =>
    means(named, database) && undoings.some((one) => isSameName(one.table.table, table, named.ignoresCase));
  const references = all.filter(({ child, parent }) => isTouched(child) || isTouched(parent));
  return { database: snapshot.database, side, tables: undoings, references };
}

function readUndoing(
  effect: TableEffect,
  snapshot: Snapshot,
  { side, named, index }: { readonly side: string; readonly named: NamedDatabase; readonly index: number },
): Undoing {
  const found = [...snapshot.objects.values()].find(
    ({ kind, name }) => kind === 'table' && isSameName(name, effect.table, named.ignoresCase),
  );
  if (!found?.table) throw cannot(effect.table, 'it is not there any more');
  if (found.table.engine !== 'InnoDB') throw cannot(effect.table, `${found.table.engine} has no transactions`);
  const table = shapeOf(found.name, found.table);
  requireWhole(effect, table);
  return undoingOf(effect, table, side, index);
}

/** As many columns as the log has, and each that the server does not compute in every row. */
function requireWhole(
  { table, template: { width, columns } }: TableEffect,
  { columns: present, hasLongUnique }: UndoneTable,
): void {
  const hidden = hasLongUnique ? ' (MariaDB keeps a hidden one for a unique key over long values)' : '';
  if (present.length !== width) throw cannot(table, `it has ${present.length} columns, and the log ${width}${hidden}`);
  const lacking = present.filter(
    ({ isComputed }, at) => !isComputed && (((columns[at >> 3] ?? 0) >> (at & 7)) & 1) === 0,
  );
  if (lacking.length === 0) return;
  const names = lacking.map(({ name }) => name).join(', ');
  throw cannot(table, `the log does not have ${names} of each row (binlog_row_image is not FULL)`);
}

/**
 * So many pairs of rows MariaDB compares within the 50 seconds that others wait for a lock (a busy machine took 48 for 90 million),
 * and nobody else may write meanwhile.
 */
const MOST_PAIRS = 50_000_000;

/** To take a row away, or to set it back, MariaDB reads a table without a key from its beginning. MySQL looks for many at once. */
async function requireFewSearched({ table, rows: { off, now } }: Undoing, database: string, session: Session) {
  const searched = off.length + now.length;
  if (table.key.length > 0 || searched === 0) return;
  const most = Math.floor(MOST_PAIRS / searched);
  const present = quoteQualified(database, table.table);
  const [row] = await session.query<{ n: number | string }>(
    `SELECT COUNT(*) AS n FROM (SELECT 1 FROM ${present} LIMIT ${most + 1}) p`,
  );
  if (Number(row?.n) <= most) return;
  throw cannot(
    table.table,
    `it has no key, and ${searched} of them would each be looked for in more than ${most} rows`,
  );
}

/** A versioned table keeps what it was by itself: an undo would be one more version. */
async function requirePlain(tables: readonly string[], database: string, session: Session): Promise<void> {
  const rows = await session.query<{ name: string }>(
    "SELECT TABLE_NAME AS name FROM information_schema.TABLES WHERE TABLE_SCHEMA = ? AND TABLE_TYPE = 'SYSTEM VERSIONED'",
    [database],
  );
  const versioned = rows.find(({ name }) => tables.includes(name));
  if (versioned) throw cannot(versioned.name, 'it keeps its own history (SYSTEM VERSIONING)');
}

async function readReferencesFromElsewhere(database: string, session: Session): Promise<Reference[]> {
  const rows = await session.query<Record<'name' | 'schema' | 'table' | 'column' | 'parent' | 'parentColumn', string>>(
    `SELECT CONSTRAINT_NAME AS name, TABLE_SCHEMA AS \`schema\`, TABLE_NAME AS \`table\`, COLUMN_NAME AS \`column\`,
       REFERENCED_TABLE_NAME AS parent, REFERENCED_COLUMN_NAME AS parentColumn
     FROM information_schema.KEY_COLUMN_USAGE WHERE REFERENCED_TABLE_SCHEMA = ? AND TABLE_SCHEMA <> ? ORDER BY ORDINAL_POSITION`,
    [database, database],
  );
  const found = new Map<string, { name: string; child: string[]; parent: string[]; at: (typeof rows)[number] }>();
  for (const at of rows) {
    const id = `${at.schema} ${at.table} ${at.name}`;
    const one = found.get(id) ?? { name: at.name, child: [], parent: [], at };
    one.child.push(at.column);
    one.parent.push(at.parentColumn);
    found.set(id, one);
  }
  return [...found.values()].map(({ name, child, parent, at }) => ({
    name,
    child: { database: at.schema, table: at.table, columns: child },
    parent: { database, table: at.parent, columns: parent },
  }));
}

function cannot(table: string, because: string): Failure {
  return refusal(
    `rows of ${table} cannot be undone: ${because}`,
    'gateway-migrate restore --leave-out PLACE (brings back everything but this), or gateway-migrate restore --until PLACE (everything after it is lost)',
  );
}
