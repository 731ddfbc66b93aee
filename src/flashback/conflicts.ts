import type { Row, Session } from '../mysql/connect.ts';
import { quoteName, quoteQualified } from '../mysql/quote.ts';
import { changedSql, childrenSql, equal, missingSql, parentlessSql, takenSql, twiceSql } from './conflict-sql.ts';
import type { NetRow } from './net-effect.ts';
import { NUMBER, type Role, type Undo, type Undoing } from './scratch.ts';
import { exactly, type UndoneColumn } from './shape.ts';

/** A row that cannot be undone as it is: whatever was done to it since stays. */
export interface Conflict {
  readonly table: string;
  /** `id=3`; of a table without a key, all that is in the row. */
  readonly key: string;
  readonly reason: string;
  /** Places of the transactions that changed it. */
  readonly by: readonly string[];
}

interface Found {
  readonly one: Undoing;
  readonly role: Role;
  readonly number: string;
  readonly is: 'gone' | 'changed' | 'missing' | 'taken' | 'twice' | 'parentless' | 'parent';
  /** The unique key that is taken, or the table that it belongs to or that belongs to it. */
  readonly about: string;
  readonly unique: readonly string[];
}

type Line = { role: Role; n: string | number; isGone?: number };

/**
 * What of the undo would meet something that came since, each row once. Only reads, with the locks of the session's isolation:
 * under SERIALIZABLE what it has looked at stays so until the end of the transaction.
 */
export async function findConflicts(undo: Undo, session: Session): Promise<Found[]> {
  const found = new Map<string, Found>();
  const ask = async (
    one: Undoing,
    sql: string | undefined,
    is: Found['is'],
    about = '',
    unique: readonly string[] = [],
  ) => {
    if (sql === undefined) return;
    for (const { role, n, isGone } of await session.query<Line>(sql)) {
      const key = `${one.table.table} ${pairOf(role)} ${n}`;
      const what = is === 'changed' && Number(isGone) === 1 ? 'gone' : is;
      if (!found.has(key)) found.set(key, { one, role, number: String(n), is: what, about, unique });
    }
  };
  for (const one of undo.tables) {
    const { table } = one;
    for (const role of ['now', 'off'] as const) await ask(one, changedSql(undo, one, role), 'changed');
    await ask(one, missingSql(undo, one), 'missing');
    if (table.key.length > 0) await ask(one, twiceSql(one, ['now', 'off'], table.key), 'twice');
    for (const unique of table.uniques) {
      await ask(one, twiceSql(one, ['was', 'back'], unique), 'twice');
      for (const role of ['was', 'back'] as const) {
        await ask(one, takenSql(undo, one, role, unique), 'taken', unique.join(', '), unique);
      }
    }
    for (const reference of undo.references) {
      const { child, parent } = reference;
      for (const role of ['was', 'back'] as const) {
        if (isIn(undo, one, child))
          await ask(one, parentlessSql(undo, one, role, reference), 'parentless', parent.table);
      }
      for (const role of ['now', 'off'] as const) {
        if (isIn(undo, one, parent)) await ask(one, childrenSql(undo, one, role, reference), 'parent', child.table);
      }
    }
  }
  return [...found.values()];
}

function isIn({ database }: Undo, { table }: Undoing, place: { database: string; table: string }): boolean {
  return place.database === database && place.table === table.table;
}

/** A row that is set back stands in two tables under one number. */
function pairOf(role: Role): Exclude<Role, 'was'> {
  return role === 'was' ? 'now' : role;
}

/** Takes the rows out of what is undone. Part of the session's transaction. */
export async function leaveOut(found: readonly Found[], session: Session): Promise<void> {
  const numbers = new Map<string, string[]>();
  for (const { one, role, number } of found) {
    const roles: readonly Role[] = pairOf(role) === 'now' ? ['now', 'was'] : [role];
    for (const each of roles) {
      const others = numbers.get(one.beside[each]);
      if (others) others.push(number);
      else numbers.set(one.beside[each], [number]);
    }
  }
  for (const [beside, all] of numbers) {
    for (let from = 0; from < all.length; from += LEFT_OUT_AT_ONCE) {
      const some = all.slice(from, from + LEFT_OUT_AT_ONCE).join(', ');
      await session.execute(`DELETE FROM ${beside} WHERE ${NUMBER} IN (${some})`);
    }
  }
}

const LEFT_OUT_AT_ONCE = 1_000;

/** In words, with both versions of the row. `numbers`: of all rows beside, before any was left out. */
export async function describeConflicts(
  undo: Undo,
  found: readonly Found[],
  numbers: Numbers,
  session: Session,
): Promise<Conflict[]> {
  const told: Conflict[] = [];
  for (const one of found) told.push(await describe(undo, one, numbers, session));
  return told;
}

/** Of each table and kind, the numbers that its rows were given, in their order, and the place of each in it. */
export type Numbers = ReadonlyMap<string, ReadonlyMap<string, number>>;

export function rowOf({ one, role, number }: Found, numbers: Numbers): NetRow | undefined {
  const pair = pairOf(role);
  return one.rows[pair][numbers.get(one.beside[pair])?.get(number) ?? -1];
}

async function describe(undo: Undo, found: Found, numbers: Numbers, session: Session): Promise<Conflict> {
  const { one, role, number, unique } = found;
  const { table, beside } = one;
  const shown = table.columns.filter(({ isComputed }) => !isComputed);
  const columns = (alias: string) => shown.map((column, at) => `${textOf(column, alias)} AS c${at}`).join(', ');
  const [ours] = await session.query<Row>(
    `SELECT ${columns('s')} FROM ${beside[role]} s WHERE s.${NUMBER} = ${number}`,
  );
  const by = unique.length > 0 ? unique : table.key;
  const p = quoteQualified(undo.database, table.table);
  const theirsSql = `SELECT ${columns('p')} FROM ${beside[role]} s JOIN ${p} p ON ${equal(by, 's', 'p')} WHERE s.${NUMBER} = ${number} LIMIT 1`;
  const [theirs] = by.length > 0 ? await session.query<Row>(theirsSql) : [];
  const value = (row: Row | undefined, at: number) => shorten(row?.[`c${at}`]);
  const named = table.key.length > 0 ? table.key : shown.map(({ name }) => name);
  const key = named
    .map(
      (name) =>
        `${name}=${value(
          ours,
          shown.findIndex((column) => column.name === name),
        )}`,
    )
    .join(', ');
  const differing = shown.flatMap(({ name }, at) =>
    theirs && value(ours, at) !== value(theirs, at)
      ? [`${name} ${value(theirs, at)} instead of ${value(ours, at)}`]
      : [],
  );
  const reason = reasonOf(found, differing.join(', '));
  return { table: table.table, key, reason, by: [...(rowOf(found, numbers)?.by ?? [])] };
}

function reasonOf({ is, about }: Found, differing: string): string {
  if (is === 'gone') return 'it was deleted since';
  if (is === 'changed') return `it was changed since: ${differing}`;
  if (is === 'missing') return 'it was changed or deleted since';
  if (is === 'taken') return `a row that came since has its ${about}: ${differing || 'it is the same'}`;
  if (is === 'twice') return 'something else changed it between the transactions';
  if (is === 'parentless') return `the row of ${about} that it belongs to is gone`;
  return `rows of ${about} that came since belong to it`;
}

function textOf(column: UndoneColumn, alias: string): string {
  const value = `${alias}.${quoteName(column.name)}`;
  return column.compare === 'bytes' ? value : column.compare === 'plain' ? value : exactly(column, value);
}

const VALUE_SHOWN = 40;

function shorten(value: unknown): string {
  if (value === null || value === undefined) return 'NULL';
  const text = Buffer.isBuffer(value)
    ? isPlain(value)
      ? value.toString('utf8')
      : `x'${value.toString('hex')}'`
    : String(value);
  const line = text.replace(/\s+/g, ' ');
  const cut = line.length > VALUE_SHOWN ? `${line.slice(0, VALUE_SHOWN)}…` : line;
  return typeof value === 'number' || /^-?\d+(?:\.\d+)?$/.test(cut) ? cut : `'${cut}'`;
}

/** Text that came as bytes. */
function isPlain(value: Buffer): boolean {
  return value.every((byte) => byte >= 32 && byte < 127);
}
