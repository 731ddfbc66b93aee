import type { Session } from '../mysql/connect.ts';
import { abandonedSql, lockSql, movedSql, orphanedSql, unequalSql } from './conflict-sql.ts';
import { type Conflict, describeConflicts, findConflicts, leaveOut, type Numbers, rowOf } from './conflicts.ts';
import { ROLES, type Role, readNumbers, repeat, type Undo, type Undoing } from './scratch.ts';
import type { Reference } from './shape.ts';

/** What is done about a row that meets something that came since. */
export type OnConflict = 'stop' | 'theirs' | 'skip';

export interface Settled {
  /** Rows that stay as they are. */
  readonly conflicts: readonly Conflict[];
  /** What is left to undo, by table and kind, as places in `Undoing.images`. */
  readonly left: ReadonlyMap<string, readonly number[]>;
}

/** So many are told with both versions; the others are counted. */
const MOST_DESCRIBED = 100;

/**
 * Finds what is in the way, and with `theirs` takes it out of what is undone: again and again, for a row that stays away may be
 * the parent of another. Part of the session's transaction, beside production alone.
 */
export async function settle(undo: Undo, rule: OnConflict, session: Session): Promise<Settled> {
  const numbers = await numbersOf(undo, session);
  const conflicts: Conflict[] = [];
  for (;;) {
    const found = await findConflicts(undo, session);
    const room = Math.max(0, MOST_DESCRIBED - conflicts.length);
    conflicts.push(...(await describeConflicts(undo, found.slice(0, room), numbers, session)));
    for (const one of found.slice(room)) {
      const by = [...(rowOf(one, numbers)?.by ?? [])];
      conflicts.push({ table: one.one.table.table, key: one.number, reason: `${one.is} since`, by });
    }
    if (found.length === 0 || rule !== 'theirs') break;
    await leaveOut(found, session);
  }
  const left = new Map<string, number[]>();
  for (const [beside, before] of numbers) {
    const now = await readNumbers(beside, session);
    left.set(
      beside,
      now.flatMap((number) => before.get(number) ?? []),
    );
  }
  return { conflicts, left };
}

async function numbersOf({ tables }: Undo, session: Session): Promise<Numbers> {
  const numbers = new Map<string, ReadonlyMap<string, number>>();
  for (const { table, beside, images } of tables) {
    for (const role of ROLES) {
      const read = await readNumbers(beside[role], session);
      numbers.set(beside[role], new Map(read.map((number, at) => [number, at])));
    }
    const isWhole = ROLES.every((role) => numbers.get(beside[role])?.size === images[role].length);
    const was = numbers.get(beside.was);
    const isPaired = [...(numbers.get(beside.now) ?? [])].every(([number, at]) => was?.get(number) === at);
    if (!isWhole || !isPaired) throw new Error(`the server has not read all rows of ${table.table} that the log has`);
  }
  return numbers;
}

/** Holds every row that goes or is set back as it is, until the end of the session's transaction. */
export async function lockRows(undo: Undo, session: Session): Promise<void> {
  for (const one of undo.tables) {
    for (const role of ['now', 'off'] as const) {
      if (one.images[role].length > 0) await session.query(lockSql(undo, one, role));
    }
  }
}

/**
 * Undoes what is left, by rows of the log: triggers do not fire for them, foreign keys neither ask nor act, and every value is the
 * one that was. Rows whose unique keys change go and come back as others, so that none meets another half way.
 */
export async function undoRows(
  { database, tables }: Undo,
  { left }: Settled,
  fullBytes: number,
  session: Session,
): Promise<void> {
  const parts: Part[] = [];
  for (const one of tables) {
    const naming = { database, table: one.table.table };
    parts.push({ one, on: { effect: one.effect, naming, fullBytes }, isMoved: await movesKeys(one, session) });
  }
  const images = (one: Undoing, role: Role) =>
    (left.get(one.beside[role]) ?? []).map((at) => one.images[role][at] ?? '');
  for (const { one, on, isMoved } of parts) {
    await repeat('delete', [...images(one, 'off'), ...(isMoved ? images(one, 'now') : [])], on, session);
    if (isMoved) continue;
    const was = images(one, 'was');
    const pairs = images(one, 'now').flatMap((image, at) => [image, was[at] ?? '']);
    await repeat('update', pairs, on, session);
  }
  for (const { one, on, isMoved } of parts) {
    await repeat('insert', [...images(one, 'back'), ...(isMoved ? images(one, 'was') : [])], on, session);
  }
}

interface Part {
  readonly one: Undoing;
  readonly on: Parameters<typeof repeat>[2];
  readonly isMoved: boolean;
}

async function movesKeys(one: Undoing, session: Session): Promise<boolean> {
  const sql = movedSql(one);
  return sql !== undefined && (await countOf(sql, session)) > 0;
}

/** Held against the server once more, before the commit. Throws an error that names the table where the undo is not whole. */
export async function requireUndone(undo: Undo, session: Session): Promise<void> {
  for (const one of undo.tables) {
    for (const sql of unequalSql(undo, one)) {
      const unequal = await countOf(sql, session);
      if (unequal > 0) throw new Error(`${unequal} rows of ${one.table.table} did not come back as they were`);
    }
    for (const reference of undo.references) await requireParents(undo, one, reference, session);
  }
}

async function requireParents({ database }: Undo, one: Undoing, reference: Reference, session: Session): Promise<void> {
  const { child, parent, name } = reference;
  const isIn = (place: { database: string; table: string }) =>
    place.database === database && place.table === one.table.table;
  const asked = [
    ...(isIn(child) ? (['was', 'back'] as const).map((role) => orphanedSql(one, role, reference)) : []),
    ...(isIn(parent) ? (['now', 'off'] as const).map((role) => abandonedSql(one, role, reference)) : []),
  ];
  for (const sql of asked) {
    const orphans = await countOf(sql, session);
    if (orphans > 0)
      throw new Error(`${orphans} rows of ${child.table} would have no row of ${parent.table} (${name})`);
  }
}

async function countOf(sql: string, session: Session): Promise<number> {
  const [row] = await session.query<{ n: number | string }>(sql);
  return Number(row?.n);
}
